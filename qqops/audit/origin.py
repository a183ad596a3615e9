"""Where the current act comes from: the part of an event that a service cannot know.

The web middleware, the base command and the worker each open an origin; acts read it. Without one an act
raises, so that nothing reaches the record with an unknown source.
"""

import getpass
import ipaddress
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse

WEB, COMMAND, WORKER, SYSTEM = "web", "command", "worker", "system"


@dataclass(frozen=True)
class Origin:
    source: str
    address: str | None = None
    os_user: str = ""
    request_id: uuid.UUID = field(default_factory=uuid.uuid4)


_origin: ContextVar[Origin] = ContextVar("origin")


def current() -> Origin:
    """Return the open origin; LookupError when there is none."""
    return _origin.get()


@contextmanager
def origin(source: str, *, address: str | None = None, os_user: str = "") -> Iterator[Origin]:
    here = Origin(source, address, os_user)
    token = _origin.set(here)
    try:
        yield here
    finally:
        _origin.reset(token)


def terminal_user() -> str:
    """The login of the operating system; kept beside the actor, never trusted instead of him."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from. Behind the proxy: what the proxy saw, the last entry; the rest anybody can write."""
    if settings.QQOPS_BEHIND_PROXY:
        told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    else:
        told = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(told)
    except ValueError:  # nothing, a socket's name, "unknown": an address that is none must reach no column
        return None
    # A server that listens on both kinds of addresses names an IPv4 caller as ::ffff:10.0.0.1.
    return str(getattr(address, "ipv4_mapped", None) or address)


class OriginMiddleware:
    """Give every web request an id, and answer with it so that staff can quote it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with origin(WEB, address=address_of(request)) as here:
            response = self.get_response(request)
            response["X-Request-ID"] = str(here.request_id)
            return response
