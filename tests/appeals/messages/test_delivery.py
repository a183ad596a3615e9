"""What is written in an appeal leaves by e-mail or as a message to the mobile that was given, at least once."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import Number
from appeals import tasks
from appeals.hearing import services as hearing
from appeals.messages import delivery
from appeals.messages.message_validity import outdated
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealKey, Delivery, Message
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.delivery import outbox, webhook
from qqops.staff.models import Staff
from tests.appeals.heard import filed
from tests.appeals.messages.posted import KEY, deliveries, other_ends, round_of_worker
from tests.enforcement.acts import broken, head, verbs
from tests.qqops.alerts.raising import Hook

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
MAIL, MOBILE = "li.ming@example.com", "+8613800000001"
MINUTE, DAY = datetime.timedelta(minutes=1), datetime.timedelta(days=1)


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with other_ends(settings) as (messages, _sign_in):
        yield messages


def text_of(appeal: Appeal) -> str:
    return Words(appeal).of_message(Message.objects.get(appeal=appeal))


def row(appeal: Appeal) -> Delivery:
    return Delivery.objects.get(message__appeal=appeal)


def test_a_mobile_has_a_signed_message_with_documented_fields(
    number: Make, agent: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, sign = list[str](), webhook.signature

    def signature(key: str, at: str, content: bytes) -> str:
        keys.append(key)
        return sign(key, at, content)

    monkeypatch.setattr(webhook, "signature", signature)
    appeal = filed(number(), "recovery", agent)
    before = head()
    assert round_of_worker() == Counter(sent=1)
    ((asked, body),) = there.came
    message = Message.objects.get()
    assert asked == "POST /hook" and keys == [KEY]
    assert body == {"message": message.pk, "receipt": appeal.receipt, "to": MOBILE, "text": text_of(appeal)}
    assert (row(appeal).state, row(appeal).channel, row(appeal).attempts, mail.outbox) == ("sent", "webhook", 1, [])
    assert row(appeal).sent_at is not None
    event = Event.objects.get(seq=before + 1)
    assert (verbs(before), event.facts) == (["appeal.sent"], {"n": 1, "sent_by": {"webhook": 1}})
    assert (event.actor.username, round_of_worker(), len(there.came)) == ("system-worker", Counter(), 1)
    assert broken() == []


def test_an_e_mail_names_the_receipt_and_the_operator_in_its_subject_and_nothing_else(
    number: Make, agent: Staff, there: Hook, settings: Any
) -> None:
    appeal = filed(one := number(), "recovery", agent, contact=MAIL)
    assert round_of_worker() == Counter(sent=1)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([MAIL], f"{settings.QQOPS_OPERATOR} {appeal.receipt}")
    assert sent.body == text_of(appeal) and str(one.pk) not in str(sent.subject)
    assert sent.extra_headers == {"Message-ID": f"<message-{row(appeal).pk}@localhost>"}
    assert (row(appeal).channel, there.came) == ("mail", [])


def test_all_that_were_sent_in_a_round_are_one_event(number: Make, agent: Staff, there: Hook) -> None:
    for contact in (MAIL, MOBILE, MOBILE):
        filed(number(), "recovery", agent, contact=contact)
    before = head()
    assert round_of_worker() == Counter(sent=3)
    assert Event.objects.get(seq__gt=before).facts == {"n": 3, "sent_by": {"mail": 1, "webhook": 2}}


def test_who_asks_about_a_number_that_nobody_ever_held_has_his_letters(
    agent: Staff, reviewer: Staff, there: Hook
) -> None:
    appeal = filed(77_770_001, "enquiry", agent, contact=MOBILE)
    hearing.write(appeal, "您询问的号码尚未登记。", actor=reviewer)
    assert round_of_worker() == Counter(sent=2)
    assert [state for _kind, state, _fault in deliveries(appeal)] == ["sent", "sent"]
    assert [outdated(one) for one in Message.objects.filter(appeal=appeal)] == [None, None]


def test_what_the_appellant_said_is_not_sent_back_to_him(number: Make, agent: Staff, there: Hook) -> None:
    appeal = filed(number(), "recovery", agent)
    hearing.answer(appeal, "注册地为深圳，二〇〇九年", actor=agent)
    assert deliveries(appeal) == [("receipt", "pending", "")]


def test_without_a_way_that_is_what_the_record_says(number: Make, agent: Staff) -> None:
    appeal, before = filed(number(), "recovery", agent), head()
    assert round_of_worker() == Counter(no_way=1)
    assert (deliveries(appeal), verbs(before)) == ([("receipt", "no_way", "webhook")], ["appeal.unsent"])
    assert Event.objects.get(seq__gt=before).facts == {"n": 1, "unsent": {"no_way": 1}}
    assert not Alert.objects.exists()


def test_what_cannot_be_read_any_more_has_no_way(number: Make, agent: Staff, there: Hook) -> None:
    gone, kept = filed(number(), "recovery", agent), filed(number(), "recovery", agent)
    AppealKey.objects.filter(pk=gone.pk).delete()
    assert round_of_worker() == Counter(no_way=1, sent=1)
    assert (row(gone).state, row(kept).state) == ("no_way", "sent")


def test_a_fault_is_tried_again_ever_less_often_for_three_days_and_then_an_alert_says_so(
    number: Make, agent: Staff, there: Hook
) -> None:
    there.status = 500
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        appeal = filed(number(), "recovery", agent)
        before = head()
        assert round_of_worker() == Counter(pending=1)
        assert round_of_worker() == Counter()
    waits = []
    for _again in range(3):
        due = row(appeal).due_at
        waits.append(due - now)
        with time_machine.travel(now := due, tick=False):
            round_of_worker()
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE] and row(appeal).fault == "HTTP 500"
    assert verbs(before) == []
    Delivery.objects.update(attempts=outbox.ATTEMPTS - 1)
    with time_machine.travel(now + DAY, tick=False):
        assert round_of_worker() == Counter(failed=1)
        assert round_of_worker() == Counter()
    assert verbs(before) == ["appeal.unsent"]
    assert (Alert.objects.get().code, Alert.objects.get().facts) == ("appeal_messages_failed", {"n": 1})
    assert broken() == []


def test_what_one_worker_has_taken_no_other_sends_until_its_lease_is_over(
    number: Make, agent: Staff, there: Hook
) -> None:
    filed(number(), "recovery", agent)
    taken = delivery._take()
    assert len(taken) == 1 and round_of_worker() == Counter()
    with time_machine.travel(timezone.now() + outbox.LEASE + MINUTE):
        assert round_of_worker() == Counter(sent=1)
    assert delivery.OUTBOX.write([outbox.Result(taken[0], Delivery.State.FAILED)]) == []  # it came back too late
    assert Delivery.objects.get().state == "sent"


def test_what_was_not_reached_in_time_is_the_next_ones(number: Make, agent: Staff, there: Hook) -> None:
    for _one in range(2):
        filed(number(), "recovery", agent)
    taken = delivery._take()
    with outbox.Mail() as line:
        assert len(delivery._send_all(taken, line, until=0.0)) == 1  # the first is always tried
    delivery.OUTBOX.give_back([taken[1].pk])
    assert list(Delivery.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0]
    assert round_of_worker() == Counter(sent=1)


def test_nothing_personal_is_on_the_trail_and_the_worker_sends_by_the_clock(
    number: Make, agent: Staff, there: Hook
) -> None:
    filed(number(), "recovery", agent, contact=MAIL)
    tasks.deliver_messages(0)
    (sent,) = mail.outbox
    told = str(list(Event.objects.values_list("facts", "reason", "subject_label")))
    assert MAIL not in told and "深圳" not in told and sent.to == [MAIL]
