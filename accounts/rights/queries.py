"""Queries of data requests, and the grounds that keep information from being erased (PIPL 47, last paragraph)."""

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
USED = "used"  # a ground: the number was reclaimed though it was used; the app that reclaims registers it


@dataclass(frozen=True)
class Keeper:
    """A ground that keeps information. `find` returns those of the given tenures that the ground applies to."""

    label: Any
    find: Callable[[Collection[int]], Iterable[int]]
    cases: bool  # also keeps the papers of data requests and disclosures about the tenure


_keepers: dict[str, Keeper] = {}
_number_keepers: dict[str, Keeper] = {}


def keeps(code: str, label: Any, find: Callable[[Collection[int]], Iterable[int]], *, cases: bool = True) -> None:
    """Register a ground that keeps information. Apps that import this one call it in `AppConfig.ready()`."""
    if code in _keepers:
        raise ValueError(f"keeper {code} is registered twice")
    _keepers[code] = Keeper(label, find, cases)


def keeps_number(code: str, label: Any, find: Callable[[Collection[int]], Iterable[int]]) -> None:
    """Register a ground that keeps a number: it is neither ended by a cancellation nor purged."""
    _number_keepers[code] = Keeper(label, find, cases=False)


def open_holds() -> Q:
    """Return the condition of a hold in force: neither lifted nor past its end."""
    return Q(lifted_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=timezone.now()))


def kept(tenures: Collection[int], *, besides: Collection[str] = (), cases: bool = False) -> dict[int, list[str]]:
    """Return the kept tenures among these, each with the codes of what keeps it.

    Holds of requests with the receipts `besides` do not count. With `cases`, only grounds count that also keep the
    papers of requests.
    """
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
    """Return the tenures whose number may be neither ended by a cancellation nor purged, each with one ground."""
    holds = Hold.objects.filter(open_holds(), tenure__in=tenures).order_by("-kind")
    found: dict[int, str] = dict(holds.values_list("tenure_id", "kind"))
    for code, keeper in _number_keepers.items():
        found |= {tenure: code for tenure in keeper.find(tenures) if tenure not in found}
    return found


def kept_because(code: str, tenures: Collection[int]) -> set[int]:
    """Return those of these tenures whose number this ground keeps."""
    return set(_number_keepers[code].find(tenures)) if tenures else set()


def about_kept(cases: Iterable[tuple[int, int | None]]) -> set[int]:
    """Return the cases that are about a kept tenure. `cases` has a pair (case, tenure) for each tenure of a case."""
    known = list(cases)
    held = kept({tenure for _case, tenure in known if tenure is not None}, cases=True)
    return {case for case, tenure in known if tenure in held}


def legally_held(tenures: Collection[int]) -> dict[int, list[str]]:
    """Return those of these tenures under a legal hold: the only ground that counts in a restored database."""
    holds = Hold.objects.filter(open_holds(), kind=Hold.Kind.LEGAL, tenure__in=tenures)
    return {tenure: [Hold.Kind.LEGAL.value] for tenure in holds.values_list("tenure_id", flat=True)}


def keepers(request: DataRequest) -> list[str]:
    """Return what keeps the information that this request would delete, besides the request itself."""
    return _keepers_besides(request, [request.receipt])


def waits_for_secret(request: DataRequest) -> bool:
    """Return True if only secret disclosure requests keep the information: any answer would reveal them."""
    return bool(keepers(request)) and not _keepers_besides_secret(request)


def of_number_in_use(request: DataRequest) -> bool:
    """Return True if, apart from secret requests, only the use of its number keeps the information."""
    return _keepers_besides_secret(request) == [IN_USE]


def _keepers_besides_secret(request: DataRequest) -> list[str]:
    """Return what keeps the information, apart from secret disclosure requests."""
    secret = Disclosure.objects.filter(targets__tenure=request.tenure_id, secret=True, state__in=OPEN)
    return _keepers_besides(request, [request.receipt, *secret.values_list("receipt", flat=True)])


def _keepers_besides(request: DataRequest, receipts: Collection[str]) -> list[str]:
    if request.kind != DataRequest.Kind.DELETION:
        return []
    return kept([request.tenure_id], besides=receipts).get(request.tenure_id, [])


def words(codes: Iterable[str]) -> list[str]:
    """Return the labels of these codes of keepers."""
    known = dict(Hold.Kind.choices) | {code: one.label for code, one in (_keepers | _number_keepers).items()}
    return [str(known[code]) for code in codes]


def data_requests(staff: Staff) -> QuerySet[DataRequest]:
    """Return the requests that this person may see: none about a number that they declared (own or a relative's)."""
    rows = DataRequest.objects.select_related("tenure__number", "maker", "reviewer", "closer")
    return rows.exclude(tenure__number__in=own_numbers(staff).values("number"))


def decided_by(staff: Staff) -> QuerySet[Any]:
    """Return the history rows of requests that this person decided, including those that were sent back later."""
    rows: QuerySet[Any] = DataRequest.history.filter(reviewer=staff.pk)
    return rows


def overdue() -> Q:
    return Q(state__in=OPEN, due_at__lt=timezone.now())


def waiting_for(staff: Staff) -> QuerySet[DataRequest]:
    """Return the requests whose next step this person may take.

    Exclude requests of which they took an earlier step, and those about a number that they declared.
    """
    steps = Q()
    if staff.has_perm("accounts.decide_datarequest"):
        steps |= Q(state=State.REGISTERED)
    if staff.has_perm("accounts.carry_out_datarequest"):
        steps |= Q(~Exists(decided_by(staff).filter(id=OuterRef("pk"))), state=State.REVIEWED)
    rows = data_requests(staff).exclude(maker=staff)
    return rows.filter(steps) if steps else rows.none()


def letter(request: DataRequest, language: str) -> str:
    """Return the letter to the asker, in plain text: the request, the outcome, the reasons and the remedies.

    It holds no personal value and no name; the receipt number says which request it answers.
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
    """Return the erasure certificate for the asker.

    It omits what was erased or kept in other people's requests: the asker may not know of them, and one may be secret.
    """
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
    """Return the openable files about this person, of the disclosures that `staff` may see."""
    about = Release.objects.filter(key__isnull=False, disclosure__targets__tenure=erasure.tenure_id)
    return about.filter(disclosure__in=disclosures(staff)).select_related("disclosure").order_by("pk")


def day(at: datetime.datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}" if at else ""


def _in_use(tenures: Collection[int]) -> Iterable[int]:
    """Return the tenures whose number is in use: the law requires a known holder (Cybersecurity Law 24, clause 4.1)."""
    live = Number.objects.filter(tenure__in=tenures, tenure__ended_at=None, lifecycle__in=USABLE)
    return (tenure for tenure in live.values_list("tenure", flat=True) if tenure is not None)


keeps(IN_USE, _("the number is in use, and the law wants its holder known"), _in_use, cases=False)
