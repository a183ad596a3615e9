"""What would happen to each number, as one SQL expression for preview and act alike.

Aliases: `n` the number's row, `t` the target (its tenure, revision and measures as decided on). Parameters by name.
"""

import datetime
from typing import Any

from django.utils import timezone

from accounts.dormancy import policy as dormancy
from accounts.lifecycle import FOREVER, PREMIUM_FROM_TIER
from accounts.models import DormancyPolicy
from accounts.quarantine import policy as closing
from enforcement.decisions.order import Order
from enforcement.models import Decision, Measure
from enforcement.policy import (
    BATCH_FROM,
    FROM,
    MEASURES,
    OF_RUNNING,
    ON_DEMAND,
    OWNER_FREEZE_MAX,
    SPARES_FINDERS,
    Effect,
    FreezeKind,
    Kind,
    is_on_demand,
    liftable,
    spares_finders,
)
from qqops.approvals.models import State

# Selected first in a transaction: by the usual costs the planner scans all numbers to find the 10,000 of a chunk.
# The few of a click it finds by key without being told, and they are spared the round trip.
BY_KEY = "set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"

IN_FORCE = "m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s)"
RAN_OUT = (  # over, by whatever end, and it still counts
    "(m.ended_at IS NOT NULL OR m.until <= %(now)s) AND m.end_reason NOT IN ('refused', 'undone', 'voided')"
)
LIFTED = "m.ended_by_id = %(undoes)s AND m.end_reason = %(lifted_as)s"  # by the lift taken back, and not voided since
OF_HOLDER = f"m.number_id = n.id AND m.tenure_id = n.tenure_id AND {IN_FORCE}"

# Shown state (DESIGN §1.3): the first that is true.
SHOWN = (
    "CASE WHEN n.lifecycle IN ('terminated', 'cancel_pending') THEN n.lifecycle"
    " WHEN n.frozen_until > %(now)s THEN 'frozen' WHEN n.restricted_until > %(now)s THEN 'restricted'"
    " ELSE n.lifecycle END"
)

# Somebody has asked, by law (4.2) or for himself, and is not answered yet: no right of use ends meanwhile, whatever the
# ground (domain.md §7, “forbidden always”). An open appeal keeps nobody from it: it is heard all the same (11).
_REQUESTED = (
    "EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = n.tenure_id AND k.kind = 'request'"
    " AND k.lifted_at IS NULL AND (k.until IS NULL OR k.until > %(now)s))"
)
HELD = f"(n.legal_hold OR {_REQUESTED})"

# Of a change (T11): the measures named that still run, as `m`, and what becomes of each. An end that is not given
# stays, and so do the scopes; an end that is not there is `forever`.
_NAMED = f"SELECT FROM enforcement_measure m WHERE m.id = ANY(t.measures) AND {IN_FORCE}"
NEW_UNTIL = "coalesce(%(until)s::timestamptz, m.until, %(forever)s::timestamptz)"
NEW_SCOPES = "CASE WHEN cardinality(%(scopes)s::varchar[]) > 0 THEN %(scopes)s::varchar[] ELSE m.scopes END"
_CHANGES = (
    f"({NEW_UNTIL} <> coalesce(m.until, %(forever)s) OR NOT (m.scopes @> {NEW_SCOPES} AND m.scopes <@ {NEW_SCOPES}))"
)
# Would one of them end later, or reach further?
ADDS = f"EXISTS ({_NAMED} AND ({NEW_UNTIL} > coalesce(m.until, %(forever)s) OR NOT m.scopes @> {NEW_SCOPES}))"
_SAYS_HOW = "(%(until)s::timestamptz IS NOT NULL OR cardinality(%(scopes)s::varchar[]) > 0)"

