"""Reads of data requests, and what keeps a tenure's information from being erased (PIPL 47, last paragraph)."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from accounts.declarations.queries import own_numbers
from accounts.disclosures.queries import disclosures
from accounts.lifecycle import USABLE
from accounts.models import DataRequest, Disclosure, Erasure, Hold, Number, Release
from accounts.retention.policy import CLASSES, KEPT
from accounts.rights.policy import RIGHTS
from qqops.staff.models import Staff

State, Outcome = DataRequest.State, DataRequest.Outcome
OPEN = (State.REGISTERED, State.REVIEWED)
CLOSED = (State.DONE, State.REFUSED)
LANGUAGES = ("zh-hans", "en")
IN_USE = "in_use"
USED = "used"  # a number that was reclaimed though it was used: the app that reclaims says which


@dataclass(frozen=True)
class Keeper:
    """One ground on which information must stay; `find` says of which of these tenures it does."""

    label: Any
    find: Callable[[Collection[int]], Iterable[int]]
    cases: bool  # does it keep the papers of cases about the tenure as well?


_keepers: dict[str, Keeper] = {}
_of_numbers: dict[str, Keeper] = {}


def keeps(code: str, label: Any, find: Callable[[Collection[int]], Iterable[int]], *, cases: bool = True) -> None:
    """Name a ground; the apps above register theirs in `AppConfig.ready()`."""
    if code in _keepers:
        raise ValueError(f"keeper {code} is registered twice")
    _keepers[code] = Keeper(label, find, cases)


def keeps_number(code: str, label: Any, find: Callable[[Collection[int]], Iterable[int]]) -> None:
    """Name a ground on which the number itself is neither ended by a cancellation nor purged (T16, T17)."""
    _of_numbers[code] = Keeper(label, find, cases=False)


def open_holds() -> Q:
    """Those that hold now: one whose time is over holds nothing, lifted or not."""
    return Q(lifted_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=timezone.now()))


def kept(tenures: Collection[int], *, besides: Collection[str] = (), cases: bool = False) -> dict[int, list[str]]:
    """Which of these tenures something keeps, and what; requests with the receipts `besides` keep nothing. With
    `cases`: the papers of the cases about which something keeps."""
    found: dict[int, list[str]] = defaultdict(list)
    holds = Hold.objects.filter(open_holds(), tenure__in=tenures).exclude(kind=Hold.Kind.REQUEST, reference__in=besides)
    for tenure, kind in holds.values_list("tenure_id", "kind").order_by("tenure_id", "kind").distinct():
        found[tenure].append(kind)
    for code, keeper in _keepers.items():
        if cases and not keeper.cases:
            continue
        for tenure in sorted(set(keeper.find(tenures))):
            found[tenure].append(code)
    return dict(found)


def keep_number(tenures: Collection[int]) -> dict[int, str]:
    """Whose number is neither terminated by a cancellation nor purged now, and the first thing that keeps it."""
    holds = Hold.objects.filter(open_holds(), tenure__in=tenures).order_by("-kind")
    found: dict[int, str] = dict(holds.values_list("tenure_id", "kind"))
    for code, keeper in _of_numbers.items():
        found |= {tenure: code for tenure in keeper.find(tenures) if tenure not in found}
    return found


def kept_because(code: str, tenures: Collection[int]) -> set[int]:
    """Of which of these tenures this ground keeps the number."""
    return set(_of_numbers[code].find(tenures)) if tenures else set()


def about_kept(cases: Iterable[tuple[int, int | None]]) -> set[int]:
    """Which cases, each given with every tenure it is about, are about one that something keeps."""
    known = list(cases)
    held = kept({tenure for _case, tenure in known if tenure is not None}, cases=True)
    return {case for case, tenure in known if tenure in held}


def legally_held(tenures: Collection[int]) -> dict[int, list[str]]:
    """Which of these tenures a legal hold keeps: the one ground that stands in a restored database too."""
    holds = Hold.objects.filter(open_holds(), kind=Hold.Kind.LEGAL, tenure__in=tenures)
    return {tenure: [Hold.Kind.LEGAL.value] for tenure in holds.values_list("tenure_id", flat=True)}


def keepers(request: DataRequest) -> list[str]:
    """What keeps the information that this request would have deleted, besides the request itself."""
    return _keepers_besides(request, [request.receipt])


def waits_for_secret(request: DataRequest) -> bool:
    """Is a secret disclosure request all that keeps it? Whatever were answered now would give it away."""
    return bool(keepers(request)) and not _keepers_told(request)


def of_number_in_use(request: DataRequest) -> bool:
    """Is it kept because its number is in use, and by nothing else that may be told?"""
    return _keepers_told(request) == [IN_USE]


def _keepers_told(request: DataRequest) -> list[str]:
    """What keeps it, as if there were no secret disclosure request."""
    secret = Disclosure.objects.filter(targets__tenure=request.tenure_id, secret=True, state__in=OPEN)
    return _keepers_besides(request, [request.receipt, *secret.values_list("receipt", flat=True)])


def _keepers_besides(request: DataRequest, receipts: Collection[str]) -> list[str]:
    if request.kind != DataRequest.Kind.DELETION:
        return []
    return kept([request.tenure_id], besides=receipts).get(request.tenure_id, [])


def words(codes: Iterable[str]) -> list[str]:
    """What keeps, as a reader is told."""
    known = dict(Hold.Kind.choices) | {code: one.label for code, one in (_keepers | _of_numbers).items()}
    return [str(known[code]) for code in codes]


def data_requests(staff: Staff) -> QuerySet[DataRequest]:
    """Those this person may see: none about a number that he declared as his own or a relative's."""
    rows = DataRequest.objects.select_related("tenure__number", "maker", "reviewer", "closer")
    return rows.exclude(tenure__number__in=own_numbers(staff).values("number"))


