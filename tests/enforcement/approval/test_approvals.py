"""Two people: who may rule on what, on exactly what was proposed, once each, in time."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.decisions.services import Report
from enforcement.measures.expiry import expire
from enforcement.models import Approval, Decision, Measure
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, refuse, verbs

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_the_maker_may_not_rule_on_his_own(number: Make, supervisor: Staff, supervisor2: Staff) -> None:
    one = number()
    report = decide(Kind.RESTRICT, one, supervisor, indefinite=True)
    before = head()
    for rule_on in (approve, refuse):
        with pytest.raises(Refused):
            rule_on(report, supervisor)
    assert verbs(before) == ["audit.refused", "audit.refused"]
    assert not Approval.objects.exists()
    assert approve(report, supervisor2).decision.state == "applied"


def _insert(report: Report, maker: Staff, approver: Staff) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "INSERT INTO enforcement_approval (proposal_id, maker_id, approver_id, capacity, agreed, reason,"
            " content_hash, at, event) VALUES (%s, %s, %s, 'x', true, 'raw', 'x', now(), %s)",
            [report.decision.pk, maker.pk, approver.pk, uuid.uuid4()],
        )


def test_the_database_itself_refuses_the_maker_as_approver(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    report = decide(Kind.TERMINATE, number(), officer)
    with pytest.raises(IntegrityError, match="approval_not_the_maker"):
        _insert(report, officer, officer)
    with pytest.raises(IntegrityError, match="maker_id_is_the_parents"):
        _insert(report, officer2, officer)  # a false maker does not help
    _insert(report, officer, supervisor)
    with pytest.raises(IntegrityError, match="approval_once_each"):
        _insert(report, officer, supervisor)


def test_who_lacks_the_capacity_may_not_rule(
    number: Make, cast: dict[str, Staff], officer: Staff, supervisor: Staff
) -> None:
    report = decide(Kind.TERMINATE, number(), officer)
    for login in set(cast) - {"supervisor", "supervisor2"}:
        with pytest.raises(Refused):
            approve(report, cast[login])
    assert approve(report, supervisor).applied == 1


def test_a_reason_and_the_content_that_was_seen_are_needed(number: Make, officer: Staff, supervisor: Staff) -> None:
    decision = decide(Kind.TERMINATE, number(), officer).decision
    with pytest.raises(Invalid):
        approval.approve(decision, actor=supervisor, reason="好", content_hash=decision.content_hash)
    with pytest.raises(Invalid):
        approval.approve(decision, actor=supervisor, reason="同意该处置决定", content_hash="0" * 64)
    assert not Approval.objects.exists()
    assert approve(decision, supervisor).applied == 1
    with pytest.raises(Invalid):
        approve(decision, supervisor)


def test_more_than_ten_thousand_need_two_and_each_votes_once(
    numbers: Many,
    officer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("enforcement.policy.LARGE_FROM", 200)  # 10,000: test_policy.py
    settings.QQOPS_CHUNK = 200
    report = decide(Kind.FREEZE, numbers(201), officer)
    assert (report.decision.rule, len(report.decision.approvers)) == ("large", 2)
    assert approve(report, supervisor).decision.state == "proposed"
    with pytest.raises(Refused):
        approve(report, supervisor)
    assert approve(report, supervisor2).applied == 201
    assert Measure.objects.count() == 201
    assert Event.objects.filter(verb="decision.applied").count() == 2  # one for each chunk


def test_one_no_ends_it_even_after_a_yes(numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff) -> None:
    report = decide(Kind.TERMINATE, numbers(101), officer)
    approve(report, supervisor)
    assert refuse(report, supervisor2).decision.state == "refused"
    assert not Number.objects.filter(lifecycle="terminated").exists()
    assert sorted(Approval.objects.values_list("agreed", flat=True)) == [False, True]


def test_a_proposal_lapses_and_cannot_be_agreed_to_then(
    number: Make, officer: Staff, supervisor: Staff, expiry_actor: Staff
) -> None:
    one = number()
    decision = decide(Kind.TERMINATE, one, officer).decision
    with time_machine.travel(timezone.now() + 73 * HOUR, tick=True):
        decision = Decision.objects.get(pk=decision.pk)
        assert decision.has_lapsed and decision.state == "proposed"  # right before any sweep
        with pytest.raises(Invalid):
            approve(decision, supervisor)
        assert expire(actor=expiry_actor).proposals == 1
        assert expire(actor=expiry_actor).proposals == 0
    decision.refresh_from_db()
    one.refresh_from_db()
    assert (decision.state, one.lifecycle, broken()) == ("lapsed", "in_use", [])


def test_a_fixed_end_that_has_passed_cannot_be_agreed_to(numbers: Many, officer: Staff, supervisor: Staff) -> None:
    report = decide(Kind.FREEZE, numbers(101), officer, until=timezone.now() + HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR, tick=True), pytest.raises(Invalid):
        approve(report, supervisor)
    assert approve(report, supervisor).applied == 101


def test_a_duration_counts_from_the_agreement(numbers: Many, officer: Staff, supervisor: Staff) -> None:
    report = decide(Kind.FREEZE, numbers(101), officer, duration=2 * DAY)
    later = timezone.now() + 20 * HOUR
    with time_machine.travel(later, tick=True):
        approve(report, supervisor)
    until = Measure.objects.values_list("until", flat=True).distinct().get()
    assert until is not None and abs(until - (later + 2 * DAY)) < datetime.timedelta(minutes=5)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE enforcement_decision SET facts = 'otherwise' WHERE id = %s",
        "UPDATE enforcement_decision SET duration = interval '9 days' WHERE id = %s",
        "UPDATE enforcement_target SET number_id = 88880009 WHERE decision_id = %s AND number_id = 88880001",
        "UPDATE enforcement_evidence SET statement = 'otherwise' WHERE decision_id = %s",
    ],
)
def test_a_content_changed_behind_the_back_voids_the_decision(
    numbers: Many, number: Make, officer: Staff, supervisor: Staff, tamper: str
) -> None:
    ids, _other = numbers(2), number(id=88880009)
    report = decide(Kind.FREEZE, ids, officer, duration=8 * DAY)
    assert Measure.objects.filter(ended_at=None).count() == 2
    table = tamper.split()[1]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(tamper, [report.decision.pk])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    assert approve(report, supervisor).decision.state == "void"
    assert not Approval.objects.exists()
    assert not Measure.objects.filter(ended_at=None).exists()  # what was provisional ends with it


def test_a_target_that_changed_since_is_skipped_and_a_single_one_voids(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    pair, single = numbers(2), numbers(1)
    two, one = decide(Kind.TERMINATE, pair, officer), decide(Kind.TERMINATE, single, officer)
    decide(Kind.FREEZE, [pair[0], single[0]], officer2)
    report = approve(two, supervisor)
    assert (report.decision.state, report.applied, dict(report.skipped)) == ("applied", 1, {"state_changed": 1})
    report = approve(one, supervisor)
    assert (report.decision.state, report.applied, dict(report.skipped)) == ("void", 0, {"state_changed": 1})
    states = dict(Number.objects.values_list("pk", "lifecycle"))
    assert states == {pair[0]: "in_use", pair[1]: "terminated", single[0]: "in_use"}


def test_a_confirmed_measure_runs_as_long_as_was_decided(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, duration=20 * DAY)
    approve(report, supervisor)
    measure = Measure.objects.get(number=one)
    one.refresh_from_db()
    assert measure.until == one.frozen_until == measure.starts_at + 20 * DAY
    assert (measure.ended_at, one.revision) == (None, 2)


def test_a_refused_provisional_measure_ends_at_once_and_the_others_run_on(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    left = decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    report = decide(Kind.FREEZE, one, officer, indefinite=True)
    assert refuse(report, supervisor).decision.state == "refused"
    measure = Measure.objects.get(decision=report.decision)
    one.refresh_from_db()
    assert (measure.end_reason, measure.in_force) == ("refused", False)
    assert one.frozen_until == Measure.objects.get(decision=left.decision).until
    assert broken() == []


def test_an_unanswered_provisional_measure_ends_with_its_proposal(
    number: Make, officer: Staff, expiry_actor: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, indefinite=True)
    with time_machine.travel(timezone.now() + 73 * HOUR, tick=True):
        assert not Measure.objects.get(number=one).in_force
        swept = expire(actor=expiry_actor)
    assert (swept.proposals, swept.measures) == (1, 1)
    report.decision.refresh_from_db()
    one.refresh_from_db()
    assert (report.decision.state, one.frozen_until, broken()) == ("lapsed", None, [])


def test_a_provisional_measure_lifted_meanwhile_leaves_nothing_to_confirm(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, indefinite=True)
    decide(Kind.LIFT, one, officer2)
    report = approve(report, supervisor)
    assert (report.decision.state, report.applied, dict(report.skipped)) == ("void", 0, {"state_changed": 1})
    one.refresh_from_db()
    assert (one.frozen_until, broken()) == (None, [])


def test_a_decision_marked_approved_behind_the_back_is_not_applied(
    numbers: Many, officer: Staff, supervisor: Staff
) -> None:
    """The application may move the state; what counts is that enough people agreed."""
    decision = decide(Kind.FREEZE, numbers(101), officer).decision
    Decision.objects.filter(pk=decision.pk).update(state="approved", effective_at=timezone.now())
    with pytest.raises(Refused):
        apply(Decision.objects.get(pk=decision.pk), actor=officer)
    assert not Measure.objects.exists()


def test_an_approvers_reason_holds_no_personal_data_either(number: Make, officer: Staff, supervisor: Staff) -> None:
    decision = decide(Kind.TERMINATE, number(), officer).decision
    for reason in (
        "身份证 11010519491231002X 不符",
        "机主 138-1234-5678 来电",
        "机主 +86 １３８１２３４５６７８",
        "机主 13812345678 13912345678",
        "2021-05-01 13812345678 来电",
        "20210501 11010519491231002X",
        "见 li@qq.com 来信",
    ):
        with pytest.raises(Invalid):
            approval.approve(decision, actor=supervisor, reason=reason, content_hash=decision.content_hash)
    assert not Approval.objects.exists()
    assert approve(decision, supervisor).applied == 1