_KIND = {
    Kind.FREEZE: (
        "WHEN n.frozen_until > %(now)s AND EXISTS (SELECT FROM enforcement_measure m WHERE"
        f" {OF_HOLDER} AND m.kind = 'freeze' AND m.freeze_kind = %(freeze_kind)s) THEN 'already'"
    ),
    Kind.RESTRICT: (
        "WHEN {on_demand} AND NOT EXISTS (SELECT FROM accounts_correctiondemand c WHERE c.tenure_id = n.tenure_id"
        " AND c.closed_at IS NULL AND c.due_at <= %(now)s AND c.told_at IS NOT NULL) THEN 'not_demanded'"
        " WHEN n.restricted_until > %(now)s AND EXISTS (SELECT FROM enforcement_measure m WHERE"
        f" {OF_HOLDER} AND m.kind = 'restrict' AND m.scopes @> %(scopes)s::varchar[]"
        " AND coalesce(m.until, 'infinity') >= coalesce(%(until)s, 'infinity'::timestamptz)) THEN 'already'"
    ),
    Kind.TERMINATE: (
        "WHEN n.legal_hold OR (n.frozen_until > %(now)s AND EXISTS (SELECT FROM enforcement_measure m WHERE"
        f" {OF_HOLDER} AND m.freeze_kind = 'legal')) THEN 'legal_hold'"
        f" WHEN {_REQUESTED} THEN 'held'"
    ),
    Kind.LIFT: (
        "WHEN NOT EXISTS (SELECT FROM enforcement_measure m WHERE m.id = ANY(t.measures)"
        f" AND {IN_FORCE}) THEN 'nothing_to_lift'"
    ),
    Kind.ADJUST: (
        f"WHEN NOT EXISTS ({_NAMED}) THEN 'nothing_to_adjust'"
        f" WHEN EXISTS ({_NAMED} AND m.freeze_kind = 'owner' AND {NEW_UNTIL} > m.starts_at + %(owner_max)s)"
        " THEN 'too_long'"
        f" WHEN {_SAYS_HOW} AND NOT EXISTS ({_NAMED} AND {_CHANGES}) THEN 'already'"
    ),
    Kind.RESTORE: (
        f"WHEN n.terminated_under = '{closing.CANCELLED}' OR {{termination}} IS NULL THEN 'nothing_to_restore'"
    ),
    # Exactly as that decision left it, or it is not touched: what others did since is theirs. A measure that has run
    # out or was lifted leaves nothing to put back, and yet ceases to count; a lift stays where all that it ended has
    # ceased to count since, and of a measure that was changed nothing is put back once it is over.
    # OFFSET keeps the planner from reading all measures for the few of a chunk.
    Kind.UNDO: (
        "WHEN NOT EXISTS (SELECT FROM enforcement_outcome o WHERE o.decision_id = %(undoes)s AND o.number_id = n.id"
        " AND o.why = '') THEN 'nothing_to_undo'"
        " WHEN %(undoes_measures)s AND EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = n.id"
        f" AND m.tenure_id = n.tenure_id AND m.decision_id = %(undoes)s AND {RAN_OUT} OFFSET 0) THEN 'voided'"
        " WHEN NOT EXISTS (SELECT FROM enforcement_target u WHERE u.decision_id = %(undoes)s AND u.number_id = n.id"
        " AND u.tenure_id = n.tenure_id AND u.revision + %(acts_of_undone)s = n.revision)"
        f" OR (%(undoes_measures)s AND NOT EXISTS (SELECT FROM enforcement_measure m WHERE {OF_HOLDER}"
        " AND m.decision_id = %(undoes)s)) OR (%(lifted_as)s <> '' AND NOT EXISTS (SELECT FROM enforcement_target u"
        " JOIN enforcement_measure m ON m.id = ANY(u.measures) WHERE u.decision_id = %(undoes)s"
        f" AND u.number_id = n.id AND {LIFTED} OFFSET 0)) OR (%(undoes_change)s AND NOT EXISTS (SELECT FROM"
        " enforcement_target u JOIN enforcement_measure m ON m.id = ANY(u.measures) WHERE u.decision_id = %(undoes)s"
        f" AND u.number_id = n.id AND {IN_FORCE} OFFSET 0)) THEN 'conflict'"
        # To undo a restore is to terminate again.
        " WHEN %(undoes_restore)s AND n.legal_hold THEN 'legal_hold'"
        f" WHEN %(undoes_restore)s AND {_REQUESTED} THEN 'held'"
    ),
}

# A list may leave some for review by hand (LeftOut); `h` is the tenure.
_LEFT_OUT = (
    "WHEN 'paid' = ANY(%(leave_out)s::varchar[]) AND h.paid THEN 'paid'"
    f" WHEN 'premium' = ANY(%(leave_out)s::varchar[]) AND n.tier >= {PREMIUM_FROM_TIER} THEN 'premium'"
    " WHEN 'protected' = ANY(%(leave_out)s::varchar[]) AND n.protection <> '' THEN 'protected'"
)

# Does it rest on 4.1 alone? A decision is asked by the grounds it was filed with.
_FILED_ON_DEMAND = (
    f"(SELECT bool_and(g.basis IN ({', '.join(repr(code) for code in ON_DEMAND)})) FROM enforcement_ground g"
    " WHERE g.decision_id = %(decision)s)"
)

# Does one of its grounds leave alone who reported another's number in good faith (8.3)? Asked likewise.
_FILED_SPARING = (
    f"(SELECT bool_or(g.basis IN ({', '.join(repr(code) for code in SPARES_FINDERS)})) FROM enforcement_ground g"
    " WHERE g.decision_id = %(decision)s)"
)
_SPARED = (
    "WHEN {spares} AND EXISTS (SELECT FROM enforcement_casenumber e JOIN enforcement_case c ON c.id = e.case_id"
    " WHERE e.number_id = n.id AND e.tenure_id = n.tenure_id AND e.party = 'finder' AND c.kind = 'finder'"
    " AND c.state = 'open' AND c.details -> 'good_faith' = 'true'::jsonb) THEN 'good_faith'"
)