def decided_by(staff: Staff) -> QuerySet[Any]:
    """What the history has of requests that this person decided, also where it was sent back since."""
    rows: QuerySet[Any] = DataRequest.history.filter(reviewer=staff.pk)
    return rows


def overdue() -> Q:
    return Q(state__in=OPEN, due_at__lt=timezone.now())


def waiting_for(staff: Staff) -> QuerySet[DataRequest]:
    """What this person may take the next step of: not what he took a step of, nor of a number he declared."""
    steps = Q()
    if staff.has_perm("accounts.decide_datarequest"):
        steps |= Q(state=State.REGISTERED)
    if staff.has_perm("accounts.carry_out_datarequest"):
        steps |= Q(~Exists(decided_by(staff).filter(id=OuterRef("pk"))), state=State.REVIEWED)
    rows = data_requests(staff).exclude(maker=staff)
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
            "right": RIGHTS[request.kind],
            "registered": day(request.registered_at),
            "closed": day(request.closed_at),
            "due": day(request.due_at),
        }
        return render_to_string(f"accounts/letters/right.{language}.txt", known).strip()


def certificate(erasure: Erasure, language: str) -> str:
    """The certificate for who asked. What went with the identity in other people's requests, or was kept in them, is
    not his to know: one of them may be secret."""
    with translation.override(language):
        known = {
            "erasure": erasure,
            "number": erasure.tenure.number_id,
            "seq": erasure.tenure.seq,
            "at": f"{timezone.localtime(erasure.at):%Y-%m-%d %H:%M}",
            "basis": erasure.get_basis_display(),
            "kept": [str(CLASSES[code].label) for code in KEPT if code in erasure.kept],
        }
        return render_to_string(f"accounts/letters/erasure.{language}.txt", known).strip()


def files_left(erasure: Erasure, staff: Staff) -> QuerySet[Release]:
    """Files that can still be opened and are about this person too: of disclosures that the reader may see."""
    about = Release.objects.filter(key__isnull=False, disclosure__targets__tenure=erasure.tenure_id)
    return about.filter(disclosure__in=disclosures(staff)).select_related("disclosure").order_by("pk")


def day(at: datetime.datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}" if at else ""


def _in_use(tenures: Collection[int]) -> Iterable[int]:
    """A number in use has a holder who is known (Cybersecurity Law 24, clause 4.1): without him nobody could use it."""
    live = Number.objects.filter(tenure__in=tenures, tenure__ended_at=None, lifecycle__in=USABLE)
    return (tenure for tenure in live.values_list("tenure", flat=True) if tenure is not None)


keeps(IN_USE, _("the number is in use, and the law wants its holder known"), _in_use, cases=False)
