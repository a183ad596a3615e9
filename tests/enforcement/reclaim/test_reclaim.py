"""Reclaim under a dormancy policy (10.3): who is due, who is left alone and why, and what becomes of them."""

import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.dormancy import services as policies
from accounts.models import DormancyPolicy, Number
from enforcement.approval.approval_hash import content_hash_now
from enforcement.decisions.services import Report
from enforcement.models import Decision, Outcome
from enforcement.policy import Kind
from enforcement.reclaim import services as reclaim
from enforcement.reclaim.services import Due
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, verbs
from tests.enforcement.reclaim.excluding import HOW, exclude
from tests.enforcement.reclaiming import WHY, adopt, agreed, logs_in, reclaimed
from tests.scenarios.test_12_paid_lapse import ends
from tests.supply import carry_out, feed_covers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rulebook", "feed")]
Cast = dict[str, Staff]
Many = Callable[..., list[int]]


def due(policy: DormancyPolicy, cast: Cast) -> Due:
    return reclaim.look(policy, actor=cast["resources"], reason=WHY)


@pytest.mark.parametrize("how", HOW)
def test_whoever_is_excluded_is_counted_and_left_alone(cast: Cast, numbers: Many, how: str) -> None:
    policy, (one, other) = adopt(cast), numbers(2, "allocated")
    exclude(one, how, cast)
    found = due(policy, cast)
    assert (found.will, found.excluded, found.sample) == (1, Counter({how: 1}), [other])
    assert reclaimed(policy, cast).applied == 1
    assert set(Number.objects.filter(lifecycle="terminated").values_list("pk", flat=True)) == {other}


@pytest.mark.parametrize("how", HOW)
def test_what_excludes_him_after_the_filing_keeps_him_too(cast: Cast, numbers: Many, how: str) -> None:
    policy, (one, _other) = adopt(cast), numbers(2, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    exclude(one, how, cast)
    report = agreed(report, cast)
    assert (report.applied, report.skipped) == (1, Counter({how: 1}))
    assert Number.objects.get(pk=one).lifecycle == "allocated"


def test_a_termination_says_when_under_what_and_until_when_it_is_kept(cast: Cast, numbers: Many) -> None:
    policy, (one, other) = adopt(cast, grace_days=15), [*numbers(1, "allocated"), *numbers(1)]
    reclaimed(policy, cast)
    approve(decide(Kind.TERMINATE, [other], cast["officer"], clauses=("10.2",)), cast["supervisor"])
    rows = {n.pk: n for n in Number.objects.filter(pk__in=[one, other])}
    for number, clause, grace in ((one, "10.3", 15 * DAY), (other, "10.2", 30 * DAY)):
        row = rows[number]
        assert row.terminated_at is not None and row.due_at is not None
        assert (row.lifecycle, row.terminated_under) == ("terminated", clause)
        assert row.due_at - row.terminated_at == grace
        back = approve(decide(Kind.RESTORE, [number], cast["officer"]), cast["supervisor2"])
        row = Number.objects.get(pk=number)
        assert (back.applied, row.terminated_at, row.terminated_under, row.due_at) == (1, None, None, None)
    assert broken() == []


def test_it_can_be_restored_until_it_is_purged_however_late(cast: Cast, numbers: Many) -> None:
    policy, (one,) = adopt(cast), numbers(1, "allocated")
    reclaimed(policy, cast)
    with time_machine.travel(timezone.now() + 40 * DAY):
        assert approve(decide(Kind.RESTORE, [one], cast["officer"], clauses=("11",)), cast["supervisor2"]).applied == 1
    assert Number.objects.get(pk=one).lifecycle == "allocated"


@pytest.mark.parametrize(("kind", "days"), [("not_activated", 3), ("dormant", 90), ("paid_lapsed", 15)])
def test_what_a_decision_gave_back_is_due_anew_only_after_the_whole_term(
    cast: Cast, numbers: Many, kind: str, days: int
) -> None:
    """Else the next run would take it back at once."""
    many = numbers(3, "allocated" if kind == "not_activated" else "in_use", paid=kind == "paid_lapsed")
    if kind == "paid_lapsed":
        ends(many, timezone.now() - 99 * DAY)
    policy = adopt(cast, "of-its-kind", kind, threshold_days=days)
    wrong = decide(Kind.TERMINATE, many[:2], cast["resources"], clauses=("10.3",), policy=policy)
    assert agreed(wrong, cast).applied == 2
    assert approve(decide(Kind.RESTORE, many[:1], cast["officer"]), cast["supervisor2"]).applied == 1
    found = due(policy, cast)
    assert (found.due, found.sample) == (1, many[2:])
    filed = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY).decision
    assert list(filed.targets.values_list("number", flat=True)) == many[2:]
    # As it is given back between filing and act: that it is not due is said, and not only that it changed.
    approve(decide(Kind.TERMINATE, many[2:], cast["officer"]), cast["supervisor"])
    assert approve(decide(Kind.RESTORE, many[2:], cast["officer"]), cast["supervisor2"]).applied == 1
    assert agreed(Report(filed), cast).skipped == Counter(not_due=1)
    with pytest.raises(Invalid, match="not due|未到期"):
        decide(Kind.TERMINATE, [many[0], many[2]], cast["resources"], clauses=("10.3",), policy=policy)
    with time_machine.travel(timezone.now() + days * DAY):
        feed_covers()
        assert due(policy, cast).sample == [many[0], many[2]]
    assert broken() == []


