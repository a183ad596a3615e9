"""Where numbers come from: recycled ones first, else the cursors of the ranges that are open (DESIGN §3).

Nobody waits for anybody as long as one of a range's cursors is free. Cursors are looked up by their keys in an order
of chance: sorting them all would read each version that an old snapshot keeps.
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

# Is the range `r` open to this channel, at this price?
OPEN = (
    "r.state = 'available' AND (r.opens_on IS NULL OR r.opens_on <= %(today)s)"
    " AND (r.channels = '{{}}' OR {channel} = ANY(r.channels)) AND (r.price IS NULL OR r.price <= {price})"
)
# The rest of the transaction finds numbers by key: by the usual costs a chunk of thousands scans them all.
BY_KEY = "set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"

_AVAILABLE = f"""SELECT n.id FROM accounts_number n
      WHERE n.lifecycle = 'available' AND n.id >= {{low}} AND n.id < {{high}}
      AND n.tier BETWEEN %(low)s AND %(high)s AND n.protection = '' AND NOT {HELD}
      ORDER BY n.id LIMIT %(count)s FOR NO KEY UPDATE SKIP LOCKED"""

_OPEN = f"""SELECT r.id, lower(r.numbers) AS first, upper(r.numbers) AS beyond, r.multiplier, r."offset"
  FROM accounts_numberrange r
  WHERE r.pool = %(pool)s AND {OPEN.format(channel="%(channel)s", price="%(price)s::integer")} ORDER BY r.numbers"""

# From somewhere in the range to its end, then from its beginning: at the lowest free one all would meet.
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
    """The cursors that are left are in others' hands: begin anew, and wait for all of them before taking anything."""


class Short(Invalid):
    """There are not as many as are wanted. `passed`: cursors, and how far each has met nothing for the pool."""

    def __init__(self, why: str, passed: dict[int, int] | None = None) -> None:
        super().__init__(why)
        self.passed = passed or {}


def look(pool: str, terms: Terms, count: int) -> tuple[list[Range], list[int]]:
    """The ranges that are open to such a registration, and recycled numbers in them, locked."""
    low, high = HANDING[Pool(pool)].tiers or (1, 0)
    more = {"now": timezone.now(), "low": low, "high": high, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, _asked(pool, terms) | more)
        ranges, recycled, *_set = cursor.fetchone()
    if not ranges:
        raise Short(_("No range of this pool is open to this channel on such terms."))
    return [Range(*row) for row in ranges], recycled or []


def one_cursor(ranges: Sequence[Range], *, wait: bool) -> Cursor | None:
    """A cursor that nobody has in hand; with `wait` any one, for which this waits: only while nothing else is held."""
    slots = random.sample(range(SLOTS), 1 if wait else SLOTS)  # nosec B311  # to be out of each other's way
    if not wait:
        return next(iter(_cursors(_FREE.format(skip="SKIP LOCKED"), ranges, slots)), None)
    by_key = sorted(ranges, key=lambda one: one.pk)  # one that turns out to be at its end stays locked
    return next(iter(_cursors(_FREE.format(skip=""), by_key, slots)), None)


def all_cursors(wanted: Iterable[tuple[str, Terms]]) -> list[Cursor]:
    """Every cursor with anything left that numbers of these pools come from on such terms, by one statement in the
    order of their keys: those who wait for all of them before they take anything do not lock each other."""
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
    """Let cursors move past stretches without a number for their pool: nobody need walk there again."""
    with connection.cursor() as cursor:
        cursor.execute(_PASS_BY, {"cursors": sorted(passed), "nexts": [passed[pk] for pk in sorted(passed)]})
