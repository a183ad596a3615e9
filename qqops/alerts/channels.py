"""The ways out of the house: e-mail and a webhook. What they carry are codes and logins, in both languages."""

import ipaddress
import json
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation

from qqops.alerts import catalogue
from qqops.alerts.models import Alert, Delivery

Channel = Delivery.Channel
LANGUAGES = ("zh-hans", "en")
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"  # what EMAIL_URL is when it is not given
PATIENCE = 10  # seconds


class Closed(Exception):
    """The channel was open when the alert was raised; the settings have changed since."""


def open_channels() -> list[Channel]:
    is_open = {
        Channel.MAIL: bool(settings.ALERT_EMAIL) and settings.EMAIL_BACKEND != NO_MAIL,
        Channel.WEBHOOK: is_safe(settings.ALERT_WEBHOOK),
    }
    return [channel for channel, yes in is_open.items() if yes]


def send(alert: Alert, channel: str) -> None:
    """Send it now; whatever goes wrong raises."""
    if channel not in open_channels():
        raise Closed
    _WAYS[Channel(channel)](alert)


def fault(error: BaseException) -> str:
    """What went wrong, as a code: the texts of errors hold addresses, and a webhook's address is a secret."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, URLError) and isinstance(error.reason, BaseException):
        error = error.reason
    return type(error).__name__[:80]


def is_safe(url: str) -> bool:
    """Alerts leave the machine encrypted or not at all."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_fine and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_both(say: Any) -> list[str]:
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(str(say()))
    return said


def _subject_code(alert: Alert) -> str:
    """The subject's label may be a name: outside the house its key is enough."""
    return f"{alert.subject_type} {alert.subject_id}".strip()


def _mail(alert: Alert) -> None:
    level = " / ".join(_in_both(alert.get_level_display))
    kind = " / ".join(_in_both(lambda: catalogue.name(alert.code)))
    at = timezone.localtime(alert.at).isoformat(timespec="seconds")
    lines = [*_in_both(lambda: alert.sentence), "", level, at, _subject_code(alert), str(alert.event_id)]
    EmailMessage(f"[qqops] {level}: {kind}", "\n".join(lines), to=settings.ALERT_EMAIL).send()


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: it could lead the alert to anybody, and out of the encryption."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, *args: Any) -> None:
        return None


def _within(seconds: float, exchange: Callable[[], None]) -> None:
    """Wait no longer for the whole exchange: a socket's own timeout is for each read, and begins anew with each byte.

    Python cannot end a thread: one that is left to itself is over when its own reads are, or with the process.
    """
    outcome: Future[None] = Future()

    def run() -> None:
        try:
            exchange()
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    threading.Thread(target=run, daemon=True).start()
    outcome.result(seconds)


def _webhook(alert: Alert) -> None:
    body = {
        "kind": alert.code,
        "level": alert.level,
        "text": "\n".join(_in_both(lambda: alert.sentence)),
        "at": alert.at.isoformat(),
        "subject": _subject_code(alert),
        "event": str(alert.event_id),
    }
    request = urllib.request.Request(
        settings.ALERT_WEBHOOK,
        data=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
        method="POST",
    )
    _within(PATIENCE, lambda: urllib.request.build_opener(_StayHere).open(request, timeout=PATIENCE).close())


_WAYS = {Channel.MAIL: _mail, Channel.WEBHOOK: _webhook}
