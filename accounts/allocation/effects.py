"""Take numbers and open a tenure on each, with one statement for a set of any size."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import IntegrityError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.allocation.supply import Contended, Cursor, Range, Short, look, one_cursor
from accounts.allocation.terms import Terms
from accounts.models import Number, Registration, Tenure
from accounts.premium.policy import FUNCTION
from accounts.quarantine.queries import HELD
from accounts.resources.policy import HANDING, Pool
from qqops.audit import recorder
from qqops.core.errors import Invalid

WINDOW_MAX = 20_000  # positions of a cursor in one statement
WALK_MAX = 500_000  # positions in one act, so that a range with few numbers for the pool is not walked for hours


class Opened(NamedTuple):
    """An opened tenure: its number, its key, and the index of its terms."""

    number: int
    tenure: int
    at: int


# `free` has the numbers to take: k (the position of the terms), id, tier, tenure (its key), seq, since (the earliest
# start of the tenure).
_WALK = f"""
met AS MATERIALIZED (
  SELECT w.i, w.id, {FUNCTION}(w.id) AS tier FROM (
    SELECT g.i, %(first)s::bigint + (%(multiplier)s::bigint * g.i + %(offset)s::bigint) %% %(size)s::bigint AS id
    FROM generate_series(%(next)s::bigint, %(upto)s::bigint - 1) g(i)) w),
free AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY f.i) AS k, f.i, f.id, f.tier, nextval('accounts_tenure_id_seq') AS tenure,
    1 AS seq, NULL::timestamptz AS since
  FROM (SELECT m.* FROM met m WHERE m.tier BETWEEN %(low)s AND %(high)s
    AND NOT EXISTS (SELECT FROM accounts_number n WHERE n.id = m.id) ORDER BY m.i LIMIT %(count)s) f),
moved AS (
  UPDATE accounts_rangecursor c SET next = p.next FROM (
    SELECT CASE WHEN count(*) = %(count)s THEN max(f.i) + 1 ELSE %(upto)s END AS next FROM free f) p
  WHERE c.id = %(cursor)s RETURNING c.next)"""

_NAMED = f"""
free AS MATERIALIZED (
  SELECT g.k, g.id, {FUNCTION}(g.id) AS tier, nextval('accounts_tenure_id_seq') AS tenure, 1 AS seq,
    NULL::timestamptz AS since
  FROM unnest(%(numbers)s::bigint[]) WITH ORDINALITY g(id, k))"""

# A number with a row had another holder or was not available before, so the tenure starts now: ignore backdating.
_RECYCLED = """
free AS MATERIALIZED (
  SELECT g.k, g.id, nextval('accounts_tenure_id_seq') AS tenure, l.seq, %(now)s::timestamptz AS since
  FROM unnest(%(numbers)s::bigint[]) WITH ORDINALITY g(id, k), LATERAL (
    SELECT coalesce(max(t.seq), 0) + 1 AS seq FROM accounts_tenure t WHERE t.number_id = g.id) l)"""

_INSERT = """
number AS (
  INSERT INTO accounts_number (id, lifecycle, tier, tenure_id, legal_hold, protection, reclaim_exempt_reason, revision)
  SELECT f.id, 'allocated', f.tier, f.tenure, false, '', '', 0 FROM free f ORDER BY f.id
  ON CONFLICT (id) DO NOTHING RETURNING *)"""

# Clear what concerns the right of use of the previous holder. Check holds again: one may have been placed while the
# statement waited for the row.
_UPDATE = f"""
number AS (
  UPDATE accounts_number n SET lifecycle = 'allocated', tenure_id = f.tenure, frozen_until = NULL,
    restricted_until = NULL, reclaim_exempt_reason = '', terminated_at = NULL, terminated_under = NULL, due_at = NULL,
    revision = n.revision + 1
  FROM free f WHERE n.id = f.id AND n.lifecycle = 'available' AND NOT {HELD} RETURNING n.*)"""

_OPEN = """
WITH terms AS (
  SELECT * FROM unnest(%(channels)s::varchar[], %(references)s::varchar[], %(paid)s::boolean[], %(orders)s::varchar[],
    %(prices)s::integer[], %(until)s::timestamptz[], %(rules)s::bigint[], %(acceptances)s::varchar[],
    %(moments)s::timestamptz[]) WITH ORDINALITY
    t(channel, reference, paid, order_ref, price, paid_until, rules, acceptance, at, k)),
{free},
{number},
number_history AS ({number_history}),
tenure AS (
  INSERT INTO accounts_tenure (id, number_id, seq, channel, channel_ref, paid, paid_until, order_ref, price,
    rules_version_id, acceptance, started_at)
  SELECT n.tenure_id, n.id, f.seq, t.channel, t.reference, t.paid, t.paid_until, t.order_ref, t.price, t.rules,
    t.acceptance, greatest(t.at, f.since)
  FROM number n JOIN free f ON f.id = n.id JOIN terms t ON t.k = CASE WHEN %(alike)s THEN 1 ELSE f.k END
  RETURNING *),
