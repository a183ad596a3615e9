"""Reads of declared numbers: a person's own list, and numbers with a mark for the person who declared them."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import DeclaredNumber, Number
from accounts.numbers.queries import numbers
from qqops.staff.models import Staff

# The numbers that the staff member `%(actor)s` has declared. The set-based statements of the apps above use it.
OWN_NUMBERS = (
    "SELECT declared.number FROM accounts_declarednumber declared"
    " WHERE declared.staff_id = %(actor)s AND declared.ended_at IS NULL"
)


def own_numbers(staff: Staff) -> QuerySet[DeclaredNumber]:
    """Return the open declarations of this person."""
    return DeclaredNumber.objects.filter(staff=staff, ended_at=None)


def declared_by_anybody(numbers: Collection[int]) -> set[int]:
    """Return the numbers among these with an open declaration by any staff member."""
    found = DeclaredNumber.objects.filter(number__in=numbers, ended_at=None)
    return set(found.values_list("number", flat=True))


def numbers_before(staff: Staff) -> QuerySet[Number]:
    """Return numbers annotated with `self_dealing`: True if this person declared the number."""
    return numbers().annotate(self_dealing=Exists(own_numbers(staff).filter(number=OuterRef("pk"))))


def is_self_dealing(number: Number) -> bool:
    """Return the `self_dealing` of a number that comes from `numbers_before()`, else False."""
    return bool(getattr(number, "self_dealing", False))
