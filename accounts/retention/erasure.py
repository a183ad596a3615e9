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
    kept: int = 0  # left as they are: something keeps them
    gone: int = 0  # erased before, or nothing was ever recorded, or not to be erased any longer
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
    """Erase the identities of these tenures, in chunks of one transaction each; what something keeps is left.

    Callers ask for the right to do it. `among` is looked at once more when all is locked: whoever is no longer in it
    stays. `waited` are the deletions that were granted and had to wait.
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
    """Erase what this request asks for; its own hold has been released, and whatever else there is keeps it."""
    with transaction.atomic():
        holds.lock([request.tenure_id])
        if kept([request.tenure_id]):
            raise Refused(gettext_noop("Something keeps this information: it cannot be erased now."))
        if Identity.objects.filter(pk=request.tenure_id, erased_at=None).exists():
            _erase([request.tenure_id], Basis.REQUEST, {request.tenure_id: request}, actor=actor, reason=reason)


def keepers_of(basis: str) -> Callable[[Collection[int]], dict[int, list[str]]]:
    """What may keep a tenure: what had been erased before a backup was restored has been gone since, and only a legal
    hold is asked of it."""
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
    # Not there, the line is written by the next daily run: an erasure does not wait for a disk.
    transaction.on_commit(partial(erasure_list.note, [row.pk for row in rows]), robust=True)
    return total


def _cases(tenures: Collection[int], basis: str) -> tuple[dict[int, Counter[str]], dict[int, Counter[str]]]:
    """Destroy the keys of what was said and handed out about these tenures alone; how many of each class went, and
    were left, by tenure. An open case holds them.

    What is about others too lasts its own time; papers and file of a disclosure go when everybody whom it is about has
    been erased and nothing keeps it.
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
        (RELEASES, ReleaseKey.objects, "release__disclosure", disclosures, kept_back),  # what is left of them by now
        (DISCLOSURES, DisclosureKey.objects, "disclosure", disclosures, kept_back),
    ):
        rows = keys.filter(**{f"{case}__in": list(cases)})
        for pk in rows.values_list(case, flat=True):
            for tenure in cases[pk]:
                into[tenure][code] += 1
        if into is cleared:
            rows.delete()
    return cleared, kept_back
