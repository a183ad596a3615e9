"""The supply of numbers: recycled numbers first, then the cursors of the open ranges.

Allocations do not wait for each other while one of the cursors is free. Cursors are looked up by their keys in random
order: sorting all of them would read every row version that an old snapshot keeps.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.allocation.terms import Terms
from accounts.models.resources import SLOTS
from accounts.quarantine.queries import HELD
from accounts.resources.policy import HANDING, Pool
from qqops.core.errors import Invalid

# The condition that the range `r` is open to this channel at this price.
OPEN = (
    "r.state = 'available' AND (r.opens_on IS NULL OR r.opens_on <= %(today)s)"
    " AND (r.channels = '{{}}' OR {channel} = ANY(r.channels)) AND (r.price IS NULL OR r.price <= {price})"
)
# Make the rest of the transaction find numbers by key: at the default costs a chunk of thousands scans the whole table.
BY_KEY = "set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"

_AVAILABLE = f"""SELECT n.id FROM accounts_number n
      WHERE n.lifecycle = 'available' AND n.id >= {{low}} AND n.id < {{high}}
      AND n.tier BETWEEN %(low)s AND %(high)s AND n.protection = '' AND NOT {HELD}
      ORDER BY n.id LIMIT %(count)s FOR NO KEY UPDATE SKIP LOCKED"""

_OPEN = f"""SELECT r.id, lower(r.numbers) AS first, upper(r.numbers) AS beyond, r.multiplier, r."offset"
  FROM accounts_numberrange r
  WHERE r.pool = %(pool)s AND {OPEN.format(channel="%(channel)s", price="%(price)s::integer")} ORDER BY r.numbers"""

# Start at a random place in the range and wrap around: starting at the lowest number, all would contend for it.
_LOOK = f"""
WITH open AS MATERIALIZED (
  SELECT r.*, r.first + floor(random() * (r.beyond - r.first))::bigint AS at FROM ({_OPEN}) r),
recycled AS MATERIALIZED (
  SELECT n.id FROM open o, LATERAL (
    SELECT id FROM ({_AVAILABLE.format(low="o.at", high="o.beyond")}) later
    UNION ALL
    SELECT id FROM ({_AVAILABLE.format(low="o.first", high="o.at")}) earlier) n LIMIT %(count)s)
SELECT (SELECT array_agg(ARRAY[o.id, o.first, o.beyond - o.first, o.multiplier, o."offset"]) FROM open o),
  (SELECT array_agg(n.id) FROM recycled n), {BY_KEY}"""

_RANGES = f"""SELECT o.id, o.first, o.beyond - o.first, o.multiplier, o."offset" FROM ({_OPEN}) o"""

_FREE = """
SELECT c.id, c.range_id, c.next, c."end"
FROM unnest(%(ranges)s::bigint[]) r(id) CROSS JOIN unnest(%(slots)s::smallint[]) s(slot), LATERAL (
  SELECT c.id, c.range_id, c.next, c."end" FROM accounts_rangecursor c
  WHERE c.range_id = r.id AND c.slot = s.slot AND c.next < c."end" FOR NO KEY UPDATE {skip}) c LIMIT 1"""

_ALL = """
SELECT c.id, c.range_id, c.next, c."end" FROM accounts_rangecursor c
WHERE c.range_id = ANY(%(ranges)s::bigint[]) AND c.next < c."end" ORDER BY c.range_id, c.slot FOR NO KEY UPDATE"""

_PASS_BY = """
WITH passed AS MATERIALIZED (
  SELECT c.id, p.next FROM unnest(%(cursors)s::bigint[], %(nexts)s::bigint[]) p(id, next)
  JOIN accounts_rangecursor c ON c.id = p.id ORDER BY c.range_id, c.slot FOR NO KEY UPDATE OF c)
UPDATE accounts_rangecursor c SET next = greatest(c.next, p.next) FROM passed p WHERE c.id = p.id"""


@dataclass(frozen=True, slots=True)
class Range:
    pk: int
    first: int
    size: int
    multiplier: int
    offset: int


@dataclass(slots=True)
class Cursor:
    pk: int
    range: Range
    next: int
    end: int


class Contended(Exception):
    """Other transactions have locked the remaining cursors. Roll back, lock all cursors first, and try again."""


class Short(Invalid):
    """There are too few numbers. `passed`: cursor → position up to which it met no number for the pool."""

    def __init__(self, why: str, passed: dict[int, int] | None = None) -> None:
        super().__init__(why)
        self.passed = passed or {}


def look(pool: str, terms: Terms, count: int) -> tuple[list[Range], list[int]]:
    """Return the ranges open to such a registration, and up to `count` recycled numbers in them, locked.

    Raises Short if no range is open.
    """
    low, high = HANDING[Pool(pool)].tiers or (1, 0)
    more = {"now": timezone.now(), "low": low, "high": high, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, _asked(pool, terms) | more)
        ranges, recycled, *_set = cursor.fetchone()
    if not ranges:
        raise Short(_("No range of this pool is open to this channel on such terms."))
    return [Range(*row) for row in ranges], recycled or []


def one_cursor(ranges: Sequence[Range], *, wait: bool) -> Cursor | None:
    """Lock and return an unlocked cursor, or None. With `wait`, wait for a random one, if no other lock is held."""
    slots = random.sample(range(SLOTS), 1 if wait else SLOTS)  # nosec B311  # spreads concurrent allocations
    if not wait:
        return next(iter(_cursors(_FREE.format(skip="SKIP LOCKED"), ranges, slots)), None)
    by_key = sorted(ranges, key=lambda one: one.pk)  # a cursor that is at its end after the wait stays locked
    return next(iter(_cursors(_FREE.format(skip=""), by_key, slots)), None)


def all_cursors(wanted: Iterable[tuple[str, Terms]]) -> list[Cursor]:
    """Lock every unfinished cursor of the ranges open to these pools and terms.

    One statement locks them in key order, and before any number is taken, so that waiting transactions cannot deadlock.
    """
    ranges = [one for pool, terms in wanted for one in _ranges(pool, terms)]
    return _cursors(_ALL, ranges, [])


def _ranges(pool: str, terms: Terms) -> list[Range]:
    with connection.cursor() as cursor:
        cursor.execute(_RANGES, _asked(pool, terms))
        return [Range(*row) for row in cursor.fetchall()]


def _asked(pool: str, terms: Terms) -> dict[str, Any]:
    return {"pool": pool, "channel": terms.channel, "price": terms.price, "today": timezone.localdate()}


def _cursors(sql: str, ranges: Sequence[Range], slots: list[int]) -> list[Cursor]:
    by_pk = {one.pk: one for one in ranges}
    with connection.cursor() as cursor:
        cursor.execute(sql, {"ranges": list(by_pk), "slots": slots})
        return [Cursor(pk, by_pk[range_pk], at, end) for pk, range_pk, at, end in cursor.fetchall()]


def pass_by(passed: dict[int, int]) -> None:
    """Advance cursors past stretches that have no number for their pool, so that no later act walks there again."""
    with connection.cursor() as cursor:
        cursor.execute(_PASS_BY, {"cursors": sorted(passed), "nexts": [passed[pk] for pk in sorted(passed)]})