# The state before the last termination of this tenure: what a restore goes back to (domain.md T13).
BEFORE_TERMINATION = (
    "(SELECT o.before->>'lifecycle' FROM enforcement_outcome o JOIN enforcement_decision d ON d.id = o.decision_id"
    " JOIN enforcement_target x ON x.decision_id = o.decision_id AND x.number_id = o.number_id"
    " WHERE o.number_id = n.id AND o.why = '' AND d.kind = 'terminate' AND x.tenure_id = n.tenure_id"
    " ORDER BY o.decision_id DESC LIMIT 1)"
)
# What was used meanwhile, by a login that a later file told of, is in use.
RESTORED_TO = (
    f"CASE WHEN {BEFORE_TERMINATION} = 'allocated' AND EXISTS (SELECT FROM accounts_loginfact f"
    f" WHERE f.tenure_id = n.tenure_id) THEN 'in_use' ELSE {BEFORE_TERMINATION} END"
)


# What a reclaim is judged by besides: the tenure `h` of the number `n`. OFFSET keeps the planner from joining the whole
# table for the few thousand of a chunk.
TENURE = "LEFT JOIN LATERAL (SELECT * FROM accounts_tenure x WHERE x.id = n.tenure_id OFFSET 0) h ON true"


def why(kind: Kind, *, of_targets: bool, reclaim: str = "", leaves_out: bool = False) -> str:
    """CASE expression: the reason to skip a number, '' to act. `of_targets`: also compare with the frozen target.

    `reclaim`: the kind of the dormancy policy that the number must be due under, and `leaves_out`: some are left for
    review by hand; both with `TENURE` joined.
    """
    changed = (
        "WHEN t.revision <> n.revision OR t.tenure_id IS DISTINCT FROM n.tenure_id THEN 'state_changed'"
        if of_targets
        else ""
    )
    if reclaim:  # an activation is a change too: what it was is said first
        changed = f"{_not_reclaimed(reclaim, of_targets=of_targets)} {changed}"
    already = {
        Kind.TERMINATE: "WHEN n.lifecycle = 'terminated' THEN 'already'",
        Kind.RESTORE: "WHEN n.lifecycle IN ('allocated', 'in_use') THEN 'already'",
    }.get(kind, "")
    allowed = ", ".join(f"'{state}'" for state in FROM[kind])
    of_kind = _KIND[kind].format(
        termination=BEFORE_TERMINATION, on_demand=_FILED_ON_DEMAND if of_targets else "%(on_demand)s"
    )
    sparing = _FILED_SPARING if of_targets else "%(spares)s"
    spared = _SPARED.format(spares=sparing) if kind in MEASURES else ""
    left_out = _LEFT_OUT if leaves_out else ""
    return (
        f"CASE WHEN n.tenure_id IS NULL THEN 'no_tenure' {changed} {already}"
        f" WHEN n.lifecycle NOT IN ({allowed}) THEN 'wrong_state'"
        f" {spared} {of_kind} {left_out} ELSE '' END"
    )


# Given back by a decision (10.1(d), 11) within the term of the policy: from then on it counts anew, or the next reclaim
# would take back at once what was decided. What is due began before that, so it was this tenure's.
_RESTORED = (
    "EXISTS (SELECT FROM enforcement_outcome o JOIN enforcement_decision d ON d.id = o.decision_id"
    " JOIN audit_event e ON e.id = o.event"
    " WHERE o.number_id = n.id AND o.why = '' AND (d.kind = 'restore' OR d.kind = 'undo' AND EXISTS (SELECT FROM"
    " enforcement_decision u WHERE u.id = d.undoes_id AND u.kind = 'terminate'))"
    " AND e.at > %(due_since)s::timestamptz{one_by_one})"
)


def due(reclaim: str, *, listed: bool = False) -> str:
    """SQL: is the number due under a policy of this kind, exclusions aside?

    Over all numbers the few that were restored are joined; those of a list are `listed`: OFFSET keeps the planner from
    reading all outcomes for them.
    """
    restored = _RESTORED.format(one_by_one=" OFFSET 0" if listed else "")
    return f"({dormancy.due(reclaim)} AND NOT {restored})"


def _not_reclaimed(reclaim: str, *, of_targets: bool) -> str:
    """Another's tenure by now, used since, excluded, or not due: whatever else has changed."""
    another = "WHEN t.tenure_id IS DISTINCT FROM n.tenure_id THEN 'state_changed'" if of_targets else ""
    excluded = dormancy.excluded(reclaim)
    return (
        f"WHEN n.lifecycle = 'terminated' THEN 'already' {another} WHEN {dormancy.used(reclaim)} THEN 'used_since'"
        f" WHEN {excluded} IS NOT NULL THEN {excluded} WHEN NOT {due(reclaim, listed=True)} THEN 'not_due'"
    )


