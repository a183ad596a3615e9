"""What an order would do, before anything is done: counts, reasons to skip, and who must approve."""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.declarations.queries import OWN_NUMBERS
from accounts.declarations.services import self_dealing
from accounts.lifecycle import PREMIUM_FROM_TIER
from accounts.quarantine.losses import Losses, losses_of
from enforcement import policy
from enforcement.approval.approval_hash import TARGET
from enforcement.approval.supervision import supervised
from enforcement.cases.decision_limits import must_be_its_holders, must_spare, spared_by
from enforcement.decisions import ladder
from enforcement.decisions.order import Order
from enforcement.decisions.order_validation import check, daily_limit, filing_limit, may_add
from enforcement.decisions.queries import is_slip
from enforcement.lists.number_set import Listed
from enforcement.policy import MEASURES, OF_RUNNING, Case, Kind, Rule, Why
from enforcement.runs import eligibility
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

UNKNOWN_MAX, UNKNOWN_SHARE = 3, 0.01  # more unknown numbers than both: the list is wrong, not the numbers
COUNTED_MAX = 100_000  # of a longer list it is not looked up what each would lose, nor how many are minors
SAMPLE = 50  # to be looked at by eye before anybody agrees
NAMED = 8

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

# What a person has filed today for others to agree to.
_FILED_TODAY = """(SELECT coalesce(sum(d.target_count), 0) FROM enforcement_decision d
  WHERE d.maker_id = %(actor)s AND d.effect = 'waits' AND d.proposed_at >= %(today)s)"""

# What the ladder counts of this tenure: measures for a violation that were not found wrong, the older the less.
_WEIGHT = " ".join(f"WHEN m.starts_at > %(now)s - interval '{age.days} days' THEN {w}" for age, w in ladder.DECAY)
_SANCTIONS = ", ".join(f"'{code}'" for code in ladder.CLAUSES)
_COUNTED = f"""
coalesce((SELECT sum(CASE {_WEIGHT} ELSE 0 END) FROM enforcement_measure m
  WHERE m.number_id = n.id AND m.tenure_id = n.tenure_id AND (m.kind = 'restrict' OR m.freeze_kind = 'violation')
   AND m.end_reason NOT IN ('refused', 'undone', 'voided')
   AND NOT EXISTS (SELECT FROM enforcement_decision d WHERE d.id = m.decision_id AND d.state IN ('refused', 'lapsed'))
   AND EXISTS (SELECT FROM enforcement_ground g WHERE g.decision_id = m.decision_id AND g.basis IN ({_SANCTIONS}))),
 0)"""

# A provisional measure of this kind that nobody confirmed: a "no", a silence or a withdrawal holds for the window.
# A reviewer's security freeze (6.2) may end with the recovery that is contested before anybody looked at it, and that
# says nothing of it: only a "no" holds, or that an appeal found it wrong; how long he freezes alone is limited besides.
# (A scalar subquery on purpose: of an EXISTS the planner may hash the whole table.)
_REFUSED = """
coalesce((SELECT true FROM enforcement_measure m JOIN enforcement_decision d ON d.id = m.decision_id
  WHERE m.number_id = n.id AND m.tenure_id = n.tenure_id AND m.kind = %(kind)s AND m.starts_at > %(window)s
    AND d.effect = 'provisional' AND CASE d.rule
      WHEN 'supervised' THEN d.state = 'refused' OR m.end_reason = 'voided'
      ELSE d.state IN ('refused', 'lapsed', 'void') OR (d.state = 'proposed' AND d.expires_at <= %(now)s) END
  LIMIT 1), false)"""

_OWN = """
EXISTS (SELECT FROM enforcement_measure m WHERE m.id = ANY(t.measures)
  AND (SELECT d.maker_id FROM enforcement_decision d WHERE d.id = m.decision_id) = %(actor)s)"""
