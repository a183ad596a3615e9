"""Short words for alerts in tests: raise one, let the worker run, a webhook's other end."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import connection, models
from procrastinate.contrib.django import app

from qqops.alerts import services, watch
from qqops.alerts.models import Alert
from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.staff.models import Staff


def alarm(
    code: str = "quota", subject: models.Model | None = None, *, actor: Staff | None = None, **more: Any
) -> Alert | None:
    """Raise an alert in an act of its own, by the set-up's actor if nobody is named."""
    actor = actor or Staff.objects.system("system-setup")
    facts = more or {"who": "agent", "what": "40"}
    with recorder.act("demo.built", actor=actor, reason="alarm of a test", facts={"numbers": 0}) as act:
        return raise_alert(act, code, subject, **facts)


def raised(*arguments: Any, **more: Any) -> Alert:
    alert = alarm(*arguments, **more)
    assert alert is not None
    return alert


def seen_to(alert: Alert, supervisor: Staff) -> None:
    """All that can come of an alert: sent through a channel, or not, and seen."""
    services.give_up(alert, "mail", TimeoutError())
    services.mark_seen(alert, actor=supervisor, note="seen to by a test")


def jobs() -> list[tuple[str, dict[str, Any], str, int]]:
    """Name, arguments, state and attempts of every job that sends, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, args, status::text, attempts FROM procrastinate_jobs WHERE task_name = 'alerts.send'"
            " ORDER BY id"
        )
        return [(name, json.loads(args) if isinstance(args, str) else args, *rest) for name, args, *rest in cursor]


def everything_came() -> None:
    """Nothing that is watched is late."""
    for name in watch._watched:
        watch.beat(name)


def work(concurrency: int = 1) -> None:
    """Let a real worker run what is due, and nothing that it would do by the clock; in a thread, as its loop is."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
                app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False, concurrency=concurrency)
        except BaseException as error:
            trouble.append(error)

    periodic, app.periodic_registry.periodic_tasks = app.periodic_registry.periodic_tasks, {}
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        app.periodic_registry.periodic_tasks = periodic
    assert trouble == []


def due_now(attempts: int) -> None:
    """As if the waits between `attempts` tries were over."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET attempts = %s, scheduled_at = now() - interval '1 second'"
            " WHERE task_name = 'alerts.send' AND status = 'todo'",
            [attempts],
        )


class Hook:
    """What arrived at the other end, and what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status, self.location = 200, ""
        self.came: list[tuple[str, dict[str, Any]]] = []
        self.meanwhile: Callable[[], object] = lambda: None  # before it answers


@contextmanager
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            there.came.append((f"{self.command} {self.path}", json.loads(body) if body else {}))
            there.meanwhile()
            self.send_response(there.status)
            if there.location:
                self.send_header("Location", there.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Hook(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
