"""Reads of declared numbers: a person's own list, and how a number looks to the person who declared it."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import DeclaredNumber, Number
from accounts.numbers.queries import numbers
from qqops.staff.models import Staff

# The digits that the person of `%(actor)s` has declared; for the set-based statements of the apps above.
OWN_NUMBERS = (
    "SELECT declared.number FROM accounts_declarednumber declared"
    " WHERE declared.staff_id = %(actor)s AND declared.ended_at IS NULL"
)


def own_numbers(staff: Staff) -> QuerySet[DeclaredNumber]:
    """What this person has declared and nobody ended."""
    return DeclaredNumber.objects.filter(staff=staff, ended_at=None)


def declared_by_anybody(numbers: Collection[int]) -> set[int]:
    """Which of these some member of staff has declared and nobody ended."""
    found = DeclaredNumber.objects.filter(number__in=numbers, ended_at=None)
    return set(found.values_list("number", flat=True))


def numbers_before(staff: Staff) -> QuerySet[Number]:
    """Numbers as this person meets them, each with `self_dealing`."""
    return numbers().annotate(self_dealing=Exists(own_numbers(staff).filter(number=OuterRef("pk"))))


def is_self_dealing(number: Number) -> bool:
    """Annotated by `numbers_before()`."""
    return bool(getattr(number, "self_dealing", False))