# By whoever made or agreed to the measure, or to what changed it since.
_SUPERVISED = f"""
EXISTS (SELECT FROM enforcement_measure m CROSS JOIN LATERAL (
    SELECT m.decision_id AS id UNION ALL
    SELECT x.decision_id FROM enforcement_target x JOIN enforcement_decision d ON d.id = x.decision_id
    WHERE x.number_id = m.number_id AND m.id = ANY(x.measures) AND d.kind = 'adjust' AND d.state = 'applied') r
  WHERE m.id = ANY(t.measures) AND {supervised("r.id")})"""


@dataclass
class Preview:
    given: int = 0
    duplicates: int = 0
    will: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)  # today's state of the known ones
    unknown: list[int] = field(default_factory=list)
    unknown_lines: int = 0  # of a list whose last digits were cut off many lines are the same
    premium: int = 0
    paid: int = 0
    protected: int = 0
    held: int = 0  # by a legal hold or a pending request
    sample: list[int] = field(default_factory=list)  # of those that would be changed, by their hash
    suggested: Counter[str] = field(default_factory=Counter)  # the ladder's step → how many
    losses: Losses | None = None  # of those that would be changed; None: nothing is lost, or it was not counted
    listed: str = ""  # digest of the targets as the decision will file them
    digest: str = ""  # of the matched set and what would happen to each: a page shown is bound to it
    own: bool = False
    supervised: bool = False
    adds: bool = False  # a change by which a measure would end later or reach further
    until: datetime.datetime | None = None  # of a change: the end that it was looked at with
    past_solo_freeze: bool = False
    past_daily_limit: bool = False
    refused_before: bool = False
    filed_today: int = 0
    rule: Rule = policy.RULES[-1]

    @property
    def known(self) -> int:
        return self.will + self.skipped.total()

    @property
    def does(self) -> bool:
        """Would anything be done? What only ceases to count changes no number, and is done all the same."""
        return bool(self.will or self.skipped[Why.VOIDED])

    def departs(self, order: Order) -> bool:
        """Does the order do to somebody else than what the ladder suggests for him?"""
        length = order.length(timezone.now())
        return any(not ladder.follows(code, order.kind, length) for code in self.suggested)


def preview(order: Order, numbers: Iterable[int], *, actor: Staff) -> Preview:
    """Check the order and say what it would do; raises Invalid or Refused as `decide` would."""
    authority = check(order, actor)
    found = _look(order, numbers, actor)
    if found.unknown_lines > max(UNKNOWN_MAX, UNKNOWN_SHARE * found.given) or not found.known:
        shown = ", ".join(map(str, found.unknown[:NAMED]))
        raise Invalid(
            _("%(n)d of %(given)d numbers are unknown (%(numbers)s …): check the list; nothing was done.")
            % {"n": found.unknown_lines, "given": found.given, "numbers": shown}
        )
    if found.departs(order) and not order.departure.strip():
        raise Invalid(
            _("The ladder suggests: %(steps)s. Say why you depart from it; nothing was done.")
            % {"steps": steps_in_words(found.suggested)}
        )
    if found.adds:
        may_add(order, actor)
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
            ruling_waits=order.ruling_waits,
            overturns_supervisor=found.supervised,
            adds=found.adds,
            protected=bool(found.protected),
            terminates=order.undoes is not None and order.undoes.kind == Kind.RESTORE,
            withdraws=_withdraws(order, actor),
        )
    )
    if found.rule.effect == policy.Effect.WAITS:
        within_filing_limit(order, actor, found.filed_today, found.known)
    return found


def within_filing_limit(order: Order, actor: Staff, filed: int, more: int) -> None:
    """What takes back is never too much."""
    if order.kind != Kind.UNDO and filed + more > (most := filing_limit(actor)):
        raise Invalid(
            _("You may file at most %(most)d numbers a day, and filed %(n)d today already. Nothing was done.")
            % {"most": most, "n": filed}
        )


def filed_today(actor: Staff) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FILED_TODAY}", {"actor": actor.pk, "today": today()})
        return int(cursor.fetchone()[0])


def steps_in_words(suggested: Counter[str]) -> str:
    """“freeze, 7 days: 12, freeze, 30 days: 3”."""
    return _("; ").join(f"{step_in_words(code)}{_(': ')}{n}" for code, n in sorted(suggested.items()))


