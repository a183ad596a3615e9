"""While an appeal is heard: asking, answering, writing, taking it as another kind, its withdrawal, reading it."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Hold, Number
from appeals.hearing import reading
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Delivery, Lease, Message
from appeals.policy import PER_WINDOW
from appeals.queue import calendar
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import REASONS, STATEMENT, filed, objection, ruled, said
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")
ASKED, ANSWERED, WHY = "请补充最近一次登录的城市和时间。", "最近一次在深圳登录，上周三晚上。", "申诉人来电说不需要了"


def taken(appeal: Appeal, actor: Staff) -> Appeal:
    return queue.take(appeal, actor=actor)


def test_while_the_appellant_is_asked_the_clock_stands_and_goes_on_when_he_answers(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    appeal = filed(number(), "enquiry", agent)
    due, before = appeal.due_at, head()
    asked = hearing.ask(taken(appeal, reviewer), ASKED, actor=reviewer, revision=0)
    assert (asked.state, asked.waiting_since is not None, Lease.objects.count()) == ("waiting", True, 0)
    assert not asked.is_overdue and queue.take_next(actor=reviewer2) is None
    with time_machine.travel(timezone.now() + 5 * HOUR):
        answered = hearing.answer(asked, ANSWERED, actor=agent)
    assert (answered.state, answered.waits_until) == ("filed", None)
    assert abs(answered.due_at - due - 5 * HOUR) < datetime.timedelta(seconds=30)
    kinds = list(Message.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["receipt", "asked", "answer"]
    assert Delivery.objects.count() == 2  # what he says himself is not sent to him
    assert verbs(before) == ["appeal.taken", "appeal.asked", "appeal.answered"]
    assert broken() == []


def test_an_answer_while_it_cools_down_leaves_the_clock_of_cooling_as_it_is(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    until = Appeal.objects.get().waits_until
    hearing.answer(appeal, ANSWERED, actor=agent)
    after = Appeal.objects.get()
    assert (after.state, after.waits_until) == ("cooling", until) and until
    assert broken() == []


def test_what_is_said_is_kept_sealed_and_read_by_whoever_hears_appeals(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, officer: Staff
) -> None:
    appeal = filed(number(), "enquiry", agent)
    hearing.write(appeal, "我们收到了您的来信，正在核查。", actor=reviewer)
    assert all(STATEMENT.encode() not in bytes(message.text) for message in Message.objects.all())
    before = head()
    for reader in (reviewer, supervisor):
        assert reading.read(appeal, actor=reader).statement == STATEMENT
    assert verbs(before) == ["appeal.read", "appeal.read"]
    for stranger in (agent, officer):
        with pytest.raises(Refused, match="may not read"):
            reading.read(appeal, actor=stranger)
    declare(reviewer, [appeal.number_id], "relative", actor=reviewer)
    with pytest.raises(Refused):
        reading.read(appeal, actor=reviewer)
    assert verbs(before)[2:] == ["audit.refused", "audit.refused", "number.declared", "audit.refused"]


def test_a_closed_appeal_takes_nothing_more_in(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = filed(number(), "enquiry", agent)
    ruled(appeal, "answered", reviewer)
    before = head()
    for act in (
        lambda: hearing.answer(appeal, ANSWERED, actor=agent),
        lambda: hearing.withdraw(appeal, actor=agent, reason=WHY),
        lambda: hearing.ask(appeal, ASKED, actor=reviewer, revision=1),
        lambda: rulings.rule(appeal, said("answered"), actor=reviewer, revision=1),
    ):
        with pytest.raises(Invalid):
            act()
    assert verbs(before) == []
    hearing.write(appeal, "补充说明：您可以随时再次咨询。", actor=reviewer)
    assert verbs(before) == ["appeal.written"]


def test_a_withdrawn_one_is_closed_told_and_no_longer_held(number: Make, agent: Staff, reviewer: Staff) -> None:
    one = number()
    appeal = filed(one, "recovery", agent)
    taken(appeal, reviewer)
    with pytest.raises(Refused, match="speak"):
        hearing.withdraw(appeal, actor=Staff.objects.get(username="officer"), reason=WHY)
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome, Lease.objects.count()) == ("closed", "withdrawn", 0)
    assert not Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).exists()
    assert "已撤回" in Words(appeal).of_message(Message.objects.latest("pk"))
    assert broken() == []


def test_an_enquiry_is_taken_as_an_objection_with_the_clock_of_one(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer).decision
    appeal = taken(filed(one, "enquiry", agent), reviewer)
    with pytest.raises(Invalid, match="on which ground"):
        hearing.convert(appeal, "objection", "stolen", frozen.pk, actor=reviewer, reason=WHY, revision=0)
    with pytest.raises(Invalid, match="Name the decision"):
        hearing.convert(appeal, "objection", "facts", None, actor=reviewer, reason=WHY, revision=0)
    before = head()
    made = hearing.convert(appeal, "objection", "facts", frozen.pk, actor=reviewer, reason=WHY, revision=0)
    assert verbs(before) == ["appeal.converted"]
    assert (made.kind, made.decision_id, made.state) == ("objection", frozen.pk, "filed")
    assert made.due_at > appeal.filed_at + DAY and Lease.objects.get().staff == reviewer
    rulings.rule(made, said("upheld"), actor=reviewer, revision=made.revision)
    assert broken() == []


def test_taken_as_another_kind_its_clock_begins_then_within_the_ceiling_of_what_was_filed(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    now, stood = timezone.now(), 5 * HOUR
    converted = now + stood + 70 * HOUR
    latest = calendar.ceiling(now)
    with time_machine.travel(now, tick=False):
        appeal = filed(number(paid=True), "enquiry", agent)
        hearing.ask(taken(appeal, reviewer), ASKED, actor=reviewer, revision=0)
    with time_machine.travel(now + stood, tick=False):
        hearing.answer(appeal, ANSWERED, actor=agent)
    with time_machine.travel(converted, tick=False):
        before, revision = head(), taken(appeal, reviewer).revision
        made = hearing.convert(appeal, "recovery", "stolen", None, actor=reviewer, reason=WHY, revision=revision)
        assert (made.due_at, made.escalate_at) == (converted + 8 * HOUR, converted + 6.4 * HOUR)
        assert verbs(before) == ["appeal.taken", "appeal.converted"]
        told = Words(made).of_message(Message.objects.latest("pk"))
        assert "Your appeal is now heard as an account recovery (clause 7)" in told and "账号找回" in told
        hearing.ask(made, ASKED, actor=reviewer, revision=made.revision)
    with time_machine.travel(converted + stood, tick=False):
        back = taken(hearing.answer(appeal, ANSWERED, actor=agent), reviewer)
        assert back.due_at == converted + 8 * HOUR + stood
        both = recovery.contest(back, actor=reviewer, reason="当前使用人亦主张", revision=back.revision)
        assert both.due_at == latest + 2 * stood
    assert broken() == []


def test_what_is_taken_as_another_kind_at_the_last_moment_is_due_no_later_than_it_was(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        appeal = filed(number(), "enquiry", agent)
        hearing.ask(taken(appeal, reviewer), ASKED, actor=reviewer, revision=0)
    with time_machine.travel(now + 5 * DAY, tick=False):
        hearing.answer(appeal, ANSWERED, actor=agent)
    latest = calendar.ceiling(now) + 5 * DAY
    for moment, due in ((latest - 2 * HOUR, latest), (latest + DAY, latest)):
        with time_machine.travel(moment, tick=False):
            appeal = taken(appeal, reviewer)
            kind, ground = ("recovery", "stolen") if appeal.kind == "enquiry" else ("enquiry", "help")
            made = hearing.convert(appeal, kind, ground, None, actor=reviewer, reason=WHY, revision=appeal.revision)
            assert made.due_at == due and made.is_overdue == (moment > due)
    assert broken() == []


def test_what_two_people_decide_on_one_does_not_end_by_taking_it_as_an_enquiry(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one, fine = number(), number(tier=3)
    report = approve(decide(Kind.TERMINATE, one, officer), supervisor)
    for appeal in (objection(one, report.decision, agent), filed(fine, "recovery", agent)):
        appeal, before = taken(appeal, reviewer), head()
        with pytest.raises(Invalid, match="Two people decide on this: it stays what it is"):
            hearing.convert(appeal, "enquiry", "help", None, actor=reviewer, reason=WHY, revision=appeal.revision)
        assert verbs(before) == []
    assert broken() == []


def test_who_takes_it_as_an_objection_to_his_own_act_has_it_in_hand_no_longer(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one = number()
    own = decide(Kind.FREEZE, one, reviewer, clauses=("6.2",), freeze_kind="security").decision
    appeal = taken(filed(one, "enquiry", agent), reviewer)
    made = hearing.convert(appeal, "objection", "facts", own.pk, actor=reviewer, reason=WHY, revision=0)
    assert not Lease.objects.exists()
    with pytest.raises(Refused, match="took part"):
        rulings.rule(made, said("rejected"), actor=reviewer, revision=made.revision)
    assert queue.take_next(actor=reviewer2) == made


def test_taking_it_as_another_kind_is_no_way_round_the_gate(number: Make, agent: Staff, reviewer: Staff) -> None:
    one = number()
    for _again in range(PER_WINDOW):
        hearing.withdraw(filed(one, "recovery", agent), actor=agent, reason=WHY)
    appeal = taken(filed(one, "enquiry", agent), reviewer)
    made = hearing.convert(appeal, "recovery", "stolen", None, actor=reviewer, reason=WHY, revision=0)
    assert made.gated and not Lease.objects.exists()


def test_a_form_made_before_the_answer_came_is_stale(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = taken(filed(number(), "enquiry", agent), reviewer)
    hearing.answer(appeal, ANSWERED, actor=agent)
    before = head()
    with pytest.raises(Invalid, match="has changed since you looked"):
        rulings.rule(appeal, said("answered"), actor=reviewer, revision=0)
    with pytest.raises(Invalid, match="has changed since you looked"):
        hearing.ask(appeal, ASKED, actor=reviewer, revision=0)
    assert verbs(before) == []
    rulings.rule(appeal, said("answered"), actor=reviewer, revision=1)
    assert REASONS in Words(appeal).of_message(Message.objects.latest("pk"))
    assert [e.subject_label for e in Event.objects.filter(verb="appeal.ruled")] == [appeal.receipt]


def test_who_decided_first_and_who_is_to_decide_close_nothing_for_the_appellant(
    number: Make, agent: Staff, officer: Staff, supervisor: Staff, reviewer: Staff
) -> None:
    one = number()
    ended = approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    appeal = objection(one, ended, agent)
    with pytest.raises(Refused, match="took part in what it objects to"):
        hearing.withdraw(appeal, actor=supervisor, reason=WHY)
    taken(appeal, reviewer)
    with pytest.raises(Refused, match="You have this appeal in hand"):
        hearing.withdraw(appeal, actor=reviewer, reason=WHY)
    with pytest.raises(Refused, match="You have this appeal in hand"):
        recovery.add_evidence(appeal, [("places", "深圳")], [], actor=reviewer)
    assert hearing.withdraw(appeal, actor=agent, reason=WHY).outcome == "withdrawn"


def test_who_answers_with_papers_has_answered(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = taken(filed(number(), "recovery", agent), reviewer)
    appeal = hearing.ask(appeal, ASKED, actor=reviewer, revision=appeal.revision)
    recovery.add_evidence(appeal, [("places", "深圳南山")], [], actor=agent)
    appeal = Appeal.objects.get()
    assert (appeal.state, appeal.waiting_since) == ("filed", None)


def test_what_is_withdrawn_while_it_cools_down_was_never_carried_out(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    ruling = ruled(filed(number(), "recovery", agent), "upheld", reviewer)
    hearing.withdraw(Appeal.objects.get(), actor=agent, reason=WHY)
    ruling.refresh_from_db()
    assert (ruling.state, ruling.ruled_at, Appeal.objects.get().outcome) == ("stopped", None, "withdrawn")
    assert broken() == []
