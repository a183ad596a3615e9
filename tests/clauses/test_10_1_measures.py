"""10.1: for a breach, restrict, freeze or terminate at any time, on own judgement; and decide on restoring."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Number
from enforcement.models import Decision, Measure
from enforcement.policy import BASIS, Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, approve, decide, terminated

Make = Callable[..., Number]


def test_10_1_a_no_measure_without_ground_facts_and_evidence(number: Make, officer: Staff) -> None:
    one = number()
    for missing in ({"clauses": ()}, {"facts": ""}, {"evidence": ()}, {"reason": ""}):
        for kind in (Kind.RESTRICT, Kind.FREEZE, Kind.TERMINATE):
            with pytest.raises(Invalid):
                decide(kind, one, officer, **missing)
    assert not Decision.objects.exists()
    assert decide(Kind.FREEZE, one, officer).applied == 1


def test_10_1_a_the_database_keeps_no_decision_without_facts(number: Make, officer: Staff) -> None:
    made = decide(Kind.TERMINATE, number(), officer).decision
    made.pk, made.facts, made.form_key = None, "", made.form_key.__class__(int=1)
    with pytest.raises(IntegrityError, match="decision_says_why"), transaction.atomic():
        Decision.objects.bulk_create([made])


def test_10_1_a_the_ground_is_the_text_in_force_at_the_act(number: Make, officer: Staff) -> None:
    decision = decide(Kind.FREEZE, number(), officer).decision
    ground = decision.grounds.select_related("clause__version").get()
    assert ground.clause is not None
    assert (ground.clause.number, str(ground)) == ("10.1", "10.1")
    assert len(ground.clause.text_sha256) == 64 and ground.clause.version.version.startswith("summary-")


def test_10_1_b_a_freeze_may_start_at_once_for_72_hours_but_no_termination_does(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    frozen, ended = number(), number()
    decide(Kind.FREEZE, frozen, officer, indefinite=True)
    measure = Measure.objects.get(number=frozen)
    assert measure.in_force and measure.until == measure.starts_at + 72 * HOUR
    report = decide(Kind.TERMINATE, ended, officer)
    ended.refresh_from_db()
    assert ended.lifecycle == "in_use"
    approve(report, supervisor)
    ended.refresh_from_db()
    assert ended.lifecycle == "terminated"


def test_10_1_b_both_persons_are_on_the_record(number: Make, officer: Staff, supervisor: Staff) -> None:
    approval = terminated(number(), officer, supervisor).decision.approvals.get()
    assert (approval.maker, approval.approver, approval.agreed) == (officer, supervisor, True)


def test_10_1_c_the_three_measures_and_no_other_burden() -> None:
    burdens = set(BASIS["10.1"].kinds) - {Kind.LIFT, Kind.ADJUST, Kind.RESTORE, Kind.UNDO}
    assert burdens == {Kind.RESTRICT, Kind.FREEZE, Kind.TERMINATE}


def test_10_1_d_restoring_is_decided_and_not_by_the_maker_alone(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    terminated(one, officer, supervisor)
    own = decide(Kind.RESTORE, one, officer)
    assert own.decision.state == "proposed"
    with pytest.raises(Refused):
        approve(own, officer)
    approve(own, supervisor2)
    one.refresh_from_db()
    assert one.lifecycle == "in_use"


def test_10_1_d_lifting_ones_own_measure_needs_another(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    report = decide(Kind.LIFT, one, officer)
    assert (report.decision.rule, report.applied) == ("lifts_own", 0)
    assert approve(report, supervisor).applied == 1
