"""Erasure 销毁: destroy the key of an identity, and with it every copy of what it sealed. Set-based.

The record keeps ciphertext that no one can read, times, and hashes of files. Each erasure has a certificate, and a line
on the erasure list, which is applied again after a backup is restored (docs/architecture.md, Personal data).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.corrections.services import close_open
from accounts.identity.formats import Field
from accounts.models import (
    DataRequest,
    DataRequestKey,
    DisclosureKey,
    DisclosureTarget,
    Erasure,
    Identity,
    IdentityKey,
    ReleaseKey,
    Tenure,
)
from accounts.retention import erasure_list, holds
from accounts.retention.policy import DATA_REQUESTS, DISCLOSURES, IDENTITY, KEPT, RELEASES
from accounts.rights.queries import CLOSED, about_kept, kept, legally_held
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.models import Staff

Basis = Erasure.Basis


@dataclass
class Erased:
    erased: int = 0
    kept: int = 0  # not erased, because something keeps them
    gone: int = 0  # nothing to erase: erased before, never recorded, or not in `among` under lock
    cleared: Counter[str] = field(default_factory=Counter)


def erase(
    tenures: Iterable[int],
    *,
    basis: str,
    actor: Staff,
    reason: str,
    among: QuerySet[Identity] | None = None,
    waited: Iterable[DataRequest] = (),
    done: Callable[[int], None] = lambda n: None,
) -> Erased:
    """Erase the identities of these tenures in chunks, one transaction each. Leave those that something keeps.

    The caller checks permissions. `among` is evaluated under lock, and identities outside it stay. `waited` are the
    deletion requests that were agreed to and had to wait.
    """
    rows = Identity.objects.all() if among is None else among
    found, asked = Erased(), {request.tenure_id: request for request in waited}
    ordered = sorted(set(tenures))
    for start in range(0, len(ordered), settings.QQOPS_CHUNK):
        chunk = ordered[start : start + settings.QQOPS_CHUNK]
        with transaction.atomic():
            holds.lock(chunk)
            keeping = keepers_of(basis)(chunk)
            free = [tenure for tenure in chunk if tenure not in keeping]
            there = list(rows.filter(pk__in=free, erased_at=None).values_list("pk", flat=True))
            found.kept += len(keeping)
            found.gone += len(free) - len(there)
            found.erased += len(there)
            if there:
                found.cleared += _erase(there, basis, asked, actor=actor, reason=reason)
        done(len(chunk))
    return found


def erase_for(request: DataRequest, *, actor: Staff, reason: str) -> None:
    """Erase what this request asks for, after its own hold is released. Raise Refused if anything keeps it."""
    with transaction.atomic():
        holds.lock([request.tenure_id])
        if kept([request.tenure_id]):
            raise Refused(gettext_noop("Something keeps this information: it cannot be erased now."))
        if Identity.objects.filter(pk=request.tenure_id, erased_at=None).exists():
            _erase([request.tenure_id], Basis.REQUEST, {request.tenure_id: request}, actor=actor, reason=reason)


def keepers_of(basis: str) -> Callable[[Collection[int]], dict[int, list[str]]]:
    """Return the function that finds kept tenures. When erasures are reapplied, only legal holds count."""
    return legally_held if basis == Basis.REAPPLIED else kept


def _erase(
    tenures: Collection[int], basis: str, asked: dict[int, DataRequest], *, actor: Staff, reason: str
) -> Counter[str]:
    now = timezone.now()
    facts = {"basis": str(basis), "identities": len(tenures)}
    subject = Tenure.objects.get(pk=next(iter(tenures))) if len(tenures) == 1 else None
    with recorder.act("identity.erased", actor=actor, reason=reason, subject=subject, facts=facts) as act:
        nothing = dict.fromkeys(Field.values, None)
        Identity.objects.filter(pk__in=tenures).update(**nothing, document_kind="", erased_at=now)
        act.history(Identity, list(tenures))
        IdentityKey.objects.filter(pk__in=tenures).delete()
        close_open(tenures, act)
        cleared, left = _cases(tenures, basis)
        total: Counter[str] = Counter()
        for tenure in tenures:
            cleared[tenure][IDENTITY] = 1
            total += cleared[tenure]
        rows = [
            Erasure(
                event_id=act.event_id,
                tenure_id=tenure,
                basis=basis,
                data_request=asked.get(tenure),
                at=now,
                cleared=dict(cleared[tenure]),
                kept=[*KEPT, *sorted(left[tenure])],
            )
            for tenure in tenures
        ]
        Erasure.objects.bulk_create(rows)
        act.wrote(Erasure, rows=len(rows))
        act.facts["cleared"] = dict(total)
    # If this fails, the next daily run writes the line: an erasure does not depend on a disk.
    transaction.on_commit(partial(erasure_list.note, [row.pk for row in rows]), robust=True)
    return total


def _cases(tenures: Collection[int], basis: str) -> tuple[dict[int, Counter[str]], dict[int, Counter[str]]]:
    """Destroy the keys of requests and files about these tenures alone.

    Return the destroyed and the left keys of each class, by tenure. An open request keeps its keys, except when
    erasures are reapplied. The papers and the file of a disclosure about other people too are destroyed once all of
    them are erased and nothing keeps it; until then they have their own retention period.
    """
    over = Q() if basis == Basis.REAPPLIED else Q(state__in=CLOSED)
    requests = {pk: [tenure] for pk, tenure in
                DataRequest.objects.filter(over, tenure__in=tenures).values_list("pk", "tenure_id")}  # fmt: skip
    disclosures: dict[int, list[int]] = defaultdict(list)
    for pk, tenure in DisclosureTarget.objects.filter(tenure__in=tenures).values_list("disclosure", "tenure"):
        disclosures[pk].append(tenure)
    everyone = DisclosureTarget.objects.filter(disclosure__in=list(disclosures), tenure__isnull=False)
    left = set(everyone.filter(tenure__identity__erased_at=None).values_list("disclosure", flat=True))
    if basis != Basis.REAPPLIED:
        left |= about_kept(everyone.values_list("disclosure", "tenure"))
    given = {pk: about for pk, about in disclosures.items() if pk not in left}
    cleared, kept_back = defaultdict[int, Counter[str]](Counter), defaultdict[int, Counter[str]](Counter)
    for code, keys, case, cases, into in (
        (RELEASES, ReleaseKey.objects, "release__data_request", requests, cleared),
        (RELEASES, ReleaseKey.objects, "release__disclosure", given, cleared),
        (DATA_REQUESTS, DataRequestKey.objects, "data_request", requests, cleared),
        (DISCLOSURES, DisclosureKey.objects, "disclosure", given, cleared),
        (RELEASES, ReleaseKey.objects, "release__disclosure", disclosures, kept_back),  # after deletion
        (DISCLOSURES, DisclosureKey.objects, "disclosure", disclosures, kept_back),
    ):
        rows = keys.filter(**{f"{case}__in": list(cases)})
        for pk in rows.values_list(case, flat=True):
            for tenure in cases[pk]:
                into[tenure][code] += 1
        if into is cleared:
            rows.delete()
    return cleared, kept_back
