"""A change of a measure is taken back: what ran before it runs again, and nothing else does (T11)."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.measures.expiry import expire
from enforcement.models import Measure, Notice
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.people.services import join
from tests.cast import PASSWORD
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, undo
from tests.enforcement.measures.adjusting import ends_of, in_days, running

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]
Many = Callable[..., list[int]]


def standing(number: Number) -> tuple[Any, ...]:
    return *ends_of(number), *Measure.objects.order_by("pk").values_list("until", "scopes", "ended_at")


def test_an_undo_puts_back_the_end_and_the_scopes_that_there_were(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), duration=9 * DAY)
    decide(Kind.FREEZE, one, officer, duration=3 * DAY)
    before = standing(one)
    change = decide(Kind.ADJUST, one, officer2, lift_kinds=("restrict",), scopes=("mail",), duration=DAY)
    assert standing(one) != before
    back = undo(change, officer, in_error=False)
    assert back.decision.rule == "undo"
    assert approve(back, supervisor).applied == 1
    assert (standing(one), broken()) == (before, [])


def test_what_had_no_end_has_none_again(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, third: Staff
) -> None:
    one = number()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    change = decide(Kind.ADJUST, one, officer2, duration=DAY)
    approve(change, supervisor2)
    back = undo(change, officer2)
    for who in (supervisor, supervisor2):  # of the measure, and of its change
        with pytest.raises(Refused, match="took part"):
            approve(back, who)
    approve(back, third)
    assert (running(one).until, ends_of(one), broken()) == (None, (FOREVER, None), [])


@pytest.fixture
def third(setup_actor: Staff) -> Staff:
    return join("supervisor3", "supervisor", password=PASSWORD, actor=setup_actor, reason="had no part in either")


def test_an_extension_taken_back_after_the_old_end_ends_at_that_moment(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, expiry_actor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=DAY)
    change = decide(Kind.ADJUST, one, officer2, duration=5 * DAY)
    approve(change, supervisor)
    with time_machine.travel(in_days(2), tick=False):
        approve(undo(change, officer2), supervisor2)
        one.refresh_from_db()
        assert (shown_of(one), Measure.objects.get().until) == ("in_use", timezone.now())
        expire(actor=expiry_actor)
    assert (Measure.objects.get().end_reason, broken()) == ("expired", [])


def test_of_what_has_run_out_since_nothing_is_put_back(
    number: Make, officer: Staff, officer2: Staff, reviewer: Staff, expiry_actor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    change = decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        for swept in (False, True):
            if swept:
                expire(actor=expiry_actor)
            with pytest.raises(Invalid, match="changed since that decision"):
                undo(change, officer2)


def test_its_maker_takes_back_a_slip_and_the_holder_hears_of_neither(
    number: Make, officer: Staff, officer2: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    before = standing(one)
    slip = decide(Kind.ADJUST, one, officer2, duration=DAY)
    back = undo(slip, officer2, in_error=False)
    assert (back.decision.rule, back.applied, standing(one)) == ("withdraw", 1, before)
    told = dict(Notice.objects.values_list("decision", "state"))
    assert (told[slip.decision.pk], back.decision.pk in told) == ("withdrawn", False)
    assert broken() == []


def test_what_was_changed_is_lifted_and_no_longer_undone(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    decide(Kind.ADJUST, one, officer2, duration=DAY)
    with pytest.raises(Invalid, match="changed since that decision"):
        undo(frozen, officer2)
    lift = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    assert ends_of(one) == (None, None)
    approve(undo(lift, officer), supervisor)
    assert (running(one).until, broken()) == (ends_of(one)[0], [])


def test_an_undo_of_a_list_leaves_what_changed_since(
    numbers: Many, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    ids = numbers(3)
    decide(Kind.FREEZE, ids, officer, duration=5 * DAY)
    before = ends_of(ids[1])
    change = decide(Kind.ADJUST, ids, reviewer, duration=DAY)
    decide(Kind.RESTRICT, ids[:1], officer)
    done = approve(undo(change, officer2), supervisor)
    assert (done.applied, dict(done.skipped)) == (2, {"conflict": 1})
    assert (ends_of(ids[1]), ends_of(ids[2]) == before, ends_of(ids[0])[0] != before[0]) == (before, True, True)
    assert broken() == []