def test_a_cancellation_is_not_restored(cast: Cast, numbers: Many) -> None:
    """Not even where an earlier termination of the same tenure was."""
    (one,) = numbers(1)
    approve(decide(Kind.TERMINATE, [one], cast["officer"]), cast["supervisor"])
    approve(decide(Kind.RESTORE, [one], cast["officer"]), cast["supervisor2"])
    for state in ("cancel_pending", "terminated"):
        Number.objects.filter(pk=one).update(lifecycle=state, terminated_under="12.1")
    with pytest.raises(Invalid, match="不是由处置决定终止"):
        decide(Kind.RESTORE, [one], cast["officer"])


def test_who_logged_in_since_is_skipped_and_the_reason_is_that(cast: Cast, numbers: Many) -> None:
    policy, many = adopt(cast, "dormant-90", "dormant", threshold_days=90), numbers(3)
    logs_in(many[0], timezone.now() - 91 * DAY)
    assert due(policy, cast).will == 3
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    logs_in(many[0])
    report = agreed(report, cast)
    assert (report.applied, report.skipped) == (2, Counter(used_since=1))
    assert Outcome.objects.get(decision=report.decision, number=many[0]).why == "used_since"
    assert (Number.objects.get(pk=many[0]).lifecycle, broken()) == ("in_use", [])


def test_an_activation_is_a_use_and_not_only_a_change(cast: Cast, numbers: Many) -> None:
    policy, (one,) = adopt(cast), numbers(1, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    Number.objects.filter(pk=one).update(lifecycle="in_use", revision=1)
    report = agreed(report, cast)
    assert (report.decision.state, report.applied, report.skipped) == ("applied", 0, Counter(used_since=1))


def test_any_other_change_is_called_a_change(cast: Cast, numbers: Many) -> None:
    policy, (one, _other) = adopt(cast), numbers(2, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    Number.objects.filter(pk=one).update(revision=1)
    assert agreed(report, cast).skipped == Counter(state_changed=1)


def test_who_is_not_due_is_not_among_them(cast: Cast, numbers: Many) -> None:
    policy = adopt(cast, registered_from=datetime.date(2024, 1, 1))
    early = numbers(1, "allocated", started_at=timezone.make_aware(datetime.datetime(2023, 12, 31, 23, 59)))
    fresh = numbers(1, "allocated", started_at=timezone.now() - 2 * DAY)
    right = numbers(1, "allocated", started_at=timezone.make_aware(datetime.datetime(2024, 1, 1, 0, 1)))
    used = numbers(1)
    found = due(policy, cast)
    assert (found.will, found.excluded, found.sample) == (1, Counter(), right)
    report = agreed(
        decide(Kind.TERMINATE, early + fresh + right + used, cast["resources"], clauses=("10.3",), policy=policy), cast
    )
    assert (report.applied, report.skipped) == (1, Counter(not_due=2, used_since=1))


def test_without_a_policy_in_force_there_is_no_reclaim_and_a_policy_is_no_other_ground(
    cast: Cast, numbers: Many
) -> None:
    policy, (one,) = adopt(cast, effective_to=timezone.localdate()), numbers(1, "allocated")
    with pytest.raises(Invalid, match=r"10\.3"):
        decide(Kind.TERMINATE, [one], cast["resources"], clauses=("10.3",))
    with pytest.raises(Invalid, match=r"10\.3"):
        decide(Kind.TERMINATE, [one], cast["officer"], clauses=("10.1",), policy=policy)
    with pytest.raises(Refused):
        decide(Kind.TERMINATE, [one], cast["resources"], clauses=("10.1", "10.3"), policy=policy)
    with time_machine.travel(timezone.now() + 2 * DAY), pytest.raises(Invalid, match=policy.code):
        reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)


def test_what_was_filed_before_its_policy_was_ended_goes_on_and_nothing_new_is_filed(cast: Cast, numbers: Many) -> None:
    policy, (one,) = adopt(cast), numbers(1, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    ends = policies.ended(policy, timezone.localdate())
    assert carry_out(ends, cast["resources"], cast["supervisor"]).state == "applied"
    policy.refresh_from_db()
    with time_machine.travel(timezone.now() + 40 * HOUR):
        with pytest.raises(Invalid, match=policy.code):
            reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
        assert agreed(report, cast).applied == 1
    assert (Number.objects.get(pk=one).terminated_under, broken()) == ("10.3", [])


def test_only_the_resource_manager_reclaims_and_the_attempt_is_on_the_record(cast: Cast, numbers: Many) -> None:
    policy = adopt(cast)
    numbers(1, "allocated")
    before = head()
    for login in ("officer", "supervisor", "privacy", "agent"):
        with pytest.raises(Refused):
            reclaim.reclaim(policy, actor=cast[login], reason=WHY)
    assert (verbs(before), Decision.objects.count()) == (["audit.refused"] * 4, 0)


def test_nobody_due_is_no_decision(cast: Cast) -> None:
    policy = adopt(cast)
    with pytest.raises(Invalid, match=policy.code):
        reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    assert Decision.objects.count() == 0


def test_the_approval_binds_the_policy(cast: Cast, numbers: Many) -> None:
    policy, other = adopt(cast), adopt(cast, "dormant-90", "dormant", threshold_days=90)
    numbers(1, "allocated")
    decision = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY).decision
    assert (decision.policy, content_hash_now(decision)) == (policy, decision.content_hash)
    decision.policy = other
    assert content_hash_now(decision) != decision.content_hash


def test_a_thousand_are_looked_at_in_one_statement(
    cast: Cast, numbers: Many, django_assert_max_num_queries: Any
) -> None:
    policy = adopt(cast)
    numbers(1_000, "allocated")
    with django_assert_max_num_queries(12):
        found = due(policy, cast)
    assert found.will == 1_000 and len(found.sample) == 50 and found.sample == due(policy, cast).sample
    assert connection.in_atomic_block
