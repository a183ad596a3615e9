"""Where a process starts that seals or opens: with the wrong keys it does not, and says so in one sentence."""

import sys
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, connections
from procrastinate import App

from qqops.crypto import keys

# What gunicorn takes from a worker as “cannot boot”: it stops, instead of starting another and another.
CANNOT_BOOT = 3


def web() -> None:
    """A database that is away stops no web: it asks again with each request (OutageMiddleware)."""
    try:
        keys.ready()
    except keys.UnfitKeys as problem:
        print(problem, file=sys.stderr, flush=True)
        sys.exit(CANNOT_BOOT)
    except (DatabaseError, InterfaceError):
        pass
    finally:
        connections.close_all()


def worker(app: App) -> None:
    """PROCRASTINATE_ON_APP_READY: `manage.py procrastinate worker` prints what is raised here, and exits with 1."""
    run = app.run_worker_async

    async def checked(**options: Any) -> None:
        await sync_to_async(_ready)()
        await run(**options)

    app.run_worker_async = checked  # type: ignore[method-assign]


def _ready() -> None:
    try:
        keys.ready()
    finally:
        connections.close_all()
