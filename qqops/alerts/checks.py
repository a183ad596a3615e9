"""What `manage.py check` says about the ways out of the house."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from qqops.alerts import channels
from qqops.delivery import webhook


@register(Tags.security, deploy=True)
def somebody_hears(**kwargs: Any) -> list[CheckMessage]:
    if channels.open_channels():
        return []
    hint = "Set ALERT_EMAIL together with EMAIL_URL, or ALERT_WEBHOOK."
    return [Warning("Alerts leave the house by no way: only its overview shows them.", hint=hint, id="alerts.W001")]


@register(Tags.security)
def the_webhook_is_safe(**kwargs: Any) -> list[CheckMessage]:
    if not settings.ALERT_WEBHOOK or webhook.is_safe(settings.ALERT_WEBHOOK):
        return []
    hint = "Give an https:// address; http:// is for this machine only."
    return [Error("ALERT_WEBHOOK is no address that alerts may be sent to.", hint=hint, id="alerts.E001")]
