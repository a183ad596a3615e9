"""What becomes of an appeal when it is filed, as one SQL statement: whose it is, what it is about, whether it is heard.

A click is a list of one. Aliases: `l` the line as it was filed, `h` the tenure it is taken for, `d` the decision.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.lifecycle import PREMIUM_FROM_TIER
from accounts.quarantine import policy as closing
from appeals.lifecycle import LIVE, RULED_AS, Kind
from appeals.policy import ADMISSIBLE_FOR, AGAINST, PER_WINDOW, SECOND_REVIEW_WITHIN, WINDOW, Route, Timed, Why
from appeals.rulings.reversal import ends_use
from enforcement.models import Decision
from enforcement.policy import LAW, MEASURES
from enforcement.policy import FreezeKind as F
from enforcement.policy import Kind as DecisionKind

_LIVE = ", ".join(f"'{state}'" for state in LIVE)
OBJECTED_TO = (*MEASURES, DecisionKind.ADJUST, DecisionKind.UNDO)
_OBJECTED_TO = ", ".join(f"'{kind}'" for kind in OBJECTED_TO)
# What somebody ruled against has the second review (appeals/rulings/second_review.py).
# What was not heard as it came (`why`)
# was ruled on by nobody: it may be filed anew.
_AGAINST = ", ".join(f"'{outcome}'" for outcome in AGAINST)
_RULED = ", ".join(f"'{outcome}'" for outcome in RULED_AS[Kind.OBJECTION])

# The tenure: the one named, else the one that the decision reached, else the latest.
_TENURE = """
LEFT JOIN LATERAL (
  SELECT x.* FROM accounts_tenure x
  WHERE x.number_id = l.number_id AND (l.seq IS NULL OR x.seq = l.seq)
  ORDER BY x.id = (SELECT t.tenure_id FROM enforcement_target t
                   WHERE t.decision_id = l.decision_id AND t.number_id = l.number_id) DESC NULLS LAST, x.seq DESC
  LIMIT 1) h ON true"""

# A number that a decision froze for a violation or by law, or ended, is not recovered: its holder objects to that (S9
# §3.4). Its own cancellation is no decision of the house.
_ROUTED = f"""
CASE WHEN l.kind <> '{Kind.RECOVERY}' OR n.tenure_id IS DISTINCT FROM h.id THEN NULL
  WHEN n.lifecycle = 'terminated' AND n.terminated_under <> '{closing.CANCELLED}' THEN (
    SELECT o.decision_id FROM enforcement_outcome o JOIN enforcement_decision x ON x.id = o.decision_id
      JOIN enforcement_target t ON t.decision_id = o.decision_id AND t.number_id = o.number_id
    WHERE o.number_id = n.id AND o.why = '' AND x.kind = 'terminate' AND t.tenure_id = h.id
    ORDER BY o.decision_id DESC LIMIT 1)
  ELSE (
    SELECT m.decision_id FROM enforcement_measure m
    WHERE m.number_id = n.id AND m.tenure_id = h.id AND m.kind = 'freeze'
      AND m.freeze_kind IN ('{F.VIOLATION}', '{F.LEGAL}')
      AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s)
    ORDER BY m.id DESC LIMIT 1) END"""

# Why it is not heard. What the decision did to this tenure, and when, is on its outcome and that one's event.
_WHY = f"""
CASE WHEN kind = '{Kind.ENQUIRY}' THEN ''
  WHEN tenure_id IS NULL THEN '{Why.NEVER_HELD}'
  WHEN kind = '{Kind.OBJECTION}' THEN CASE
    WHEN target_tenure IS DISTINCT FROM tenure_id THEN '{Why.NOT_HIS}'
    WHEN acted_at IS NULL OR decision_kind NOT IN ({_OBJECTED_TO}) THEN '{Why.NOTHING_DONE}'
    WHEN again THEN ''
    WHEN acted_at < %(now)s - %(admissible)s THEN '{Why.TOO_LATE}'
    WHEN before_id IS NOT NULL THEN '{Why.FINAL}'
    ELSE '' END
  WHEN ended_at IS NOT NULL THEN '{Why.PURGED}'
  WHEN lifecycle = 'terminated' AND terminated_under = '{closing.CANCELLED}' THEN '{Why.CANCELLED}'
  ELSE '' END"""

_ROUTE = f"""
WITH line AS MATERIALIZED (
  SELECT * FROM unnest(%(at)s::int[], %(numbers)s::bigint[], %(seqs)s::int[], %(kinds)s::text[],
      %(decisions)s::bigint[])
    AS l(at, number_id, seq, kind, decision_id)),
held AS MATERIALIZED (
  SELECT l.at, l.number_id, h.id AS tenure_id, h.ended_at, n.lifecycle, n.terminated_under, n.tier,
    coalesce(h.paid AND (h.paid_until IS NULL OR h.paid_until > %(now)s), false) AS paid,
    l.kind AS asked, l.decision_id AS named, {_ROUTED} AS routed
  FROM line l LEFT JOIN accounts_number n ON n.id = l.number_id {_TENURE}),
taken AS MATERIALIZED (
  SELECT held.*, coalesce(named, routed) AS decision_id,
    CASE WHEN routed IS NULL THEN asked ELSE '{Kind.OBJECTION}' END AS kind
  FROM held),
