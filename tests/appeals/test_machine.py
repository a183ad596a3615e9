"""Random appeals, heard by random staff: whatever they try, nobody judges his own and what is ruled has its effect."""

import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.models import Hold, RuleVersion
from appeals.lifecycle import LIVE, RULED_AS, Kind, Outcome, State, pairs
from appeals.models import Appeal, Lease, Message, Ruling, RulingApproval
from appeals.services import again, court, filing, hearing, queue, rulings
from enforcement import services as enforcement
from enforcement.models import Approval, Decision, Measure
from enforcement.policy import Kind as DecisionKind
from qqops.approvals import State as Proposed
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import STATEMENT, as_filed, said
from tests.campaign import size
from tests.cast import make_numbers
from tests.enforcement.acts import AGREED, broken, order

IDS = list(range(88_880_001, 88_880_005))
ANYBODY = ["agent", "reviewer", "reviewer2", "officer", "supervisor", "supervisor2", "privacy", "auditor"]
HEARERS = ["reviewer", "reviewer2", "supervisor", "supervisor2", "officer"]
who, which, yes = st.sampled_from(ANYBODY), st.integers(0, 30), st.booleans()


class Hearing(RuleBasedStateMachine):
    cast: dict[str, Staff]

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        make_numbers(IDS[:3])
        make_numbers(IDS[3:], tier=3)

    def teardown(self) -> None:
        try:
            assert broken() == []
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def _one(self, at: int, *states: State) -> Appeal | None:
        found = list(Appeal.objects.filter(state__in=states or State.values).order_by("pk"))
        return found[at % len(found)] if found else None

    @rule(
        kind=st.sampled_from([DecisionKind.FREEZE, DecisionKind.RESTRICT, DecisionKind.TERMINATE]),
        ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True),
        maker=st.sampled_from(["officer", "officer2", "supervisor"]),
        agreed=st.sampled_from(["supervisor", "supervisor2"]),
    )
    def a_measure_is_taken(self, kind: DecisionKind, ids: list[int], maker: str, agreed: str) -> None:
        try:
            report = enforcement.decide(order(kind), ids, actor=self.cast[maker])
            if report.decision.state == Proposed.PROPOSED:
                hashed = report.decision.content_hash
                enforcement.approve(report.decision, actor=self.cast[agreed], reason=AGREED, content_hash=hashed)
        except (Invalid, Refused):
            return

    @rule(kind=st.sampled_from(list(Kind)), id=st.sampled_from(IDS), at=which, login=who)
    def somebody_files(self, kind: Kind, id: int, at: int, login: str) -> None:
        decisions = list(Decision.objects.order_by("pk"))
        more: dict[str, Any] = {}
        if kind == Kind.OBJECTION:
            if not decisions:
                return
            more["decision"] = decisions[at % len(decisions)].pk
        try:
            filing.file_one(as_filed(id, kind.value, **more), actor=self.cast[login])
        except (Invalid, Refused):
            return

    @rule(login=st.sampled_from(HEARERS), at=which, next=yes)
    def somebody_takes(self, login: str, at: int, next: bool) -> None:
        appeal = self._one(at, State.FILED)
        try:
            if next or appeal is None:
                queue.take_next(actor=self.cast[login])
            else:
                queue.take(appeal, actor=self.cast[login])
        except (Invalid, Refused):
            return

    @rule(
        login=st.sampled_from(HEARERS),
        at=which,
        act=st.sampled_from(["ask", "skip", "convert", "transfer"]),
        to=st.sampled_from(HEARERS),
    )
    def somebody_works_on_it(self, login: str, at: int, act: str, to: str) -> None:
        appeal, actor = self._one(at, State.FILED), self.cast[login]
        if appeal is None:
            return
        try:
            if act == "ask":
                hearing.ask(appeal, STATEMENT, actor=actor, revision=appeal.revision)
            elif act == "skip":
                queue.skip(appeal, actor=actor, reason="需要熟悉支付的同事处理")
            elif act == "transfer":
                queue.transfer(appeal, self.cast[to], actor=actor, reason="需要熟悉支付的同事处理")
            else:
                hearing.convert(
                    appeal, "enquiry", "help", None, actor=actor, reason="申诉人只是询问情况", revision=appeal.revision
                )
        except (Invalid, Refused):
            return

    @rule(login=who, at=which, withdraws=yes)
    def the_appellant_speaks(self, login: str, at: int, withdraws: bool) -> None:
        appeal = self._one(at)
        if appeal is None:
            return
        try:
            if withdraws:
                hearing.withdraw(appeal, actor=self.cast[login], reason="申诉人来电要求撤回")
            else:
                hearing.answer(appeal, STATEMENT, actor=self.cast[login])
        except (Invalid, Refused):
            return

    @rule(login=st.sampled_from(HEARERS), at=which, outcome=st.sampled_from(list(Outcome)))
    def somebody_rules(self, login: str, at: int, outcome: Outcome) -> None:
        held = Lease.objects.filter(staff=self.cast[login], until__gt=timezone.now()).order_by("pk")
        appeals = [lease.appeal for lease in held]
        appeal = appeals[at % len(appeals)] if appeals else self._one(at)
        if appeal is None:
            return
        try:
            ruling = rulings.rule(appeal, said(outcome), actor=self.cast[login], revision=appeal.revision)
        except (Invalid, Refused):
            return
        assert outcome in RULED_AS[Kind(appeal.kind)]
        assert ruling.maker_id == self.cast[login].pk

    @rule(login=who, at=which, agrees=yes)
    def somebody_answers_a_ruling(self, login: str, at: int, agrees: bool) -> None:
        waiting = list(Ruling.objects.filter(state=Proposed.PROPOSED).order_by("pk"))
        if not waiting:
            return
        ruling = waiting[at % len(waiting)]
        act = rulings.agree if agrees else rulings.send_back
        try:
            act(ruling, actor=self.cast[login], reason="已复核该裁定的依据", seen=ruling.content_hash)
        except (Invalid, Refused):
            return

    @rule(login=who, at=which, step=st.sampled_from(["again", "sue", "judge"]))
    def it_goes_on_after_the_decision(self, login: str, at: int, step: str) -> None:
        appeal = self._one(at, State.CLOSED, State.COURT)
        if appeal is None:
            return
        brought = court.Brought("深圳市南山区人民法院", f"(2026)粤0305民初{appeal.pk}号", datetime.date(2026, 1, 5))
        try:
            if step == "again":
                again.ask(appeal.receipt, actor=self.cast[login], reason=STATEMENT)
            elif step == "sue":
                court.sue(appeal, brought, actor=self.cast[login], reason="已收到应诉通知书")
            else:
                today = timezone.localdate()
                court.judge(appeal, "for_us", today, actor=self.cast[login], reason="判决已经生效")
        except (Invalid, Refused):
            return

    @invariant()
    def only_legal_moves_were_made(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT old, state FROM (SELECT state, lag(state) OVER (PARTITION BY id ORDER BY history_id)"
                " AS old FROM appeals_historicalappeal) h WHERE old IS NOT NULL AND old <> state"
            )
            assert set(cursor.fetchall()) <= set(pairs())

    @invariant()
    def while_it_is_open_its_tenure_is_held_and_not_longer(self) -> None:
        live = Appeal.objects.filter(state__in=LIVE, tenure__isnull=False)
        held = Hold.objects.filter(kind="appeal", lifted_at=None)
        assert set(held.values_list("reference", "tenure")) == set(live.values_list("receipt", "tenure"))

    @invariant()
    def nobody_judges_what_he_had_part_in(self) -> None:
        voices = [(r, r.maker_id) for r in Ruling.objects.select_related("appeal__decision")]
        voices += [
            (a.proposal, a.approver_id)
            for a in RulingApproval.objects.select_related("proposal__appeal__decision")
        ]  # fmt: skip
        for ruling, person in voices:
            decision = ruling.appeal.decision
            assert person != ruling.appeal.maker_id
            if decision is not None:
                assert person != decision.maker_id
                assert not Approval.objects.filter(proposal=decision, approver=person, agreed=True).exists()
        assert not RulingApproval.objects.filter(approver=F("proposal__maker")).exists()

    @invariant()
    def a_second_review_is_other_peoples(self) -> None:
        first = {(r.appeal_id, r.maker_id) for r in Ruling.objects.filter(round=1)}
        first |= set(RulingApproval.objects.filter(proposal__round=1).values_list("proposal__appeal", "approver"))
        second = {(r.appeal_id, r.maker_id) for r in Ruling.objects.filter(round=2)}
        assert not first & second

    @invariant()
    def what_waits_for_agreement_has_one_ruling_that_waits_and_no_effect(self) -> None:
        waiting = Ruling.objects.filter(state=Proposed.PROPOSED)
        assert set(waiting.values_list("appeal", flat=True)) == set(
            Appeal.objects.filter(state=State.RULED).values_list("pk", flat=True)
        )
        effective = Q(reverses__isnull=False) & ~Q(reverses__state=Proposed.PROPOSED)
        assert not waiting.filter(effective).exists()

    @invariant()
    def an_upheld_objection_left_nothing_of_its_measure(self) -> None:
        upheld = Ruling.objects.filter(state=Proposed.APPLIED, outcome="upheld", appeal__kind="objection")
        for ruling in upheld.select_related("appeal__decision", "reverses"):
            appeal = ruling.appeal
            assert ruling.reverses is None or ruling.reverses.state == Proposed.APPLIED
            measures = Measure.objects.filter(decision=appeal.decision, tenure=appeal.tenure_id)
            assert all(m.end_reason in ("voided", "undone", "refused") for m in measures)

    @invariant()
    def whoever_filed_or_was_ruled_on_was_told(self) -> None:
        assert Message.objects.filter(kind="receipt").count() == Appeal.objects.count()
        assert Message.objects.filter(kind="ruling").count() >= Ruling.objects.filter(state=Proposed.APPLIED).count()


@pytest.mark.campaign
def test_whatever_staff_try_an_appeal_is_heard_by_the_right_people(
    cast: dict[str, Staff], rulebook: RuleVersion
) -> None:
    Hearing.cast = cast
    run_state_machine_as_test(
        Hearing,
        settings=settings(
            max_examples=size(8, 300), stateful_step_count=size(40, 80), deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
