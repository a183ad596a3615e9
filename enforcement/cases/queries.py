"""Reads of cases and of evidence files: what a person may see of them, and what he may open."""

import uuid
from collections.abc import Callable, Iterable, Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.declarations.queries import own_numbers
from accounts.models import Number, Tenure
from enforcement.cases.policy import CaseKind, Party
from enforcement.models import Approval, Case, CaseEvidence, CaseNumber, Decision, Evidence, EvidenceFile, Target
from enforcement.policy import PRIVACY, SUPERVISOR
from qqops.approvals.models import State
from qqops.audit.models import Event
from qqops.staff.models import Staff

HANDLE = "enforcement.handle_case"
_heard: list[Callable[[Staff], Iterable[int]]] = []  # what somebody hears the objection to, as the app of appeals knows
# The reviewers' own right: whoever hears what came back for review sees what it was decided on (11).
REVIEWS = "appeals.hear_appeal"
STORY = 100
NAMED = 3  # numbers of a case on a list


def cases(staff: Staff) -> QuerySet[Case]:
    """Those this person may see: none about a number that he declared as his own or a relative's."""
    own = CaseNumber.objects.filter(case=OuterRef("pk"), number__in=own_numbers(staff).values("number"))
    return Case.objects.select_related("maker", "cause_by", "cause_agreed_by").exclude(Exists(own))


def listed_cases(staff: Staff) -> QuerySet[Case]:
    """Each with its `first_numbers`, one more than are named where there are more."""
    numbers = CaseNumber.objects.filter(case=OuterRef("pk")).order_by("number_id").values("number_id")
    return cases(staff).annotate(first_numbers=ArraySubquery(numbers[: NAMED + 1]))


def open_cases(staff: Staff) -> QuerySet[Case]:
    return cases(staff).filter(state=Case.State.OPEN)


def numbers_of(case: Case) -> QuerySet[CaseNumber]:
    """In key order, each with its tenure, by the index of its case."""
    return CaseNumber.objects.filter(case=case).select_related("tenure").order_by("number_id")


def targets_of(case: Case, most: int) -> list[int]:
    """The numbers that an act on this case is about, at most so many: those concerned, never who reported it, nor who
    holds a number by now that another held then."""
    found = CaseNumber.objects.filter(case=case, tenure=F("number__tenure")).exclude(party=Party.FINDER)
    return list(found.order_by("number_id").values_list("number_id", flat=True)[:most])


def passed_on(case: int, numbers: Sequence[int]) -> list[int]:
    """Those of them that the case names under somebody who holds them no more."""
    found = CaseNumber.objects.filter(case=case, number__in=numbers).exclude(tenure=F("number__tenure"))
    return list(found.order_by("number_id").values_list("number_id", flat=True))


def count_numbers(case: Case) -> int:
    return CaseNumber.objects.filter(case=case).count()


def cases_of(number: Number, staff: Staff) -> QuerySet[CaseNumber]:
    """Those of its present holder, or since it has none: nothing of anybody who held it before (9.1)."""
    return _entries(staff).filter(number=number, tenure=number.tenure_id)


def cases_under(tenure: Tenure, staff: Staff) -> QuerySet[CaseNumber]:
    return _entries(staff).filter(number=tenure.number_id, tenure=tenure)


def _entries(staff: Staff) -> QuerySet[CaseNumber]:
    """Of no case that this person may not see."""
    return CaseNumber.objects.filter(case__in=cases(staff)).select_related("case").order_by("-case_id")


def story_of_case(case: Case) -> list[Event]:
    """Every act on it, newest first."""
    acts: set[uuid.UUID] = set(
        Case.history.filter(id=case.pk).order_by("-history_id").values_list("event_id", flat=True)
    )
    for rows in (CaseNumber.objects.filter(case=case), CaseEvidence.objects.filter(case=case)):
        acts |= set(rows.order_by().values_list("event_id", flat=True).distinct()[:STORY])
    return list(Event.objects.filter(pk__in=acts).order_by("-seq")[:STORY])


def spared(case: int | None, *, clauses: Iterable[str]) -> set[int]:
    """Whom a measure that cites this case may not reach: who reported another's number in good faith (8.3).

    Where he had used that number first, 10.2 alone reaches him.
    """
    if case is None:
        return set()
    found = CaseNumber.objects.filter(
        case=case, tenure=F("number__tenure"), party=Party.FINDER, case__kind=CaseKind.FINDER,
        case__details__good_faith=True,
    )  # fmt: skip
    if set(clauses) == {"10.2"}:
        found = found.exclude(case__details__used_first=True)
    return set(found.values_list("number_id", flat=True))


# Evidence files


def hears(heard_by: Callable[[Staff], Iterable[int]]) -> None:
    """Whoever decides on an objection sees what was decided on (11): the keys of those decisions, by person."""
    _heard.append(heard_by)


def readable() -> QuerySet[EvidenceFile]:
    """Those whose key is still there, without what they hold."""
    return EvidenceFile.objects.filter(key__isnull=False).select_related("key", "taken_by").defer("content")


def citable(staff: Staff, case: int | None = None) -> QuerySet[EvidenceFile]:
    """What this person may rest a decision on, or a case: what he took in, and what lies in the case he acts in."""
    in_case = CaseEvidence.objects.filter(file=OuterRef("pk"), case=case)
    return readable().filter(Q(taken_by=staff) | Exists(in_case)) if case else readable().filter(taken_by=staff)


def openable(staff: Staff) -> QuerySet[EvidenceFile]:
    """What this person has part in: what he took in; what a decision rests on that he made, ruled on, may rule on or
    hears the objection to; what lies in a case that he opened or works on, or that led to such a decision."""
    decided = _decisions_of(staff)
    mine = Q(maker=staff) | Q(cause_by=staff) | Q(cause_agreed_by=staff)
    if staff.has_perm(HANDLE):
        mine |= Q(state=Case.State.OPEN)
    led = Decision.objects.filter(case=OuterRef("pk"), pk__in=decided.values("pk"))
    taking_part = cases(staff).filter(mine | Exists(led))
    cited = Evidence.objects.filter(file=OuterRef("pk"), decision__in=decided.values("pk"))
    in_case = CaseEvidence.objects.filter(file=OuterRef("pk"), case__in=taking_part.values("pk"))
    return readable().filter(Q(taken_by=staff) | Exists(cited) | Exists(in_case))


def _decisions_of(staff: Staff) -> QuerySet[Decision]:
    """Those he has part in: made, ruled on, may rule on, or reviews now; none that reaches a number he declared."""
    ruled = Approval.objects.filter(proposal=OuterRef("pk"), approver=staff)
    mine = Q(maker=staff) | Q(Exists(ruled))
    if rights := [right for right in (SUPERVISOR, PRIVACY) if staff.has_perm(right)]:
        mine |= Q(state=State.PROPOSED, approvers__overlap=rights)
    if staff.has_perm(REVIEWS):
        mine |= Q(pk__in=_under_review())
    for heard_by in _heard:
        mine |= Q(pk__in=heard_by(staff))
    own = Target.objects.filter(decision=OuterRef("pk"), number__in=own_numbers(staff).values("number"))
    return Decision.objects.filter(mine).exclude(Exists(own))


def _under_review() -> set[int]:
    """The decisions that somebody has to look at again: a review of them is open."""
    reviews = Case.objects.filter(kind=CaseKind.REVIEW, state=Case.State.OPEN).values_list("details", flat=True)
    return {pk for said in reviews for pk in (said.get("decision"), *said.get("decisions", ())) if pk}
