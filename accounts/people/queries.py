"""Queries by the keyed hashes of values: the identities with an exact value, and the tenures that share a value."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Exists, Model, OuterRef, Q, QuerySet, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import own_numbers
from accounts.identity.formats import DocumentKind, Field
from accounts.identity.policy import STALE_AFTER
from accounts.identity.queries import identities
from accounts.models import Identity, IdentityKey
from qqops.staff.models import Staff

# Strangers share a name, and a date of birth has no hash, so neither links tenures.
LINKING = (Field.DOCUMENT, Field.MOBILE, Field.EMAIL)
LINKS_MAX = 200  # cap of the count


class Strength(TextChoices):
    STRONG = "strong", gettext_lazy("strong")
    MEDIUM = "medium", gettext_lazy("medium")
    WEAK = "weak", gettext_lazy("weak")


@dataclass(frozen=True)
class Link:
    """The number of other tenures that share this item, and the strength of the strongest link."""

    field: Field
    strength: Strength
    count: int
    capped: bool


def with_own(rows: QuerySet[Any], before: Staff) -> QuerySet[Any]:
    """Annotate rows that have a `tenure` with `own`: True if the viewer `before` declared the number."""
    found: QuerySet[Any] = rows.annotate(own=Exists(own_numbers(before).filter(number=OuterRef("tenure__number"))))
    return found


def is_own(row: Model) -> bool:
    """Return True if the viewer declared the number. Needs the annotation of `with_own()`."""
    return bool(getattr(row, "own", False))


def bearers(field: Field, digest: bytes, before: Staff) -> QuerySet[Identity]:
    """Return the identities with this value, the newest tenure first, each with `own`.

    Erased identities are not found, because their hashes are deleted with the key.
    """
    return with_own(identities().filter(_has(field, digest)), before).order_by("-tenure_id")


def linked(identity: Identity) -> list[Link]:
    """Return the items that this identity shares with others, in one query. Exclude erased and locked identities."""
    fields = linking_fields(identity)
    if not fields:
        return []
    parts = [
        _sharing(identity, field).annotate(item=Value(field.value)).values_list("item", "strength")[: LINKS_MAX + 1]
        for field in fields
    ]
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    found: dict[str, Counter[str]] = {}
    for item, strength in rows:
        found.setdefault(item, Counter())[strength] += 1
    return [
        Link(
            field,
            next(one for one in Strength if tally[one.value]),
            min(tally.total(), LINKS_MAX),
            tally.total() > LINKS_MAX,
        )
        for field in fields
        if (tally := found.get(field.value))
    ]


def linked_by(identity: Identity, field: Field, before: Staff) -> QuerySet[Identity]:
    """Return the other identities with the same value, each with `strength` and `own`."""
    return with_own(_sharing(identity, field).select_related("tenure__number", "tenure__identity_key"), before)


def linking_fields(identity: Identity) -> Sequence[Field]:
    """Return the items by which this identity may be linked; none if it is erased or locked."""
    key = _key(identity)
    if key is None or identity.locked_at is not None:
        return ()
    return [field for field in LINKING if getattr(key, f"{field}_hash") is not None]


def _key(identity: Identity) -> IdentityKey | None:
    try:
        return identity.tenure.identity_key
    except IdentityKey.DoesNotExist:
        return None


def _has(field: Field, digest: bytes) -> Q:
    return Q((f"tenure__identity_key__{field}_hash", digest))


def _sharing(identity: Identity, field: Field) -> QuerySet[Identity]:
    digest = getattr(_key(identity), f"{field}_hash")
    others = Identity.objects.filter(_has(field, digest), locked_at__isnull=True).exclude(pk=identity.pk)
    return others.annotate(strength=_strength(identity, field))


def _strength(identity: Identity, field: Field) -> Any:
    """Return the strength of a link by this item.

    A document belongs to one person for life. A mobile or mailbox may pass to another person: an old binding is weak.
    """
    if field == Field.DOCUMENT:
        # Two countries may give out the same passport number.
        alike = Strength.MEDIUM if identity.document_kind == DocumentKind.PASSPORT else Strength.STRONG
        return Value(alike.value, output_field=CharField())
    since = timezone.now() - STALE_AFTER[field]
    mine: list[datetime.datetime | None] = [getattr(identity, f"{field}_at"), getattr(identity, f"{field}_verified_at")]
    if not any(at and at >= since for at in mine):
        return Value(Strength.WEAK.value, output_field=CharField())
    fresh = Q((f"{field}_at__gte", since)) | Q((f"{field}_verified_at__gte", since))
    return Case(
        When(fresh, then=Value(Strength.MEDIUM.value)),
        default=Value(Strength.WEAK.value),
        output_field=CharField(),
    )
