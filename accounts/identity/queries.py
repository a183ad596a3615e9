"""Reads of identities: their items in clear or masked, and the problems of each item (4.1)."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from accounts.identity.formats import DocumentKind, Field, born_of, is_minor
from accounts.identity.masks import mask
from accounts.identity.policy import STALE_AFTER, requirement
from accounts.identity.sealing import open_item
from accounts.models import Identity, IdentityKey, Registrant, Tenure
from qqops.crypto.seal import DataKey


@dataclass(frozen=True)
class Standing:
    """The state of one item of an identity, known without decrypting it."""

    field: Field
    required: bool
    given_at: datetime.datetime | None
    verified_at: datetime.datetime | None
    problem: str  # a code of CorrectionDemand.Problem, or ""


def identities() -> QuerySet[Identity]:
    """Return identities with their tenures, numbers and keys, in one query."""
    return Identity.objects.select_related("tenure__number", "tenure__identity_key")


def with_items() -> QuerySet[Tenure]:
    """Return tenures with their number, identity, registrant and key, in one query."""
    return Tenure.objects.select_related("number", "identity", "identity_key", "registrant")


def key_of(tenure: Tenure) -> DataKey | None:
    """Return the unwrapped key of a tenure's items, or None if no identity was recorded or it was erased."""
    try:
        row = tenure.identity_key
    except IdentityKey.DoesNotExist:
        return None
    kept = vars(row)  # the unwrapped key is cached on the instance, for all items
    if "_in_hand" not in kept:
        kept["_in_hand"] = row.in_hand()
    key: DataKey = kept["_in_hand"]
    return key


def opened(items: Identity | Registrant, fields: Iterable[str]) -> dict[Field, str]:
    """Return the values of these items in clear. For a reveal, a release or a comparison; never for a list."""
    key = key_of(items.tenure)
    if key is None:
        return {}
    sealed = {Field(field): getattr(items, field) for field in fields}
    return {field: open_item(key, items.tenure_id, field, raw) for field, raw in sealed.items() if raw is not None}


def masked(items: Identity | Registrant, fields: Iterable[str] = tuple(Field)) -> dict[Field, str]:
    """Return the masked values of these items. Exclude locked (PIPL 47) and erased identities."""
    if isinstance(items, Identity) and items.locked_at is not None:
        return {}
    return {field: mask(field, value, items.document_kind) for field, value in opened(items, fields).items()}


def identity_of(tenure: Tenure) -> Identity | None:
    try:
        return tenure.identity
    except Identity.DoesNotExist:
        return None


def registrant_of(tenure: Tenure) -> Registrant | None:
    try:
        return tenure.registrant
    except Registrant.DoesNotExist:
        return None


def of_minor(items: Identity | Registrant, today: datetime.date | None = None) -> bool:
    """Return True if the items belong to a minor.

    If the date of birth and the resident ID number contradict each other, the later birth counts. Without either,
    return False.
    """
    today = today or timezone.localdate()
    birth_fields = (Field.BORN, Field.DOCUMENT) if items.document_kind == DocumentKind.RESIDENT else (Field.BORN,)
    births = {
        born_of(value) if field == Field.DOCUMENT else datetime.date.fromisoformat(value)
        for field, value in opened(items, birth_fields).items()
    }
    return any(is_minor(born, today) for born in births)


def concerns_minor(tenure: Tenure) -> bool:
    """Return True if the items of the holder or of the initial registrant are a minor's."""
    return any(items is not None and of_minor(items) for items in (identity_of(tenure), registrant_of(tenure)))


def compared_at(identity: Identity | None, field: str) -> datetime.datetime | None:
    """Return the time of the last verification of the item as recorded, whether it matched or not."""
    found: datetime.datetime | None = getattr(identity, f"{field}_verified_at", None)
    return found or getattr(identity, f"{field}_mismatch_at", None)


def standing(tenure: Tenure, now: datetime.datetime | None = None) -> list[Standing]:
    """Return the dates and the problem of each item (4.1(a)–(d)), without decrypting anything."""
    now = now or timezone.now()
    needed, identity = requirement(timezone.localdate(tenure.started_at)), identity_of(tenure)
    found = []
    for field in Field:
        given: datetime.datetime | None = getattr(identity, f"{field}_at", None)
        verified: datetime.datetime | None = getattr(identity, f"{field}_verified_at", None)
        problem = ""
        if given is None:
            problem = "missing" if field in needed.fields else ""
        elif getattr(identity, f"{field}_mismatch_at") is not None:
            problem = "wrong"  # whether or not the item is required
        elif field in needed.verified and verified is None:
            problem = "unverified"
        elif field in STALE_AFTER and max(given, verified or given) < now - STALE_AFTER[field]:
            problem = "outdated"
        found.append(Standing(field, field in needed.fields, given, verified, problem))
    return found
