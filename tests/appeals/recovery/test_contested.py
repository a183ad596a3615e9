"""A number that two claim (7): the freeze under which both are heard ends with the recovery that it was made for."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from accounts.numbers.queries import shown_of
from appeals.hearing import services as hearing
from appeals.models import Appeal
from appeals.policy import COOL_DOWN, WAIT_FOR_ANSWER
from appeals.queue import services as queue
from appeals.queue.sweep import sweep
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from enforcement.models import Decision, Measure, Notice
from enforcement.policy import PROPOSAL_LIFE, Kind
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, filed, objection, ruled, said
from tests.cast import succeeded
from tests.enforcement.acts import DAY, approve, broken, decide, head, refuse, verbs
from tests.enforcement.runs.test_races import together

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
MINUTE = datetime.timedelta(minutes=1)
WHY, ENDED = "申诉人来电说不需要了", ["measure.over"]


def swept() -> object:
    return sweep(actor=Staff.objects.system("system-appeals"))


def contested(one: Number, agent: Staff, reviewer: Staff, supervisor: Staff | None = None) -> Appeal:
    """In the reviewer's hand; the freeze is provisional, unless a supervisor agreed."""
    found = contest(filed(one, "recovery", agent), reviewer)
    if supervisor:
        approve(Decision.objects.get(), supervisor)
    return found


def contest(appeal: Appeal, reviewer: Staff) -> Appeal:
    taken = queue.take(appeal, actor=reviewer)
    return recovery.contest(taken, actor=reviewer, reason="当前使用人亦主张使用权", revision=taken.revision)


def upheld(appeal: Appeal, reviewer: Staff, supervisor: Staff) -> Appeal:
    agreed(rulings.rule(appeal, said("upheld"), actor=reviewer, revision=appeal.revision), supervisor)
    return Appeal.objects.get()


def is_free(one: Number) -> bool:
    """No freeze runs, and the one that did was lifted by no decision, now and not at the end of its time."""
    one.refresh_from_db()
    measure = Measure.objects.get()
    assert measure.ended_at and measure.until and measure.ended_at < measure.until
    return shown_of(one) == "in_use" and (measure.end_reason, measure.ended_by_id) == ("lifted", None)


def is_frozen(one: Number) -> bool:
    one.refresh_from_db()
    return shown_of(one) == "frozen"