about AS MATERIALIZED (
  SELECT taken.*, d.kind AS decision_kind, t.tenure_id AS target_tenure, e.at AS acted_at,
    EXISTS (SELECT FROM enforcement_ground g WHERE g.decision_id = d.id AND g.basis = '{LAW}') AS by_law,
    (SELECT bool_and(m.ended_at IS NOT NULL OR m.until <= %(now)s) FROM enforcement_measure m
     WHERE m.decision_id = taken.decision_id AND m.number_id = taken.number_id
       AND m.tenure_id = taken.tenure_id) AS is_over,
    o.receipt AS open_receipt, b.id AS before_id, b.receipt AS before_receipt,
    b.state = 'closed' AND b.round = 1 AND b.outcome IN ({_AGAINST}) AND b.closed_at >= %(now)s - %(again_within)s
      AND NOT EXISTS (SELECT FROM appeals_dispute x WHERE x.appeal_id = b.id) AS again,
    (SELECT count(*) FROM appeals_appeal a WHERE a.tenure_id = taken.tenure_id AND a.kind = taken.kind
       AND a.decision_id IS NOT DISTINCT FROM taken.decision_id AND a.filed_at > %(now)s - %(window)s) AS filed_before
  FROM taken
  LEFT JOIN enforcement_decision d ON d.id = taken.decision_id
  LEFT JOIN enforcement_target t ON t.decision_id = taken.decision_id AND t.number_id = taken.number_id
  LEFT JOIN enforcement_outcome u ON u.decision_id = taken.decision_id AND u.number_id = taken.number_id AND u.why = ''
  LEFT JOIN audit_event e ON e.id = u.event
  LEFT JOIN appeals_appeal o ON o.tenure_id = taken.tenure_id AND o.kind = taken.kind AND o.state IN ({_LIVE})
    AND o.decision_id IS NOT DISTINCT FROM taken.decision_id
  LEFT JOIN LATERAL (
    SELECT * FROM appeals_appeal a WHERE a.tenure_id = taken.tenure_id AND a.kind = '{Kind.OBJECTION}'
      AND taken.kind = a.kind AND a.decision_id = taken.decision_id AND a.why = ''
      AND (a.outcome IN ({_RULED}) OR a.round > 1 AND a.state = 'closed')  -- also withdrawn, a second one was had
    ORDER BY a.id DESC LIMIT 1) b ON true)
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'at', at, 'kind', kind, 'tenure', tenure_id, 'decision', decision_id, 'routed', routed IS NOT NULL,
    'paid', paid, 'by_law', by_law,
    'premium', coalesce(tier >= {PREMIUM_FROM_TIER}, false), 'open', open_receipt,
    'again', CASE WHEN again THEN before_receipt END, 'filed_before', filed_before, 'over', coalesce(is_over, false),
    'why', {_WHY}) ORDER BY at), '[]')
FROM about"""


@dataclass(frozen=True)
class Asked:
    """One line: the number, which of its tenures (None: the latest that fits), and what is asked."""

    number: int
    kind: Kind
    seq: int | None = None
    decision: int | None = None


@dataclass(frozen=True)
class Routed:
    """What a line is taken as."""

    kind: Kind
    tenure: int | None
    decision: int | None
    route: Route | None
    why: str  # not heard because; empty: it is heard
    open_receipt: str | None  # the same is open already
    again: str | None  # the objection that this asks the second review of
    gated: bool
    timed: Timed
    premium: bool
    over: bool  # what is objected to has ended already, and is decided all the same
    open_of_other: bool = False  # the same is open under another contact: its receipt number is not told
    cools: bool = False  # and was upheld: it takes effect unless it is stopped


def routed(lines: Sequence[Asked]) -> list[Routed]:
    """What each line would be taken as, now; in their order. Lock the numbers first where it is to hold."""
    params: dict[str, Any] = {
        "at": list(range(len(lines))),
        "numbers": [line.number for line in lines],
        "seqs": [line.seq for line in lines],
        "kinds": [str(line.kind) for line in lines],
        "decisions": [line.decision for line in lines],
        "now": timezone.now(),
        "admissible": ADMISSIBLE_FOR,
        "again_within": SECOND_REVIEW_WITHIN,
        "window": WINDOW,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROUTE, params)
        found = json.loads(cursor.fetchone()[0])
    ending = _ending({one["decision"] for one in found if one["decision"]})
    return [_routed(one, ends_use=one["decision"] in ending) for one in found]


def _ending(decisions: set[int]) -> set[int]:
    """Those by which the right of use is over."""
    rows = Decision.objects.filter(pk__in=decisions).select_related("undoes") if decisions else ()
    return {decision.pk for decision in rows if ends_use(decision)}


def _routed(found: dict[str, Any], *, ends_use: bool) -> Routed:
    kind = Kind(found["kind"])
    again = None if found["why"] or found["open"] else found["again"]
    route = Route.OBJECTION if found["routed"] else None
    return Routed(
        kind=kind,
        tenure=found["tenure"],
        decision=found["decision"],
        route=route,
        why=found["why"],
        open_receipt=found["open"],
        again=again,
        gated=kind != Kind.ENQUIRY and found["filed_before"] >= PER_WINDOW,
        timed=Timed(kind, paid=found["paid"], terminated=ends_use, by_law=found["by_law"]),
        premium=found["premium"],
        over=found["over"] and not found["why"],
    )
