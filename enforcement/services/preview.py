"""What an order would do, before anything is done: counts, reasons to skip, and who must approve."""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lifecycle import PREMIUM_FROM_TIER
from accounts.queries.declared import OWN_NUMBERS
from accounts.services.declared import self_dealing
from enforcement import judgement, policy
from enforcement.content import TARGET
from enforcement.order import Order
from enforcement.policy import Case, Kind, Rule
from enforcement.services.check import check, daily_limit
from enforcement.services.listed import Listed
from qqops.errors import Invalid
from qqops.staff.models import Staff

UNKNOWN_MAX, UNKNOWN_SHARE = 3, 0.01  # more unknown numbers than both: the list is wrong, not the numbers
SAMPLE = 8

# Freezes of this tenure in the window that nobody approved, in force or over, however split.
_ALONE = """
coalesce((SELECT sum(least(coalesce(m.ended_at, m.until), m.until) - greatest(m.starts_at, %(window)s))
  FROM enforcement_measure m WHERE m.number_id = n.id AND m.tenure_id = n.tenure_id AND m.kind = 'freeze'
   AND coalesce(m.ended_at, m.until) > %(window)s
   AND NOT EXISTS (SELECT FROM enforcement_approval a WHERE a.proposal_id = m.decision_id AND a.agreed)),
 interval '0') + %(alone)s > %(solo)s"""

# What a person has acted on today before anybody else looked at it.
USED_TODAY = """(SELECT coalesce(sum(d.target_count), 0) FROM enforcement_decision d
  WHERE d.maker_id = %(actor)s AND d.effect <> 'waits' AND d.proposed_at >= %(today)s)"""

# A provisional measure of this kind that nobody confirmed: a "no", or a silence, holds for the window.
# (A scalar subquery on purpose: of an EXISTS the planner may hash the whole table.)
_REFUSED = """
coalesce((SELECT true FROM enforcement_measure m JOIN enforcement_decision d ON d.id = m.decision_id
  WHERE m.number_id = n.id AND m.tenure_id = n.tenure_id AND m.kind = %(kind)s AND m.starts_at > %(window)s
    AND d.effect = 'provisional' AND (d.state IN ('refused', 'lapsed')
      OR (d.state = 'proposed' AND d.expires_at <= %(now)s)) LIMIT 1), false)"""

_MADE_BY = "EXISTS (SELECT FROM enforcement_measure m WHERE m.id = ANY(t.measures) AND {condition})"
_OWN = _MADE_BY.format(
    condition="(SELECT d.maker_id FROM enforcement_decision d WHERE d.id = m.decision_id) = %(actor)s"
)
_SUPERVISED = _MADE_BY.format(
    condition="(EXISTS (SELECT FROM enforcement_approval a WHERE a.proposal_id = m.decision_id AND a.agreed)"
    " OR EXISTS (SELECT FROM enforcement_decision d JOIN staff_holding h ON h.staff_id = d.maker_id"
    " AND h.role = 'supervisor' AND tstzrange(h.since, h.until) @> d.proposed_at WHERE d.id = m.decision_id))"
)


@dataclass
class Preview:
    given: int = 0
    duplicates: int = 0
    will: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)  # today's state of the known ones
    unknown: list[int] = field(default_factory=list)
    premium: int = 0
    paid: int = 0
    protected: int = 0
    sample: list[int] = field(default_factory=list)
    listed: str = ""  # digest of the targets as the decision will file them
    digest: str = ""  # of the matched set and what would happen to each: a page shown is bound to it
    own: bool = False
    supervised: bool = False
    past_solo_freeze: bool = False
    past_daily_limit: bool = False
    refused_before: bool = False
    rule: Rule = policy.RULES[-1]

    @property
    def known(self) -> int:
        return self.will + self.skipped.total()


def preview(order: Order, numbers: Iterable[int], *, actor: Staff) -> Preview:
    """Check the order and say what it would do; raises Invalid or Refused as `decide` would."""
    authority = check(order, actor)
    found = _look(order, numbers, actor)
    bearable = max(UNKNOWN_MAX, UNKNOWN_SHARE * (found.given - found.duplicates))
    if len(found.unknown) > bearable or not found.known:
        shown = ", ".join(map(str, found.unknown[:SAMPLE]))
        raise Invalid(
            _("%(n)d of %(given)d numbers are unknown (%(numbers)s …): check the list; nothing was done.")
            % {"n": len(found.unknown), "given": found.given, "numbers": shown}
        )
    found.rule = policy.rule_for(
        Case(
            kind=order.kind,
            clauses=order.clauses,
            targets=found.known,
            length=order.length(timezone.now()),
            scopes=order.scopes,
            past_daily_limit=found.past_daily_limit,
            past_solo_freeze=found.past_solo_freeze,
            supervised=authority.supervised,
            lifts_own=found.own,
            refused_before=found.refused_before,
            overturns_supervisor=found.supervised,
            protected=bool(found.protected),
        )
    )
    return found


def glance(kind: Kind, numbers: Iterable[int], *, actor: Staff) -> Preview:
    """What an act of this kind would find, before the rest of the order is known; for showing, never for acting."""
    freeze = policy.FreezeKind.VIOLATION.value if kind == Kind.FREEZE else ""
    lift = ("freeze", "restrict") if kind == Kind.LIFT else ()
    return _look(Order(kind, (), "", (), "", freeze_kind=freeze, lift_kinds=lift), numbers, actor)


