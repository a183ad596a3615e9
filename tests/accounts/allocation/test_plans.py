"""However many numbers there are, those that are handed out are reached by key: plans, not times."""

from collections.abc import Callable

import pytest

from accounts.allocation.services import allocate
from accounts.models import NumberRange
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, wish
from tests.cast import make_numbers
from tests.enforcement.runs.test_plans import analyze, scans


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 100])
def test_neither_recycled_numbers_nor_a_cursors_walk_scan_the_numbers(
    supply: Callable[..., NumberRange], resources: Staff, count: int
) -> None:
    supply(203_100_000, 203_199_999, "test")
    make_numbers(range(203_100_000, 203_110_000))
    make_numbers(range(203_120_000, 203_120_000 + count + count // 2), "available")
    analyze()
    with scans() as found:
        named = allocate(wish(numbers=(203_115_001,)), actor=resources, reason=WHY)
        recycled = allocate(wish(count=count), actor=resources, reason=WHY)
        mixed = allocate(wish(count=count), actor=resources, reason=WHY)
    assert found == set()
    assert [one.number for one in named] == [203_115_001]
    assert all(203_120_000 <= one.number < 203_120_200 for one in recycled)
    assert any(not 203_120_000 <= one.number < 203_120_200 for one in mixed)
