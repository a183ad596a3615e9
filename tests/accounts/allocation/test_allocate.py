"""Handing numbers out of a pool: by cursors, recycled ones first, all or nothing."""

from collections.abc import Callable

import pytest

from accounts.allocation import effects
from accounts.allocation.requested_numbers import judge
from accounts.allocation.services import allocate
from accounts.models import Identity, Number, NumberRange, RangeTally, Tenure
from accounts.resources.queries import fineness
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, holder, passed, terms, walked, wish
from tests.cast import make_numbers
from tests.enforcement.acts import broken, head, verbs

Supply = Callable[..., NumberRange]
pytestmark = pytest.mark.usefixtures("english")


def rows(first: int, last: int) -> list[tuple[str, int, int]]:
    found = Number.objects.filter(pk__range=(first, last)).select_related("tenure")
    return [(n.lifecycle, n.tier, n.tenure.seq if n.tenure else 0) for n in found.order_by("pk")]


def test_a_number_is_handed_out_and_its_tenure_opened_with_history_and_one_event(
    supply: Supply, resources: Staff
) -> None:
    supply(203_164_000, 203_164_999, "test")
    before = head()
    (one,) = allocate(wish(), actor=resources, reason=WHY, ticket="T-1")
    assert verbs(before) == ["number.allocated"]
    number = Number.objects.select_related("tenure").get(pk=one.number)
    tenure = number.tenure
    assert tenure is not None and tenure.pk == one.tenure
    assert (number.lifecycle, tenure.seq, tenure.channel, tenure.acceptance) == ("allocated", 1, "web", "explicit")
    assert (tenure.paid, tenure.order_ref, tenure.price, tenure.paid_until) == (False, None, None, None)
    event = Event.objects.latest("seq")
    assert event.facts == {"channel": "web", "pool": "test", "n": 1}
    assert (event.subject_label, event.ticket, event.actor) == (str(one.number), "T-1", resources)
    assert event.rows == {"accounts_historicalnumber": 1, "accounts_historicaltenure": 1}
    assert [h.history_type for h in number.history.all()] == [h.history_type for h in tenure.history.all()] == ["+"]
    assert broken() == []


def test_a_set_is_handed_out_once_each_and_the_public_pool_gives_nothing_premium(
    supply: Supply, resources: Staff
) -> None:
    found = supply(203_164_000, 203_164_999)
    done = allocate(
        wish("public", 150, holders=[holder(k) for k in range(1, 151)]), actor=resources, reason=WHY
    )  # more than one cursor has
    numbers = [one.number for one in done]
    assert len(set(numbers)) == 150 and all(found.first <= n <= found.last for n in numbers)
    assert set(Number.objects.filter(pk__in=numbers).values_list("lifecycle", flat=True)) == {"allocated"}
    assert max(Number.objects.filter(pk__in=numbers).values_list("tier", flat=True)) <= 1
    assert Identity.objects.count() == 150
    assert sum(RangeTally.objects.values_list("n", flat=True)) == 150
    assert broken() == []


def test_recycled_numbers_go_first_with_the_next_tenure_and_nothing_of_the_last_holder(
    supply: Supply, resources: Staff
) -> None:
    found = supply(203_164_000, 203_164_999, "test")
    make_numbers([203_164_111], "available")
    make_numbers([203_164_222], "available", protection="vip")
    make_numbers([203_164_333], "available", legal_hold=True)
    done = allocate(wish(count=2), actor=resources, reason=WHY)
    assert done[0].number == 203_164_111 and done[1].number not in (203_164_222, 203_164_333)
    assert [h.history_type for h in Number.history.filter(id=203_164_111).order_by("history_id")] == ["+", "~"]
    *passed_over, last = walked(found)  # by chance there are some: those three, or too fine for the pool
    assert last == done[1].number
    assert all(n in (203_164_111, 203_164_222, 203_164_333) or fineness(n)[0] == 3 for n in passed_over)
    assert broken() == []


def test_an_exhausted_range_is_refused_whole_and_its_cursors_do_not_walk_there_again(
    supply: Supply, resources: Staff
) -> None:
    small = supply(203_164_160, 203_164_169)
    fit = [n for n in judge(range(small.first, small.last + 1), [terms()] * 10) if not n.why]
    before = head()
    with pytest.raises(Invalid, match=f"at most {len(fit)} such numbers left: open another range. Nothing was"):
        allocate(wish("public", 10, holders=[holder(k) for k in range(1, 11)]), actor=resources, reason=WHY)
    assert (verbs(before), Tenure.objects.count(), Number.objects.count()) == ([], 0, 0)
    assert passed(small.pk) == 0 or passed(small.pk) == 10 - len(fit)
    allocate(wish("public", len(fit), holders=[holder(k) for k in range(1, len(fit) + 1)]), actor=resources, reason=WHY)
    with pytest.raises(Invalid, match="at most 0 such numbers left"):
        allocate(wish("public", holders=[holder()]), actor=resources, reason=WHY)
    assert passed(small.pk) == 10
    assert broken() == []


def test_a_set_goes_on_in_the_next_range_and_closed_ranges_give_nothing(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_019, "test", state="pre_release")
    supply(203_164_100, 203_164_119, "test", channels=("sms",))
    supply(203_164_200, 203_164_219, "test", price=500)
    with pytest.raises(Invalid, match="No range of this pool is open"):
        allocate(wish(), actor=resources, reason=WHY)
    supply(203_164_300, 203_164_309, "test")
    supply(203_164_400, 203_164_409, "test")
    done = allocate(wish(count=12), actor=resources, reason=WHY)
    assert all(203_164_300 <= one.number < 203_164_410 for one in done)
    (paid,) = allocate(wish(terms=terms("sms")), actor=resources, reason=WHY)
    assert 203_164_100 <= paid.number < 203_164_420


def test_who_may_not_or_asks_for_too_many_or_from_what_is_set_aside_gets_nothing(
    supply: Supply, resources: Staff, officer: Staff, settings: object
) -> None:
    supply(203_164_000, 203_164_999, "reserved")
    before = head()
    with pytest.raises(Refused, match="may not allocate"):
        allocate(wish(), actor=officer, reason=WHY)
    with pytest.raises(Invalid, match="set aside"):
        allocate(wish("reserved"), actor=resources, reason=WHY)
    with pytest.raises(Invalid, match="10000 numbers at once"):
        allocate(wish(count=10_001), actor=resources, reason=WHY)
    with pytest.raises(Invalid, match="reason"):
        allocate(wish(), actor=resources, reason="x")
    assert verbs(before) == ["audit.refused"] and not Tenure.objects.exists()


def test_a_long_stretch_without_a_number_for_the_pool_is_left_and_the_next_try_goes_on_from_there(
    supply: Supply, resources: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = supply(284_911_600, 284_911_899, "premium")  # long enough that a walk surely ends before a number
    fine = {n for n in range(bare.first, bare.last + 1) if fineness(n)[0] in (2, 3)}
    monkeypatch.setattr(effects, "WALK_MAX", 6)
    monkeypatch.setattr(effects, "WINDOW_MAX", 3)
    got: set[int] = set()
    tries = 0
    while len(got) < len(fine):
        tries += 1
        assert tries < 500
        try:
            got |= {one.number for one in allocate(wish("premium", holders=[holder()]), actor=resources, reason=WHY)}
        except Invalid as error:
            assert "try again" in str(error)
    assert got == fine and tries > len(fine)
    assert Number.objects.count() == len(fine) and broken() == []
