"""A programme error, or someone with the application's own role, writes what looks right: it is named, not obeyed."""

import uuid
from collections.abc import Callable
from importlib import import_module

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import Number
from enforcement.models import Decision, Target
from enforcement.notices.reclaim_notices import announce
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide
from tests.enforcement.reclaiming import adopt, reclaimed
from tests.supply import feed_covers

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]


def named() -> set[tuple[str, str]]:
    return {(b.what, b.row.split(" history")[0]) for b in broken()}


def test_a_decision_called_approved_without_its_approval_is_named_and_not_applied(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    decision = decide(Kind.TERMINATE, one, officer).decision
    with recorder.act("decision.approved", actor=supervisor, reason="同意该处置决定", decision_id=decision.pk) as act:
        decision.state = "approved"
        decision.save(update_fields=["state"])
        act.wrote(recorder.history_model(Decision))
    assert named() == {("approval", f"decision {decision.pk}")}
    with pytest.raises(Refused):
        apply(decision, actor=supervisor)
    one.refresh_from_db()
    assert one.lifecycle == "in_use"


def test_a_decision_that_asks_nobody_under_a_rule_that_does_is_named(number: Make, officer: Staff) -> None:
    alone = decide(Kind.FREEZE, number(), officer).decision
    waits = decide(Kind.TERMINATE, number(), officer).decision
    assert (alone.approvers, alone.state, named()) == ([], "applied", set())
    waits.pk, waits.approvers, waits.state, waits.form_key = bulk.next_pk(Decision), [], "applied", uuid.uuid4()
    with recorder.act(
        "decision.proposed", actor=officer, reason="无需他人同意", decision_id=waits.pk, facts={"targets": 1}
    ) as act:
        waits.save(force_insert=True)
        act.wrote(recorder.history_model(Decision))
    assert named() == {("approval", f"decision {waits.pk}")}


def test_a_number_slipped_into_an_approved_list_is_named_and_the_list_not_applied(
    numbers: Callable[[int], list[int]], number: Make, officer: Staff, supervisor: Staff
) -> None:
    decision = decide(Kind.FREEZE, numbers(101), officer).decision
    decision = approve(decision, supervisor, later=lambda _decision: None).decision
    other = number()
    with recorder.act("decision.proposed", actor=officer, reason="补充对象名单", facts={"targets": 1}) as act:
        Target.objects.create(
            decision=decision, number=other, tenure_id=other.tenure_id, revision=0, event_id=act.event_id
        )
        act.wrote(Target)
    assert named() == {("targets", f"decision {decision.pk}")}
    with pytest.raises(Refused):
        apply(decision, actor=supervisor)
    assert not decision.outcomes.exists()


def test_a_number_terminated_without_a_decision_is_named(number: Make, officer: Staff, supervisor: Staff) -> None:
    lawful, slipped = number(), number()
    approve(decide(Kind.TERMINATE, lawful, officer), supervisor)
    assert named() == set()
    with recorder.act("decision.applied", actor=supervisor, reason="多次违规", facts={"applied": 1}) as act:
        Number.objects.filter(pk=slipped.pk).update(lifecycle="terminated")
        act.history(Number, [slipped.pk])
    assert named() == {("cause", f"number {slipped.pk}")}


@pytest.fixture
def waiting(cast: dict[str, Staff], numbers: Callable[[int], list[int]], rulebook: object, feed: None) -> Decision:
    """A reclaim that both have agreed to; its two holders are to be told thirty days before."""
    numbers(2)
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30)
    return reclaimed(policy, cast).decision


def pretend(days: int) -> None:
    """The application's own role says that the holders were told so many days ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enforcement_decision SET announced_at = now() - make_interval(days => %s),"
            " effective_at = now() - interval '1 day'",
            [days],
        )


def test_a_reclaim_whose_holders_were_never_told_is_not_applied_whatever_its_columns_say(
    waiting: Decision, supervisor: Staff
) -> None:
    pretend(31)
    with pytest.raises(Refused):
        apply(Decision.objects.get(), actor=supervisor)
    assert not Number.objects.filter(lifecycle="terminated").exists()


def test_a_reclaim_whose_holders_were_told_only_now_is_not_applied_either(waiting: Decision, supervisor: Staff) -> None:
    announce(actor=Staff.objects.system("system-worker"))
    pretend(31)
    with pytest.raises(Refused):
        apply(Decision.objects.get(), actor=supervisor)
    assert not Number.objects.filter(lifecycle="terminated").exists()


def test_a_reclaim_whose_holders_were_not_reminded_is_neither_applied_nor_passed_over_whatever_its_columns_say(
    cast: dict[str, Staff], numbers: Callable[[int], list[int]], rulebook: object, feed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    numbers(2)
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7)
    worker = Staff.objects.system("system-worker")
    decision = reclaimed(policy, cast).decision
    announce(actor=worker)
    with time_machine.travel(timezone.now() + 31 * DAY):
        feed_covers()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE enforcement_decision SET reminded_at = now()")
        with pytest.raises(Refused):
            apply(Decision.objects.get(), actor=worker)
        assert not Number.objects.filter(lifecycle="terminated").exists()
        monkeypatch.setattr(import_module("enforcement.runs.apply"), "may_run", lambda decision: None)
        assert apply(Decision.objects.get(), actor=worker)[0] == 2
    assert ("notice", f"decision {decision.pk}") in named()


@pytest.mark.parametrize("told", [False, True])
def test_a_reclaim_that_was_applied_without_its_notice_is_named(
    waiting: Decision, supervisor: Staff, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    """As a programme that forgot to ask would."""
    if told:
        announce(actor=Staff.objects.system("system-worker"))
    pretend(31)
    monkeypatch.setattr(import_module("enforcement.runs.apply"), "may_run", lambda decision: None)
    assert apply(Decision.objects.get(), actor=supervisor)[0] == 2
    assert ("notice", f"decision {waiting.pk}") in named()
