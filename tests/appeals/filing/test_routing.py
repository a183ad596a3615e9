"""What an appeal is taken as (7, 11): whose it is, what it is about, and whether it is heard."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Hold, Number, NumberRange, Tenure
from appeals.court import services as court
from appeals.filing.routing import Asked, Routed, routed
from appeals.hearing import services as hearing
from appeals.lifecycle import Kind as Appealed
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message
from appeals.policy import Route, Why
from appeals.rulings.second_review import ask
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.core.days import after_working_days
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from tests.accounts.quarantine.steps import cancelled, ended, later, quarantined, terminate
from tests.appeals.filing.recycled import recycled
from tests.appeals.heard import agreed, filed, objection, ruled
from tests.appeals.rulings.test_court import BROUGHT
from tests.cast import PASSWORD
from tests.enforcement.acts import DAY, approve, broken, decide, terminated, undo

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that decisions cite."""


def taken(number: Number, kind: str, **more: int) -> Routed:
    return routed([Asked(number.pk, Appealed(kind), **more)])[0]


def letter_of(appeal: Appeal) -> str:
    """The latest that was written to the appellant."""
    return Words(appeal).of_message(Message.objects.filter(appeal=appeal).latest("pk"))


def test_a_recovery_of_a_number_that_a_decision_froze_or_ended_is_an_objection_to_that_and_its_letter_says_so(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    free, safe, frozen, over = number(), number(), number(), number()
    decide(Kind.FREEZE, safe, reviewer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    freeze = decide(Kind.FREEZE, frozen, officer)
    terminate([over.pk])
    for one in (free, safe):  # a security freeze is no reproach: its holder recovers the number
        appeal = filed(one, "recovery", agent)
        assert (appeal.kind, appeal.route, appeal.decision) == ("recovery", "", None)
    for one, decision in ((frozen, freeze.decision.pk), (over, None)):
        appeal = filed(one, "recovery", agent)
        assert (appeal.kind, appeal.route, appeal.receipt[9]) == ("objection", Route.OBJECTION, "O")
        assert decision in (None, appeal.decision_id) and appeal.decision_id
        letter = Words(appeal).of_message(Message.objects.get(appeal=appeal))
        assert "taken as an objection to that decision" in letter and "已转为对该决定的异议" in letter
    assert broken() == []


def test_a_freeze_that_has_run_out_sends_nobody_to_objection(number: Make, agent: Staff, officer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=DAY)
    assert taken(one, "recovery").kind == "objection"
    with later(hours=24.1):
        assert taken(one, "recovery").kind == "recovery"


def test_an_objection_to_what_has_ended_already_is_heard_and_flagged(
    number: Make, agent: Staff, officer: Staff, officer2: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    assert not taken(one, "objection", decision=report.decision.pk).over
    decide(Kind.LIFT, one, officer2, lift_of=report.decision.pk)
    assert taken(one, "objection", decision=report.decision.pk).over
    appeal = objection(one, report, agent)
    assert (appeal.state, appeal.why) == ("filed", "")
    assert "has ended already" in Words(appeal).of_message(Message.objects.get(appeal=appeal))


def test_somebody_else_s_decision_is_no_ground_for_an_objection(number: Make, agent: Staff, officer: Staff) -> None:
    one, other = number(), number()
    report = decide(Kind.FREEZE, other, officer)
    appeal = objection(one, report, agent)
    assert (appeal.state, appeal.outcome, appeal.why) == ("closed", "inadmissible", Why.NOT_HIS)
    assert not Hold.objects.filter(tenure=one.tenure_id).exists()


def test_what_lifts_a_measure_takes_nothing_from_anybody(
    number: Make, agent: Staff, officer: Staff, officer2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    assert objection(one, lifted, agent).why == Why.NOTHING_DONE


def test_after_180_days_an_objection_is_too_late_and_a_day_before_it_is_not(
    number: Make, agent: Staff, officer: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    with later(days=179.9):
        assert taken(one, "objection", decision=report.decision.pk).why == ""
    with later(days=180.1):
        assert objection(one, report, agent).why == Why.TOO_LATE


def test_a_second_review_is_asked_for_within_its_own_time_though_the_180_days_are_over(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    with later(days=179):
        first = objection(one, report, agent)
    with later(days=182):
        ruled(first, "rejected", reviewer)
    with later(days=190):
        again = objection(one, report, agent, statement="仍不服，请另一位工作人员复核。", evidence=[("other", "截图")])
        assert (again.pk, again.round, again.state, again.evidence.count()) == (first.pk, 2, "filed", 1)
        assert list(Message.objects.order_by("pk").values_list("kind", flat=True)) == ["receipt", "ruling", "answer"]
        assert Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).count() == 1
        with pytest.raises(Invalid, match=f"open already: {first.receipt}"):
            objection(one, report, agent)
    assert broken() == []


def test_what_somebody_declined_to_hear_has_the_second_review_as_its_letter_says_and_no_fresh_first(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one, other = number(), number()
    report, late = decide(Kind.FREEZE, one, officer), decide(Kind.FREEZE, other, officer)
    first, second = objection(one, report, agent), objection(other, late, agent)
    for appeal in (first, second):
        ruled(appeal, "inadmissible", reviewer)
        assert "ask within 30 days for one second review" in letter_of(appeal)
    again = objection(one, report, agent, statement="仍不服，请另一位工作人员复核。")
    assert (again.pk, again.round, again.state, Message.objects.latest("pk").kind) == (first.pk, 2, "filed", "answer")
    with later(days=30.1):
        assert objection(other, late, agent).why == Why.FINAL
    assert broken() == []


def test_what_was_not_heard_as_it_came_may_be_filed_anew(
    number: Make, agent: Staff, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    report = decide(Kind.TERMINATE, one, officer)
    early = objection(one, report, agent)
    assert (early.state, early.outcome, early.why) == ("closed", "inadmissible", Why.NOTHING_DONE)
    assert "second review" not in letter_of(early)
    with pytest.raises(Invalid, match="Only an objection that was decided"):
        ask(early.receipt, actor=agent, reason="我不同意，请复核。")
    approve(report, supervisor)
    anew = objection(one, report, agent)
    assert anew.pk != early.pk and (anew.state, anew.round) == ("filed", 1)


def test_a_recovery_that_somebody_declined_to_hear_has_no_second_review_and_may_be_filed_anew(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    """domain.md §8 A: whoever brings new evidence files again."""
    first = filed(one := number(), "recovery", agent)
    ruled(first, "inadmissible", reviewer)
    assert "second review" not in letter_of(first)
    anew = filed(one, "recovery", agent)
    assert anew.pk != first.pk and (anew.state, anew.round) == ("filed", 1)


def test_what_was_upheld_or_went_to_court_has_no_second_review(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, privacy: Staff
) -> None:
    won, sued, judged = number(), number(), number()
    reports = {one: decide(Kind.FREEZE, one, officer) for one in (won, sued, judged)}
    for one, report in reports.items():
        ruled(objection(one, report, agent), "upheld" if one == won else "rejected", reviewer)
    for one in (sued, judged):
        court.sue(Appeal.objects.get(number=one.pk), BROUGHT, actor=privacy, reason="已收到法院应诉通知书")
    case = Appeal.objects.get(number=judged.pk)
    court.judge(case, "for_us", timezone.localdate(), actor=privacy, reason="判决已生效，按判决执行")
    for one, report in reports.items():
        more = objection(one, report, agent)
        assert (more.state, more.why, more.round) == ("closed", Why.FINAL, 1)
        assert "it was upheld" in letter_of(more) and "went to court (12.5)" in letter_of(more)
    assert broken() == []


def test_what_was_decided_and_reviewed_is_final(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    ruled(objection(one, report, agent), "rejected", reviewer)
    with later(days=30.1):
        assert objection(one, report, agent).why == Why.FINAL


def test_a_second_review_that_was_withdrawn_was_had(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    ruled(objection(one, report, agent), "rejected", reviewer)
    again = objection(one, report, agent)
    assert again.round == 2
    hearing.withdraw(again, actor=agent, reason="申诉人来电说不需要了")
    assert objection(one, report, agent).why == Why.FINAL


def test_the_old_holder_of_a_recycled_number_is_told_of_his_own_tenure_and_nothing_of_the_next(
    agent: Staff, resources: Staff, supply: Callable[..., NumberRange], tmp_path: Path
) -> None:
    """domain.md §10, 6."""
    with recycled(supply, resources, tmp_path) as (one, second):
        first = Tenure.objects.get(number=one, seq=1)
        appeal = filed(one, "recovery", agent, seq=1)
        assert (appeal.tenure, appeal.state, appeal.why, appeal.decision) == (first, "closed", Why.PURGED, None)
        letter = Words(appeal).of_message(Message.objects.get(appeal=appeal))
        assert "10.3, 10.4" in letter and f"{second.started_at:%Y-%m-%d}" not in letter.replace(appeal.receipt, "")
        assert not Hold.objects.filter(tenure__number=one, kind="appeal").exists()
        assert not Hold.objects.filter(tenure=second).exists()
        # Whoever names no tenure is taken for the present holder.
        assert filed(one, "recovery", agent).tenure == second
        assert broken() == []


def test_the_last_holder_of_a_number_that_nobody_holds_now_is_told_that_it_is_gone(number: Make, agent: Staff) -> None:
    one = number()
    quarantined([one.pk])
    with later(days=32):
        appeal = filed(one, "recovery", agent)
        assert (appeal.tenure_id, appeal.why) == (one.tenure_id, Why.PURGED)


def test_who_cancelled_his_number_himself_does_not_recover_it(numbers: Callable[..., list[int]], agent: Staff) -> None:
    (one,) = numbers(1)
    cancelled([one], agent)
    with later(days=16):
        assert ended()
        assert filed(one, "recovery", agent).why == Why.PURGED


def test_of_a_number_that_nobody_held_an_appeal_is_registered_and_not_heard(number: Make, agent: Staff) -> None:
    never = filed(88_889_999, "recovery", agent)
    no_such_tenure = filed(number(), "recovery", agent, seq=9)
    assert (never.why, never.tenure, no_such_tenure.why) == (Why.NEVER_HELD, None, Why.NEVER_HELD)
    assert filed(88_889_999, "enquiry", agent).state == "filed"  # whoever asks has an answer (11)


def test_the_fourth_about_one_thing_within_30_days_goes_to_a_supervisor_with_a_warning(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    for _n in range(3):
        appeal = filed(one, "recovery", agent)
        assert not appeal.gated
        ruled(appeal, "rejected", reviewer)
    assert not filed(one, "enquiry", agent).gated  # of another kind
    fourth = filed(one, "recovery", agent)
    assert fourth.gated and "a supervisor hears" in Words(fourth).of_message(Message.objects.get(appeal=fourth))
    with later(days=31):
        assert not taken(one, "recovery").gated


def test_to_take_a_restoration_back_ends_the_use_and_is_answered_within_five_working_days_each_time(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff,
    setup_actor: Staff,
) -> None:  # fmt: skip
    one, other = number(), number()
    terminated(one, officer, supervisor)
    restored = decide(Kind.RESTORE, one, officer2)
    approve(restored, supervisor2)
    back = undo(restored, officer, in_error=False)
    approve(back, supervisor)
    lifted = decide(Kind.FREEZE, other, officer)
    appeal, usual = objection(one, back, agent), objection(other, lifted, agent)
    assert appeal.due_at == after_working_days(appeal.filed_at, 5)
    assert usual.due_at == after_working_days(usual.filed_at, 3)
    with origin.origin(origin.SYSTEM):  # both others had a word in it
        third = people.join("supervisor3", "supervisor", password=PASSWORD, actor=setup_actor, reason="a third one")
    agreed(ruled(appeal, "rejected", reviewer), third)
    ruled(usual, "rejected", reviewer)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        assert ask(appeal.receipt, actor=agent, reason="我不同意，请复核。").due_at == after_working_days(now, 5)
        assert ask(usual.receipt, actor=agent, reason="我不同意，请复核。").due_at == after_working_days(now, 3)


def test_the_clock_is_that_of_what_it_is_about(number: Make, agent: Staff, officer: Staff) -> None:
    paid, plain = number(paid=True), number()
    for one, hours in ((paid, 8), (plain, 72)):
        appeal = filed(one, "recovery", agent)
        assert appeal.due_at - appeal.filed_at == datetime.timedelta(hours=hours)
    assert Appeal.objects.count() == 2
