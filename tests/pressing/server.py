"""The house's own server for a browser, within the transaction of the test: what is pressed is taken back with it.

One story serves for a hundred presses, each undone before the next; Django's live server would want the story
committed, and told anew for each test.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Lock
from typing import Any

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from django.test.testcases import LiveServerThread, QuietWSGIRequestHandler


@contextmanager
def kept_open() -> Iterator[None]:
    """Each request would close a connection that is within a transaction; the test client keeps it open, too."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


class OneConnection(ThreadedWSGIServer):
    """Answers on the connection of the test, which two requests may not use at once and none may close."""

    def set_app(self, application: Any) -> None:
        turn = Lock()

        def in_turn(environ: Any, start_response: Any) -> list[bytes]:
            with turn, kept_open(), closing(application(environ, start_response)) as answer:
                return list(answer)

        super().set_app(in_turn)

    def _close_connections(self) -> None:
        pass


class Server(LiveServerThread):
    """Made in the thread of the test, whose connection it lends to the threads of the requests."""

    daemon = True

    def __init__(self) -> None:
        super().__init__("localhost", StaticFilesHandler)
        self.lent = connections["default"]

    def _create_server(self, connections_override: Any = None) -> OneConnection:
        # Not given to this thread itself: when it ends it closes what it has.
        return OneConnection(
            (self.host, self.port),
            QuietWSGIRequestHandler,
            allow_reuse_address=False,
            connections_override={"default": self.lent},
        )

    def __enter__(self) -> str:
        self.lent.inc_thread_sharing()
        self.start()
        self.is_ready.wait()
        if self.error:
            raise self.error
        return f"http://{self.host}:{self.port}"

    def __exit__(self, *_fault: object) -> None:
        self.terminate()
        self.lent.dec_thread_sharing()
