"""How appeals are decided: the rates, times and ages of a month, and who may see them."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.models import Appeal
from appeals.queue import services as queue
from appeals.queue.sweep import sweep
from appeals.rulings import second_review
from appeals.statistics.queries import quality
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.appeals.heard import filed, objection, ruled
from tests.enforcement.acts import DAY, decide, head, verbs
from tests.terminal import Terminal

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.usefixtures("rulebook")]


def test_the_month_counts_what_was_overturned_by_clause_batch_officer_and_reviewer(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    several = [number() for _n in range(4)]
    batch = decide(Kind.FREEZE, [one.pk for one in several[:3]], officer, clauses=("8.1",), detected_by="rule-7")
    alone = decide(Kind.RESTRICT, several[3], officer2)
    ruled(objection(several[0], batch, agent), "upheld", reviewer)
    ruled(objection(several[1], batch, agent), "rejected", reviewer2)
    ruled(objection(several[3], alone, agent), "rejected", reviewer)
    ruled(filed(several[2], "enquiry", agent), "answered", reviewer)
    found = quality(timezone.localdate())
    rates = [
        [(r.of, r.decided, r.overturned) for r in rates]
        for rates in (found.by_clause, found.by_batch, found.by_officer, found.by_reviewer)
    ]
    assert rates == [
        [("10.1", 1, 0), ("8.1", 2, 1)],
        [(str(batch.decision.pk), 2, 1)],
        [("officer", 2, 1), ("officer2", 1, 0)],
        [("reviewer", 2, 1), ("reviewer2", 1, 0)],
    ]
    assert [(line.clause, line.kind, line.by_rule, line.outcome, line.count) for line in found.lines] == [
        ("", "enquiry", False, "answered", 1),
        ("10.1", "objection", False, "rejected", 1),
        ("8.1", "objection", True, "rejected", 1),
        ("8.1", "objection", True, "upheld", 1),
    ]
    assert [(kind, count) for kind, count, _median, _most in found.times] == [("enquiry", 1), ("objection", 3)]
    assert quality(timezone.localdate() - datetime.timedelta(days=40)).lines == []


def test_what_ended_without_a_ruling_is_told_by_its_outcome_and_says_nothing_of_who_decided_first(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one, two = number(), number()
    frozen = decide(Kind.FREEZE, one, officer)
    hearing.withdraw(objection(one, frozen, agent), actor=agent, reason="申诉人来电说不需要了")
    assert filed(77_770_001, "recovery", agent).why == "never_held"
    ruled(filed(two, "recovery", agent), "inadmissible", reviewer)
    taken = queue.take(filed(two, "enquiry", agent), actor=reviewer)
    hearing.ask(taken, "请补充最近一次登录的城市", actor=reviewer, revision=taken.revision)
    with time_machine.travel(timezone.now() + 8 * DAY):
        sweep(actor=Staff.objects.system("system-appeals"))
        later = timezone.localdate()
    lines = [line for month in sorted({timezone.localdate().replace(day=1), later.replace(day=1)})
             for line in quality(month).lines]  # fmt: skip
    assert sorted((line.clause, line.kind, line.outcome, line.count) for line in lines) == [
        ("", "enquiry", "abandoned", 1), ("", "recovery", "inadmissible", 2), ("10.1", "objection", "withdrawn", 1),
    ]  # fmt: skip
    assert quality(timezone.localdate()).by_clause == [] and quality(timezone.localdate()).by_officer == []


def test_the_second_review_is_timed_from_when_it_was_asked_for(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    with time_machine.travel(timezone.now() - 10 * DAY):
        appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    second_review.ask(appeal.receipt, actor=agent, reason="我补充了当时在外地的车票。")
    assert quality(timezone.localdate()).ages[0] == ("day", 1, 0)
    ruled(Appeal.objects.get(), "rejected", supervisor)
    ((_kind, n, median, most),) = quality(timezone.localdate()).times
    assert n == 2 and 4.9 * DAY < median < 5.1 * DAY < most < 10 * DAY  # of ten days and of no time at all


def test_open_appeals_are_counted_by_age_and_the_late_ones_among_them(number: Make, agent: Staff) -> None:
    for age in (10, 4, 0):
        with time_machine.travel(timezone.now() - age * DAY):
            filed(number(), "enquiry", agent)
    assert quality(timezone.localdate()).ages == [("day", 1, 0), ("three_days", 0, 0), ("week", 1, 1), ("older", 1, 1)]


def test_the_report_is_for_supervisors_and_auditors_and_on_the_record(
    terminal: Terminal, number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    ruled(objection(one, decide(Kind.FREEZE, one, officer), agent), "upheld", reviewer)
    before = head()
    said = terminal("auditor", "appeals", "report", "--public", "--json", "--reason", "每月公开报告")
    assert (said.code, [line["outcome"] for line in said.json["lines"]]) == (0, ["upheld"])
    assert "officer" not in said.out and str(one.pk) not in said.out
    assert terminal("agent", "appeals", "report", "--reason", "每月公开报告").code == 5
    assert [verb for verb in verbs(before) if verb != "staff.token_issued"] == ["appeal.reported", "audit.refused"]
