"""Recovery (7): evidence is weighed and advises, two who claim a number are both heard, no password is touched."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import Number, Registrant
from accounts.numbers.queries import shown_of
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, AppealKey, Delivery, Message, Weighing
from appeals.policy import COOL_DOWN, EvidenceKind, Match, score
from appeals.queue import calendar
from appeals.queue import services as queue
from appeals.queue.sweep import Swept, sweep
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.delivery import outbox
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, filed, objection, ruled, said
from tests.appeals.messages.posted import deliveries, other_ends, round_of_worker
from tests.cast import succeeded
from tests.enforcement.acts import approve, broken, decide, head, verbs
from tests.enforcement.evidence.files import PNG
from tests.identities import ADULT, MINOR, tell
from tests.qqops.alerts.raising import Hook

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
SECOND, DAY = datetime.timedelta(seconds=1), datetime.timedelta(days=1)
MOBILE = "+8613800000001"


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that every ruling cites."""


@pytest.fixture
def ends(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hook, Hook]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with other_ends(settings) as found:
        yield found


def swept() -> Swept:
    return sweep(actor=Staff.objects.system("system-appeals"))


def contested(appeal: Appeal, reviewer: Staff) -> Appeal:
    taken = queue.take(appeal, actor=reviewer)
    return recovery.contest(taken, actor=reviewer, reason="当前使用人亦主张使用权", revision=taken.revision)


def weigh(appeal: Appeal, match: str, reviewer: Staff, kind: str = "", at: int = 0) -> Appeal:
    rows = AppealEvidence.objects.filter(appeal=appeal).order_by("pk")
    one = (rows.filter(kind=kind) if kind else rows)[at]
    return recovery.weigh(one, match, actor=reviewer, revision=Appeal.objects.get(pk=appeal.pk).revision)


# Evidence


def test_the_score_follows_from_the_latest_word_on_each_item(number: Make, agent: Staff, reviewer: Staff) -> None:
    items = (("past_passwords", "3/5"), ("registration", "深圳，二〇〇九年"), ("identity", "身份证"))
    appeal = filed(number(), "recovery", agent, evidence=items)
    queue.take(appeal, actor=reviewer)
    before = head()
    assert weigh(appeal, "match", reviewer, "past_passwords").score == 20
    assert weigh(appeal, "mismatch", reviewer, "registration").score == 5
    assert weigh(appeal, "partial", reviewer, "registration").score == 28
    assert weigh(appeal, "match", reviewer, "identity").score == 52
    assert weigh(appeal, "unverifiable", reviewer, "identity").score == 28
    assert (Appeal.objects.get().score, Weighing.objects.count()) == (28, 5)
    assert verbs(before) == ["appeal.evidence_weighed"] * 5
    event = Event.objects.get(seq=before + 1)
    assert event.facts == {"kind": "recovery", "evidence": "past_passwords", "match": "match", "whose": "appellant"}
    assert broken() == []


def test_an_item_that_is_brought_twice_counts_once() -> None:
    one, again = (EvidenceKind.REGISTRATION.value, Match.MATCH.value), (EvidenceKind.REGISTRATION.value, "mismatch")
    assert (score([one]), score([one, one]), score([one, again]), score([again])) == (15, 15, 0, 0)
    assert score([(kind.value, "match") for kind in EvidenceKind]) == 100


def test_only_who_has_it_in_hand_weighs_and_a_stale_form_is_told_so(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff, officer: Staff
) -> None:
    appeal = filed(number(), "recovery", agent, evidence=[("devices", "旧手机")])
    item = AppealEvidence.objects.get()
    queue.take(appeal, actor=reviewer)
    for other, told, why in ((reviewer2, Invalid, "in hand"), (agent, Refused, "role"), (officer, Refused, "role")):
        with pytest.raises(told, match=why):
            recovery.weigh(item, "match", actor=other, revision=0)
    with pytest.raises(Invalid, match="has changed"):
        recovery.weigh(item, "match", actor=reviewer, revision=7)
    with pytest.raises(Invalid, match="no such result"):
        recovery.weigh(item, "certainly", actor=reviewer, revision=0)
    one = number()
    other_kind = objection(one, decide(Kind.FREEZE, one, officer), agent, evidence=[("police", "已报案")])
    queue.take(other_kind, actor=reviewer)
    with pytest.raises(Invalid, match="Only a recovery"):
        recovery.weigh(AppealEvidence.objects.get(appeal=other_kind), "match", actor=reviewer, revision=0)
    assert not Weighing.objects.exists()


