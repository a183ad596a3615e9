"""What an import left: on the record, and of the people."""

from collections.abc import Callable
from typing import Any

from accounts.identity.formats import Field
from accounts.identity.queries import identities, opened
from accounts.models import Number
from qqops.audit.models import Event
from tests.enforcement.acts import verbs as all_verbs
from tests.terminal import Said

Run = Callable[..., Said]
REASON = "as the registration system tells"


def verbs(after: int) -> list[str]:
    """Without that of the token, which the terminal draws for each command."""
    return [verb for verb in all_verbs(after) if verb != "staff.token_issued"]


def tried(after: int) -> list[dict[str, Any]]:
    """What stands on the record when nothing else does; all else must be tokens."""
    found = Event.objects.filter(seq__gt=after).exclude(verb="staff.token_issued").order_by("seq")
    assert {(event.verb, event.reason) for event in found} <= {("identity.import_tried", REASON)}
    return [event.facts for event in found]


def of(number: Number | int) -> dict[str, str]:
    identity = identities().get(tenure__number=number)
    return {str(field): value for field, value in opened(identity, Field).items()}