def step_in_words(code: str) -> str:
    step = ladder.by_code(code)
    if step.length is None:
        return (
            str(step.kind.label)
            if step.kind == Kind.TERMINATE
            else _("%(act)s, without end") % {"act": step.kind.label}
        )
    return _("%(act)s, %(n)d days") % {"act": step.kind.label, "n": step.length.days}


def not_counted() -> str:
    """Of a list so long neither losses nor minors are looked up."""
    return _("not counted: more than %(n)d numbers") % {"n": COUNTED_MAX}


def _withdraws(order: Order, actor: Staff) -> bool:
    """His own act on one number, just made, of which nobody else has heard: that he takes back alone."""
    undone = order.undoes
    return (
        undone is not None
        and not undone.ruling
        and undone.maker_id == actor.pk
        and undone.target_count == 1
        and undone.effect != policy.Effect.WAITS
        and not undone.approvals.exists()
        and is_slip(undone)
    )


def glance(kind: Kind, numbers: Iterable[int], *, actor: Staff) -> Preview:
    """What an act of this kind would find, before the rest of the order is known; for showing, never for acting."""
    freeze = policy.FreezeKind.VIOLATION.value if kind == Kind.FREEZE else ""
    lift = ("freeze", "restrict") if kind in OF_RUNNING else ()
    return _look(Order(kind, (), "", (), "", freeze_kind=freeze, lift_kinds=lift), numbers, actor)


def today() -> datetime.datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _look(order: Order, numbers: Iterable[int], actor: Staff) -> Preview:
    listed, finders = Listed.of(numbers), spared_by(order)
    found = Preview(given=listed.given, duplicates=listed.given - listed.count)
    if order.kind == Kind.ADJUST:  # whether that is sooner or later than now is judged by one end, and so it is filed
        found.until = order.end(timezone.now())
        order = replace(order, until=found.until, duration=None, indefinite=False)
    matched, targets = hashlib.sha256(), hashlib.sha256()
    if counted := order.kind in MEASURES and listed.count <= COUNTED_MAX:
        found.losses = Losses()
    used_today = declared = 0
    by_hash: list[tuple[int, int]] = []
    for chunk in listed.chunks():
        must_spare(chunk, finders)
        must_be_its_holders(order, chunk)
        with transaction.atomic():
            row = _judge(order, chunk, actor, losses=counted)
        by_hash = sorted(by_hash + [tuple(one) for one in row["sample"]])[:SAMPLE]
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
        found.held += row["held"]
        for weight, n in row["counted"].items():
            found.suggested[ladder.step(order.severity, float(weight)).code] += n
        if found.losses is not None:
            found.losses.add(row["losses"])
        declared += row["declared"]
        found.own |= row["own"]
        found.supervised |= row["supervised"]
        found.adds |= row["adds"]
        found.past_solo_freeze |= row["past_solo"]
        found.refused_before |= row["refused_before"]
        used_today, found.filed_today = row["used_today"], row["filed_today"]
        matched.update(row["digest"])
        targets.update(row["targets"].encode())
    if declared:  # one of the person's own or his relatives', and the whole list is refused
        raise self_dealing(declared)
    found.unknown_lines = sum(listed.repeated.get(number, 1) for number in found.unknown)
    found.sample = sorted(number for _hash, number in by_hash)
    found.digest, found.listed = matched.hexdigest(), targets.hexdigest()
    found.past_daily_limit = used_today + found.known > daily_limit(actor)
    return found


