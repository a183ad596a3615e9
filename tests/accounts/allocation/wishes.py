"""What is asked of an allocation in the tests: terms that are in order, and invented holders who were verified."""

from typing import Any

from django.utils import timezone

from accounts.allocation.services import Wish
from accounts.allocation.terms import Terms, rules_of
from accounts.holders.new_holder import Holder
from accounts.identity.demo import person
from accounts.identity.services import Proof
from accounts.models import NumberRange, RangeCursor

WHY = "asked for at the desk"


def terms(channel: str = "web", **more: Any) -> Terms:
    at = more.pop("at", None) or timezone.now()
    given: dict[str, Any] = {"reference": "", "acceptance": "explicit", "rules": rules_of("", at), "charge": None}
    return Terms(channel=channel, at=at, **(given | more))


def holder(k: int = 1, *verified: str) -> Holder:
    """An invented person, told in full; documents and mobiles are verified unless others are named."""
    while "document" not in (one := person(k))["values"]:  # few have told so little
        k += 1_000_003
    proof = Proof("upstream", "registration system", timezone.now())
    return Holder(one["values"], one["document_kind"], dict.fromkeys(verified or ("document", "mobile"), proof))


def wish(pool: str = "test", count: int = 1, **more: Any) -> Wish:
    said = more.pop("terms", None) or terms()
    return Wish(said, pool=pool, count=count, **more)


def passed(range_pk: int) -> int:
    """How many positions of the range its cursors have passed."""
    return sum(c.next - c.start for c in RangeCursor.objects.filter(range=range_pk))


def walked(found: NumberRange) -> list[int]:
    """The numbers of the range that its cursors have passed, cursor by cursor."""
    cursors = RangeCursor.objects.filter(range=found).order_by("slot")
    return [_number_at(found, position) for one in cursors for position in range(one.start, one.next)]


def first_of_cursor(found: NumberRange, slot: int) -> int:
    """The number that this cursor of the range meets first."""
    return _number_at(found, RangeCursor.objects.get(range=found, slot=slot).start)


def _number_at(found: NumberRange, position: int) -> int:
    return found.first + (found.multiplier * position + found.offset) % (found.last - found.first + 1)
