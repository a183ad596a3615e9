"""Letters leave by e-mail or as a message to the number, by a worker, at least once, and never to the next holder."""

import datetime
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import Identity, IdentityKey, Number, Tenure
from enforcement import tasks
from enforcement.letters import services as letters
from enforcement.models import LetterTemplate, Notice
from enforcement.notices import delivery
from enforcement.notices.resend import Which, resend
from enforcement.policy import Kind, Letter
from enforcement.undo.services import undo, undo_order
from qqops.alerts.models import Alert, Beat
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.delivery import outbox, webhook
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, broken, decide, head, refuse, verbs
from tests.enforcement.letters.post import letter, notice_of, round_of_worker, with_more
from tests.identities import ADULT, tell
from tests.qqops.alerts.raising import Hook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]
Many = Callable[..., list[int]]
MINUTE, HOUR, DAY = (datetime.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


def later(after: datetime.timedelta) -> Any:
    return time_machine.travel(timezone.now() + after)


def ids(there: Hook) -> list[int]:
    return [body["notice"] for _asked, body in there.came]


def test_who_gave_an_e_mail_has_a_mail_and_the_record_says_how_many(
    number: Make, officer: Staff, setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    report = decide(Kind.FREEZE, one, officer)
    before, expected = head(), letter(report)
    assert round_of_worker() == Counter(sent=1)
    (sent,) = mail.outbox
    notice = notice_of(report)
    assert (sent.to, sent.subject, sent.body) == ([ADULT["email"]], expected.subject, expected.text)
    assert sent.extra_headers == {"Message-ID": f"<notice-{notice.pk}@localhost>"}
    assert str(one.pk) not in sent.subject and ADULT["name"] not in sent.subject + str(sent.body)
    assert (notice.state, notice.channel, notice.fault, notice.attempts) == ("sent", "mail", "", 1)
    assert notice.letter_sha256 == expected.sha256 and notice.template == letters.in_use()[Letter.FREEZE]
    assert notice.sent_at is not None
    event = Event.objects.get(seq=before + 1)
    assert verbs(before) == ["notice.sent"] and event.facts == {"n": 1, "sent_by": {"mail": 1}}
    assert (event.actor.username, event.decision_id) == ("system-worker", report.decision.pk)
    assert round_of_worker() == Counter() and len(mail.outbox) == 1 and broken() == []


def test_others_have_a_message_to_the_number_signed_by_us(number: Make, officer: Staff, there: Hook) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    expected = letter(report)
    assert round_of_worker() == Counter(sent=1)
    ((asked, body),) = there.came
    notice = notice_of(report)
    assert asked == "POST /hook" and body == {
        "notice": notice.pk, "decision": report.decision.pk, "number": str(one.pk),
        "subject_zh": expected.subject_zh, "text_zh": expected.body_zh,
        "subject_en": expected.subject_en, "text_en": expected.body_en,
    }  # fmt: skip
    assert (notice.state, notice.channel, mail.outbox) == ("sent", "webhook", [])


def test_the_message_is_signed(number: Make, officer: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, sign = list[str](), webhook.signature

    def signature(key: str, at: str, content: bytes) -> str:
        keys.append(key)
        return sign(key, at, content)

    monkeypatch.setattr(webhook, "signature", signature)
    decide(Kind.FREEZE, number(), officer)
    round_of_worker()
    assert keys == ["a long random text that both know"] and len(there.came) == 1


def test_without_a_way_that_is_what_the_record_says(number: Make, officer: Staff, settings: Any) -> None:
    settings.EMAIL_BACKEND = NO_MAIL
    report, before = decide(Kind.FREEZE, number(), officer), head()
    assert round_of_worker() == Counter(no_way=1) == round_of_worker() + Counter(no_way=1)
    assert (notice_of(report).state, verbs(before)) == ("no_way", ["notice.failed"])
    assert Event.objects.get(seq=before + 1).facts == {"n": 1, "unsent": {"no_way": 1}}
    assert not Alert.objects.exists()


def test_a_holder_hears_of_an_act_when_its_maker_can_no_longer_take_it_back(
    number: Make, officer: Staff, there: Hook, settings: Any
) -> None:
    settings.QQOPS_NOTICE_WAIT = 10
    slip = decide(Kind.FREEZE, number(), officer)
    meant = decide(Kind.FREEZE, number(), officer)
    with later(9 * MINUTE):
        assert round_of_worker() == Counter()
        wanted = undo_order(slip.decision, clause="10.1", reason="点错了号码，立即撤回", in_error=False)
        undo(wanted, actor=officer)
    assert notice_of(slip).state == "withdrawn"
    with later(11 * MINUTE):
        assert round_of_worker() == Counter(sent=1)
    with later(30 * MINUTE):
        assert round_of_worker() == Counter()  # of what he never heard of he does not hear that it is taken back
    assert ids(there) == [notice_of(meant).pk] and notice_of(slip).state == "withdrawn"


def test_of_a_provisional_measure_that_was_refused_meanwhile_nobody_is_told_that_it_runs(
    number: Make, officer: Staff, supervisor: Staff, there: Hook
) -> None:
    report = decide(Kind.FREEZE, number(), officer, duration=30 * DAY)
    refuse(report, supervisor)
    assert (notice_of(report).state, round_of_worker()) == ("withdrawn", Counter())
    Notice.objects.update(state="pending")  # as one that was blocked, and is tried again after the refusal
    assert round_of_worker() == Counter(withdrawn=1) and there.came == []


def test_an_incomplete_letter_is_blocked_and_says_what_is_missing(
    number: Make, officer: Staff, supervisor: Staff, there: Hook, settings: Any
) -> None:
    settings.QQOPS_APPEAL_CONTACT = ""
    report, before = decide(Kind.FREEZE, number(), officer), head()
    assert round_of_worker() == Counter(blocked=1) and there.came == []
    notice = notice_of(report)
    assert (notice.state, notice.fault, notice.letter_sha256) == ("blocked", "empty:appeal", "")
    assert verbs(before) == ["notice.failed"]
    assert Alert.objects.values_list("code", "facts").get() == ("notices_blocked", {"n": 1})
    assert round_of_worker() == Counter()
    settings.QQOPS_APPEAL_CONTACT = "客服网站"
    newer = letters.draft_template(with_more("We answer."), actor=officer, reason="one more sentence")
    letters.approve_template(newer, actor=supervisor, reason="read in both", content_hash=newer.content_hash)
    assert resend(Which([notice.pk]), actor=supervisor, reason="the contact is set now") == 1
    assert round_of_worker() == Counter(sent=1)
    again = notice_of(report)
    assert (again.state, again.fault, again.template, again.attempts) == ("sent", "", newer, 1)
    assert verbs(before)[-2:] == ["notice.again", "notice.sent"] and broken() == []


@pytest.mark.usefixtures("rulebook")
def test_without_a_template_nothing_is_sent(number: Make, officer: Staff, there: Hook) -> None:
    LetterTemplate.objects.filter(code="freeze").update(state="refused")  # as in a house that is just set up
    report = decide(Kind.FREEZE, number(), officer)
    assert round_of_worker() == Counter(blocked=1)
    assert (notice_of(report).fault, there.came) == ("template:freeze", [])


def test_a_webhook_that_answers_500_for_an_hour_is_asked_less_and_less_and_gets_it_then(
    number: Make, officer: Staff, there: Hook
) -> None:
    report, there.status = decide(Kind.FREEZE, number(), officer), 500
    before, began = head(), timezone.now()
    for attempt, minutes in enumerate((0, 1, 3, 7, 15, 31, 63), 1):
        with time_machine.travel(began + minutes * MINUTE + attempt * datetime.timedelta(seconds=5)):
            assert round_of_worker() == Counter(pending=1), minutes
            assert round_of_worker() == Counter()  # not before its time
        notice = notice_of(report)
        assert (notice.attempts, notice.fault, notice.channel) == (attempt, "HTTP 500", "webhook")
    assert verbs(before) == []  # how often was tried stands on the notice
    there.status = 200
    with time_machine.travel(began + 63 * MINUTE + HOUR - MINUTE):
        assert round_of_worker() == Counter()
    with time_machine.travel(began + 63 * MINUTE + HOUR + MINUTE):
        assert round_of_worker() == Counter(sent=1)
    assert ids(there) == [notice_of(report).pk] * 8 and verbs(before) == ["notice.sent"]
    assert notice_of(report).fault == ""


def test_after_three_days_it_is_given_up_with_one_alert_a_day(
    numbers: Many, officer: Staff, supervisor: Staff, there: Hook
) -> None:
    there.status = 503
    given = numbers(2)
    for n in given:
        decide(Kind.FREEZE, [n], officer)
    Notice.objects.update(attempts=outbox.ATTEMPTS - 1)
    before = head()
    assert round_of_worker() == Counter(failed=2)
    assert set(Notice.objects.values_list("state", "fault")) == {("failed", "HTTP 503")}
    assert verbs(before) == ["notice.failed"] and Event.objects.get(seq=before + 1).facts["unsent"] == {"failed": 2}
    assert resend(Which(state="failed"), actor=supervisor, reason="the other side is back") == 2
    Notice.objects.update(attempts=outbox.ATTEMPTS - 1)
    assert round_of_worker() == Counter(failed=2)
    assert list(Alert.objects.values_list("code", "facts")) == [("notices_failed", {"n": 2})]
    waits = [min(2 ** (n - 1), 60) for n in range(1, outbox.ATTEMPTS)]
    assert 71 <= sum(waits) / 60 <= 72


def test_a_worker_killed_between_sending_and_writing_sends_again_under_the_same_id(
    number: Make, officer: Staff, setup_actor: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_mail, by_message = number(), number()
    tell(by_mail, setup_actor)
    decide(Kind.FREEZE, by_mail, officer)
    decide(Kind.FREEZE, by_message, officer)
    before = head()
    with monkeypatch.context() as killed:
        killed.setattr(delivery, "_record", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            round_of_worker()
    assert (len(there.came), len(mail.outbox), verbs(before)) == (1, 1, [])
    assert round_of_worker() == Counter()  # its lease runs
    with later(6 * MINUTE):
        assert round_of_worker() == Counter(sent=2)
    with later(HOUR):
        assert round_of_worker() == Counter()
    assert len(there.came) == len(mail.outbox) == 2 and len(set(ids(there))) == 1
    first, second = (one.extra_headers["Message-ID"] for one in mail.outbox)
    assert first == second and verbs(before) == ["notice.sent"]
    assert Event.objects.get(seq=before + 1).facts == {"n": 2, "sent_by": {"mail": 1, "webhook": 1}}


def test_what_is_not_reached_in_time_is_left_as_it_was(
    numbers: Many, officer: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(Kind.FREEZE, numbers(3), officer)
    assert round_of_worker(seconds=0) == Counter()
    there.meanwhile = lambda: time.sleep(0.2)
    assert round_of_worker(seconds=0.1) == Counter(sent=1)
    assert Counter(Notice.objects.values_list("state", "attempts")) == {("sent", 1): 1, ("pending", 0): 2}
    there.meanwhile = lambda: None
    assert round_of_worker() == Counter(sent=2) and len(set(ids(there))) == 3


def test_a_mistake_with_one_is_that_ones(
    number: Make, officer: Staff, setup_actor: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_key, fine = number(), number()
    tell(broken_key, setup_actor)
    IdentityKey.objects.filter(tenure__number=broken_key).update(wrapped=b"x" * 60)
    reports = [decide(Kind.FREEZE, one, officer) for one in (broken_key, fine)]
    assert round_of_worker() == Counter(sent=1, pending=1)
    assert [notice_of(report).state for report in reports] == ["pending", "sent"]
    assert notice_of(reports[0]).fault == "CannotOpen"


def test_what_was_sent_is_sent_though_it_was_taken_back_in_the_same_moment(
    number: Make, officer: Staff, there: Hook
) -> None:
    report = decide(Kind.FREEZE, number(), officer)
    notice = notice_of(report)
    taken = delivery._take()
    Notice.objects.filter(pk=notice.pk).update(state="withdrawn")
    result = delivery.Result(taken[0], Notice.State.SENT, "webhook", sha256="0" * 64)
    assert delivery._write([result]) == [outbox.Written("sent", "webhook", "")]
    Notice.objects.filter(pk=notice.pk).update(state="withdrawn")
    again = delivery.Result(taken[0], Notice.State.PENDING, "webhook", "HTTP 500")
    assert delivery._write([again]) == [] and notice_of(report).state == "withdrawn"


# To whom


def test_the_next_holder_hears_nothing_of_the_last(number: Make, officer: Staff, there: Hook) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    assert one.tenure is not None
    Tenure.objects.filter(pk=one.tenure.pk).update(ended_at=timezone.now())
    (next_one,) = Tenure.objects.bulk_create(
        [Tenure(number=one, seq=2, channel="web", rules_version=one.tenure.rules_version, started_at=timezone.now())]
    )
    Number.objects.filter(pk=one.pk).update(tenure=next_one)
    assert round_of_worker() == Counter(no_way=1)
    assert (notice_of(report).state, there.came, mail.outbox) == ("no_way", [], [])


@pytest.mark.parametrize("why", ["locked_at", "email_mismatch_at", "erased"])
def test_no_mail_goes_where_it_must_not(
    number: Make, officer: Staff, setup_actor: Staff, there: Hook, why: str
) -> None:
    """Processing stopped (PIPL 47), an address that was found to be another's, erased: a message to the number."""
    one = number()
    tell(one, setup_actor)
    if why == "erased":
        IdentityKey.objects.filter(tenure=one.tenure_id).delete()
    else:
        Identity.objects.filter(pk=one.tenure_id).update(**{why: timezone.now()})
    decide(Kind.FREEZE, one, officer)
    assert round_of_worker() == Counter(sent=1)
    assert (len(there.came), mail.outbox) == (1, [])


def test_after_10_2_it_is_the_registrant_who_is_told(
    number: Make, officer: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    tell(one, setup_actor, email="somebody.else@example.com")  # the registrant's stays as it was first told
    approve(decide(Kind.TERMINATE, one, officer, clauses=("10.2",)), supervisor)
    assert round_of_worker() == Counter(sent=1) and mail.outbox[0].to == [ADULT["email"]]


# As the worker does it


def test_the_workers_clock_sends_and_gives_a_sign_of_life(number: Make, officer: Staff, there: Hook) -> None:
    decide(Kind.FREEZE, number(), officer)
    before = timezone.now()
    tasks.deliver_notices(0)
    assert len(there.came) == 1 and Beat.objects.get(name="enforcement.deliver").at > before


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_once_and_hold_no_transaction_meanwhile(
    numbers: Many, officer: Staff, there: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "CHUNK", 5)
    decide(Kind.FREEZE, numbers(40), officer)
    both, open_while_sending, post = threading.Barrier(2, timeout=20), list[bool](), webhook.post
    done, trouble = Counter[str](), list[BaseException]()

    def watched(*given: Any, **more: Any) -> Any:
        open_while_sending.append(connection.in_atomic_block)
        return post(*given, **more)

    def work() -> None:
        try:
            with origin.origin(origin.WORKER):
                both.wait()
                done.update(round_of_worker())
        except BaseException as error:
            trouble.append(error)
        finally:
            connection.close()

    monkeypatch.setattr(webhook, "post", watched)
    there.meanwhile = lambda: time.sleep(0.005)
    workers = [threading.Thread(target=work) for _n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert trouble == [] and done == Counter(sent=40)
    assert len(ids(there)) == len(set(ids(there))) == 40
    assert open_while_sending == [False] * 40
    assert sum(Event.objects.filter(verb="notice.sent").values_list("facts__n", flat=True)) == 40
