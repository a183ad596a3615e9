"""What is said in an appeal stays readable for as long as anything can turn on it, or until its speaker is erased."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Erasure, Hold, IdentityKey, Number
from accounts.retention import holds
from accounts.retention.erasure import erase
from accounts.rights.queries import keep_number, kept
from appeals import tasks
from appeals.messages import keys
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealKey, Delivery
from appeals.policy import SECOND_REVIEW_WITHIN
from appeals.rulings import second_review
from appeals.rulings.retention_blockers import reviewable
from enforcement.evidence.retention import CLAIMS, OBJECTION
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.crypto import rotation
from qqops.staff.models import Staff
from tests.appeals.heard import STATEMENT, filed, objection, ruled
from tests.enforcement.acts import DAY, broken, decide, head, verbs
from tests.identities import tell

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that every ruling cites."""


def sweep_after(wait: datetime.timedelta) -> int:
    with time_machine.travel(timezone.now() + wait, tick=True):
        return keys.sweep(actor=Staff.objects.system("system-retention"))


def readable() -> set[int]:
    return set(AppealKey.objects.values_list("pk", flat=True))


def answered(number: Number, agent: Staff, reviewer: Staff) -> Appeal:
    """An enquiry that was decided, and its answers sent."""
    appeal = filed(number, "enquiry", agent)
    ruled(appeal, "answered", reviewer)
    Delivery.objects.filter(message__appeal=appeal).update(state="sent")
    return Appeal.objects.get(pk=appeal.pk)


def test_the_words_go_when_no_claim_can_be_made_any_more_and_the_rows_stay(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    over, live = answered(number(), agent, reviewer), filed(number(), "recovery", agent)
    Delivery.objects.update(state="sent")
    assert Words(over).statement == STATEMENT
    assert sweep_after(OBJECTION + CLAIMS - DAY) == 0
    before = head()
    assert sweep_after(OBJECTION + CLAIMS + DAY) == 1
    assert (readable(), Words(over).statement, Words(over).is_kept) == ({live.pk}, "", False)
    event = Event.objects.get(seq__gt=before)
    assert (event.verb, event.facts, event.actor.username) == ("appeal.words_cleared", {"n": 1}, "system-retention")
    assert Appeal.objects.filter(pk=over.pk).exists() and broken() == []


def test_a_hold_a_court_or_an_answer_on_its_way_keeps_them(
    number: Make, agent: Staff, reviewer: Staff, officer: Staff, supervisor: Staff
) -> None:
    held, waiting, sued = (answered(one, agent, reviewer) for one in (number(), number(), number()))
    assert held.tenure_id
    holds.place([held.tenure_id], "legal", "(2026) 7", actor=officer, reason="order of the court")
    Delivery.objects.filter(message__appeal=waiting).update(state="pending")
    Appeal.objects.filter(pk=sued.pk).update(state="court")
    long = 10 * OBJECTION + CLAIMS
    assert sweep_after(long) == 0
    holds.lift(Hold.objects.get(tenure=held.tenure_id, kind="legal"), actor=supervisor, reason="the court lifted it")
    Delivery.objects.update(state="failed")
    assert sweep_after(long) == 2 and readable() == {sued.pk}


def test_with_the_person_goes_what_he_said_but_not_while_his_appeal_is_open(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff
) -> None:
    one, other = number("terminated"), number("terminated")
    for who in (one, other):
        tell(who, setup_actor)
    closed, live = answered(one, agent, reviewer), filed(other, "enquiry", agent)
    Delivery.objects.update(state="sent")
    assert sweep_after(DAY) == 0
    tenures = [tenure for tenure in (one.tenure_id, other.tenure_id) if tenure]
    found = erase(tenures, basis=Erasure.Basis.REAPPLIED, actor=setup_actor, reason="as before the backup")
    assert found.erased == 2 and not IdentityKey.objects.filter(pk__in=tenures).exists()
    before = head()
    tasks.clear_words(0)
    assert (readable(), verbs(before)) == ({live.pk}, ["appeal.words_cleared"])
    assert Words(closed).contact == ""


def test_while_a_second_review_may_be_asked_for_the_number_and_its_holder_are_kept(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, setup_actor: Staff
) -> None:
    lost, won = number(), number()
    for one, outcome in ((lost, "rejected"), (won, "upheld")):
        ruled(objection(one, decide(Kind.FREEZE, one, officer), agent), outcome, reviewer)
    tenures = [tenure for tenure in (lost.tenure_id, won.tenure_id) if tenure]
    assert list(reviewable(tenures)) == [lost.tenure_id]
    assert keep_number(tenures) == {lost.tenure_id: "second_review"}
    assert "second_review" in kept(tenures)[lost.tenure_id or 0]
    with time_machine.travel(timezone.now() + SECOND_REVIEW_WITHIN + DAY):
        assert list(reviewable(tenures)) == []
    second_review.ask(Appeal.objects.get(number=lost).receipt, actor=agent, reason="处理结果与事实不符，请复核")
    assert list(reviewable(tenures)) == [] and keep_number(tenures) == {lost.tenure_id: "appeal"}


def test_a_change_of_keys_takes_appeals_along() -> None:
    assert AppealKey._meta.db_table in {place.table for place in rotation.places()}
