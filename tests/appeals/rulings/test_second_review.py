"""The second review of an objection (11): once, within 30 days, by other people, then the court (12.5)."""

from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Hold, Number
from appeals.hearing import services as hearing
from appeals.models import Appeal, Message
from appeals.queries import rulings_inbox
from appeals.queue import services as queue
from appeals.rulings import second_review
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from tests.appeals.heard import agreed, filed, objection, ruled
from tests.cast import PASSWORD
from tests.enforcement.acts import DAY, broken, decide, head, terminated, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")
SAYS = "我不同意，登录地点与我不符。"


@pytest.fixture
def rejected(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> Appeal:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    appeal.refresh_from_db()
    return appeal


def test_it_is_opened_again_with_a_clock_of_its_own_and_the_number_is_held(rejected: Appeal, agent: Staff) -> None:
    assert not Hold.objects.filter(tenure=rejected.tenure, lifted_at=None).exists()
    before = head()
    second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    rejected.refresh_from_db()
    assert (rejected.state, rejected.round, rejected.outcome, rejected.closed_at) == ("filed", 2, "", None)
    assert rejected.due_at > timezone.now() and rejected.route == "again"
    assert Hold.objects.filter(tenure=rejected.tenure, kind="appeal", lifted_at=None).exists()
    assert Message.objects.latest("pk").kind == "answer"
    assert verbs(before) == ["appeal.asked_again"]
    assert broken() == []


def test_a_supervisor_decides_it_alone_and_it_is_final(
    rejected: Appeal, agent: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    ruling = ruled(rejected, "upheld", supervisor)
    if ruling.state == "proposed":  # what it changes asks its own table who must agree
        agreed(ruling, supervisor2)
    rejected.refresh_from_db()
    assert (rejected.state, rejected.outcome) == ("closed", "upheld")
    assert Measure.objects.get().end_reason == "voided"
    with pytest.raises(Invalid, match="what is left is the court"):
        second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    assert broken() == []


def test_after_thirty_days_it_is_too_late(rejected: Appeal, agent: Staff) -> None:
    with time_machine.travel(timezone.now() + 30 * DAY + DAY / 24), pytest.raises(Invalid, match="within 30 days"):
        second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    with time_machine.travel(timezone.now() + 30 * DAY - DAY / 24):
        assert second_review.ask(rejected.receipt, actor=agent, reason=SAYS).round == 2


def test_only_an_objection_that_was_decided_has_one(number: Make, agent: Staff, reviewer: Staff) -> None:
    asked = filed(number(), "enquiry", agent)
    ruled(asked, "answered", reviewer)
    open_one = filed(number(), "recovery", agent)
    for appeal in (asked, open_one):
        with pytest.raises(Invalid, match="Only an objection"):
            second_review.ask(appeal.receipt, actor=agent, reason=SAYS)


def test_whoever_may_not_file_or_declared_the_number_does_not_ask_for_it(
    rejected: Appeal, agent: Staff, officer: Staff
) -> None:
    before = head()
    with pytest.raises(Refused, match="may not file"):
        second_review.ask(rejected.receipt, actor=officer, reason=SAYS)
    declare(agent, [rejected.number_id], "own", actor=agent)
    with pytest.raises(Refused):
        second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    assert verbs(before) == ["audit.refused", "number.declared", "audit.refused"]
    rejected.refresh_from_db()
    assert rejected.round == 1


def test_a_ruling_of_the_second_round_waits_for_nobody_who_had_a_word_in_the_first(
    number: Make,
    agent: Staff,
    officer: Staff,
    reviewer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    setup_actor: Staff,
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    first = ruled(appeal, "rejected", reviewer)
    assert (list(rulings_inbox(supervisor)), list(rulings_inbox(supervisor2))) == ([], [first])
    agreed(first, supervisor2)
    second_review.ask(appeal.receipt, actor=agent, reason=SAYS)
    with origin.origin(origin.SYSTEM):
        third = people.join("supervisor3", "supervisor", password=PASSWORD, actor=setup_actor, reason="a third one")
    second = ruled(appeal, "upheld", third)
    assert (second.round, second.state) == (2, "proposed")
    assert list(rulings_inbox(supervisor)) == list(rulings_inbox(supervisor2)) == []
    with pytest.raises(Refused, match="first review"):
        agreed(second, supervisor2)


@pytest.mark.parametrize("outcome", ["upheld", "withdrawn"])
def test_what_was_upheld_or_withdrawn_has_none(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, outcome: str
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    if outcome == "upheld":
        ruled(appeal, "upheld", reviewer)
    else:
        hearing.withdraw(appeal, actor=agent, reason="申诉人来电要求撤回")
    with pytest.raises(Invalid, match="that was decided"):
        second_review.ask(appeal.receipt, actor=agent, reason=SAYS)


def test_what_is_reviewed_once_more_is_taken_as_no_other_kind(
    rejected: Appeal, agent: Staff, supervisor: Staff
) -> None:
    second_review.ask(rejected.receipt, actor=agent, reason=SAYS)
    taken = queue.take(rejected, actor=supervisor)
    with pytest.raises(Invalid, match="stays what it was decided as"):
        hearing.convert(taken, "enquiry", "help", None, actor=supervisor, reason=SAYS, revision=taken.revision)
