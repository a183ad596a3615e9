"""What was wrong never counts, also when it is over: an undo strikes it from the history of the tenure (§6.2, T10)."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.decisions.preview import preview
from enforcement.measures.expiry import expire
from enforcement.models import Measure, Notice, Outcome
from enforcement.policy import Kind
from enforcement.undo.services import look_at_undo, undo_order
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, order, undo, verbs

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]


def suggested(number: Number, actor: Staff) -> list[str]:
    return list(preview(order(Kind.FREEZE), [number.pk], actor=actor).suggested)


def row(number: Number) -> Any:
    return Number.objects.filter(pk=number.pk).values().get()


def reason(number: Number) -> tuple[str, bool]:
    """Why its measure ended, and whether its end is on the record."""
    measure = Measure.objects.get(number=number)
    return measure.end_reason, measure.ended_at is not None


@pytest.mark.parametrize(("in_error", "code"), [(True, "voided"), (False, "undone")])
def test_a_measure_that_has_run_out_ceases_to_count_and_the_number_is_not_touched(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, expiry_actor: Staff, in_error: bool, code: str
) -> None:
    one = number()
    wrong = decide(Kind.FREEZE, one, officer, duration=DAY)
    Notice.objects.update(state="sent")
    with time_machine.travel(timezone.now() + 2 * DAY):
        expire(actor=expiry_actor)
        left, ended_at, at = row(one), Measure.objects.get().ended_at, head()
        assert suggested(one, officer2) == ["freeze:30"]
        done = approve(undo(wrong, officer2, in_error=in_error), supervisor)
        assert (done.decision.state, done.applied, dict(done.skipped)) == ("applied", 0, {"voided": 1})
        assert suggested(one, officer2) == ["freeze:7"]
        measure = Measure.objects.get()
        assert (measure.end_reason, measure.ended_at, measure.ended_by) == (code, ended_at, done.decision)
        assert row(one) == left
    outcome = Outcome.objects.get(decision=done.decision)
    assert (outcome.why, outcome.before) == ("voided", None)
    assert verbs(at) == ["decision.proposed", "decision.approved", "decision.applied", "decision.finished"]
    applied = Event.objects.get(verb="decision.applied", decision_id=done.decision.pk)
    assert applied.facts == {"act": "undo", "applied": 0, "skipped": {"voided": 1}}
    assert {table: n for table, n in applied.rows.items() if n} == {
        Outcome._meta.db_table: 1, history_model(Measure)._meta.db_table: 1,
    }  # fmt: skip
    assert Notice.objects.filter(decision=done.decision, state="pending").count() == 1
    assert broken() == []


def test_one_that_was_lifted_or_is_over_but_not_swept_yet_ceases_to_count_too(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, expiry_actor: Staff
) -> None:
    lifted, unswept = number(), number()
    first, second = (decide(Kind.FREEZE, one, officer, duration=DAY) for one in (lifted, unswept))
    lift = decide(Kind.LIFT, lifted, officer2, lift_of=first.decision.pk)
    left = row(lifted)
    found = look_at_undo(
        undo_order(first.decision, clause="10.1", reason="名单有误，撤销", in_error=True), actor=officer2
    )
    assert (found.will, dict(found.skipped), found.does) == (0, {"voided": 1}, True)
    approve(undo(first, officer2), supervisor)
    assert (reason(lifted), row(lifted)) == (("voided", True), left)
    with pytest.raises(Invalid, match="changed since that decision"):
        undo(first, officer2)  # it was struck out once
    with pytest.raises(Invalid, match="changed since that decision"):
        undo(lift, officer)  # it would put in force again what was found wrong
    with time_machine.travel(timezone.now() + 25 * HOUR):
        approve(undo(second, officer2), supervisor2)
        assert reason(unswept) == ("voided", False)
        assert expire(actor=expiry_actor).measures == 1
        assert (reason(unswept), row(unswept)["frozen_until"]) == (("voided", True), None)
        assert suggested(unswept, officer2) == suggested(lifted, officer2) == ["freeze:7"]
    assert broken() == []


def test_the_undo_of_a_lift_puts_back_all_but_what_was_found_wrong_since(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    wrong = decide(Kind.FREEZE, one, officer, duration=3 * DAY)
    decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    decide(Kind.RESTRICT, one, officer, duration=2 * DAY)
    lift = decide(Kind.LIFT, one, officer2, clauses=("10.1", "6.2"))
    lifted = Measure.objects.get(decision=wrong.decision)
    assert not Measure.objects.filter(ended_at=None).exists()
    approve(undo(wrong, officer2), supervisor)
    voided = Measure.objects.get(decision=wrong.decision)
    assert (voided.end_reason, voided.ended_by, voided.ended_at) == ("voided", lift.decision, lifted.ended_at)
    done = approve(undo(lift, officer), supervisor2)
    assert (done.applied, dict(done.skipped)) == (1, {})
    assert Measure.objects.get(decision=wrong.decision) == voided
    assert dict(Measure.objects.values_list("decision", "end_reason"))[wrong.decision.pk] == "voided"
    freeze, restriction = Measure.objects.filter(ended_at=None).order_by("pk")
    now = Number.objects.get(pk=one.pk)
    assert (freeze.freeze_kind, freeze.ended_by, freeze.end_reason) == ("security", None, "")
    assert (now.frozen_until, now.restricted_until) == (freeze.until, restriction.until)  # not to the end of the wrong
    assert broken() == []


def test_what_another_decided_since_is_left_in_force(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, expiry_actor: Staff
) -> None:
    one = number()
    wrong = decide(Kind.RESTRICT, one, officer, duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        expire(actor=expiry_actor)
        decide(Kind.FREEZE, one, officer2)
        left = row(one)
        approve(undo(wrong, officer2), supervisor)
        assert row(one) == left and Measure.objects.get(kind="freeze").in_force
    assert broken() == []