def today() -> datetime.datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _look(order: Order, numbers: Iterable[int], actor: Staff) -> Preview:
    listed = Listed.of(numbers)
    found = Preview(given=listed.given, duplicates=listed.given - listed.count)
    matched, targets = hashlib.sha256(), hashlib.sha256()
    used_today = declared = 0
    for chunk in listed.chunks():
        with transaction.atomic():
            row = _judge(order, chunk, actor)
        found.sample = found.sample or chunk[:SAMPLE]
        for why, n in row["whys"].items():
            if why:
                found.skipped[why] += n
            else:
                found.will += n
        found.shown.update(row["shown"])
        found.unknown += row["unknown"]
        found.premium += row["premium"]
        found.paid += row["paid"]
        found.protected += row["protected"]
        declared += row["declared"]
        found.own |= row["own"]
        found.supervised |= row["supervised"]
        found.past_solo_freeze |= row["past_solo"]
        found.refused_before |= row["refused_before"]
        used_today = row["used_today"]
        matched.update(row["digest"])
        targets.update(row["targets"].encode())
    if declared:  # one of the person's own or his relatives', and the whole list is refused
        raise self_dealing(declared)
    found.digest, found.listed = matched.hexdigest(), targets.hexdigest()
    found.past_daily_limit = used_today + found.known > daily_limit()
    return found


def _judge(order: Order, chunk: Sequence[int], actor: Staff) -> dict[str, Any]:
    lift, lift_params = judgement.measures_to_lift(order)
    reclaim = order.policy.kind if order.policy else ""
    why = judgement.why(order.kind, of_targets=False, reclaim=reclaim)
    freeze, lifting = order.kind == Kind.FREEZE, order.kind == Kind.LIFT
    sql = f"""
WITH judged AS MATERIALIZED (
  SELECT g.id, g.id AS number_id, n.tenure_id, t.measures, n.id IS NOT NULL AS known, n.tier, n.revision,
         coalesce(h.paid, false) AS paid, n.protection <> '' AS protected, g.id IN ({OWN_NUMBERS}) AS declared,
         {judgement.SHOWN} AS shown, {why} AS why,
         {_ALONE if freeze else "false"} AS past_solo,
         {_REFUSED if order.kind in (Kind.FREEZE, Kind.RESTRICT) else "false"} AS refused_before,
         {_OWN if lifting else "false"} AS own, {_SUPERVISED if lifting else "false"} AS supervised
  FROM unnest(%(numbers)s::bigint[]) AS g(id)
  LEFT JOIN accounts_number n ON n.id = g.id
  {judgement.TENURE if reclaim else "LEFT JOIN accounts_tenure h ON h.id = n.tenure_id"}
  CROSS JOIN LATERAL (SELECT n.tenure_id, n.revision, {lift} AS measures) t
)
SELECT (SELECT coalesce(jsonb_object_agg(why, c), '{{}}') FROM
          (SELECT why, count(*) c FROM judged WHERE known GROUP BY why) w),
       (SELECT coalesce(jsonb_object_agg(shown, c), '{{}}') FROM
          (SELECT shown, count(*) c FROM judged WHERE known GROUP BY shown) s),
       coalesce(array_agg(id ORDER BY id) FILTER (WHERE NOT known), '{{}}'),
       count(*) FILTER (WHERE known AND tier >= {PREMIUM_FROM_TIER}),
       count(*) FILTER (WHERE known AND paid),
       count(*) FILTER (WHERE protected AND why = ''),
       count(*) FILTER (WHERE declared),
       coalesce(bool_or(past_solo AND known AND why = ''), false),
       coalesce(bool_or(refused_before AND known AND why = ''), false),
       coalesce(bool_or(own AND why = ''), false),
       coalesce(bool_or(supervised AND why = ''), false),
       sha256(coalesce(string_agg(convert_to(id || ':' || coalesce(revision, -1) || ':' || why, 'UTF8'), ';'::bytea
              ORDER BY id), '')),
       coalesce(string_agg({TARGET}, '' ORDER BY number_id) FILTER (WHERE known), ''),
       {USED_TODAY}
FROM judged"""
    now = timezone.localtime()
    with connection.cursor() as cursor:
        judgement.by_key(cursor, len(chunk))
        cursor.execute(
            sql,
            judgement.params(order)
            | lift_params
            | {
                "numbers": list(chunk),
                "actor": actor.pk,
                "kind": order.kind,
                "today": today(),
                "window": now - policy.SOLO_WINDOW,
                "alone": policy.time_alone(order.length(now)),
                "solo": policy.SOLO_FREEZE,
            },
        )
        row = cursor.fetchone()
    names = (
        "whys", "shown", "unknown", "premium", "paid", "protected", "declared", "past_solo", "refused_before", "own",
        "supervised", "digest", "targets", "used_today",
    )  # fmt: skip
    found = dict(zip(names, row, strict=True))
    return found | {k: json.loads(found[k]) for k in ("whys", "shown")}  # Django's cursor hands jsonb over as text
