"""Undo: what a decision did is put back exactly; what changed since is a conflict, listed and not touched."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.decisions.services import Report
from enforcement.measures.expiry import expire
from enforcement.models import Measure, Notice, Outcome
from enforcement.policy import Kind
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, terminated, undo, verbs

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]
Many = Callable[..., list[int]]


def standing(number: int) -> tuple[Any, ...]:
    n = Number.objects.get(pk=number)
    return shown_of(n), n.lifecycle, n.frozen_until, n.restricted_until, n.terminated_at, n.terminated_under, n.due_at


def outcomes(report: Report) -> dict[int, str]:
    return dict(Outcome.objects.filter(decision=report.decision).values_list("number", "why"))


def test_a_batch_is_put_back_and_what_changed_since_is_left(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 40
    ids = numbers(120)
    before = {n: standing(n) for n in ids}
    batch = decide(Kind.FREEZE, ids, officer, clauses=("8.1",), duration=30 * DAY)
    approve(batch, supervisor)
    also_frozen, ended, restricted = ids[3], ids[50], ids[119]
    decide(Kind.FREEZE, [also_frozen], officer2, clauses=("6.2",), freeze_kind="security", duration=HOUR)
    approve(decide(Kind.LIFT, [ended], officer2, lift_of=batch.decision.pk), supervisor2)
    decide(Kind.RESTRICT, [restricted], officer2)
    left = {n: standing(n) for n in (also_frozen, ended, restricted)}

    taken_back = undo(batch, officer2)
    assert (taken_back.decision.rule, taken_back.decision.state) == ("undo", "proposed")
    with pytest.raises(Refused, match="took part"):
        approve(taken_back, supervisor)  # never only its own approver
    at = head()
    done = approve(taken_back, supervisor2)
    assert (done.applied, dict(done.skipped)) == (117, {"conflict": 2, "voided": 1})
    assert verbs(at) == ["decision.approved", *["decision.applied"] * 3, "decision.finished"]
    assert {n: standing(n) for n in left} == left
    assert {n: why for n, why in outcomes(done).items() if why} == {
        also_frozen: "conflict", ended: "voided", restricted: "conflict",
    }  # fmt: skip
    assert all(standing(n) == before[n] for n in ids if n not in left)
    reasons = Measure.objects.filter(decision=batch.decision).values_list("end_reason", flat=True)
    assert sorted(reasons) == ["", "", *["voided"] * 118]
    assert broken() == []


def test_a_termination_is_put_back_with_all_that_went_with_it(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, duration=9 * DAY)
    before = standing(one.pk)
    ended = terminated(one, officer, supervisor)
    assert standing(one.pk)[0] == "terminated"
    approve(undo(ended, officer2, in_error=False), supervisor2)
    assert standing(one.pk) == before
    assert (Measure.objects.get(number=one).end_reason, broken()) == ("", [])


def test_what_a_lift_ended_runs_again_to_its_own_end(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    before = standing(one.pk)
    lift = decide(Kind.LIFT, one, officer2)
    assert standing(one.pk)[0] == "in_use"
    approve(undo(lift, officer), supervisor)
    assert standing(one.pk) == before
    again = Measure.objects.get(number=one)
    assert (again.in_force, again.ended_by, again.end_reason, broken()) == (True, None, "", [])


def test_a_restore_is_put_back_to_the_end_it_had(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    terminated(one, officer, supervisor)
    before = standing(one.pk)
    restored = decide(Kind.RESTORE, one, officer2, clauses=("11",))
    approve(restored, supervisor2)
    assert standing(one.pk)[0] == "in_use"
    approve(undo(restored, officer), supervisor)
    after = standing(one.pk)
    assert after[:-1] == before[:-1] and after[-1] > before[-1]  # a whole grace again, from now on
    assert broken() == []


def test_a_confirmed_provisional_freeze_is_undone_and_what_was_done_after_it_is_a_conflict(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, expiry_actor: Staff
) -> None:
    ids = numbers(2)
    frozen = decide(Kind.FREEZE, ids, officer, duration=20 * DAY)
    approve(frozen, supervisor)
    decide(Kind.FREEZE, ids[:1], officer, clauses=("6.2",), freeze_kind="security", duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        expire(actor=expiry_actor)
        done = approve(undo(frozen, officer2), supervisor2)
    # What ended by itself was no act upon the number, yet the freeze before it is no longer the last thing done.
    assert (outcomes(done), broken()) == ({ids[0]: "conflict", ids[1]: ""}, [])


def test_a_slip_is_withdrawn_by_its_maker_while_nobody_has_heard_of_it(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one, two, three = number(), number(), number()
    slip = decide(Kind.FREEZE, one, officer)
    at = head()
    back = undo(slip, officer)
    assert (back.decision.rule, back.applied, standing(one.pk)[0]) == ("withdraw", 1, "in_use")
    assert verbs(at) == ["decision.proposed", "decision.applied"]
    told = dict(Notice.objects.filter(tenure=Number.objects.get(pk=one.pk).tenure_id).values_list("decision", "state"))
    assert told == {slip.decision.pk: "withdrawn", back.decision.pk: "pending"}
    heard = decide(Kind.FREEZE, two, officer)
    Notice.objects.filter(decision=heard.decision).update(state="sent")
    old = decide(Kind.FREEZE, three, officer)
    assert undo(heard, officer).decision.rule == "undo"
    with time_machine.travel(timezone.now() + 11 * HOUR / 60):
        assert undo(old, officer).decision.rule == "undo"
    assert broken() == []


def test_what_cannot_be_undone_says_why(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, reviewer: Staff, agent: Staff
) -> None:
    ids = numbers(101)
    waiting = decide(Kind.FREEZE, ids, officer)
    with pytest.raises(Invalid, match="not applied"):
        undo(waiting, officer2)
    legal = decide(
        Kind.FREEZE, ids[:1], officer, clauses=("law",), citation="（2026）粤0305民初1号", freeze_kind="legal"
    )
    with pytest.raises(Invalid, match="by law or order is taken back by law or order only"):
        undo(legal, officer2)
    lifted = decide(Kind.LIFT, ids[:1], officer2, clauses=("law",), citation="（2026）粤0305民终1号")
    approve(lifted, supervisor)
    with pytest.raises(Invalid, match="by law or order is taken back by law or order only"):
        undo(lifted, officer2)
    legal = decide(
        Kind.FREEZE, ids[:1], officer, clauses=("law",), citation="（2026）粤0305民初2号", freeze_kind="legal"
    )
    with pytest.raises(Refused, match="role"):
        undo(legal, agent)
    back = approve(undo(legal, officer2, clause="law", citation="（2026）粤0305民终2号"), supervisor)
    with pytest.raises(Invalid, match="An undo is not undone"):
        undo(back, officer)
    with pytest.raises(Invalid, match="was not changed|changed since"):
        undo(legal, reviewer, clause="law", citation="（2026）粤0305民终2号")
    assert (back.decision.state, broken()) == (State.APPLIED, [])


def test_two_undos_of_one_decision_put_it_back_once(
    number: Make, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    first, second = undo(frozen, officer2), undo(frozen, reviewer)
    assert approve(first, supervisor).applied == 1
    late = approve(second, supervisor2)
    assert (late.applied, late.decision.state, broken()) == (0, "void", [])
