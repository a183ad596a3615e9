"""Numbers that nobody holds: moved by the table and given a tier; what is held, unknown or one's own is left alone."""

from collections.abc import Callable

import pytest

from accounts.declarations.services import declare
from accounts.lifecycle import HELD, L, pairs
from accounts.models import Number, NumberRange
from accounts.resources import services as resources
from accounts.resources.policy import LIST_MAX, MOVES_TO, STOPS
from accounts.resources.services import numbers
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import broken, head, verbs
from tests.supply import WHY, carry_out

pytestmark = pytest.mark.django_db
Supply = Callable[..., NumberRange]
NUMBER = 284_917_059


@pytest.mark.parametrize("to", MOVES_TO)
@pytest.mark.parametrize("source", [L.RESERVED, L.PRE_RELEASE, L.AVAILABLE, L.RETIRED])
def test_a_number_of_a_pool_moves_as_the_table_says_and_no_other_way(
    cast: dict[str, Staff], source: str, to: str
) -> None:
    make_numbers([NUMBER], source)
    wanted = numbers.moved([NUMBER], to)
    if (source, to) not in pairs():
        with pytest.raises(Invalid, match=f"{NUMBER} \\({L(source).label}\\)"):
            resources.propose(wanted, actor=cast["resources"], reason=WHY)
    else:
        made = resources.propose(wanted, actor=cast["resources"], reason=WHY)
        assert made.state == (State.APPLIED if (source, to) in STOPS else State.PROPOSED)
        if made.state == State.PROPOSED:
            resources.approve(made, actor=cast["supervisor"], reason=WHY, content_hash=made.content_hash)
        assert Number.objects.get().lifecycle == to
    assert broken() == []


@pytest.mark.parametrize("held", HELD)
def test_what_somebody_holds_is_neither_moved_nor_given_a_tier(cast: dict[str, Staff], held: str) -> None:
    make_numbers([NUMBER], held)
    for wanted in (*(numbers.moved([NUMBER], to) for to in MOVES_TO), numbers.tiered([NUMBER], 3)):
        with pytest.raises(Invalid, match=str(NUMBER)):
            resources.propose(wanted, actor=cast["resources"], reason=WHY)


def test_a_free_number_gets_its_row_in_the_state_of_its_range_with_the_tier_of_its_digits(
    cast: dict[str, Staff], supply: Supply
) -> None:
    supply(284_917_000, 284_917_999)
    before = head()
    carry_out(numbers.moved([284_917_888, NUMBER], "reserved"), cast["resources"])
    assert list(Number.objects.values_list("pk", "lifecycle", "tier", "tier_set_at").order_by("pk")) == [
        (NUMBER, "reserved", 0, None),
        (284_917_888, "reserved", 2, None),
    ]
    assert verbs(before) == ["resource.proposed", "number.moved"]
    rows = list(recorder.history_model(Number)._default_manager.order_by("history_id").values_list("id", "lifecycle"))
    assert rows == [(NUMBER, "available"), (284_917_888, "available"), (NUMBER, "reserved"), (284_917_888, "reserved")]
    moved = Event.objects.get(seq=before + 2)
    assert (moved.reason, moved.facts) == (WHY, {"to": "reserved", "numbers": 2})
    assert broken() == []


def test_one_that_was_taken_while_the_list_waited_stops_the_whole_list(cast: dict[str, Staff], supply: Supply) -> None:
    supply(284_917_000, 284_917_999)
    waiting = resources.propose(numbers.moved([NUMBER, NUMBER + 1], "retired"), actor=cast["resources"], reason=WHY)
    make_numbers([NUMBER], "in_use")
    with pytest.raises(Invalid, match=f"{NUMBER} \\(in use\\)"):
        resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.approvals.count()) == (State.PROPOSED, 0)
    assert list(Number.objects.values_list("pk", "lifecycle")) == [(NUMBER, "in_use")]


def test_unknown_numbers_and_too_long_a_list_are_refused_with_what_to_do(
    cast: dict[str, Staff], supply: Supply
) -> None:
    supply(284_917_000, 284_917_999)
    maker = cast["resources"]
    with pytest.raises(Invalid, match=r"Unknown numbers: 999999999 \(in no range\)"):
        resources.propose(numbers.moved([NUMBER, 999_999_999], "reserved"), actor=maker, reason=WHY)
    with pytest.raises(Invalid, match="more than that is a range"):
        resources.propose(numbers.moved(range(10**9, 10**9 + LIST_MAX + 1), "reserved"), actor=maker, reason=WHY)
    with pytest.raises(Invalid, match="holds no numbers"):
        resources.propose(numbers.moved([], "reserved"), actor=maker, reason=WHY)
    assert not Number.objects.exists()


def test_nobody_moves_a_number_that_he_declared_and_the_attempt_is_on_the_record(
    cast: dict[str, Staff], supply: Supply
) -> None:
    supply(284_917_000, 284_917_999)
    declare(cast["resources"], [NUMBER], "own", actor=cast["resources"])
    before = head()
    with pytest.raises(Refused):
        resources.propose(numbers.moved([NUMBER], "reserved"), actor=cast["resources"], reason=WHY)
    assert verbs(before) == ["audit.refused"]
    assert Event.objects.latest("seq").facts["numbers"] == [NUMBER]


def test_a_tier_set_by_hand_outlasts_a_recomputation_and_a_held_number_keeps_its_own(cast: dict[str, Staff]) -> None:
    make_numbers([NUMBER, 284_917_888], "available")
    make_numbers([284_917_777], "in_use", tier=1)
    before = head()
    carry_out(numbers.tiered([NUMBER], 3), cast["resources"], cast["supervisor"])
    assert numbers.recompute(actor=cast["resources"], reason=WHY, apply=True) == 1
    assert verbs(before) == ["resource.proposed", "resource.approved", "number.tier_set", "tiers.recomputed"]
    assert dict(Number.objects.values_list("pk", "tier")) == {NUMBER: 3, 284_917_888: 2, 284_917_777: 1}
    assert broken() == []
