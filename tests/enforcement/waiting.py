"""One act that comes while another is not committed yet, each on a connection of its own."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from tests.enforcement.runs.test_races import together


def meanwhile(first: Callable[[], Any], second: Callable[[], Any], then: Callable[[], None] = lambda: None) -> Any:
    """Commit the first only when the second waits for it, and after `then`; what the second then returned or raised."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(together(second)))
    with transaction.atomic():
        first()
        thread.start()
        _until_one_waits()
        then()
    thread.join(timeout=30)
    return found[0]


def _until_one_waits() -> None:
    waiting = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(waiting)
            if cursor.fetchone() is not None:
                return
            time.sleep(0.01)
    raise AssertionError("the second act did not wait for the first")
