"""A message to another system: JSON over an encrypted line or not at all, signed, never redirected, not for ever.

The signature is HMAC-SHA-256 over the time and the body, so whoever receives it knows that it is ours and not an old
one sent again; docs/webhooks.md tells how to check it.
"""

import hmac
import ipaddress
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

PATIENCE = 10  # seconds, for the whole exchange
_LONGEST_ANSWER = 1 << 20  # bytes; a system that answers with more is not the one we mean


def post(url: str, body: Mapping[str, Any], *, key: str = "") -> Any:
    """Send it now and return the answer's JSON, or None where it has none; whatever goes wrong raises.

    With a key it is signed: `X-Qqops-Time` (seconds) and `X-Qqops-Signature` over “time.body”.
    """
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if key:
        at = str(int(time.time()))
        headers |= {"X-Qqops-Time": at, "X-Qqops-Signature": signature(key, at, content)}
    request = urllib.request.Request(url, data=content, headers=headers, method="POST")
    answer = _within(PATIENCE, lambda: _exchange(request))
    try:
        return json.loads(answer) if answer else None
    except ValueError:
        return None


def signature(key: str, at: str, content: bytes) -> str:
    return hmac.new(key.encode(), at.encode() + b"." + content, "sha256").hexdigest()


def is_safe(url: str) -> bool:
    """What leaves the machine leaves it encrypted."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_fine and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def fault(error: BaseException) -> str:
    """What went wrong, as a code: the texts of errors hold addresses, and a webhook's address is a secret."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, URLError) and isinstance(error.reason, BaseException):
        error = error.reason
    return type(error).__name__[:80]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: it could lead the message to anybody, and out of the encryption."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *args: Any) -> None:
        return None


def _exchange(request: urllib.request.Request) -> bytes:
    with urllib.request.build_opener(_StayHere).open(request, timeout=PATIENCE) as answer:
        content: bytes = answer.read(_LONGEST_ANSWER)
        return content


def _within(seconds: float, exchange: Callable[[], bytes]) -> bytes:
    """Wait no longer for the whole exchange: a socket's own timeout is for each read, and begins anew with each byte.

    Python cannot end a thread: one that is left to itself is over when its own reads are, or with the process.
    """
    outcome: Future[bytes] = Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(seconds)
