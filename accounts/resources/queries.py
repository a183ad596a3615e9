"""Reports on the use of number resources (preamble ¶1): use of ranges and pools, and their share of premium numbers.

The reports sum the tally and the cursors and never count numbers: a range of 10^10 takes no longer than a range of ten.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection

from accounts.lifecycle import HELD, PREMIUM_FROM_TIER, L
from accounts.models import NumberRange
from accounts.premium.policy import FUNCTION, PATTERNS, reasons_sql
from accounts.resources.policy import Pool

SAMPLE = 1_000  # numbers of a range that are examined for its density
_LABELS = {one.code: one.label for one in PATTERNS}

_RANGES = """
SELECT r.id, upper(r.numbers) - lower(r.numbers), c.ahead, coalesce(t.rows, '{}'::jsonb)
FROM accounts_numberrange r
CROSS JOIN LATERAL (SELECT coalesce(sum(k."end" - k.next), 0)::bigint AS ahead
  FROM accounts_rangecursor k WHERE k.range_id = r.id) c
CROSS JOIN LATERAL (SELECT jsonb_object_agg(x.lifecycle, x.n) AS rows FROM (
  SELECT a.lifecycle, sum(a.n) AS n FROM accounts_rangetally a WHERE a.range_id = r.id GROUP BY 1) x) t
WHERE r.id = ANY(%(ranges)s)"""

_POOLS = """
WITH ahead AS (SELECT range_id, sum("end" - next) AS n FROM accounts_rangecursor GROUP BY 1),
tally AS (SELECT range_id, lifecycle, sum(n) AS n FROM accounts_rangetally GROUP BY 1, 2),
rows AS (
  SELECT r.pool, t.lifecycle, sum(t.n) AS n, sum(t.n) FILTER (WHERE r.state = 'available') AS open
  FROM tally t JOIN accounts_numberrange r ON r.id = t.range_id GROUP BY 1, 2),
pools AS (
  SELECT r.pool, count(*) AS ranges, sum(upper(r.numbers) - lower(r.numbers)) AS size,
    sum(a.n) FILTER (WHERE r.state = 'available') AS ahead
  FROM accounts_numberrange r LEFT JOIN ahead a ON a.range_id = r.id GROUP BY 1)
SELECT p.pool, p.ranges, p.size::bigint, coalesce(p.ahead, 0)::bigint,
  coalesce((SELECT w.open FROM rows w WHERE w.pool = p.pool AND w.lifecycle = 'available'), 0)::bigint,
  coalesce((SELECT jsonb_object_agg(w.lifecycle, w.n) FROM rows w WHERE w.pool = p.pool), '{}'::jsonb)
FROM pools p"""

# Samples the start of the permutation. The multiplier is coprime to the size, so the last digits are spread evenly.
_DENSITY = """
SELECT count(*), count(*) FILTER (WHERE {tier}(%(first)s::bigint + (%(multiplier)s::bigint * i + %(offset)s)
  %% %(size)s::bigint) >= %(fine)s)
FROM generate_series(0::bigint, %(sample)s::bigint - 1) i"""


@dataclass(frozen=True)
class Use:
    """The use of a range or of a pool.

    `left` is an upper bound: a number ahead of the cursors may already have a row, or a tier that its pool does not
    hand out. It includes recycled numbers.
    """

    size: int
    ahead: int  # numbers that the cursors have not reached
    rows: dict[str, int] = field(default_factory=dict)  # lifecycle → numbers that have a row
    back: int = 0  # recycled numbers, available again

    @property
    def held(self) -> int:
        return sum(self.rows.get(state, 0) for state in HELD)

    @property
    def left(self) -> int:
        return min(self.ahead + self.back, self.size - self.held)

    @property
    def without_row(self) -> int:
        return self.size - sum(self.rows.values())

    @property
    def share(self) -> float:
        """Return the share of its numbers that are held."""
        return self.held / self.size


@dataclass(frozen=True)
class PoolUse:
    pool: Pool
    ranges: int
    use: Use  # `left` counts only the available ranges


@dataclass(frozen=True)
class Density:
    looked_at: int
    premium: int
    exact: bool  # every number was examined

    @property
    def share(self) -> float:
        return self.premium / self.looked_at


@dataclass(frozen=True)
class FreeNumber:
    """A number without a row. It has the state of its range and the tier of its digits."""

    number: int
    range: NumberRange
    tier: int
    patterns: list[str]


def use_of(ranges: Collection[int]) -> dict[int, Use]:
    """Return the use of these ranges by their keys."""
    with connection.cursor() as cursor:
        cursor.execute(_RANGES, {"ranges": list(ranges)})
        return {
            pk: Use(size, ahead, rows := _counted(found), rows.get(L.AVAILABLE, 0))
            for pk, size, ahead, found in cursor.fetchall()
        }


def use_of_pools() -> list[PoolUse]:
    """Return the use of every pool that has a range, in the order of `Pool`."""
    with connection.cursor() as cursor:
        cursor.execute(_POOLS)
        found = {
            pool: PoolUse(Pool(pool), ranges, Use(size, ahead, _counted(rows), back))
            for pool, ranges, size, ahead, back, rows in cursor.fetchall()
        }
    return [found[pool] for pool in Pool if pool in found]


def density_of(range: NumberRange) -> Density:
    """Count the premium numbers among all numbers of a small range, or in a sample of SAMPLE from its permutation."""
    looked_at = min(SAMPLE, range.size)
    given = {
        "first": range.first,
        "multiplier": range.multiplier,
        "offset": range.offset,
        "size": range.size,
        "sample": looked_at,
        "fine": PREMIUM_FROM_TIER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DENSITY.format(tier=FUNCTION), given)
        looked_at, premium = cursor.fetchone()
    return Density(looked_at, premium, exact=looked_at == range.size)


def range_of(number: int) -> NumberRange | None:
    return NumberRange.objects.filter(numbers__contains=number).first()


def free_number(number: int) -> FreeNumber | None:
    """Return the number with its range and tier, or None if it is in no range. The caller checks that it has no row."""
    found = range_of(number)
    if found is None:
        return None
    tier, patterns = fineness(number)
    return FreeNumber(number, found, tier, patterns)


def fineness(number: int) -> tuple[int, list[str]]:
    """Return the tier of the digits and the labels of their patterns, in the order of `PATTERNS`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {FUNCTION}(%(number)s), ({reasons_sql()})", {"number": number})
        tier, codes = cursor.fetchone()
    return tier, [str(_LABELS[code]) for code in codes]


def _counted(rows: str) -> dict[str, int]:
    return {state: int(n) for state, n in json.loads(rows).items() if n}
