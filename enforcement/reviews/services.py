"""Back to a human: what a list left out, and measures that were to be looked at again when they end.

Of each decision one case for each of the two; what a later chunk brings joins it as long as it is open.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _

from enforcement.cases import sealed_text
from enforcement.cases.policy import CaseKind, Party
from enforcement.models import Case, CaseNumber, Decision, Measure, Outcome
from enforcement.policy import LARGE_FROM, LeftOut
from qqops.audit import recorder
from qqops.core import bulk
from qqops.staff.models import Staff


class Because(TextChoices):
    LEFT_OUT = "left_out"
    ENDED = "ended"
    OVERTURNED = "overturned"


# Two sweeps at once open one case. Taken after the locks of numbers, by decision in order: nobody waits in a ring.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7173, %s::int)"
_ADD = f"""
INSERT INTO enforcement_casenumber (case_id, number_id, tenure_id, party, event)
SELECT %(case)s, t.number_id, t.tenure_id, '{Party.SUBJECT}', %(event)s FROM enforcement_target t
WHERE t.decision_id = %(decision)s AND t.number_id = ANY(%(numbers)s::bigint[])
ORDER BY t.number_id ON CONFLICT DO NOTHING"""


def review_left_out(decision: Decision, *, actor: Staff) -> Case | None:
    """What this decision left out is looked at by hand (3.3: paying exempts nobody)."""
    left = Outcome.objects.filter(decision=decision, why__in=LeftOut.values)
    return _review(decision, Because.LEFT_OUT, list(left.values_list("number_id", flat=True)), actor)


def review_ended(decisions: Sequence[int], measures: Sequence[int], *, actor: Staff) -> list[Case]:
    """Of these measures, whose time is over: those of the decisions that they were to come back to."""
    again = Measure.objects.filter(pk__in=measures, end_reason=Measure.EndReason.EXPIRED)
    cases = []
    for decision in Decision.objects.filter(pk__in=decisions).order_by("pk"):
        ended = list(again.filter(decision=decision).values_list("number_id", flat=True))
        if case := _review(decision, Because.ENDED, ended, actor):
            cases.append(case)
    return cases


def review_siblings(decision: Decision, number: int, *, actor: Staff) -> Case | None:
    """What this decision did to one was found wrong on appeal: the others that it reached are looked at again (11).

    One case as long as it is open; of more than `LARGE_FROM` it names only that one, and the decision.
    """
    if decision.target_count == 1 or _open_one(decision, Because.OVERTURNED):
        return None
    reached = Outcome.objects.filter(decision=decision, why="").exclude(number=number)
    numbers = [number] if decision.target_count > LARGE_FROM else list(reached.values_list("number_id", flat=True))
    return _begin(decision, Because.OVERTURNED, numbers, actor) if numbers else None


def _review(decision: Decision, because: Because, numbers: list[int], actor: Staff) -> Case | None:
    if not numbers:
        return None
    case = _open_one(decision, because)
    return _join(case, decision, numbers, actor) if case else _begin(decision, because, numbers, actor)


def _open_one(decision: Decision, because: Because) -> Case | None:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [decision.pk])
    found = Case.objects.filter(kind=CaseKind.REVIEW, state=Case.State.OPEN, details__decision=decision.pk)
    return found.filter(details__because=because.value).select_for_update(no_key=True).first()


def _begin(decision: Decision, because: Because, numbers: list[int], actor: Staff) -> Case:
    words = {
        Because.LEFT_OUT: _("Left out of decision #%(id)d."),
        Because.ENDED: _("A measure of decision #%(id)d has ended."),
        Because.OVERTURNED: _(
            "A measure of decision #%(id)d was found wrong on appeal: look at the others it reached."
        ),
    }
    case = Case(
        pk=bulk.next_pk(Case), kind=CaseKind.REVIEW, details={"decision": decision.pk, "because": because.value},
        maker=actor, opened_at=timezone.now(), ticket=decision.ticket,
    )  # fmt: skip
    with _act("case.opened", case, decision, actor) as act:
        sealed_text.begin(case, words[because] % {"id": decision.pk}, act)
        act.facts |= {"kind": case.kind, "numbers": _add(act, case, decision, numbers)}
    return case


def _join(case: Case, decision: Decision, numbers: list[int], actor: Staff) -> Case:
    with _act("case.numbers_added", case, decision, actor) as act:
        act.facts |= {"numbers": _add(act, case, decision, numbers)}
    return case


def _act(verb: str, case: Case, decision: Decision, actor: Staff) -> Any:
    return recorder.act(verb, actor=actor, reason="", ticket=case.ticket, subject=case, decision_id=decision.pk)


def _add(act: recorder.Act, case: Case, decision: Decision, numbers: list[int]) -> int:
    given: dict[str, Any] = {"case": case.pk, "event": act.event_id, "decision": decision.pk, "numbers": numbers}
    with connection.cursor() as cursor:
        cursor.execute(_ADD, given)
        added: int = cursor.rowcount
    act.wrote(CaseNumber, rows=added)
    return added