def test_withdrawn_it_ends_in_the_same_act_and_whoever_was_told_that_it_began_is_told(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = contested(one, agent, reviewer, supervisor)
    Notice.objects.update(state=Notice.State.SENT)
    before = head()
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    assert is_free(one) and Decision.objects.get().state == "applied"
    assert verbs(before) == ["appeal.withdrawn", *ENDED]
    over = Event.objects.get(verb="measure.over")
    assert (over.actor_id, over.decision_id, over.facts) == (agent.pk, Decision.objects.get().pk, {"measures": 1})
    assert list(Notice.objects.order_by("pk").values_list("stage", "state")) == [("act", "sent"), ("ended", "pending")]
    assert broken() == []


def test_what_nobody_has_agreed_to_yet_is_void_with_it_and_no_supervisor_is_asked_any_more(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    appeal, before = contested(one, agent, reviewer), head()
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    assert is_free(one) and Decision.objects.get().state == "void"
    assert verbs(before) == ["appeal.withdrawn", *ENDED, "decision.finished"]
    assert list(Notice.objects.values_list("stage", "state")) == [("act", "withdrawn")]
    assert broken() == []


def test_left_unanswered_it_ends_by_the_clock(number: Make, agent: Staff, reviewer: Staff, supervisor: Staff) -> None:
    one = number()
    appeal = contested(one, agent, reviewer, supervisor)
    hearing.ask(appeal, "请提供号码注册地与时间", actor=reviewer, revision=appeal.revision)
    before = head()
    with time_machine.travel(timezone.now() + WAIT_FOR_ANSWER + MINUTE, tick=False):
        assert is_frozen(one)
        swept()
        assert is_free(one) and Appeal.objects.get().outcome == "abandoned"
    assert verbs(before) == ["appeal.abandoned", *ENDED]
    assert broken() == []


def test_declined_it_ends_with_the_ruling(number: Make, agent: Staff, reviewer: Staff, supervisor: Staff) -> None:
    one = number()
    appeal = contested(one, agent, reviewer, supervisor)
    ruling = rulings.rule(appeal, said("inadmissible"), actor=reviewer, revision=appeal.revision)
    assert is_frozen(one) and (ruling.state, ruling.reverses) == ("proposed", None)
    before = head()
    agreed(ruling, supervisor)
    assert is_free(one) and verbs(before) == ["appeal.ruling_agreed", *ENDED]
    assert broken() == []


def test_it_is_taken_as_no_other_kind_which_one_person_would_end_it_by(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    appeal, before = contested(one, agent, reviewer), head()
    for kind, ground, to in (("enquiry", "help", None), ("objection", "facts", Decision.objects.get().pk)):
        with pytest.raises(Invalid, match="stays what it is. Rule on it, and a second person agrees"):
            hearing.convert(appeal, kind, ground, to, actor=reviewer, reason=WHY, revision=appeal.revision)
    assert is_frozen(one) and verbs(before) == []


def test_upheld_it_stands_until_new_credentials_are_asked_for_and_stopped_it_stays(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    """Whoever is bound to it now has it no more than the other until then."""
    one, other = number(), number()
    appeal = contested(one, agent, reviewer, supervisor)
    until = Measure.objects.get().until
    appeal = upheld(appeal, reviewer, supervisor)
    assert (appeal.state, Decision.objects.count(), Measure.objects.get().until) == ("cooling", 1, until)
    before = head()
    assert appeal.waits_until
    with time_machine.travel(appeal.waits_until - MINUTE, tick=False):
        swept()
        assert is_frozen(one) and verbs(before) == []
    with time_machine.travel(appeal.waits_until, tick=False):
        swept()
        assert is_free(one) and Appeal.objects.get().outcome == "upheld"
    assert verbs(before) == ["appeal.reset_asked", *ENDED]
    assert Event.objects.get(verb="measure.over").actor.username == "system-appeals"

    taken = queue.take(filed(other, "recovery", agent), actor=reviewer)
    again = recovery.contest(taken, actor=reviewer, reason="当前使用人亦主张使用权", revision=taken.revision)
    approve(Decision.objects.get(ticket=again.receipt), supervisor)
    agreed(rulings.rule(again, said("upheld"), actor=reviewer, revision=again.revision), supervisor)
    recovery.stop(again, actor=agent, reason="当前绑定人来电反对")
    assert is_frozen(other) and broken() == []


def test_a_freeze_that_was_not_made_for_it_stays_whatever_its_ticket_says(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    appeal = filed(one, "recovery", agent)
    security = {"clauses": ("6.2",), "freeze_kind": "security", "duration": DAY / 2}
    decide(Kind.FREEZE, one, agent, ticket=appeal.receipt, **security)
    appeal = contest(appeal, reviewer)
    assert appeal.contest_decision is None
    before = head()
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    assert is_frozen(one) and verbs(before) == ["appeal.withdrawn"]


# The next one


def newest() -> Decision:
    return Decision.objects.latest("pk")


def test_one_that_ended_with_its_recovery_or_that_nobody_answered_does_not_make_the_next_one_wait(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    hearing.withdraw(contested(one, agent, reviewer), actor=agent, reason=WHY)
    again = contested(one, agent, reviewer)
    assert (newest().rule, newest().effect, is_frozen(one)) == ("supervised", "provisional", True)
    with time_machine.travel(timezone.now() + PROPOSAL_LIFE + MINUTE):  # nobody agreed: it is over
        assert not is_frozen(one)
        again = contest(again, reviewer)
        assert (newest().rule, is_frozen(one), again.contest_decision) == ("supervised", True, newest())
        refuse(newest(), supervisor)
        waiting = contest(again, reviewer)
        assert (newest().rule, newest().effect, is_frozen(one)) == ("refused_before", "waits", False)
        assert waiting.contest_decision == newest()
    assert broken() == []


def test_one_that_an_appeal_found_wrong_does(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = contested(one, agent, reviewer)
    ruling = ruled(objection(one, Decision.objects.get(), agent), "upheld", reviewer2)
    if ruling.state == "proposed":
        agreed(ruling, supervisor)
    assert not is_frozen(one)
    contest(appeal, reviewer)
    assert (newest().rule, newest().effect, is_frozen(one)) == ("refused_before", "waits", False)


def waiting(one: Number, agent: Staff, reviewer: Staff, supervisor: Staff) -> Appeal:
    """Contested, and its freeze waits for a supervisor, as the one before was refused."""
    appeal = contested(one, agent, reviewer)
    refuse(newest(), supervisor)
    return contest(appeal, reviewer)


def test_while_its_freeze_waits_it_is_not_contested_again_and_ended_it_is_agreed_to_no_more(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal, before = waiting(one, agent, reviewer, supervisor), head()
    with pytest.raises(Invalid, match="its freeze waits for a supervisor"):
        recovery.contest(appeal, actor=reviewer, reason="当前使用人亦主张使用权", revision=appeal.revision)
    assert verbs(before) == []
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    assert (verbs(before), newest().state) == (["appeal.withdrawn", "decision.finished"], "void")
    with pytest.raises(Invalid, match="not waiting for approval"):
        approve(newest(), supervisor)
    assert not is_frozen(one) and broken() == []


def test_agreed_to_later_it_ends_with_the_recovery_all_the_same(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = waiting(one, agent, reviewer, supervisor)
    approve(newest(), supervisor)
    assert is_frozen(one)
    before = head()
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    assert (is_frozen(one), verbs(before)) == (False, ["appeal.withdrawn", *ENDED])
    assert broken() == []


def test_of_the_next_holder_nothing_is_touched(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number()
    appeal = contested(one, agent, reviewer, supervisor)
    succeeded(one, setup_actor)
    one.refresh_from_db()
    revision, before = one.revision, head()
    hearing.withdraw(appeal, actor=agent, reason=WHY)
    one.refresh_from_db()
    assert (one.revision, verbs(before)) == (revision, ["appeal.withdrawn"])


@pytest.mark.django_db(transaction=True)
def test_of_three_workers_at_once_one_carries_it_out_and_ends_the_freeze(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    upheld(contested(one, agent, reviewer, supervisor), reviewer, supervisor)
    before = head()
    with time_machine.travel(timezone.now() + COOL_DOWN + MINUTE):
        together(swept, swept, swept)
        assert is_free(one)
    assert verbs(before) == ["appeal.reset_asked", *ENDED]
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_whoever_agrees_to_the_freeze_while_it_is_withdrawn_waits_and_is_told(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal, freeze = contested(one, agent, reviewer), Decision.objects.get()
    together(
        lambda: hearing.withdraw(appeal, actor=agent, reason=WHY),
        lambda: approve(freeze, supervisor),
    )
    freeze.refresh_from_db()
    assert is_free(one) and freeze.state in ("void", "applied")
    assert list(verify()) == []
