"""Termination takes two people; restoring goes back to the state before, its other measures still running."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Hold, Number, Tenure
from accounts.numbers.queries import shown_of
from accounts.retention import holds
from enforcement.decisions.preview import preview
from enforcement.models import Measure, Outcome
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide, order, terminated, undo
from tests.enforcement.reclaiming import adopt

Make = Callable[..., Number]
Many = Callable[..., list[int]]
REQUEST = Hold.Kind.REQUEST


def hold(number: int, kind: str, cast: dict[str, Staff]) -> None:
    tenure, agent = Tenure.objects.get(number=number), cast["agent"]
    with recorder.act("demo.built", actor=agent, reason="a hold of a test", facts={"numbers": 1}) as act:
        holds.place([tenure.pk], kind, f"R{number}", actor=agent, act=act)


def release(number: int, cast: dict[str, Staff]) -> None:
    with recorder.act("demo.built", actor=cast["agent"], reason="answered in a test", facts={"numbers": 1}) as act:
        holds.release_holds(REQUEST, f"R{number}", actor=cast["agent"], act=act)


def test_a_termination_waits_for_a_supervisor(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    report = decide(Kind.TERMINATE, one, officer)
    one.refresh_from_db()
    assert (report.decision.state, report.decision.effect, one.lifecycle) == ("proposed", "waits", "in_use")
    report = approve(report, supervisor)
    one.refresh_from_db()
    assert (report.decision.state, report.applied, shown_of(one)) == ("applied", 1, "terminated")
    assert one.tenure_id is not None  # still the same tenure


@pytest.mark.parametrize("before", ["in_use", "allocated"])
def test_restoring_goes_back_to_the_state_before(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff, before: str
) -> None:
    one = number(before)
    tenure = one.tenure_id
    terminated(one, officer, supervisor)
    restore = decide(Kind.RESTORE, one, officer)
    assert (restore.decision.rule, restore.applied) == ("restore", 0)
    approve(restore, supervisor2)
    one.refresh_from_db()
    assert (one.lifecycle, one.tenure_id, broken()) == (before, tenure, [])
    outcome = Outcome.objects.get(decision=restore.decision)
    assert outcome.before is not None and outcome.before["lifecycle"] == "terminated"


def test_measures_run_on_through_termination_and_restoring(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff, reviewer: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=2 * DAY)
    restricted = decide(Kind.RESTRICT, one, officer, duration=9 * DAY)
    terminated(one, officer, supervisor)
    one.refresh_from_db()
    assert shown_of(one) == "terminated" and Measure.objects.filter(ended_at=None).count() == 2
    decide(Kind.LIFT, one, reviewer, lift_of=restricted.decision.pk)  # also while terminated
    approve(decide(Kind.RESTORE, one, reviewer), supervisor2)
    one.refresh_from_db()
    assert (one.lifecycle, shown_of(one), one.restricted_until) == ("in_use", "frozen", None)


def test_what_is_already_so_is_told(numbers: Many, officer: Staff, supervisor: Staff) -> None:
    used, other = numbers(1), numbers(1)
    approve(decide(Kind.TERMINATE, other, officer), supervisor)
    with pytest.raises(Invalid):
        decide(Kind.RESTORE, used, officer)
    with pytest.raises(Invalid):
        decide(Kind.TERMINATE, other, officer)
    report = approve(decide(Kind.TERMINATE, used + other, officer), supervisor)
    assert (report.applied, dict(report.skipped)) == (1, {"already": 1})


def test_only_a_termination_by_decision_can_be_restored(numbers: Many, officer: Staff) -> None:
    lapsed = numbers(1, "terminated")
    with pytest.raises(Invalid):
        decide(Kind.RESTORE, lapsed, officer)


def test_a_legal_hold_keeps_a_number_from_termination_but_not_from_a_freeze(numbers: Many, officer: Staff) -> None:
    held = numbers(1, legal_hold=True)
    with pytest.raises(Invalid):
        decide(Kind.TERMINATE, held, officer)
    assert decide(Kind.FREEZE, held, officer).applied == 1


@pytest.mark.parametrize("clause", ["10.1", "law"])
def test_a_request_that_is_not_answered_keeps_a_number_from_termination_and_an_appeal_does_not(
    numbers: Many, cast: dict[str, Staff], officer: Staff, supervisor: Staff, clause: str
) -> None:
    asked, appealed, answered, later = ids = numbers(4)
    for number, kind in ((asked, REQUEST), (appealed, Hold.Kind.APPEAL), (answered, REQUEST)):
        hold(number, kind, cast)
    release(answered, cast)
    grounds: dict[str, Any] = {"clauses": (clause,)} | ({"citation": "court order 7"} if clause == "law" else {})
    found = preview(order(Kind.TERMINATE, **grounds), ids, actor=officer)
    assert (found.will, dict(found.skipped), found.held) == (3, {"held": 1}, 1)
    report = decide(Kind.TERMINATE, ids, officer, **grounds)
    hold(later, REQUEST, cast)  # while it waits
    report = approve(report, supervisor)
    assert (report.applied, dict(report.skipped)) == (2, {"held": 2})
    assert set(Number.objects.filter(lifecycle="terminated").values_list("pk", flat=True)) == {appealed, answered}
    with pytest.raises(Invalid):
        decide(Kind.TERMINATE, [asked], officer, **grounds)
    assert decide(Kind.FREEZE, [asked], officer).applied == 1 and broken() == []


def test_to_undo_a_restore_is_to_terminate_again_and_what_holds_a_number_keeps_from_that_too(
    numbers: Many, cast: dict[str, Staff], officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    free, asked, sued = ids = numbers(3)
    approve(decide(Kind.TERMINATE, ids, officer), supervisor)
    hold(sued, Hold.Kind.LEGAL, cast)
    restored = approve(decide(Kind.RESTORE, ids, officer), supervisor2)
    hold(asked, REQUEST, cast)
    report = approve(undo(restored, officer), supervisor)
    assert (report.applied, dict(report.skipped)) == (1, {"held": 1, "legal_hold": 1})
    assert list(Number.objects.filter(lifecycle="terminated").values_list("pk", flat=True)) == [free]


def test_a_cancellation_runs_its_own_course(numbers: Many, officer: Staff) -> None:
    with pytest.raises(Invalid):
        decide(Kind.TERMINATE, numbers(1, "cancel_pending"), officer)


def test_a_second_round_restores_to_the_latest_state(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number("allocated")
    for _round in range(2):
        terminated(one, officer, supervisor)
        approve(decide(Kind.RESTORE, one, officer), supervisor2)
    one.refresh_from_db()
    assert (one.lifecycle, one.revision, broken()) == ("allocated", 4, [])


def test_more_than_a_hundred_terminations_need_two_supervisors(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    report = decide(Kind.TERMINATE, numbers(101), officer)
    assert report.decision.rule == "batch_terminate"
    assert approve(report, supervisor).decision.state == "proposed"
    with pytest.raises(Refused):
        approve(report, supervisor)
    assert not Number.objects.filter(lifecycle="terminated").exists()
    assert approve(report, supervisor2).applied == 101


@pytest.mark.usefixtures("feed")
def test_reclaim_needs_a_supervisor_and_the_privacy_officer(
    number: Make, cast: dict[str, Staff], resources: Staff, supervisor: Staff, supervisor2: Staff, privacy: Staff
) -> None:
    one = number("allocated")
    report = decide(Kind.TERMINATE, one, resources, clauses=("10.3",), policy=adopt(cast))
    assert report.decision.rule == "reclaim"
    assert approve(report, supervisor).decision.state == "proposed"
    with pytest.raises(Refused):
        approve(report, supervisor2)  # what is missing is the other role
    assert approve(report, privacy).applied == 1
