"""What `manage.py check` says about the webhooks of the house: where signed messages go."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from qqops.delivery import webhook

WEBHOOKS = ("QQOPS_STATES_WEBHOOK", "QQOPS_NOTICE_WEBHOOK", "QQOPS_RESET_WEBHOOK")


@register(Tags.security)
def webhooks_are_safe_and_signed(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    used = [name for name in WEBHOOKS if getattr(settings, name)]
    for name in used:
        if not webhook.is_safe(getattr(settings, name)):
            hint = "Give an https:// address; http:// is for this machine only."
            found.append(Error(f"{name} is no address that may be sent to.", hint=hint, id="enforcement.E001"))
    if used and not settings.QQOPS_WEBHOOK_KEY:
        hint = "Set QQOPS_WEBHOOK_KEY to a long random text that the receiver knows too (docs/webhooks.md)."
        found.append(Error(f"{', '.join(used)} is set, and nothing to sign with.", hint=hint, id="enforcement.E002"))
    return found
