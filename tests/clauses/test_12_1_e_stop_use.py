"""12.1(e): whoever does not accept stops using the number: he cancels it, and may think better of it."""

from collections.abc import Callable

import pytest

from accounts.cancellation import services as cancel
from accounts.lifecycle import MOVES
from accounts.models import Number, Tenure
from accounts.quarantine.policy import CANCELLED, COOLING_OFF
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import WHY, cancelled, ended, later, state
from tests.enforcement.acts import broken, decide

Make = Callable[..., Number]


def test_12_1_e_every_step_of_a_cancellation_stands_under_12_1() -> None:
    assert {move.clause for move in MOVES if move.transition in ("T14", "T15", "T16")} == {CANCELLED} == {"12.1"}


def test_12_1_e_it_ends_after_the_cooling_off_and_not_before(number: Make, agent: Staff) -> None:
    one = number()
    cancelled([one.pk], agent)
    with later(days=COOLING_OFF.days - 0.1):
        assert ended() == {} and state(one.pk) == "cancel_pending"
    with later(days=COOLING_OFF.days + 0.1):
        assert ended() == {"cancelled": 1}
    assert Tenure.objects.get(number=one.pk).ended_at is not None and broken() == []


def test_12_1_e_he_may_think_better_of_it(number: Make, agent: Staff) -> None:
    one = number()
    cancelled([one.pk], agent)
    cancel.withdraw([one.pk], actor=agent, reason=WHY)
    with later(days=16):
        assert ended() == {} and state(one.pk) == "in_use"


def test_12_1_e_what_the_holder_ended_himself_is_not_restored(number: Make, agent: Staff, officer: Staff) -> None:
    one = number()
    cancelled([one.pk], agent)
    with later(days=15.1):
        ended()
    with pytest.raises(Invalid):
        decide(Kind.RESTORE, one, officer)
    assert state(one.pk) == "quarantined"
