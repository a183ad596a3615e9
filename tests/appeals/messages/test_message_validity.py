"""What a message of an appeal says is asked anew each time that it is to leave: what is not so any more is not sent."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages.message_validity import why_unsent
from appeals.messages.resend import may_resend, undelivered, unsent
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Delivery, Message
from appeals.policy import COOL_DOWN
from appeals.queue import services as queue
from appeals.queue.sweep import Swept, sweep
from appeals.recovery import services as recovery
from appeals.text import _way
from enforcement.models import Decision, Measure
from qqops.audit.models import Event
from qqops.audit.review.facts_text import of_event
from qqops.core.errors import Invalid
from qqops.delivery import outbox
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, filed, ruled
from tests.appeals.messages.posted import other_ends, round_of_worker
from tests.cast import succeeded
from tests.enforcement.acts import HOUR, approve, broken, head, terminated, verbs
from tests.identities import ADULT, tell
from tests.qqops.alerts.raising import Hook

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
WHY = "当前绑定人来电反对"


@pytest.fixture
def ends(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hook, Hook]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with other_ends(settings) as found:
        yield found


def swept() -> Swept:
    return sweep(actor=Staff.objects.system("system-appeals"))


def tried_again() -> None:
    """All that failed is due."""
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())
    round_of_worker()


def ways(appeal: Appeal, *kinds: str) -> list[tuple[str, str, str]]:
    """Kind of the message, the state of its delivery and what it ended with, oldest first."""
    rows = Delivery.objects.filter(message__appeal=appeal, message__kind__in=kinds).order_by("pk")
    return list(rows.values_list("message__kind", "state", "fault"))


def contested(appeal: Appeal, reviewer: Staff) -> Appeal:
    taken = queue.take(appeal, actor=reviewer)
    return recovery.contest(taken, actor=reviewer, reason="当前使用人亦主张使用权", revision=taken.revision)


def carried_out(appeal: Appeal, reviewer: Staff) -> Appeal:
    """Upheld, cooled down, and nothing of it has left."""
    ruled(appeal, "upheld", reviewer)
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        assert swept().carried_out == 1
    return Appeal.objects.get(pk=appeal.pk)


@pytest.mark.parametrize("tried", [False, True])
def test_the_warning_and_the_letter_of_a_ruling_that_was_stopped_do_not_leave(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff, ends: tuple[Hook, Hook],
    tried: bool,
) -> None:  # fmt: skip
    one = number()
    tell(one, setup_actor)
    appeal = filed(one, "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    ends[0].status = 500
    if tried:  # the e-mail left while it was so, and the others were tried in vain
        round_of_worker()
    recovery.stop(appeal, actor=agent, reason=WHY)
    ends[0].status, before = 200, head()
    ends[0].came.clear()
    tried_again()
    gone = ("sent", "") if tried else ("outdated", "stopped")
    assert ways(appeal, "warning", "ruling") == [
        ("warning", *gone), ("warning", "outdated", "stopped"), ("ruling", "outdated", "stopped"),
    ]  # fmt: skip
    assert ways(appeal, "other") == [("other", "sent", "")]
    assert verbs(before) == ["appeal.sent", "appeal.unsent"]
    n = 2 if tried else 3
    event = Event.objects.latest("seq")
    assert event.facts == {"n": n, "unsent": {"outdated": n}, "why": {"stopped": n}}
    told = of_event(event.verb, event.facts)
    assert (told["not sent"], told["why"]) == (
        {"not so any more": n}, {"the ruling that it tells of was stopped": n},
    )  # fmt: skip
    texts = [body["text"] for _asked, body in ends[0].came]
    assert len(texts) == 2 and not any("upheld" in text for text in texts)  # the receipt, and that it is heard anew
    assert len(mail.outbox) == tried
    with pytest.raises(Invalid, match="ruling that it tells of was stopped.* No message of this appeal waits"):
        may_resend(appeal, reviewer)

    # Upheld anew, its own warning leaves.
    ends[0].came.clear()
    agreed(ruled(appeal, "upheld", reviewer), supervisor)
    round_of_worker()
    assert ways(appeal, "warning")[2:] == [("warning", "sent", "")] * 2
    assert [body["to"] for _asked, body in ends[0].came] == [ADULT["mobile"], "+8613800000001"]
    assert broken() == []


def test_a_warning_of_what_was_carried_out_meanwhile_and_that_it_is_heard_anew_once_it_is_decided_do_not_leave(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one, other = number(), number()
    tell(one, setup_actor)
    done = carried_out(filed(one, "recovery", agent), reviewer)
    anew = filed(other, "recovery", agent)
    ruled(anew, "upheld", reviewer)
    anew = recovery.stop(anew, actor=agent, reason=WHY)
    agreed(ruled(anew, "rejected", reviewer), supervisor)
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        tried_again()
    assert ways(done, "warning", "ruling", "reset", "other") == [
        ("warning", "outdated", "over"), ("warning", "outdated", "over"), ("ruling", "sent", ""), ("reset", "sent", ""),
        ("other", "sent", ""),
    ]  # fmt: skip
    assert ways(anew, "ruling", "other") == [("ruling", "outdated", "stopped"), ("other", "outdated", "over"),
                                             ("ruling", "sent", "")]  # fmt: skip
    assert broken() == []


def test_who_is_bound_is_told_of_two_claims_while_the_freeze_runs_that_this_names(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff, ends: tuple[Hook, Hook],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    numbers = [number() for _n in range(4)]
    for n, one in enumerate(numbers):
        tell(one, setup_actor, mobile=f"+861380000010{n}")
    runs, ended, withdrawn, none = (filed(one, "recovery", agent) for one in numbers)
    for appeal in (runs, ended, withdrawn):
        contested(appeal, reviewer)
    for decision in Decision.objects.filter(ticket__in=[runs.receipt, ended.receipt]):
        approve(decision, supervisor)
    until = Measure.objects.get(decision__ticket=ended.receipt).until
    hearing.withdraw(withdrawn, actor=agent, reason="申诉人来电说不需要了")
    monkeypatch.setattr(recovery, "_frozen", lambda *given: (None, None))  # it waits for a supervisor
    contested(none, reviewer)
    assert until
    Delivery.objects.filter(message__appeal=ended).update(due_at=until)
    round_of_worker()
    assert ways(runs, "warning") == ways(none, "warning") == [("warning", "sent", "")]
    assert ways(withdrawn, "warning") == [("warning", "outdated", "over")]
    while_it_ran = [sent["text"] for _asked, sent in ends[0].came if "Somebody asks" in sent["text"]]
    assert ["security freeze" in text for text in while_it_ran] == [True, False]
    ends[0].came.clear()
    with time_machine.travel(until, tick=False):
        round_of_worker()
    # He is heard all the same, and told of no freeze (7).
    assert ways(ended, "warning") == [("warning", "sent", "unfrozen")]
    (late,) = [sent["text"] for _asked, sent in ends[0].came if "Somebody asks" in sent["text"]]
    assert "tell us your side" in late and "security freeze" not in late and "安全冻结" not in late
    row = Message.objects.select_related("delivery").get(appeal=ended, kind="warning")
    assert "security freeze" in Words(ended).of_message(row) and why_unsent(row.delivery) is None
    assert _way(row) == "sent without what it says of the freeze, which had ended"
    assert ways(ended, "receipt") == [("receipt", "sent", "")]


def test_of_a_number_with_another_holder_nobody_is_warned(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    first, second = number(), number()
    for n, one in enumerate((first, second)):
        tell(one, setup_actor, mobile=f"+861380000010{n}")
    cooling, two_claim = filed(first, "recovery", agent), filed(second, "recovery", agent)
    ruled(cooling, "upheld", reviewer)
    contested(two_claim, reviewer)
    for one in (first, second):
        succeeded(one, setup_actor)
    round_of_worker()
    for appeal in (cooling, two_claim):
        assert ways(appeal, "warning") == [("warning", "outdated", "another")]


def test_no_new_credentials_are_asked_for_after_a_later_recovery_of_the_same_holder_was_upheld(
    number: Make, agent: Staff, reviewer: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    first = carried_out(filed(one, "recovery", agent), reviewer)
    ends[1].status = 503
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        round_of_worker()
    assert ways(first, "reset", "other") == [("reset", "pending", "HTTP 503"), ("other", "sent", "")]
    ends[1].status = 200
    ends[1].came.clear()
    later = filed(one, "recovery", agent)
    tried_again_at = timezone.now() + COOL_DOWN + HOUR
    ruled(later, "upheld", reviewer)
    with time_machine.travel(tried_again_at, tick=False):
        tried_again()
    assert ways(first, "reset") == [("reset", "outdated", "recovered")] and ends[1].came == []
    with pytest.raises(Invalid, match="a later recovery of the number was upheld"):
        may_resend(first, reviewer)
    recovery.stop(later, actor=agent, reason=WHY)  # and it is the first one's again, if somebody says so
    assert [row.message.kind for row in unsent(first).again] == ["reset"]
    assert broken() == []


def test_which_recovery_is_the_later_one_is_told_by_their_rulings_and_not_by_when_they_came(
    number: Make, agent: Staff, reviewer: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    enquiry = filed(one, "enquiry", agent)
    first = carried_out(filed(one, "recovery", agent), reviewer)
    taken = queue.take(enquiry, actor=reviewer)
    second = hearing.convert(taken, "recovery", "stolen", None, actor=reviewer, reason=WHY, revision=taken.revision)
    assert carried_out(second, reviewer).outcome == "upheld"
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        round_of_worker()
    assert ways(second, "reset") == [("reset", "sent", "")]
    assert ways(first, "reset") == [("reset", "outdated", "recovered")]
    assert broken() == []


def test_nor_after_the_right_of_use_was_terminated_nor_is_he_told_that_they_were(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one, other = number(), number()
    asked, cools = carried_out(filed(one, "recovery", agent), reviewer), filed(other, "recovery", agent)
    ruled(cools, "upheld", reviewer)
    for each in (one, other):
        terminated(each, officer, supervisor)
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        assert swept().carried_out == 0
        round_of_worker()
    assert ways(asked, "reset", "other") == [("reset", "outdated", "terminated"), ("other", "outdated", "terminated")]
    cools.refresh_from_db()
    assert (cools.state, Message.objects.filter(appeal=cools, kind="reset").exists()) == ("filed", False)
    stopped = Event.objects.filter(verb="appeal.stopped").latest("seq")
    assert stopped.facts == {"kind": "recovery", "why": "terminated"}
    letter = Message.objects.filter(appeal=cools).latest("pk")
    assert "the number has changed" in Words(cools).of_message(letter)
    assert cools.contested_at is None  # nobody else claims it: it may be taken as an objection
    with pytest.raises(Invalid, match="cannot be upheld: the right of use was terminated"):
        ruled(cools, "upheld", reviewer)
    assert ends[1].came == [] and broken() == []


def test_who_has_answered_is_not_asked_for_it_again(
    number: Make, agent: Staff, reviewer: Staff, ends: tuple[Hook, Hook]
) -> None:
    once = queue.take(filed(number(), "enquiry", agent), actor=reviewer)
    hearing.ask(once, "请提供号码注册的时间", actor=reviewer, revision=once.revision)
    hearing.answer(once, "注册于二〇〇九年", actor=agent)
    appeal = queue.take(filed(number(), "enquiry", agent), actor=reviewer)
    for text in ("请提供号码注册的时间", "请提供最近一次登录的城市"):
        appeal = hearing.ask(appeal, text, actor=reviewer, revision=appeal.revision)
        if "注册" in text:
            appeal = queue.take(hearing.answer(appeal, "注册于二〇〇九年", actor=agent), actor=reviewer)
    round_of_worker()
    assert ways(once, "asked") == [("asked", "outdated", "answered")]
    assert ways(appeal, "asked") == [("asked", "outdated", "answered"), ("asked", "sent", "")]


def test_what_was_given_up_and_is_not_so_any_more_is_told_with_what_is(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    tell(one, setup_actor, mobile="+8613800000100")
    appeal = filed(one, "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    ends[0].status = 500
    Delivery.objects.update(attempts=outbox.ATTEMPTS - 1)
    round_of_worker()
    recovery.stop(appeal, actor=agent, reason=WHY)
    found = may_resend(appeal, reviewer)
    assert [row.message.kind for row in found.again] == ["receipt"]
    assert [(row.message.kind, why) for row, why in found.outdated] == [("warning", "stopped"), ("ruling", "stopped")]
    assert "decision, not to be sent: the ruling that it tells of was stopped." in found.sentences()

    # Under the mark while one of them is so still.
    assert set(undelivered()) == {appeal.pk}
    Delivery.objects.filter(message__kind="receipt").update(state="sent")
    assert Delivery.objects.filter(state="failed").count() == 2 and not undelivered()
