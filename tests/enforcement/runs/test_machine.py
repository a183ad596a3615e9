"""Random acts by random staff on a few numbers: whatever they try, what is shown and recorded stays true."""

import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.lifecycle import FOREVER, pairs
from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.decisions.services import decide
from enforcement.measures.changes import as_they_were, changed_by
from enforcement.measures.expiry import expire
from enforcement.models import Approval, Decision, Measure, Outcome
from enforcement.policy import Kind
from enforcement.undo.services import undo, undo_order
from qqops.approvals.models import State
from qqops.audit.recorder import history_model
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.campaign import size
from tests.cast import make_numbers
from tests.demands import overdue
from tests.enforcement.acts import AGREED, DAY, HOUR, REASON, broken, order
from tests.enforcement.reclaiming import adopt

IDS = list(range(88_880_001, 88_880_007))
MAKERS = ["agent", "reviewer", "officer", "officer2", "supervisor", "supervisor2", "resources", "auditor"]
JUDGES = ["officer", "supervisor", "supervisor2", "privacy"]
TERMS: list[dict[str, Any]] = [
    {"duration": 2 * HOUR}, {"duration": 3 * DAY}, {"duration": 20 * DAY}, {"duration": 40 * DAY}, {"indefinite": True},
]  # fmt: skip
GROUNDS = {
    Kind.FREEZE: [("10.1", "violation"), ("6.2", "security"), ("6.2", "owner"), ("8.3", "security"), ("10.2", "legal")],
    Kind.RESTRICT: [("10.1", ""), ("4.1", "")],
    Kind.TERMINATE: [("10.1", ""), ("10.2", ""), ("10.3", "")],
    Kind.LIFT: [("10.1", ""), ("11", "")],
    Kind.ADJUST: [("10.1", ""), ("11", "")],
    Kind.RESTORE: [("11", ""), ("7", "")],
}
some_numbers = st.lists(st.sampled_from(IDS), min_size=1, max_size=4)


