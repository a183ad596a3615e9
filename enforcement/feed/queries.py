"""The state feed: what each number whose state changed is now, for the systems that let people in (10.1).

It is read off the record and keeps nothing of its own. An event gets its `seq` under the chain lock, without gaps and
in the order of commits, and every change of a number is a row of its history with the id of its event: whoever was told
everything up to a `seq` has missed nothing before it.

What is told is how a number stands when it is read, not how it stood then: number, tenure and measures in one
statement, hence one snapshot, which is never older than the change that brings the number up. Whoever takes over line
after line ends with what is true, also when he begins again further back. Ends are told, so nothing has to be said when
a measure runs out. Nothing here is about a person.
"""

import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet, Subquery
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from enforcement.models import FeedReader
from enforcement.runs import eligibility
from qqops.audit import recorder
from qqops.audit.models import Event

LIMIT = 1_000  # numbers of a page, and events looked through for it
CAP = 1_000  # events looked through to say how far behind somebody is

_HISTORY = recorder.history_model(Number)._meta.db_table
_CHANGES = f"coalesce((e.rows ->> '{_HISTORY}')::int, 0)"  # how many numbers an event changed

# Whole events as long as they fit; the next one alone when it does not.
_UPTO = f"""
SELECT coalesce(max(seq) FILTER (WHERE total <= %(limit)s), min(seq), %(since)s) FROM (
  SELECT e.seq, sum({_CHANGES}) OVER (ORDER BY e.seq) AS total FROM audit_event e
  WHERE e.seq > %(since)s AND e.seq <= %(since)s::bigint + %(limit)s) x"""

# OFFSET keeps the planner from joining whole tables for the few rows of a page.
_STATES = f"""
WITH changed AS MATERIALIZED (
  SELECT h.id AS number, max(e.seq) AS seq
  FROM audit_event e CROSS JOIN LATERAL (SELECT x.id FROM {_HISTORY} x WHERE x.event = e.id OFFSET 0) h
  WHERE e.seq > %(since)s AND e.seq <= %(upto)s AND h.id > %(after)s
  GROUP BY h.id ORDER BY max(e.seq), h.id LIMIT %(most)s)
SELECT c.number, json_build_object('seq', c.seq, 'number', c.number, 'tenure', t.seq, 'state', {eligibility.SHOWN},
  'lifecycle', n.lifecycle,
  'frozen_until', CASE WHEN n.frozen_until > %(now)s THEN n.frozen_until END,
  'restricted_until', CASE WHEN n.restricted_until > %(now)s THEN n.restricted_until END,
  'scopes', measures.scopes, 'freeze_kinds', measures.freeze_kinds)
FROM changed c
CROSS JOIN LATERAL (SELECT x.* FROM accounts_number x WHERE x.id = c.number OFFSET 0) n
LEFT JOIN LATERAL (SELECT x.seq FROM accounts_tenure x WHERE x.id = n.tenure_id OFFSET 0) t ON true
CROSS JOIN LATERAL (
  SELECT coalesce(json_object_agg(r.what, r.until ORDER BY r.what) FILTER (WHERE r.kind = 'restrict'), '{{}}'),
    coalesce(json_object_agg(r.what, r.until ORDER BY r.what) FILTER (WHERE r.kind = 'freeze'), '{{}}')
  FROM (
    SELECT m.kind, w.what, max(coalesce(m.until, %(forever)s)) AS until FROM enforcement_measure m
    CROSS JOIN LATERAL unnest(CASE m.kind WHEN 'freeze' THEN ARRAY[m.freeze_kind] ELSE m.scopes END) AS w(what)
    WHERE {eligibility.OF_HOLDER} GROUP BY m.kind, w.what) r) measures(scopes, freeze_kinds)
ORDER BY c.seq, c.number"""

_LAGS = f"""
SELECT r.name, l.changes, l.events, l.since FROM enforcement_feedreader r CROSS JOIN LATERAL (
  SELECT coalesce(sum(x.changes), 0), count(*), min(x.at) FROM (
    SELECT e.at, {_CHANGES} AS changes FROM audit_event e WHERE e.seq > r.acknowledged AND {_CHANGES} > 0
    ORDER BY e.seq LIMIT {CAP}) x) l(changes, events, since)"""


class Page(NamedTuple):
    """States, and where to go on: after the event `upto`, and of the one that follows it after the number `after`."""

    states: list[dict[str, Any]]
    upto: int
    after: int = 0

    def is_end(self, since: int) -> bool:
        """Was that all there is, asked for from there?"""
        return self.upto == since and not self.after


class Lag(NamedTuple):
    changes: int  # not acknowledged
    more: bool  # at least so many: it was counted no further
    since: datetime.datetime | None  # the oldest of them


def page(since: int, after: int = 0, *, limit: int = LIMIT) -> Page:
    """The next page: whole events up to `limit` changes, each number once and with the last event that changed it.

    An event that changed more than that comes in parts, by number: until its last part `upto` stays where it was. It
    always gets on, also over events that changed no number (a page without states), and costs what a page holds.
    """
    given: dict[str, Any] = {"since": since, "after": after, "limit": limit, "now": timezone.now(), "forever": FOREVER}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {eligibility.BY_KEY}")
        upto = since + 1
        if not after:
            cursor.execute(_UPTO, given)
            (upto,) = cursor.fetchone()
        alone = upto == since + 1
        cursor.execute(_STATES, given | {"upto": upto, "most": limit + 1 if alone else None})
        found = cursor.fetchall()
    if alone and len(found) > limit:
        return Page([state for _number, state in found[:limit]], since, found[limit - 1][0])
    return Page([state for _number, state in found], upto)


def head() -> int:
    """The last `seq` there is."""
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def undelivered() -> QuerySet[Event]:
    """What the reader that is furthest behind has not acknowledged, of events that changed numbers."""
    furthest = FeedReader.objects.order_by("acknowledged").values("acknowledged")[:1]
    return Event.objects.filter(seq__gt=Subquery(furthest), rows__has_key=_HISTORY)


def lags() -> dict[str, Lag]:
    """How far behind each reader is, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_LAGS)
        return {name: Lag(int(changes), events == CAP, since) for name, changes, events, since in cursor.fetchall()}