def _judge(order: Order, chunk: Sequence[int], actor: Staff, *, losses: bool) -> dict[str, Any]:
    named, named_params = eligibility.measures_named(order)
    reclaim = order.policy.kind if order.policy else ""
    why = eligibility.why(order.kind, of_targets=False, reclaim=reclaim, leaves_out=bool(order.leave_out))
    graded = bool(order.severity) and ladder.is_graduated(order.kind, order.freeze_kind, order.clauses)
    freeze, of_running = order.kind == Kind.FREEZE, order.kind in OF_RUNNING
    sql = f"""
WITH judged AS MATERIALIZED (
  SELECT g.id, g.id AS number_id, n.tenure_id, t.measures, n.id IS NOT NULL AS known, n.tier, n.revision,
         coalesce(h.paid, false) AS paid, h.paid_until, n.protection <> '' AS protected,
         {eligibility.HELD} AS held,
         g.id IN ({OWN_NUMBERS}) AS declared,
         {eligibility.SHOWN} AS shown, {why} AS why,
         {_ALONE if freeze else "false"} AS past_solo,
         {_REFUSED if order.kind in (Kind.FREEZE, Kind.RESTRICT) else "false"} AS refused_before,
         {_COUNTED if graded else "NULL"} AS counted,
         {_OWN if of_running else "false"} AS own, {_SUPERVISED if of_running else "false"} AS supervised,
         {eligibility.ADDS if order.kind == Kind.ADJUST else "false"} AS adds
  FROM unnest(%(numbers)s::bigint[]) AS g(id)
  LEFT JOIN accounts_number n ON n.id = g.id
  {eligibility.TENURE if reclaim or order.leave_out else "LEFT JOIN accounts_tenure h ON h.id = n.tenure_id"}
  CROSS JOIN LATERAL (SELECT n.tenure_id, n.revision, {named} AS measures) t
)
SELECT (SELECT coalesce(jsonb_object_agg(why, c), '{{}}') FROM
          (SELECT why, count(*) c FROM judged WHERE known GROUP BY why) w),
       (SELECT coalesce(jsonb_object_agg(shown, c), '{{}}') FROM
          (SELECT shown, count(*) c FROM judged WHERE known GROUP BY shown) s),
       coalesce(array_agg(id ORDER BY id) FILTER (WHERE NOT known), '{{}}'),
       count(*) FILTER (WHERE known AND tier >= {PREMIUM_FROM_TIER}),
       count(*) FILTER (WHERE known AND paid),
       count(*) FILTER (WHERE protected AND why = ''),
       count(*) FILTER (WHERE held),
       (SELECT coalesce(jsonb_object_agg(counted, c), '{{}}') FROM
          (SELECT counted, count(*) c FROM judged WHERE why = '' AND counted IS NOT NULL GROUP BY counted) l),
       (SELECT coalesce(jsonb_agg(jsonb_build_array(hash, id)), '[]') FROM
          (SELECT hashint8extended(id, 0) AS hash, id FROM judged WHERE known AND why = ''
           ORDER BY 1 LIMIT {SAMPLE}) s),
       count(*) FILTER (WHERE declared),
       coalesce(bool_or(past_solo AND known AND why = ''), false),
       coalesce(bool_or(refused_before AND known AND why = ''), false),
       coalesce(bool_or(own AND why = ''), false),
       coalesce(bool_or(supervised AND why = ''), false),
       coalesce(bool_or(adds AND why = ''), false),
       sha256(coalesce(string_agg(convert_to(id || ':' || coalesce(revision, -1) || ':' || why, 'UTF8'), ';'::bytea
              ORDER BY id), '')),
       coalesce(string_agg({TARGET}, '' ORDER BY number_id) FILTER (WHERE known), ''),
       {USED_TODAY}, {_FILED_TODAY}, {losses_of("judged", "why = ''") if losses else "NULL"}
FROM judged"""
    now = timezone.localtime()
    with connection.cursor() as cursor:
        eligibility.by_key(cursor, len(chunk))
        cursor.execute(
            sql,
            eligibility.params(order)
            | named_params
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
        "whys", "shown", "unknown", "premium", "paid", "protected", "held", "counted", "sample", "declared",
        "past_solo", "refused_before", "own", "supervised", "adds", "digest", "targets", "used_today", "filed_today",
        "losses",
    )  # fmt: skip
    found = dict(zip(names, row, strict=True))
    as_text = ["whys", "shown", "counted", "sample"]  # Django's cursor hands jsonb over as text
    return found | {name: json.loads(found[name]) for name in (*as_text, *(["losses"] if losses else []))}
