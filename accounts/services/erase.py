"""Erasure 销毁: the key of an identity goes, and with it every copy of what it sealed (DESIGN §6). Set-based.

What stays is what the record needs and nobody can read: ciphertext, times, hashes of files. Each erasure has its
certificate, and stands on the list that a restored backup is held against.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

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
from accounts.queries.rights import CLOSED, kept
from accounts.retention import DATA_REQUESTS, DISCLOSURES, IDENTITY, KEPT, RELEASES
from accounts.services import erasure_list, holds
from qqops.audit import pen
from qqops.errors import Refused
from qqops.staff.models import Staff

Basis = Erasure.Basis


@dataclass
class Erased:
    erased: int = 0
    kept: int = 0  # left as they are: something keeps them
    gone: int = 0  # erased before, or nothing was ever recorded
    cleared: Counter[str] = field(default_factory=Counter)


def erase(
    tenures: Iterable[int],
    *,
    basis: str,
    actor: Staff,
    reason: str,
    waited: Iterable[DataRequest] = (),
    done: Callable[[int], None] = lambda n: None,
) -> Erased:
    """Erase the identities of these tenures, in chunks of one transaction each; what something keeps is left.

    Callers ask for the right to do it. `waited` are the deletions that were granted and had to wait.
    """
    found, asked = Erased(), {request.tenure_id: request for request in waited}
    ordered = sorted(set(tenures))
    for start in range(0, len(ordered), settings.QQOPS_CHUNK):
        chunk = ordered[start : start + settings.QQOPS_CHUNK]
        with transaction.atomic():
            holds.lock(chunk)
            keeping = {} if basis == Basis.REAPPLIED else kept(chunk)  # what was erased once has been gone since
            free = [tenure for tenure in chunk if tenure not in keeping]
            there = list(Identity.objects.filter(pk__in=free, erased_at=None).values_list("pk", flat=True))
            found.kept += len(keeping)
            found.gone += len(free) - len(there)
            found.erased += len(there)
            if there:
                found.cleared += _erase(there, basis, asked, actor=actor, reason=reason)
        done(len(chunk))
    return found


def erase_for(request: DataRequest, *, actor: Staff, reason: str) -> None:
    """Erase what this request asks for; its own hold has been released, and whatever else there is keeps it."""
    with transaction.atomic():
        holds.lock([request.tenure_id])
        if kept([request.tenure_id]):
            raise Refused(gettext_noop("Something keeps this information: it cannot be erased now."))
        if Identity.objects.filter(pk=request.tenure_id, erased_at=None).exists():
            _erase([request.tenure_id], Basis.REQUEST, {request.tenure_id: request}, actor=actor, reason=reason)


def _erase(
    tenures: Collection[int], basis: str, asked: dict[int, DataRequest], *, actor: Staff, reason: str
) -> Counter[str]:
    now = timezone.now()
    facts = {"basis": str(basis), "identities": len(tenures)}
    subject = Tenure.objects.get(pk=next(iter(tenures))) if len(tenures) == 1 else None
    with pen.act("identity.erased", actor=actor, reason=reason, subject=subject, facts=facts) as act:
        nothing = dict.fromkeys(Field.values, None)
        Identity.objects.filter(pk__in=tenures).update(**nothing, document_kind="", erased_at=now)
        act.history(Identity, list(tenures))
        IdentityKey.objects.filter(pk__in=tenures).delete()
        cleared = _cases(tenures, also_open=basis == Basis.REAPPLIED)
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
                kept=list(KEPT),
            )
            for tenure in tenures
        ]
        Erasure.objects.bulk_create(rows)
        act.wrote(Erasure, rows=len(rows))
        act.facts["cleared"] = dict(total)
    # Not there, the line is written by the next daily run: an erasure does not wait for a disk.
    transaction.on_commit(partial(erasure_list.note, [row.pk for row in rows]), robust=True)
    return total


def _cases(tenures: Collection[int], *, also_open: bool) -> dict[int, Counter[str]]:
    """Destroy the keys of the cases about these tenures; how many of each, by tenure. An open case holds them."""
    over = Q() if also_open else Q(state__in=CLOSED)
    requests = dict(DataRequest.objects.filter(over, tenure__in=tenures).values_list("pk", "tenure_id"))
    targets = DisclosureTarget.objects.filter(tenure__in=tenures)
    if not also_open:
        targets = targets.filter(disclosure__state__in=CLOSED)
    disclosures: dict[int, list[int]] = defaultdict(list)
    for disclosure, tenure in targets.values_list("disclosure_id", "tenure_id"):
        disclosures[disclosure].append(tenure)
    cleared: dict[int, Counter[str]] = defaultdict(Counter)
    about_request = {"release__data_request__in": list(requests)}
    about_disclosure = {"release__disclosure__in": list(disclosures)}
    for request in ReleaseKey.objects.filter(**about_request).values_list("release__data_request", flat=True):
        cleared[requests[request]][RELEASES] += 1
    for disclosure in ReleaseKey.objects.filter(**about_disclosure).values_list("release__disclosure", flat=True):
        for tenure in disclosures[disclosure]:
            cleared[tenure][RELEASES] += 1
    for pk in DataRequestKey.objects.filter(pk__in=list(requests)).values_list("pk", flat=True):
        cleared[requests[pk]][DATA_REQUESTS] += 1
    for pk in DisclosureKey.objects.filter(pk__in=list(disclosures)).values_list("pk", flat=True):
        for tenure in disclosures[pk]:
            cleared[tenure][DISCLOSURES] += 1
    ReleaseKey.objects.filter(Q(**about_request) | Q(**about_disclosure)).delete()
    DataRequestKey.objects.filter(pk__in=list(requests)).delete()
    DisclosureKey.objects.filter(pk__in=list(disclosures)).delete()
    return cleared
