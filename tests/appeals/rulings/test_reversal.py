"""An objection to a change, or to what took a decision back, that is upheld: exactly that is taken back where it can
be, else the measure ends that it reached; and where nothing is in force any more the ruling stands in words (11)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number, Tenure
from appeals.models import Appeal
from appeals.rulings.reversal import Terms
from enforcement.decisions.services import Report
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.staff.people.services import join
from tests.appeals.heard import agreed, objection, ruled, sent_back
from tests.appeals.rulings.test_audit_checks import changed, named, slipped
from tests.appeals.rulings.test_compensation import paid_until
from tests.cast import PASSWORD
from tests.enforcement.acts import DAY, approve, broken, decide, head, refuse, terminated, undo, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")


@pytest.fixture
def third(setup_actor: Staff) -> Staff:
    """A supervisor who had part in nothing."""
    with origin.origin(origin.SYSTEM):
        return join("supervisor3", "supervisor", password=PASSWORD, actor=setup_actor, reason="a third one")


def put_back(number: Number, officer: Staff, lifter: Staff, supervisor: Staff, **more: Any) -> tuple[Report, Report]:
    """Frozen, lifted, and the lift undone by two: the freeze, and the undo by which it runs again."""
    frozen = decide(Kind.FREEZE, number, officer, **({"duration": 7 * DAY} | more))
    lifted = decide(Kind.LIFT, number, lifter, lift_of=frozen.decision.pk)
    back = undo(lifted, officer, in_error=False)
    approve(back, supervisor)
    assert Measure.objects.get(number=number).in_force
    return frozen, back


def longer(number: Number, officer: Staff, supervisor: Staff, days: float) -> Report:
    report = decide(Kind.ADJUST, number, officer, duration=days * DAY)
    return approve(report, supervisor)


def ends(number: Number) -> tuple[Any, ...]:
    measure = Measure.objects.get(number=number)
    return measure.until, measure.ended_at is not None, measure.end_reason


# Upheld


def test_what_an_undo_put_back_ends_in_error_and_until_then_it_is_not_moot(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    _frozen, back = put_back(one, officer, officer2, supervisor)
    appeal = objection(one, back, agent)
    with pytest.raises(Invalid, match="still in force"):
        ruled(appeal, "moot", reviewer)
    before = head()
    ruling = ruled(Appeal.objects.get(), "upheld", reviewer)
    assert ruling.reverses
    assert (ruling.state, ruling.rule, ruling.reverses.kind) == ("proposed", "supervised", "lift")
    agreed(ruling, supervisor2)
    assert ends(one)[1:] == (True, "voided")
    assert verbs(before) == [
        "appeal.taken", "appeal.ruled", "decision.proposed", "appeal.ruling_agreed", "decision.approved",
        "decision.applied", "decision.finished",
    ]  # fmt: skip
    assert broken() == []


def test_the_freeze_itself_is_lifted_when_its_lift_was_undone(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, third: Staff
) -> None:
    one = number()
    frozen, _back = put_back(one, officer, officer2, supervisor)
    ruling = ruled(objection(one, frozen, agent), "upheld", reviewer)
    if ruling.state == "proposed":
        agreed(ruling, third)
    assert (ends(one)[1:], broken()) == ((True, "voided"), [])


def test_of_two_changes_the_first_cannot_be_taken_back_alone_and_the_measure_ends(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    first = longer(one, officer, supervisor, 20)
    longer(one, officer, supervisor, 30)
    ruling = ruled(objection(one, first, agent), "upheld", reviewer)
    assert ruling.reverses and ruling.reverses.kind == "lift"
    agreed(ruling, supervisor2)
    assert (ends(one)[1:], broken()) == ((True, "voided"), [])


def test_a_change_is_not_taken_back_either_when_another_measure_came_after_it(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    first = longer(one, officer, supervisor, 20)
    decide(Kind.RESTRICT, one, officer2)
    agreed(ruled(objection(one, first, agent), "upheld", reviewer), supervisor2)
    assert Measure.objects.get(decision=frozen.decision).end_reason == "voided"
    assert Measure.objects.get(kind="restrict").in_force
    assert broken() == []


def test_a_change_that_shortened_and_widened_is_not_taken_back_as_that_would_lengthen(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("mail",), duration=9 * DAY)
    change = decide(Kind.ADJUST, one, officer, lift_kinds=("restrict",), scopes=("mail", "send_msg"), duration=2 * DAY)
    approve(change, supervisor)
    ruling = ruled(objection(one, change, agent), "upheld", reviewer)
    assert ruling.reverses and ruling.reverses.kind == "lift"
    agreed(ruling, supervisor2)
    assert (ends(one)[1:], broken()) == ((True, "voided"), [])


def test_a_restoration_taken_back_wrongly_is_made_again(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    third: Staff,
) -> None:
    one = number()
    terminated(one, officer, supervisor)
    restored = decide(Kind.RESTORE, one, officer2)
    approve(restored, supervisor2)
    back = undo(restored, officer, in_error=False)
    approve(back, supervisor)
    one.refresh_from_db()
    assert one.lifecycle == "terminated"
    appeal = objection(one, back, agent)
    with pytest.raises(Invalid, match="still in force"):
        ruled(appeal, "moot", reviewer)
    ruling = ruled(Appeal.objects.get(), "upheld", reviewer)
    assert ruling.reverses
    assert (ruling.rule, ruling.reverses.kind, ruling.reverses.in_error) == ("terminated", "restore", True)
    agreed(ruling, third)  # the other two agreed to the restoration, and to its end
    one.refresh_from_db()
    assert (one.lifecycle, broken()) == ("in_use", [])


# In part


def test_what_was_put_back_or_changed_twice_is_made_less_in_part(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    reviewer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
) -> None:
    one, other = number(), number()
    _frozen, back = put_back(one, officer, officer2, supervisor)
    decide(Kind.RESTRICT, other, officer, scopes=("send_msg", "mail"), duration=5 * DAY)
    first = decide(Kind.ADJUST, other, officer, lift_kinds=("restrict",), duration=20 * DAY)
    approve(first, supervisor)
    approve(decide(Kind.ADJUST, other, officer, lift_kinds=("restrict",), duration=30 * DAY), supervisor)
    sooner = timezone.now() + DAY
    for number_, to, terms, who in (
        (one, back, Terms(until=sooner), reviewer),
        (other, first, Terms(until=sooner, scopes=("mail",)), reviewer2),
    ):
        ruling = ruled(objection(number_, to, agent), "partly", who, terms=terms)
        assert ruling.reverses and ruling.reverses.kind == "adjust"
        agreed(ruling, supervisor2)
    assert ends(one) == ends(other) == (sooner, False, "")
    assert (Measure.objects.get(number=other).scopes, broken()) == (["mail"], [])


# In words


def test_where_a_change_was_taken_back_already_the_ruling_stands_in_words(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, third: Staff
) -> None:
    """The measure that it had changed runs as before it, and nobody objected to that."""
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    before = ends(one)
    change = longer(one, officer, supervisor, 20)
    approve(undo(change, officer2), third)
    assert ends(one) == before
    ruling = ruled(objection(one, change, agent), "upheld", reviewer)
    assert (ruling.state, ruling.reverses) == ("proposed", None)
    revision = Number.objects.get(pk=one.pk).revision
    agreed(ruling, Staff.objects.get(username="supervisor2"))
    assert (ends(one), Number.objects.get(pk=one.pk).revision) == (before, revision)
    assert (Appeal.objects.get().outcome, broken()) == ("upheld", [])


def test_no_objection_makes_a_measure_longer(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    """What an objection upheld in part shortened stays short, when to that shortening itself is objected."""
    one, sooner = number(), timezone.now() + DAY
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    less = ruled(objection(one, frozen, agent), "partly", reviewer, terms=Terms(until=sooner)).reverses
    assert less
    ruling = ruled(objection(one, less, agent), "upheld", reviewer2)
    assert (ruling.state, ruling.reverses, ends(one)) == ("applied", None, (sooner, False, ""))
    assert broken() == []


def test_what_nobody_agreed_to_and_so_never_counted_is_upheld_in_words(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    provisional = decide(Kind.FREEZE, one, officer, duration=20 * DAY)
    refuse(provisional, supervisor)
    ruling = ruled(objection(one, provisional.decision, agent), "upheld", reviewer)
    assert (ruling.state, ruling.reverses, ends(one)[1:]) == ("applied", None, (True, "refused"))
    assert broken() == []


def test_a_ruling_in_words_is_not_agreed_to_once_the_measure_runs_again(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    reviewer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    third: Staff,
) -> None:
    one = number()
    frozen, back = put_back(one, officer, officer2, supervisor)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    ruling = ruled(objection(one, back, agent), "upheld", reviewer)
    assert (ruling.state, ruling.reverses) == ("proposed", None)
    approve(undo(lifted, officer, in_error=False), supervisor2)
    before = head()
    with pytest.raises(Invalid, match="has changed since this was ruled"):
        agreed(ruling, third)
    assert (verbs(before), Appeal.objects.get().state) == ([], "ruled")
    sent_back(ruling, third)
    again = ruled(Appeal.objects.get(), "upheld", reviewer2)
    agreed(again, third)
    assert (ends(one)[1:], broken()) == ((True, "voided"), [])


def test_an_upheld_ruling_in_words_on_what_ran_then_is_named_by_the_proof(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    reviewer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    third: Staff,
) -> None:
    """What ran again only later is no fault of the ruling."""
    one, other = number(), number()
    frozen, back = put_back(one, officer, officer2, supervisor)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    ruling = agreed(ruled(objection(one, back, agent), "upheld", reviewer), third)
    approve(undo(lifted, officer, in_error=False), supervisor2)
    assert named() == set()
    decide(Kind.FREEZE, other, officer, duration=5 * DAY)
    second = objection(other, longer(other, officer, supervisor, 20), agent)
    bare = slipped(ruling, reviewer2, maker=reviewer2, appeal=second, approvers=[], rule="")
    changed(second, reviewer2, state="closed", outcome="upheld", closed_at=timezone.now())
    assert named() == {("reversal", f"ruling {bare.pk}")}


# What is owed


@pytest.mark.parametrize(("at", "days"), [(3, 0), (9, 4), (40, 15)])
def test_of_a_change_only_the_time_that_it_added_is_given_back(
    number: Make,
    agent: Staff,
    officer: Staff,
    reviewer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    setup_actor: Staff,
    at: int,
    days: int,
) -> None:
    """Frozen for five days, then for twenty: upheld on the third, the ninth, or long after."""
    one = number(paid=True)
    until = timezone.now() + 300 * DAY
    paid_until(one, until, setup_actor)
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    change = longer(one, officer, supervisor, 20)
    with time_machine.travel(timezone.now() + at * DAY):
        agreed(ruled(objection(one, change, agent), "upheld", reviewer), supervisor2)
    after = Tenure.objects.get(number=one).paid_until
    assert after is not None
    assert abs(after - until - days * DAY) < datetime.timedelta(minutes=1)
    assert broken() == []


def test_of_what_was_put_back_the_time_since_then_is_given_back(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    setup_actor: Staff,
) -> None:
    one = number(paid=True)
    until = timezone.now() + 300 * DAY
    paid_until(one, until, setup_actor)
    _frozen, back = put_back(one, officer, officer2, supervisor)
    with time_machine.travel(timezone.now() + 2 * DAY):
        agreed(ruled(objection(one, back, agent), "upheld", reviewer), supervisor2)
    after = Tenure.objects.get(number=one).paid_until
    assert after is not None
    assert abs(after - until - 2 * DAY) < datetime.timedelta(minutes=1)