class Staffroom(RuleBasedStateMachine):
    cast: dict[str, Staff]
    expiry: Staff

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.policy = adopt(self.cast, "dormant-90", "dormant", threshold_days=90)
        make_numbers(IDS[:4])
        make_numbers(IDS[4:5], "allocated")
        make_numbers(IDS[5:], legal_hold=True)
        for late in IDS[:3]:  # whom a restriction under 4.1 reaches
            overdue(Number.objects.get(pk=late), self.cast["agent"])

    def teardown(self) -> None:
        try:
            assert broken() == []
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    @rule(
        kind=st.sampled_from(list(GROUNDS)),
        at=st.integers(0, 4),
        login=st.sampled_from(MAKERS),
        ids=some_numbers,
        term=st.sampled_from(TERMS),
        scopes=st.sampled_from([("mail",), ("login", "mail"), ("send_msg",)]),
        what=st.sampled_from([("freeze",), ("restrict",), ("freeze:security", "restrict")]),
    )
    def someone_orders(
        self, kind: Kind, at: int, login: str, ids: list[int], term: Any, scopes: Any, what: Any
    ) -> None:
        clause, freeze_kind = GROUNDS[kind][at % len(GROUNDS[kind])]
        more: dict[str, Any] = {"clauses": (clause,)}
        if clause == "10.3":
            more["policy"] = self.policy
        if kind in (Kind.FREEZE, Kind.RESTRICT, Kind.ADJUST):
            more |= term
        more |= {
            Kind.FREEZE: {"freeze_kind": freeze_kind},
            Kind.RESTRICT: {"scopes": scopes},
            Kind.LIFT: {"lift_kinds": what},
            Kind.ADJUST: {"lift_kinds": what[:1], "scopes": scopes if what == ("restrict",) else ()},
        }.get(kind, {})
        try:
            report = decide(order(kind, **more), ids, actor=self.cast[login])
        except (Invalid, Refused):
            return
        assert report.applied + report.skipped.total() in (0, report.targets)

    @rule(login=st.sampled_from(JUDGES), at=st.integers(0, 50), agree=st.booleans())
    def someone_rules(self, login: str, at: int, agree: bool) -> None:
        waiting = list(Decision.objects.filter(state=State.PROPOSED).order_by("pk"))
        if not waiting:
            return
        decision = waiting[at % len(waiting)]
        act = approval.approve if agree else approval.refuse
        try:
            act(decision, actor=self.cast[login], reason=AGREED, content_hash=decision.content_hash)
        except (Invalid, Refused):
            return
        assert decision.maker_id != self.cast[login].pk

    @rule(login=st.sampled_from(MAKERS), at=st.integers(0, 50), wrong=st.booleans())
    def someone_takes_back(self, login: str, at: int, wrong: bool) -> None:
        done = list(Decision.objects.filter(state=State.APPLIED).order_by("pk"))
        if not done:
            return
        decision = done[at % len(done)]
        taken_back = undo_order(decision, clause="10.1", reason=REASON, in_error=wrong)
        try:
            report = undo(taken_back, actor=self.cast[login])
        except (Invalid, Refused):
            return
        assert report.decision.undoes_id == decision.pk and decision.kind != Kind.UNDO

    @rule()
    def the_sweep_passes(self) -> None:
        expire(actor=self.expiry)

    @invariant()
    def what_is_shown_is_the_latest_end_of_what_is_in_force(self) -> None:
        now = timezone.now()
        ends: dict[tuple[int, str], datetime.datetime] = {}
        for m in Measure.objects.filter(ended_at=None):
            if m.in_force:
                key = (m.number_id, m.kind)
                ends[key] = max(ends.get(key, now), m.until or FOREVER)
        for n in Number.objects.all():
            for kind, until in (("freeze", n.frozen_until), ("restrict", n.restricted_until)):
                shown = until if until is not None and until > now else None
                assert shown == ends.get((n.pk, kind)), (n.pk, kind)

    @invariant()
    def nothing_is_added_to_a_measure_without_a_second_person(self) -> None:
        for d in Decision.objects.filter(kind=Kind.ADJUST, approvers=[]):
            for outcome in Outcome.objects.filter(decision=d, why=""):
                for one in (changed_by(d, was) for was in as_they_were(outcome)):
                    assert (one.until or FOREVER) <= (one.was.until or FOREVER), d
                    assert set(one.scopes) <= set(one.was.scopes), d

    @invariant()
    def nobody_rules_on_his_own_and_nobody_twice(self) -> None:
        assert not Approval.objects.filter(approver=F("proposal__maker")).exists()
        votes = list(Approval.objects.values_list("proposal_id", "approver_id"))
        assert len(votes) == len(set(votes))

    @invariant()
    def what_needs_people_has_them_and_what_waits_has_no_effect(self) -> None:
        for d in Decision.objects.prefetch_related("approvals"):
            agreed = sorted(a.capacity for a in d.approvals.all() if a.agreed)
            if d.state == State.APPLIED:
                assert agreed == sorted(d.approvers), d
            if d.state == State.PROPOSED and d.effect == "waits":
                assert not Outcome.objects.filter(decision=d).exists(), d
            if d.kind in (Kind.TERMINATE, Kind.RESTORE) and Outcome.objects.filter(decision=d, why="").exists():
                assert agreed, d

    @invariant()
    def every_move_was_legal_and_a_legal_hold_held(self) -> None:
        history = history_model(Number).objects.order_by("id", "history_id").values_list("id", "lifecycle")  # type: ignore[attr-defined]
        rows = list(history)
        for (one, before), (two, after) in zip(rows, rows[1:], strict=False):
            assert one != two or before == after or (before, after) in pairs()
        assert Number.objects.get(legal_hold=True).lifecycle == "in_use"


@pytest.mark.campaign
@pytest.mark.django_db
def test_whatever_staff_try_the_record_stays_true(cast: dict[str, Staff], expiry_actor: Staff, rulebook: Any) -> None:
    Staffroom.cast, Staffroom.expiry = cast, expiry_actor
    assert connection.in_atomic_block
    run_state_machine_as_test(
        Staffroom,
        settings=settings(
            max_examples=size(12, 300),
            stateful_step_count=size(25, 50),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