def test_more_evidence_comes_in_while_it_is_open_and_none_after_it_is_closed(
    number: Make, agent: Staff, reviewer: Staff, officer: Staff
) -> None:
    appeal = filed(number(), "recovery", agent)
    before = head()
    recovery.add_evidence(appeal, [("friends", "三位好友可证明")], [("police", PNG)], actor=agent)
    fact, paper = AppealEvidence.objects.order_by("pk")
    assert (Words(appeal).of_evidence(fact), Words(appeal).file(paper)) == ("三位好友可证明", PNG)
    assert PNG not in bytes(paper.content or b"") and (paper.media_type, paper.size) == ("image/png", len(PNG))
    event = Event.objects.get(seq=before + 1)
    assert verbs(before) == ["appeal.evidence_added"]
    assert event.facts == {"kind": "recovery", "n": 2, "whose": "appellant"}
    appeal.refresh_from_db()
    assert appeal.revision == 1
    for items, files, why in (
        ([("friends", " ")], [], "1 to"), ([], [("police", b"MZ\x90\x00")], "file"),
        ([("hearsay", "?")], [], "no such"),
        ([], [], "1 to"), ([("past_passwords", "hunter2")], [], "never a password"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=why):
            recovery.add_evidence(appeal, items, files, actor=agent)
    with pytest.raises(Refused, match="role"):
        recovery.add_evidence(appeal, [("friends", "三位好友")], [], actor=officer)
    ruled(appeal, "rejected", reviewer)
    with pytest.raises(Invalid, match="closed"):
        recovery.add_evidence(appeal, [("friends", "三位好友")], [], actor=agent)
    assert AppealEvidence.objects.count() == 2 and broken() == []


# Two claim the number


def test_contested_the_number_is_frozen_at_once_and_who_is_bound_is_told(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    tell(one, setup_actor)
    appeal = filed(one, "recovery", agent)
    round_of_worker()
    ends[0].came.clear()
    before = head()
    found = contested(appeal, reviewer)
    decision = Decision.objects.get()
    one.refresh_from_db()
    assert (decision.kind, decision.freeze_kind, decision.rule) == ("freeze", "security", "supervised")
    assert (shown_of(one), decision.ticket, found.state) == ("frozen", appeal.receipt, "filed")
    assert decision.until and found.contested_at
    assert decision.until - calendar.ceiling(found.contested_at) == pytest.approx(SECOND * 0, abs=5 * SECOND)
    assert found.due_at == calendar.ceiling(found.filed_at) > appeal.due_at
    assert verbs(before) == ["appeal.taken", "appeal.contested", "decision.proposed", "decision.applied"]
    assert round_of_worker() == Counter(sent=2)
    ((_asked, body),) = ends[0].came
    (sent,) = mail.outbox
    assert (sent.to, body["to"]) == ([ADULT["email"]], ADULT["mobile"])
    assert "security freeze (6.2)" in body["text"] and MOBILE not in body["text"]
    # Whoever is bound may have stolen it: by the receipt number he would pass for the appellant.
    assert body["receipt"] == "" and appeal.receipt not in f"{sent.subject} {sent.body} {body['text']}"
    assert [one for one in deliveries(appeal) if one[0] == "warning"] == [
        ("warning", "sent", "mail"), ("warning", "sent", "webhook"),
    ]  # fmt: skip
    with pytest.raises(Invalid, match="contested already"):
        recovery.contest(found, actor=reviewer, reason="当前使用人亦主张", revision=found.revision)
    assert broken() == []


def test_a_number_that_is_under_a_security_freeze_already_is_only_noted_as_contested(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, agent, clauses=("6.2",), freeze_kind="security", duration=DAY / 2)
    found = contested(filed(one, "recovery", agent), reviewer)
    assert (found.contested_at is not None, Decision.objects.get().pk) == (True, frozen.decision.pk)


def test_who_may_not_freeze_or_does_not_hold_it_contests_nothing(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    appeal = filed(number(), "recovery", agent)
    queue.take(appeal, actor=reviewer)
    for other in (agent, reviewer2):
        with pytest.raises((Refused, Invalid)):
            recovery.contest(appeal, actor=other, reason="当前使用人亦主张", revision=0)
    enquiry = queue.take(filed(number(), "enquiry", agent), actor=reviewer)
    with pytest.raises(Invalid, match="Only a recovery"):
        recovery.contest(enquiry, actor=reviewer, reason="当前使用人亦主张", revision=0)
    assert not Decision.objects.exists()


def test_a_contested_recovery_is_ruled_on_by_two_and_upheld_changes_nothing_of_the_number_yet(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    appeal = contested(filed(number(), "recovery", agent), reviewer)
    approve(Decision.objects.get(), supervisor)
    ruling = rulings.rule(appeal, said("upheld"), actor=reviewer, revision=appeal.revision)
    assert (ruling.state, ruling.rule, ruling.reverses) == ("proposed", "contested", None)
    agreed(ruling, supervisor)
    assert Appeal.objects.get().state == "cooling" and Measure.objects.get().in_force  # until when: test_contested.py
    assert broken() == []


def test_a_contested_recovery_that_is_rejected_ends_the_freeze_at_once(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = contested(filed(one, "recovery", agent), reviewer)
    approve(Decision.objects.get(), supervisor)
    ruling = agreed(rulings.rule(appeal, said("rejected"), actor=reviewer, revision=appeal.revision), supervisor)
    one.refresh_from_db()
    measure = Measure.objects.get()
    assert (shown_of(one), measure.end_reason, measure.ended_by_id) == ("in_use", "lifted", ruling.reverses_id)
    assert Appeal.objects.get().outcome == "rejected" and broken() == []


@pytest.mark.parametrize(("made", "holder", "rule"), [({"tier": 2}, ADULT, "premium"), ({}, MINOR, "minor")])
def test_a_premium_number_or_a_minors_is_recovered_by_two(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff, made: dict[str, Any],
    holder: dict[str, Any], rule: str,
) -> None:  # fmt: skip
    one = number(**made)
    tell(one, setup_actor, **holder)
    for outcome in ("rejected", "upheld"):
        appeal = filed(one, "recovery", agent)
        ruling = ruled(appeal, outcome, reviewer)
        assert (ruling.state, ruling.rule) == ("proposed", rule)
        agreed(ruling, supervisor)
        appeal.refresh_from_db()
    assert appeal.state == "cooling"


# What follows an upheld one


def test_upheld_it_cools_down_with_notice_to_who_is_bound_and_then_the_sign_in_system_is_asked(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    tell(one, setup_actor)
    registrant = Registrant.objects.filter(tenure=one.tenure_id).values().first()
    appeal = filed(one, "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    appeal.refresh_from_db()
    assert appeal.state == "cooling" and appeal.waits_until
    assert appeal.waits_until - timezone.now() == pytest.approx(COOL_DOWN, abs=datetime.timedelta(minutes=1))
    assert round_of_worker() == Counter(sent=4)  # receipt and decision to who appealed, a warning by each binding
    assert mail.outbox[0].to == [ADULT["email"]] and "heard anew" in str(mail.outbox[0].body)
    assert [body["to"] for _asked, body in ends[0].came] == [MOBILE, ADULT["mobile"], MOBILE]
    with time_machine.travel(appeal.waits_until - SECOND, tick=False):
        assert swept().carried_out == 0
        assert not recovery.carry_out(appeal.pk, actor=Staff.objects.system("system-appeals"))
    before = head()
    with time_machine.travel(appeal.waits_until, tick=False):
        assert swept().carried_out == 1
        assert swept().carried_out == 0
        assert round_of_worker() == Counter(sent=2)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome, appeal.tenure_id) == ("closed", "upheld", one.tenure_id)
    ((asked, body),) = ends[1].came
    request = Message.objects.get(kind="reset")
    assert asked == "POST /hook" and body == {
        "request": request.pk, "receipt": appeal.receipt, "number": str(one.pk), "tenure": 1, "to": MOBILE,
    }  # fmt: skip
    assert verbs(before) == ["appeal.reset_asked", "appeal.sent"]
    assert Event.objects.get(seq=before + 1).subject_label == appeal.receipt
    assert Registrant.objects.filter(tenure=one.tenure_id).values().first() == registrant  # 8.2
    assert broken() == []


def test_of_an_appeal_that_cannot_be_read_any_more_nobody_hears_anything(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    tell(one, setup_actor)
    ruled(filed(one, "recovery", agent), "upheld", reviewer)
    AppealKey.objects.all().delete()
    assert round_of_worker() == Counter(no_way=4)
    assert (ends[0].came, mail.outbox) == ([], [])


def test_a_reset_that_is_not_taken_over_is_asked_for_again_and_after_three_days_an_alert_says_so(
    number: Make, agent: Staff, reviewer: Staff, ends: tuple[Hook, Hook], settings: Any
) -> None:
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    round_of_worker()
    url, settings.QQOPS_RESET_WEBHOOK = settings.QQOPS_RESET_WEBHOOK, ""
    later = timezone.now() + COOL_DOWN + DAY
    with time_machine.travel(later, tick=False):
        swept()
        ends[0].came.clear()
        assert round_of_worker() == Counter(sent=1, pending=1)
        ((_asked, body),) = ends[0].came  # he is told before the sign-in system is, and of nothing that is not so yet
        assert "once it has taken that in" in body["text"] and "登录系统受理后" in body["text"]
        assert "was asked" not in body["text"] and "已请" not in body["text"]
        row = Delivery.objects.get(message__kind="reset")
        assert (row.state, row.fault, ends[1].came) == ("pending", "NoResetWebhook", [])
        settings.QQOPS_RESET_WEBHOOK, ends[1].status = url, 503
    with time_machine.travel(row.due_at, tick=False):
        assert round_of_worker() == Counter(pending=1)
    Delivery.objects.update(attempts=outbox.ATTEMPTS - 1)
    with time_machine.travel(later + DAY, tick=False):
        assert round_of_worker() == Counter(failed=1)
    assert Alert.objects.filter(code="appeal_messages_failed").count() == 1


def test_whoever_is_bound_has_it_stopped_in_one_step_and_it_is_heard_anew_by_two(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff, officer: Staff
) -> None:
    one = number()
    appeal = filed(one, "recovery", agent)
    first = ruled(appeal, "upheld", reviewer)
    with pytest.raises(Refused, match="role"):
        recovery.stop(appeal, actor=officer, reason="当前绑定人来电反对")
    before = head()
    appeal = recovery.stop(appeal, actor=agent, reason="当前绑定人来电反对")
    first.refresh_from_db()
    assert (appeal.state, first.state) == ("filed", "stopped")
    assert appeal.contested_at and appeal.due_at == calendar.ceiling(appeal.contested_at)
    assert verbs(before) == ["appeal.stopped"]
    with pytest.raises(Invalid, match="Nothing is cooling down"):
        recovery.stop(appeal, actor=agent, reason="当前绑定人来电反对")
    with time_machine.travel(timezone.now() + COOL_DOWN + DAY, tick=False):
        assert swept().carried_out == 0
    second = ruled(appeal, "rejected", reviewer2)
    assert (second.state, second.rule) == ("proposed", "contested")
    agreed(second, supervisor)
    assert (Appeal.objects.get().outcome, broken()) == ("rejected", [])


def test_a_number_that_has_another_holder_by_then_has_no_new_credentials(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff
) -> None:
    one = number()
    appeal = filed(one, "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    succeeded(one, setup_actor)
    with time_machine.travel(timezone.now() + COOL_DOWN + DAY, tick=False):
        assert swept().carried_out == 0
    assert (Appeal.objects.get().state, Message.objects.filter(kind="reset").exists()) == ("filed", False)


def test_an_answer_while_it_cools_down_does_not_end_the_waiting(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    until = Appeal.objects.get().waits_until
    recovery.add_evidence(appeal, [("friends", "三位好友可证明")], [], actor=agent)
    hearing.answer(appeal, "已补充好友证明", actor=agent)
    assert (Appeal.objects.get().state, Appeal.objects.get().waits_until) == ("cooling", until)


def test_no_password_is_a_field_a_parameter_or_a_part_of_what_is_sent() -> None:
    """6.1: none is seen, sent or set. What is asked for is in test_upheld… above, whole."""
    import inspect

    named = {field.name for model in (Appeal, AppealEvidence, Delivery, Message, Weighing) for field in
             model._meta.get_fields()}  # fmt: skip
    for service in (recovery.add_evidence, recovery.weigh, recovery.contest, recovery.stop, recovery.carry_out):
        named |= set(inspect.signature(service).parameters)
    assert not [name for name in named if "password" in name.lower()]
