"""How full ranges and pools are: sums that fit what is there, at the same cost with ten numbers and with many."""

import itertools
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.lifecycle import L
from accounts.models import Number, NumberRange, RangeCursor, RangeTally
from accounts.resources.queries import density_of, fineness, free_number, range_of, use_of, use_of_pools
from accounts.resources.services import numbers, ranges
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.supply import carry_out, open_range

pytestmark = pytest.mark.django_db
Supply = Callable[..., NumberRange]
FIRST = 284_000_000
SCANNED = re.compile(r"(?:Scan|Scan using \w+) on (accounts_\w+)")


def test_a_range_says_what_is_held_and_at_most_how_much_is_left(cast: dict[str, Staff], supply: Supply) -> None:
    opened = supply(FIRST, FIRST + 999)
    empty = use_of([opened.pk])[opened.pk]
    assert (empty.size, empty.held, empty.left, empty.without_row, empty.share) == (1000, 0, 1000, 1000, 0)
    make_numbers([FIRST + 1, FIRST + 2], "in_use")
    make_numbers([FIRST + 3], "terminated")
    make_numbers([FIRST + 4, FIRST + 5], "available")  # came back from quarantine
    RangeCursor.objects.filter(range=opened, slot=0).update(next=10)
    RangeCursor.objects.filter(range=opened, slot=15).update(next=1000)
    use = use_of([opened.pk])[opened.pk]
    assert use.rows == {"in_use": 2, "terminated": 1, "available": 2}
    assert (use.held, use.share, use.without_row) == (3, 0.003, 995)
    assert use.left == 1000 - 10 - 63 + 2


def test_a_pool_sums_its_ranges_and_what_is_left_in_the_open_ones(cast: dict[str, Staff]) -> None:
    open_range(cast, FIRST, FIRST + 999)
    open_range(cast, FIRST + 1000, FIRST + 2999, state="pre_release")
    open_range(cast, FIRST + 3000, FIRST + 3009, "premium", state="reserved")
    make_numbers([FIRST + 1], "in_use")
    make_numbers([FIRST + 1001, FIRST + 1002], "allocated")
    make_numbers([FIRST + 3003], "available")
    found = {one.pool.value: (one.ranges, one.use.size, one.use.held, one.use.left) for one in use_of_pools()}
    assert found == {"public": (2, 3000, 3, 1000), "premium": (1, 10, 0, 0)}
    assert [one.pool for one in use_of_pools()] == ["public", "premium"]


def test_a_range_of_ten_thousand_million_answers_and_its_last_number_has_a_place(cast: dict[str, Staff]) -> None:
    large = open_range(cast, 20_000_000_000, 29_999_999_999)
    use = use_of([large.pk])[large.pk]
    assert (use.size, use.left) == (10**10, 10**10)
    assert range_of(29_999_999_999) == large
    assert range_of(30_000_000_000) is None
    density = density_of(large)
    assert (density.looked_at, density.exact) == (1000, False)
    assert 0 < density.share < 0.3


def test_the_density_of_a_short_range_is_exact_and_of_a_long_one_close(db: None) -> None:
    with connection.cursor() as cursor:
        for size, multiplier in ((1, 1), (10, 3), (1000, 7), (100_000, 48_271)):
            made = NumberRange(numbers=NumericRange(FIRST, FIRST + size), multiplier=multiplier, offset=size // 3)
            cursor.execute(
                "SELECT avg((accounts_tier(n) >= 2)::int)::float FROM generate_series(%s::bigint, %s::bigint) n",
                [FIRST, FIRST + size - 1],
            )
            (true,) = cursor.fetchone()
            found = density_of(made)
            assert found.exact == (size <= 1000)
            assert found.share == pytest.approx(true, abs=0 if found.exact else 0.03)


def test_a_free_number_is_what_its_range_is_and_its_digits_are(supply: Supply) -> None:
    opened = supply(FIRST, FIRST + 999_999, state="pre_release")
    found = free_number(284_333_888)
    assert found is not None
    assert (found.range, found.tier, found.patterns[0]) == (opened, 3, "ends in AAABBB")
    assert free_number(FIRST - 1) is None
    assert fineness(284_917_059) == (0, [])


def tables_read(pk: int) -> list[str]:
    """What every statement of a report reads, by its plan."""
    with CaptureQueriesContext(connection) as captured:
        use_of([pk])
        use_of_pools()
        density_of(NumberRange.objects.get(pk=pk))
        range_of(FIRST)
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            cursor.execute("EXPLAIN (COSTS OFF) " + query["sql"])
            found.append(" ".join(sorted(set(SCANNED.findall("\n".join(line for (line,) in cursor.fetchall()))))))
    return found


def test_a_report_reads_no_number_whether_there_are_ten_or_a_hundred_thousand(supply: Supply) -> None:
    """What it reads besides is a row for each range and lifecycle, and those of a few minutes."""
    opened = supply(FIRST, FIRST + 999_999)
    make_numbers(range(FIRST, FIRST + 10), "reserved")
    few, differences = tables_read(opened.pk), RangeTally.objects.count()
    make_numbers(range(FIRST + 10, FIRST + 100_000), "reserved")
    assert use_of([opened.pk])[opened.pk].rows == {"reserved": 100_000}
    assert tables_read(opened.pk) == few
    assert set(" ".join(few).split()) == {"accounts_numberrange", "accounts_rangecursor", "accounts_rangetally"}
    assert RangeTally.objects.count() == differences + 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["take", "reserve", "release", "retire", "add_up"]), st.integers(0, 39), st.integers(1, 6)
    ),
    max_size=12,
)
STEPS = {"reserve": "reserved", "release": "pre_release", "retire": "retired"}
_fresh = itertools.count(0)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_happens_to_numbers_the_tally_is_what_there_is(cast: dict[str, Staff], acts: list[Any]) -> None:
    first = FIRST + 1000 * next(_fresh)  # the examples of one test share its transaction
    two = [open_range(cast, first, first + 19), open_range(cast, first + 20, first + 29, state="reserved")]
    for act, at, count in acts:
        chosen = range(first + at, first + at + count)
        if act == "take":
            known = set(Number.objects.filter(pk__in=chosen).values_list("pk", flat=True))
            make_numbers([n for n in chosen if n not in known], "in_use")
        elif act == "add_up":
            ranges.add_up()
        else:
            with suppress(Invalid):  # beyond the ranges, held, or no such move: nothing was done
                carry_out(numbers.moved(chosen, STEPS[act]), cast["resources"], cast["supervisor"])
    for one in two:
        rows = Number.objects.filter(pk__gte=one.first, pk__lte=one.last).values_list("lifecycle")
        there = dict(rows.annotate(n=Count("pk")))
        use = use_of([one.pk])[one.pk]
        assert use.rows == there
        assert use.held == there.get(L.IN_USE, 0)
