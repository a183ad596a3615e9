"""The ways out of the house: e-mail and a webhook. What they carry are codes and logins, in both languages."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation

from qqops.alerts import catalogue
from qqops.alerts.models import Alert, Delivery
from qqops.delivery import webhook

Channel = Delivery.Channel
LANGUAGES = ("zh-hans", "en")
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"  # what EMAIL_URL is when it is not given


class Closed(Exception):
    """The channel was open when the alert was raised; the settings have changed since."""


def open_channels() -> list[Channel]:
    is_open = {
        Channel.MAIL: bool(settings.ALERT_EMAIL) and settings.EMAIL_BACKEND != NO_MAIL,
        Channel.WEBHOOK: webhook.is_safe(settings.ALERT_WEBHOOK),
    }
    return [channel for channel, yes in is_open.items() if yes]


def send(alert: Alert, channel: str) -> None:
    """Send it now; whatever goes wrong raises."""
    if channel not in open_channels():
        raise Closed
    _WAYS[Channel(channel)](alert)


def tell(channel: str, subject: str, text: str, body: Mapping[str, Any]) -> None:
    """Send what is no alert the same way: a mail of subject and text, or the body to the webhook."""
    if channel not in open_channels():
        raise Closed
    if channel == Channel.MAIL:
        EmailMessage(subject, text, to=settings.ALERT_EMAIL).send()
    else:
        webhook.post(settings.ALERT_WEBHOOK, body)


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


def _webhook(alert: Alert) -> None:
    body = {
        "kind": alert.code,
        "level": alert.level,
        "text": "\n".join(_in_both(lambda: alert.sentence)),
        "at": alert.at.isoformat(),
        "subject": _subject_code(alert),
        "event": str(alert.event_id),
    }
    webhook.post(settings.ALERT_WEBHOOK, body)


_WAYS = {Channel.MAIL: _mail, Channel.WEBHOOK: _webhook}
