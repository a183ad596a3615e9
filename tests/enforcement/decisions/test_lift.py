"""Lifting: exactly the measures named, by another than their maker, the others left running."""

from collections.abc import Callable

import pytest

from accounts.lifecycle import FOREVER
from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_lifting_one_measure_leaves_the_others(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=2 * DAY)
    security = decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    restricted = decide(Kind.RESTRICT, one, officer, duration=9 * DAY)
    lift = decide(Kind.LIFT, one, reviewer, lift_of=frozen.decision.pk)
    one.refresh_from_db()
    measures = {m.decision_id: m for m in Measure.objects.filter(number=one)}
    ended, left, right = (measures[r.decision.pk] for r in (frozen, security, restricted))
    assert (ended.end_reason, ended.ended_by_id, ended.in_force) == ("lifted", lift.decision.pk, False)
    assert left.in_force and right.in_force
    assert (one.frozen_until, one.restricted_until, shown_of(one)) == (left.until, right.until, "frozen")
    decide(Kind.LIFT, one, reviewer, lift_measures=(left.pk,))
    one.refresh_from_db()
    assert (one.frozen_until, shown_of(one)) == (None, "restricted")
    decide(Kind.LIFT, one, reviewer, lift_kinds=("restrict",))
    one.refresh_from_db()
    assert (one.restricted_until, shown_of(one), broken()) == (None, "in_use", [])


def test_a_kind_of_freeze_is_lifted_by_its_name(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    decide(Kind.LIFT, one, reviewer, lift_kinds=("freeze:security",))
    assert dict(Measure.objects.values_list("freeze_kind", "end_reason")) == {"violation": "", "security": "lifted"}


def test_an_end_that_is_for_ever_falls_back_to_the_next(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff, reviewer: Staff
) -> None:
    one = number()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    left = decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    one.refresh_from_db()
    assert one.frozen_until == FOREVER
    report = decide(Kind.LIFT, one, reviewer, lift_kinds=("freeze:violation",))
    assert (report.decision.rule, report.decision.state) == ("overturns_supervisor", "proposed")
    assert approve(report, supervisor2).applied == 1
    one.refresh_from_db()
    assert one.frozen_until == Measure.objects.get(decision=left.decision).until


def test_the_maker_does_not_lift_his_own_alone_and_another_does(number: Make, officer: Staff, officer2: Staff) -> None:
    one, two = number(), number()
    for n in (one, two):
        decide(Kind.FREEZE, n, officer)
    own = decide(Kind.LIFT, one, officer)
    assert (own.decision.rule, own.decision.state, own.applied) == ("lifts_own", "proposed", 0)
    other = decide(Kind.LIFT, two, officer2)
    assert (other.decision.rule, other.decision.state, other.applied) == ("alone", "applied", 1)


def test_a_supervisors_own_measure_is_overturned_only_with_another(
    number: Make, supervisor: Staff, supervisor2: Staff, reviewer: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, supervisor)
    report = decide(Kind.LIFT, one, reviewer)
    assert (report.decision.rule, report.applied) == ("overturns_supervisor", 0)
    assert approve(report, supervisor2).applied == 1


def test_nothing_in_force_is_nothing_to_lift(numbers: Many, officer: Staff, reviewer: Staff) -> None:
    free, frozen = numbers(1), numbers(1)
    decide(Kind.FREEZE, frozen, officer)
    with pytest.raises(Invalid):
        decide(Kind.LIFT, free, reviewer)
    report = decide(Kind.LIFT, free + frozen, reviewer)
    assert (report.applied, dict(report.skipped)) == (1, {"nothing_to_lift": 1})
    with pytest.raises(Invalid):
        decide(Kind.LIFT, frozen, reviewer)


def test_a_measure_of_another_number_is_never_reached(numbers: Many, officer: Staff, reviewer: Staff) -> None:
    (one,), (two,) = numbers(1), numbers(1)
    decide(Kind.FREEZE, [one], officer)
    decide(Kind.FREEZE, [two], officer)
    foreign = Measure.objects.get(number=two)
    with pytest.raises(Invalid):
        decide(Kind.LIFT, [one], reviewer, lift_measures=(foreign.pk,))
    foreign.refresh_from_db()
    assert foreign.in_force


def test_a_measure_made_after_the_proposal_is_not_lifted_by_it(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    proposal = decide(Kind.LIFT, one, officer, lift_kinds=("freeze",))
    decide(Kind.FREEZE, one, officer2, clauses=("6.2",), freeze_kind="security", duration=DAY)
    report = approve(proposal, supervisor)
    assert (report.decision.state, report.applied, dict(report.skipped)) == ("void", 0, {"state_changed": 1})
    assert Measure.objects.filter(ended_at=None).count() == 2


def test_a_legal_freeze_ends_by_law_or_order_only_and_never_alone(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    order = {"clauses": ("law",), "citation": "（2026）粤0305民初1号"}
    decide(Kind.FREEZE, one, officer, freeze_kind="legal", **order)
    for clause in ("10.1", "11", "7"):
        with pytest.raises(Invalid):
            decide(Kind.LIFT, one, officer2, clauses=(clause,))
    report = decide(Kind.LIFT, one, officer2, **order)
    assert (report.decision.rule, report.applied) == ("by_order", 0)
    assert approve(report, supervisor).applied == 1


def test_6_2_lifts_what_6_2_froze_and_nothing_else(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    decide(Kind.LIFT, one, reviewer, clauses=("6.2",))
    assert dict(Measure.objects.values_list("freeze_kind", "end_reason")) == {"violation": "", "security": "lifted"}


def test_a_batch_is_never_undone_by_its_own_approver(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff, reviewer: Staff
) -> None:
    ids = numbers(101)
    approve(decide(Kind.FREEZE, ids, officer), supervisor)
    report = decide(Kind.LIFT, ids[:1], reviewer)
    with pytest.raises(Refused):
        approve(report, supervisor)
    assert approve(report, supervisor2).applied == 1