tenure_history AS ({tenure_history})
SELECT array_agg(n.id ORDER BY f.k), array_agg(n.tenure_id ORDER BY f.k), array_agg(f.k ORDER BY f.k), {told}
FROM number n JOIN free f ON f.id = n.id"""


@cache
def _sql(kind: str) -> str:
    free, number, history, told = {
        "walk": (_WALK, _INSERT, recorder.CREATED, "(SELECT next FROM moved), (SELECT min(i) FROM free)"),
        "named": (_NAMED, _INSERT, recorder.CREATED, "NULL, NULL"),
        "recycled": (_RECYCLED, _UPDATE, recorder.CHANGED, "NULL, NULL"),
    }[kind]
    return _OPEN.format(
        free=free,
        number=number,
        told=told,
        number_history=recorder.history_insert(Number, history, source="number live"),
        tenure_history=recorder.history_insert(Tenure, recorder.CREATED, source="tenure live"),
    )


# A unique constraint on the registration id keeps a registration from opening a second tenure.
_REGISTERED = """
INSERT INTO accounts_registration (event, registration_id, tenure_id, registered_at)
SELECT %(pen_event)s, r.* FROM unnest(%(ids)s::varchar[], %(tenures)s::bigint[], %(moments)s::timestamptz[]) r"""


class Taking:
    """The numbers that one act takes, one for each of the terms. `opened` has the tenures opened so far.

    `cursors`: the cursors that the act locked before it took anything, or None to lock free ones as needed.
    """

    def __init__(self, act: recorder.Act, terms: Sequence[Terms], cursors: list[Cursor] | None = None) -> None:
        self.act, self.terms, self.cursors = act, terms, cursors
        self.opened: list[Opened] = []

    def named(self, numbers: Sequence[int], wanted: Sequence[int], *, recycled: bool) -> None:
        """Take these numbers, each for the terms at the same position of `wanted`. Skip one that was taken or held."""
        if numbers:
            more = {"numbers": list(numbers), "now": timezone.now()}
            self._open("recycled" if recycled else "named", wanted, more)

    def from_pool(self, pool: str, wanted: Sequence[int]) -> None:
        """Take a number of the pool for the terms at each of these indexes. The same ranges are open to all of them.

        Raises Contended if it would have to wait, and Short if there are too few numbers.
        """
        ranges, recycled = look(pool, self.terms[wanted[0]], len(wanted))
        walk = _Walk(self, pool, ranges)
        so_far = len(self.opened)
        self.named(recycled, wanted[: len(recycled)], recycled=True)
        got = {one.at for one in self.opened[so_far:]}
        walk.take([place for place in wanted if place not in got])

    def name(self, registrations: Sequence[str]) -> None:
        """Record the registration of each opened tenure. Raises Invalid if a registration has a tenure already."""
        given = {
            "ids": [registrations[one.at] for one in self.opened],
            "tenures": [one.tenure for one in self.opened],
            "moments": [self.terms[one.at].at for one in self.opened],
        }
        try:
            with connection.cursor() as cursor:
                cursor.execute(_REGISTERED, self.act.params | given)
        except IntegrityError as clash:
            if "registration_id" not in str(clash):
                raise
            raise Invalid(_("This registration has its number already.")) from None
        self.act.wrote(Registration, rows=len(self.opened))

    def _open(self, kind: str, wanted: Sequence[int], more: dict[str, Any]) -> tuple[Any, Any]:
        with connection.cursor() as cursor:
            cursor.execute(_sql(kind), self.act.params | _columns([self.terms[at] for at in wanted]) | more)
            numbers, tenures, places, next_one, first_free = cursor.fetchone()
        for number, tenure, place in zip(numbers or (), tenures or (), places or (), strict=True):
            self.opened.append(Opened(number, tenure, wanted[place - 1]))
        if numbers:
            self.act.wrote(recorder.history_model(Number), recorder.history_model(Tenure), rows=len(numbers))
        return next_one, first_free


class _Walk:
    """A walk along the cursors of the ranges of a pool.

    It follows the permutation of each range and skips numbers that have a row or that the pool does not hand out.
    """

    def __init__(self, taking: Taking, pool: str, ranges: list[Range]) -> None:
        self.taking, self.ranges = taking, ranges
        self.before = len(taking.opened)  # tenures that the act opened before this walk
        self.cursors: list[Cursor] | None = None
        if taking.cursors is not None:
            order = {one.pk: at for at, one in enumerate(ranges)}
            open_ones = [one for one in taking.cursors if one.range.pk in order and one.next < one.end]
            self.cursors = sorted(open_ones, key=lambda one: order[one.range.pk])
        self.low, self.high = HANDING[Pool(pool)].tiers or (1, 0)
        self.passed: dict[int, int] = {}  # cursor → position up to which it met no number for the pool
        self.met = 0

    def take(self, wanted: list[int]) -> None:
        while wanted:
            cursor = self._cursor(last=wanted)
            window, done = 0, False
            while wanted and cursor.next < cursor.end:
                if self.met > WALK_MAX:
                    raise self._short(over=False)
                window = min(max(len(wanted) + len(wanted) // 2 + 4, 2 * window), WINDOW_MAX)
                wanted, done = self._step(cursor, wanted, window, done)

    def _step(self, at: Cursor, wanted: list[int], window: int, done: bool) -> tuple[list[int], bool]:
        """Take from one window of the cursor. Return the remaining indexes, and True once it met a free number."""
        upto = min(at.next + window, at.end)
        so_far = len(self.taking.opened)
        next_one, first_free = self.taking._open("walk", wanted, {
            "cursor": at.pk, "first": at.range.first, "size": at.range.size, "multiplier": at.range.multiplier,
            "offset": at.range.offset, "next": at.next, "upto": upto, "count": len(wanted), "low": self.low,
            "high": self.high,
        })  # fmt: skip
        self.met += next_one - at.next
        if not done:
            self.passed[at.pk] = upto if first_free is None else first_free
        at.next = next_one
        got = {one.at for one in self.taking.opened[so_far:]}
        return [place for place in wanted if place not in got], done or first_free is not None

    def _cursor(self, last: list[int]) -> Cursor:
        if self.cursors is not None:
            if not self.cursors:
                raise self._short(over=True)
            return self.cursors.pop(0)
        found = one_cursor(self.ranges, wait=False)
        if found is None and not self.met and not self.taking.opened:
            found = one_cursor(self.ranges, wait=True)
        if found is None:
            raise Contended
        return found

    def _short(self, *, over: bool) -> Short:
        """Return the error. It passes no positions on if the act had opened tenures before.

        The rollback frees those numbers again, so no cursor may move past them.
        """
        if over:
            text = _("This pool has at most %(n)d such numbers left: open another range.")
        else:
            text = _("Among the next numbers only %(n)d are for this pool: try again.")
        found = len(self.taking.opened) - self.before
        return Short(text % {"n": found}, {} if self.before else self.passed)


def _columns(terms: Sequence[Terms]) -> dict[str, Any]:
    """Return the terms as columns, with a single row if all are the same object."""
    alike = all(one is terms[0] for one in terms)
    rows = terms[:1] if alike else terms
    return {
        "alike": alike,
        "channels": [one.channel for one in rows],
        "references": [one.reference for one in rows],
        "paid": [one.charge is not None for one in rows],
        "orders": [one.charge.order if one.charge else None for one in rows],
        "prices": [one.price for one in rows],
        "until": [one.charge.until if one.charge else None for one in rows],
        "rules": [one.rules.pk for one in rows],
        "acceptances": [one.acceptance for one in rows],
        "moments": [one.at for one in rows],
    }
