"""A gateway that follows the state feed: what it knows after applying line after line; and one that is posted to."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.conf import settings

from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.feed import queries as feed

State = dict[str, Any]


def of_the_docs() -> dict[str, Any]:
    """The functions that docs/webhooks.md gives to whoever writes a receiver."""
    text = (settings.BASE_DIR / "docs" / "webhooks.md").read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    return names


def pages(since: int, *, limit: int = feed.LIMIT) -> list[feed.Page]:
    """Every page from there to the end."""
    found, after = list[feed.Page](), 0
    while not (page := feed.page(since, after, limit=limit)).is_end(since):
        found.append(page)
        since, after = page.upto, page.after
    return found


def lines(since: int, *, limit: int = feed.LIMIT) -> list[State]:
    return [state for page in pages(since, limit=limit) for state in page.states]


def line(number: int, since: int = 0) -> State:
    """What is told of one number last."""
    return [state for state in lines(since) if state["number"] == number][-1]


def known(told: list[State]) -> dict[int, str]:
    return {state["number"]: state["state"] for state in told}


def true_states() -> dict[int, str]:
    return {number.pk: shown_of(number).value for number in Number.objects.all()}


class Gateway:
    """The other end of the webhook. It takes over what is signed, unless told to fail."""

    def __init__(self, key: str) -> None:
        self.key, self.url = key, ""
        self.status, self.answer = 200, b""
        self.came: list[dict[str, Any]] = []  # every body, taken over or not
        self.raw: list[tuple[dict[str, str], bytes]] = []
        self.known: dict[int, State] = {}
        self.upto = 0
        self.meanwhile: Callable[[], object] = lambda: None  # before it answers
        self.is_ours = of_the_docs()["is_ours"]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.raw.append((headers, body))
        said = json.loads(body)
        self.came.append(said)
        if not self.is_ours(headers, body, self.key):
            return 401
        if self.status == 200:
            self.known |= {state["number"]: state for state in said["states"]}
            self.upto = said["upto"]
        return self.status


@contextmanager
def gateway(key: str) -> Iterator[Gateway]:
    there = Gateway(key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = there.take(dict(self.headers), body)
            there.meanwhile()
            self.send_response(status)
            self.send_header("Content-Length", str(len(there.answer)))
            self.end_headers()
            self.wfile.write(there.answer)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.url = f"http://127.0.0.1:{server.server_port}/states"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