def latest_end(kind: str, *, without: str) -> str:
    """Expression: the latest end of the measures of this kind that number `n` keeps, without those given."""
    return (
        f"(SELECT max(coalesce(m.until, %(forever)s)) FROM enforcement_measure m WHERE {OF_HOLDER}"
        f" AND m.kind = '{kind}' AND m.id <> ALL({without}))"
    )


def end_again(kind: str) -> str:
    """Expression: the latest end of the measures of this kind on number `n` when those of a lift run again."""
    return (
        "(SELECT max(coalesce(m.until, %(forever)s)) FROM enforcement_measure m WHERE m.number_id = n.id"
        f" AND m.tenure_id = n.tenure_id AND m.kind = '{kind}' AND (m.until IS NULL OR m.until > %(now)s)"
        f" AND (m.ended_at IS NULL OR {LIFTED}))"
    )


def end_reason(decision: Decision) -> str:
    """Why the measures end that it ends."""
    if decision.in_error:
        return Measure.EndReason.VOIDED.value
    return (Measure.EndReason.UNDONE if decision.kind == Kind.UNDO else Measure.EndReason.LIFTED).value


def measures_named(order: Order) -> tuple[str, dict[str, Any]]:
    """Expression: the measures in force that the order ends or changes, for number `n`; NULL for other acts."""
    if order.kind not in OF_RUNNING:
        return "NULL::bigint[]", {}
    if order.lift_measures:
        condition = "m.id = ANY(%(lift_measures)s)"
    elif order.lift_of:
        condition = "m.decision_id = %(lift_of)s"
    else:
        condition = "(m.kind = ANY(%(lift_kinds)s) OR m.kind || ':' || m.freeze_kind = ANY(%(lift_kinds)s))"
    condition += " AND CASE WHEN m.kind = 'freeze' THEN m.freeze_kind ELSE m.kind END = ANY(%(liftable)s)"
    if order.kind == Kind.ADJUST:  # what is provisional is decided on first; a freeze has no scopes
        condition += (
            " AND NOT EXISTS (SELECT FROM enforcement_decision d WHERE d.id = m.decision_id AND d.state = 'proposed')"
        )
        condition += " AND m.kind = 'restrict'" if order.scopes else ""
    params = {
        "liftable": liftable(order.clauses) if order.clauses else [*FreezeKind.values, "restrict"],
        "lift_measures": list(order.lift_measures),
        "lift_of": order.lift_of,
        "lift_kinds": list(order.lift_kinds),
    }
    return f"ARRAY(SELECT m.id FROM enforcement_measure m WHERE {OF_HOLDER} AND {condition} ORDER BY m.id)", params


LIMITS: dict[str, Any] = {"forever": FOREVER, "owner_max": OWNER_FREEZE_MAX}


def params(order: Order, effective_at: Any = None) -> dict[str, Any]:
    """The named parameters of these expressions."""
    now = timezone.now()
    return {
        "now": now,
        "freeze_kind": order.freeze_kind,
        "scopes": list(order.scopes),
        "on_demand": is_on_demand(order.clauses),
        "spares": spares_finders(order.clauses),
        "until": order.end(effective_at or now),
        **LIMITS,
        "leave_out": list(order.leave_out),
        **undone(order.undoes),
        **terms(order.policy, now, since=now),
    }


def undone(decision: Decision | None) -> dict[str, Any]:
    """The named parameters of what an undo takes back: its revision is one act, two where it was confirmed later."""
    if decision is None:
        return {}
    return {
        "undoes": decision.pk,
        "acts_of_undone": 2 if decision.effect == Effect.PROVISIONAL and decision.state == State.APPLIED else 1,
        "undoes_measures": decision.kind in (Kind.FREEZE, Kind.RESTRICT),
        "lifted_as": end_reason(decision) if decision.kind == Kind.LIFT else "",
        "undoes_change": decision.kind == Kind.ADJUST,
        "undoes_restore": decision.kind == Kind.RESTORE,
    }


def terms(policy: DormancyPolicy | None, now: datetime.datetime, *, since: datetime.datetime) -> dict[str, Any]:
    """The named parameters of a reclaim's expressions; a use after `since` is one however old the policy lets it be."""
    return {"since": since, **dormancy.params(policy, now)} if policy else {}


def by_key(cursor: Any, targets: int) -> None:
    """Have the next statements of this transaction reach the numbers of a list by their key."""
    if targets >= BATCH_FROM:
        cursor.execute(f"SELECT {BY_KEY}")
