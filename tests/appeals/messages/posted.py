"""What leaves an appeal, in tests: the worker's round, and both other ends of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from appeals.messages.delivery import deliver
from appeals.models import Appeal, Delivery
from qqops.staff.models import Staff
from tests.qqops.alerts.raising import Hook, hook

KEY = "a long random text that both know"


def round_of_worker(**more: Any) -> Counter[str]:
    return deliver(actor=Staff.objects.system("system-worker"), **more)


def deliveries(appeal: Appeal) -> list[tuple[str, str, str]]:
    """Kind of the message, its state and its way, oldest first."""
    found = Delivery.objects.filter(message__appeal=appeal).order_by("pk")
    return list(found.values_list("message__kind", "state", "channel"))


@contextmanager
def other_ends(settings: Any) -> Iterator[tuple[Hook, Hook]]:
    """The system that delivers messages to mobiles, and the sign-in system."""
    with hook() as messages, hook() as sign_in:
        settings.QQOPS_NOTICE_WEBHOOK, settings.QQOPS_RESET_WEBHOOK = messages.url, sign_in.url
        settings.QQOPS_WEBHOOK_KEY = KEY
        yield messages, sign_in
