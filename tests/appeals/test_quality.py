"""How appeals are decided: the rates, times and ages of a month, and who may see them."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from appeals.quality import quality
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
