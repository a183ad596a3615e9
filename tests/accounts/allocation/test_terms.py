"""On what terms nothing is handed out: what was paid, until when, who tells of a holder, and what holds the number."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.allocation import supply as source
from accounts.allocation.queries import open_ranges
from accounts.allocation.requested_numbers import judge
from accounts.allocation.services import REGISTER, allocate
from accounts.allocation.terms import Charge, charge_of
from accounts.models import Hold, NumberRange, Tenure
from accounts.resources.queries import fineness
from accounts.retention import holds
from qqops.core.errors import Invalid, Refused
from qqops.staff.backend import at_desk
from qqops.staff.models import Staff
from qqops.staff.policy import ROLES
from tests.accounts.allocation.wishes import WHY, holder, terms, wish
from tests.accounts.quarantine import steps as flows
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, broken, head, verbs

Supply = Callable[..., NumberRange]
pytestmark = pytest.mark.usefixtures("english")
BACK = 203_164_111


def paid(price: int, days: int = 365) -> Any:
    return terms(charge=Charge("O-1", price, timezone.now() + days * DAY))


def test_a_range_with_a_price_hands_out_to_whoever_paid_at_least_that(supply: Supply, resources: Staff) -> None:
    priced = supply(203_164_000, 203_164_999, "test", price=5_000)
    fine = next(n for n in range(priced.first, priced.last) if fineness(n)[0] == 0)
    for said in (terms(), paid(4_999)):
        with pytest.raises(Invalid, match="No range of this pool is open"):
            allocate(wish(terms=said), actor=resources, reason=WHY)
        with pytest.raises(Invalid, match="not open to this channel on such terms"):
            allocate(wish(terms=said, numbers=(fine,)), actor=resources, reason=WHY)
    assert [one.why != "" for one in judge([fine, fine + 1], [paid(4_999), paid(5_000)])] == [True, False]
    assert open_ranges("test", "web", price=4_999) == open_ranges("test", "web", price=None) == []
    assert [one.range for one in open_ranges("test", "web", price=5_000)] == [priced]
    allocate(wish(terms=paid(5_000), numbers=(fine,)), actor=resources, reason=WHY)
    allocate(wish(terms=paid(5_001)), actor=resources, reason=WHY)
    assert set(Tenure.objects.values_list("price", flat=True)) == {5_000, 5_001} and broken() == []


def test_nobody_has_paid_for_more_than_ten_years(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    with pytest.raises(Invalid, match="at most ten years"):
        allocate(wish(terms=paid(100, 3_655)), actor=resources, reason=WHY)
    allocate(wish(terms=paid(100, 3_650)), actor=resources, reason=WHY)


def test_what_was_paid_for_ends_after_the_registration_was_completed(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    at, moment = timezone.now() - DAY, datetime.timedelta(microseconds=1)
    with pytest.raises(Invalid, match="a time that is over already"):
        allocate(wish(terms=terms(at=at, charge=Charge("O-1", 100, at))), actor=resources, reason=WHY)
    assert not Tenure.objects.exists()
    allocate(wish(terms=terms(at=at, charge=Charge("O-1", 100, at + moment))), actor=resources, reason=WHY)
    assert Tenure.objects.get().paid_until == at + moment


def test_a_number_that_is_protected_or_held_is_not_handed_out_to_who_names_it(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    make_numbers([BACK], "available")
    make_numbers([BACK + 1], "available", protection="vip")
    make_numbers([BACK + 2], "available", legal_hold=True)
    before = head()
    for number, why in ((BACK + 1, "it is protected"), (BACK + 2, "something holds it")):
        with pytest.raises(Invalid, match=f"{number} is not handed out: {why}. Nothing was done"):
            allocate(wish(numbers=(BACK, number)), actor=resources, reason=WHY)
    assert verbs(before) == [] and not Tenure.objects.exists()
    long_ago = terms(at=timezone.now() - DAY)
    now = timezone.now()
    (one,) = allocate(wish(terms=long_ago, numbers=(BACK,)), actor=resources, reason=WHY)
    assert Tenure.objects.get(pk=one.tenure).started_at >= now  # nobody's until now (3.2)
    assert broken() == []


@pytest.mark.parametrize(
    ("price", "until"),
    [("1", "2027-13-01"), ("1e999999", "2027-01-01"), ("1e999997", "2027-01-01"), ("NaN", "2027-01-01"),
     ("sNaN", "2027-01-01"), ("-1", "2027-01-01"), ("1000001", "2027-01-01"), ("1", "2027-02-30")],
)  # fmt: skip
def test_a_price_or_a_day_beyond_all_bounds_is_bad_input(price: str, until: str) -> None:
    with pytest.raises(Invalid, match="price"):
        charge_of("O-1", price, until)


def test_who_may_not_tell_of_a_holder_registers_nobody(
    supply: Supply, resources: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    supply(203_164_000, 203_164_999)
    supply(203_165_000, 203_165_999, "test")
    monkeypatch.setitem(ROLES, "resources", tuple(p for p in ROLES["resources"] if p != REGISTER))
    lesser = at_desk().get(pk=resources.pk)
    before = head()
    with pytest.raises(Refused, match="tell of a holder"):
        allocate(wish("public", holders=[holder()]), actor=lesser, reason=WHY)
    assert verbs(before) == ["audit.refused"] and not Tenure.objects.exists()
    allocate(wish(), actor=lesser, reason=WHY)


@pytest.mark.parametrize("kind", ["legal", "appeal", "request"])
def test_a_number_that_something_holds_again_after_its_release_is_not_handed_out(
    supply: Supply, cast: dict[str, Staff], tmp_path: Path, kind: str
) -> None:
    supply(203_164_000, 203_164_999, "test")
    resources = cast["resources"]
    make_numbers([BACK])
    flows.quarantined([BACK])
    with time_machine.travel(timezone.now() + 400 * DAY):
        flows.cleared(tmp_path, [BACK])
        assert (flows.released(), flows.state(BACK)) == ({"available": 1}, "available")
        flows.hold(BACK, kind, "A-1", actor=cast["officer"])
        (other,) = allocate(wish(), actor=resources, reason=WHY)
        assert other.number != BACK
        with pytest.raises(Invalid, match="something holds it"):
            allocate(wish(numbers=(BACK,)), actor=resources, reason=WHY)
        flows.lift(kind, "A-1", actor=cast["officer2"])
        (back,) = allocate(wish(), actor=resources, reason=WHY)
        assert back.number == BACK
        # Nobody held it while it waited: what was claimed for that time begins now (3.2).
        assert abs(Tenure.objects.get(pk=back.tenure).started_at - timezone.now()) < datetime.timedelta(minutes=5)
        assert broken() == []


def test_a_hold_that_comes_between_the_choice_and_the_taking_is_heeded(
    supply: Supply, cast: dict[str, Staff], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supply(203_164_000, 203_164_999, "test")
    make_numbers([BACK])
    flows.quarantined([BACK])
    look = source.look

    def slow(*asked: Any) -> Any:
        found = look(*asked)
        flows.hold(BACK, "appeal", "A-1", actor=cast["officer"])
        return found

    monkeypatch.setattr("accounts.allocation.effects.look", slow)
    with time_machine.travel(timezone.now() + 400 * DAY):
        flows.cleared(tmp_path, [BACK])
        flows.released()
        done = allocate(wish(count=2), actor=cast["resources"], reason=WHY)
        assert len(done) == 2 and BACK not in {one.number for one in done}
        assert [one.at for one in done] == [0, 1]
        assert holds.held([Hold.objects.get().tenure_id]) and flows.state(BACK) == "available"
        assert broken() == []
