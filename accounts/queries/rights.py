"""Reads of data requests, and what keeps a tenure's information from being erased (PIPL 47, last paragraph)."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import DataRequest, Erasure, Hold
from accounts.queries.declared import own_numbers
from accounts.retention import CLASSES
from accounts.rights import RIGHTS
from qqops.staff.models import Staff

State, Outcome = DataRequest.State, DataRequest.Outcome
OPEN = (State.REGISTERED, State.REVIEWED)
CLOSED = (State.DONE, State.REFUSED)
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True)
class Keeper:
    """One ground on which information must stay; `find` says of which of these tenures it does."""

    label: Any
    find: Callable[[Collection[int]], Iterable[int]]


_keepers: dict[str, Keeper] = {}


def keeps(code: str, label: Any, find: Callable[[Collection[int]], Iterable[int]]) -> None:
    """Name a ground; the apps above register theirs in `AppConfig.ready()`."""
    if code in _keepers:
        raise ValueError(f"keeper {code} is registered twice")
    _keepers[code] = Keeper(label, find)


def open_holds() -> Q:
    """Those that hold now: one whose time is over holds nothing, lifted or not."""
    return Q(lifted_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=timezone.now()))


def kept(tenures: Collection[int], *, besides: str = "") -> dict[int, list[str]]:
    """Which of these tenures something keeps, and what; the request with the receipt `besides` keeps nothing."""
    found: dict[int, list[str]] = defaultdict(list)
    holds = Hold.objects.filter(open_holds(), tenure__in=tenures).exclude(kind=Hold.Kind.REQUEST, reference=besides)
    for tenure, kind in holds.values_list("tenure_id", "kind").order_by("tenure_id", "kind").distinct():
        found[tenure].append(kind)
    for code, keeper in _keepers.items():
        for tenure in sorted(set(keeper.find(tenures))):
            found[tenure].append(code)
    return dict(found)


def keepers(request: DataRequest) -> list[str]:
    """What keeps the information that this request would have deleted, besides the request itself."""
    if request.kind != DataRequest.Kind.DELETION:
        return []
    return kept([request.tenure_id], besides=request.receipt).get(request.tenure_id, [])


def words(codes: Iterable[str]) -> list[str]:
    """What keeps, as a reader is told."""
    return [str(Hold.Kind(code).label if code in Hold.Kind.values else _keepers[code].label) for code in codes]


def data_requests() -> QuerySet[DataRequest]:
    return DataRequest.objects.select_related("tenure__number", "maker", "reviewer", "closer")


def overdue() -> Q:
    return Q(state__in=OPEN, due_at__lt=timezone.now())


def waiting_for(staff: Staff) -> QuerySet[DataRequest]:
    """What this person may take the next step of: not what he took a step of, nor of a number he declared."""
    steps = Q()
    if staff.has_perm("accounts.decide_datarequest"):
        steps |= Q(state=State.REGISTERED)
    if staff.has_perm("accounts.carry_out_datarequest"):
        steps |= Q(state=State.REVIEWED) & ~Q(reviewer=staff)
    rows = DataRequest.objects.exclude(maker=staff).exclude(tenure__number__in=own_numbers(staff).values("number"))
    return rows.filter(steps) if steps else rows.none()


def letter(request: DataRequest, language: str) -> str:
    """The answer to who asked, in plain text: what was asked, what came of it, why, and what he may do next.

    It names no value and no name: the receipt says which request it answers.
    """
    with translation.override(language):
        known = {
            "request": request,
            "kind": request.get_kind_display(),
            "number": request.tenure.number_id,
            "article": RIGHTS[request.kind].article,
            "registered": day(request.registered_at),
            "closed": day(request.closed_at),
            "due": day(request.due_at),
        }
        return render_to_string(f"accounts/letters/right.{language}.txt", known).strip()


def certificate(erasure: Erasure, language: str) -> str:
    """The certificate for who asked. What went with the identity in other people's requests is not his to know."""
    with translation.override(language):
        known = {
            "erasure": erasure,
            "number": erasure.tenure.number_id,
            "seq": erasure.tenure.seq,
            "at": f"{timezone.localtime(erasure.at):%Y-%m-%d %H:%M}",
            "basis": erasure.get_basis_display(),
            "kept": [str(CLASSES[code].label) for code in erasure.kept],
        }
        return render_to_string(f"accounts/letters/erasure.{language}.txt", known).strip()


def day(at: datetime.datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}" if at else ""
