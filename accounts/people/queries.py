"""Who has exactly this value, by its keyed hash; and which other tenures share one with a tenure in hand."""

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

# A name is shared by strangers, and a date of birth has no hash: neither links anybody to anybody.
LINKING = (Field.DOCUMENT, Field.MOBILE, Field.EMAIL)
LINKS_MAX = 200  # counted no further


class Strength(TextChoices):
    STRONG = "strong", gettext_lazy("strong")
    MEDIUM = "medium", gettext_lazy("medium")
    WEAK = "weak", gettext_lazy("weak")


@dataclass(frozen=True)
class Link:
    """How many other tenures share this item, and how much the strongest of them says of sameness."""

    field: Field
    strength: Strength
    count: int
    capped: bool


def with_own(rows: QuerySet[Any], before: Staff) -> QuerySet[Any]:
    """Each (of what has a `tenure`) with `own`: its number is on this person's declared list."""
    found: QuerySet[Any] = rows.annotate(own=Exists(own_numbers(before).filter(number=OuterRef("tenure__number"))))
    return found


def is_own(row: Model) -> bool:
    """Annotated by `with_own()`."""
    return bool(getattr(row, "own", False))


def bearers(field: Field, digest: bytes, before: Staff) -> QuerySet[Identity]:
    """The identities with this value, the newest tenure first; each with `own`.

    An erased one is not found: its hashes went with its key.
    """
    return with_own(identities().filter(_has(field, digest)), before).order_by("-tenure_id")


def linked(identity: Identity) -> list[Link]:
    """What this identity shares with others, in one query; nothing of one that is erased or only to be kept."""
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
    """The others themselves, each with `strength` and `own`."""
    return with_own(_sharing(identity, field).select_related("tenure__number", "tenure__identity_key"), before)


def linking_fields(identity: Identity) -> Sequence[Field]:
    """By which items this identity may be linked at all."""
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
    """A document is one person's for life; a line or a mailbox passes on: an old binding says little (domain.md §4)."""
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
