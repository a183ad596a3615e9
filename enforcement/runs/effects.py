"""What a chunk of a decision does, as one statement for each kind, and its event.

Each target is judged as `why_not` judges; measures, numbers, their history, notices and outcomes follow from that.
"""

import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from accounts.quarantine import policy as closing
from enforcement.models import Decision, Measure, Outcome
from enforcement.notices.notice_state import MAY_BE_HEARD, NOT_SENT
from enforcement.policy import Effect, Kind
from enforcement.runs import eligibility
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.staff.models import Staff

MEASURED = (
    Kind.FREEZE,
    Kind.RESTRICT,
    Kind.LIFT,
    Kind.ADJUST,
    Kind.UNDO,
)  # these touch measures, the others the lifecycle


def why_not(decision: Decision) -> str:
    """The reason to skip a target, judged now and by the policy of a reclaim."""
    reclaim = decision.policy.kind if decision.policy else ""
    return eligibility.why(Kind(decision.kind), of_targets=True, reclaim=reclaim, leaves_out=bool(decision.leave_out))


def tenure_of(decision: Decision) -> str:
    return eligibility.TENURE if decision.policy or decision.leave_out else ""


def judging(decision: Decision, now: datetime.datetime) -> dict[str, Any]:
    """The named parameters of `why_not`, the end of a measure aside."""
    return {
        "decision": decision.pk,
        "now": now,
        "freeze_kind": decision.freeze_kind,
        "scopes": decision.scopes,
        "leave_out": decision.leave_out or [],
        **eligibility.LIMITS,
        **eligibility.undone(decision.undoes),
        **eligibility.terms(decision.policy, now, since=decision.proposed_at),
    }


_JUDGED = """
WITH judged AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.measures, n.lifecycle, n.frozen_until, n.restricted_until,
         {why} AS why, {restored} AS restored{more}
  FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id {tenure}
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s AND t.number_id <= %(upto)s
),
{act},
number_history AS ({number_history}),
notice AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, state, created_at)
  SELECT %(decision)s, tenure_id, 'pending', %(now)s FROM judged WHERE {told}),
outcome AS (
  INSERT INTO enforcement_outcome (decision_id, number_id, why, before, event)
  SELECT %(decision)s, number_id, why, CASE WHEN why = '' THEN jsonb_build_object('lifecycle', lifecycle,
    'frozen_until', frozen_until, 'restricted_until', restricted_until, 'measures', measures{before}) END, %(pen_event)s
  FROM judged ORDER BY number_id)
SELECT why, count(*) FROM judged GROUP BY why UNION ALL SELECT 'measures', {measures}"""

_IMPOSE = """
measure AS (
  INSERT INTO enforcement_measure (number_id, tenure_id, decision_id, kind, freeze_kind, scopes, starts_at, until,
    end_reason)
  SELECT number_id, tenure_id, %(decision)s, %(kind)s, %(freeze_kind)s, %(scopes)s::varchar[], %(starts)s, %(until)s, ''
  FROM judged WHERE why = '' ORDER BY number_id RETURNING *),
measure_history AS ({measure_created}),
number AS (
  UPDATE accounts_number n SET {column} = greatest(n.{column}, coalesce(%(until)s, %(forever)s)),
    revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""

_LIFT = """
measure AS (
  UPDATE enforcement_measure m SET ended_at = %(now)s, ended_by_id = %(decision)s, end_reason = %(end_reason)s
  FROM judged j, unnest(j.measures) AS x(id) WHERE m.id = x.id AND {in_force} AND j.why = '' RETURNING m.*),
measure_history AS ({measure_changed}),
number AS (
  UPDATE accounts_number n SET frozen_until = {frozen}, restricted_until = {restricted}, revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""

# What becomes of measures that run on (T11), in place: each stays its decision's, with its clause and its start, and
# counts once. `term` says the end and the scopes of each afterwards; the number's ends follow from all that run.
_ADJUST = """
term AS MATERIALIZED ({term}),
measure AS (
  UPDATE enforcement_measure m SET until = nullif(x.until, %(forever)s), scopes = x.scopes
  FROM term x WHERE m.id = x.id RETURNING m.*),
measure_history AS ({measure_changed}),
ends AS MATERIALIZED (
  SELECT j.number_id, {frozen} AS frozen, {restricted} AS restricted
  FROM judged j JOIN enforcement_measure m ON m.number_id = j.number_id AND m.tenure_id = j.tenure_id
    LEFT JOIN term x ON x.id = m.id
  WHERE j.why = '' AND {in_force} GROUP BY j.number_id),
number AS (
  UPDATE accounts_number n SET frozen_until = e.frozen, restricted_until = e.restricted, revision = n.revision + 1
  FROM ends e WHERE n.id = e.number_id RETURNING n.*)"""

_LATEST = "max(coalesce(x.until, m.until, %(forever)s)) FILTER (WHERE m.kind = '{kind}')"

_TERM = f"""
  SELECT m.id, {eligibility.NEW_UNTIL} AS until, {eligibility.NEW_SCOPES} AS scopes
  FROM judged j CROSS JOIN LATERAL unnest(j.measures) AS y(id) JOIN enforcement_measure m ON m.id = y.id
  WHERE j.why = '' AND {eligibility.IN_FORCE}"""

# What was prolonged beyond the end that it had before ends now: it was in force until now.
_TERM_BEFORE = f"""
  SELECT m.id, CASE WHEN y.until IS NULL THEN %(forever)s ELSE greatest(y.until, %(now)s) END AS until, y.scopes
  FROM judged j JOIN enforcement_outcome o ON o.decision_id = %(undoes)s AND o.number_id = j.number_id
    CROSS JOIN LATERAL jsonb_to_recordset(o.before -> 'terms') AS y(id bigint, until timestamptz, scopes varchar[])
    JOIN enforcement_measure m ON m.id = y.id
  WHERE j.why = '' AND {eligibility.IN_FORCE}"""

_MOVE = """
number AS (
  UPDATE accounts_number n SET {moved}, revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""

# Of what is taken back a notice that is not sent is not sent any more; they are locked in key order, as the worker
# writes them (deliver.py).
_UNSENT = f"""
waiting AS MATERIALIZED (
  SELECT x.id, {MAY_BE_HEARD} AS heard
  FROM judged j JOIN enforcement_notice x ON x.decision_id = %(undoes)s AND x.tenure_id = j.tenure_id
  WHERE {NOT_SENT} AND j.why IN ('', 'voided') ORDER BY x.id FOR NO KEY UPDATE OF x),
unsent AS (
  UPDATE enforcement_notice x SET state = 'withdrawn' FROM waiting w WHERE x.id = w.id
  RETURNING x.tenure_id, x.stage, w.heard)"""

# Exactly what it was, but that nobody's data is purged before he had a whole grace to object: the measures of that
# decision end, those that a lift ended, and still say so, run again, and the number is what its outcome says it was
# before. What had run out or was lifted ended when it did and by whom it did, and ceases to count; one that is not
# swept yet is left to the sweep with its reason.
_UNDO = """
ended AS (
  UPDATE enforcement_measure m SET ended_at = %(now)s, ended_by_id = %(decision)s, end_reason = %(end_reason)s
  FROM judged j WHERE m.number_id = j.number_id AND m.decision_id = %(undoes)s AND {in_force} AND j.why = ''
  RETURNING m.*),
reopened AS (
  UPDATE enforcement_measure m SET ended_at = NULL, ended_by_id = NULL, end_reason = ''
  FROM judged j WHERE m.number_id = j.number_id AND m.tenure_id = j.tenure_id AND {lifted}
    AND j.why = '' RETURNING m.*),
voided AS (
  UPDATE enforcement_measure m SET ended_by_id = coalesce(m.ended_by_id, %(decision)s), end_reason = %(end_reason)s
  FROM judged j WHERE m.number_id = j.number_id AND m.tenure_id = j.tenure_id AND m.decision_id = %(undoes)s
    AND j.why = 'voided' RETURNING m.*),
measure AS (SELECT * FROM ended UNION ALL SELECT * FROM reopened UNION ALL SELECT * FROM voided),
measure_history AS ({measure_changed}),
{unsent},
number AS (
  UPDATE accounts_number n SET lifecycle = CASE WHEN o.before ->> 'lifecycle' = 'allocated' AND EXISTS (
        SELECT FROM accounts_loginfact f WHERE f.tenure_id = j.tenure_id OFFSET 0) THEN 'in_use'
      ELSE o.before ->> 'lifecycle' END,
    frozen_until = {frozen}, restricted_until = {restricted},
    terminated_at = {terminated_at}, terminated_under = o.before ->> 'terminated_under', due_at = {due_at},
    revision = n.revision + 1
  FROM judged j JOIN enforcement_outcome o ON o.decision_id = %(undoes)s AND o.number_id = j.number_id
  WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""
# Who has not heard of what is taken back does not hear of that; what is being tried may have reached him.
_HEARD = (
    " AND NOT EXISTS (SELECT FROM unsent u WHERE u.tenure_id = judged.tenure_id AND u.stage = 'act' AND NOT u.heard)"
)
_TOLD = {Kind.UNDO: "why IN ('', 'voided')"}
_BEFORE = "(o.before ->> '{column}')::timestamptz"
_WHOLE_GRACE = "CASE WHEN {before} IS NOT NULL THEN greatest({before}, %(now)s + %(grace)s) END"
_BEFORE_AND_STILL = "CASE WHEN {before} > %(now)s THEN {before} END"  # what was over by itself meanwhile stays over

# Of what a restore takes back, and of what a change changes, an undo needs more to put it there again.
_ENDING = ("terminated_at", "terminated_under", "due_at")
_ENDING_BEFORE = "".join(f", '{name}', {name}" for name in _ENDING)
_TERMS_BEFORE = f""", 'terms', (
    SELECT jsonb_agg(jsonb_build_object('id', m.id, 'kind', m.kind, 'freeze_kind', m.freeze_kind, 'until', m.until,
      'scopes', m.scopes) ORDER BY m.id)
    FROM enforcement_measure m WHERE m.id = ANY(judged.measures) AND {eligibility.IN_FORCE})"""
_BEFORE_MORE = {Kind.RESTORE: _ENDING_BEFORE, Kind.ADJUST: _TERMS_BEFORE}


# What becomes of a number whose right of use ended, and when (closing.py); a restore takes all of it back.
_MOVED = {
    Kind.TERMINATE: (
        "lifecycle = 'terminated', terminated_at = %(now)s, terminated_under = %(under)s, due_at = %(now)s + %(grace)s"
    ),
    Kind.RESTORE: "lifecycle = j.restored, terminated_at = NULL, terminated_under = NULL, due_at = NULL",
}


def _act_sql(decision: Decision) -> str:
    kind = decision.kind
    if kind in (Kind.FREEZE, Kind.RESTRICT):
        created = recorder.history_insert(Measure, recorder.CREATED, source="measure live")
        column = "frozen_until" if kind == Kind.FREEZE else "restricted_until"
        return _IMPOSE.format(measure_created=created, column=column)
    if kind == Kind.LIFT:
        changed = recorder.history_insert(Measure, recorder.CHANGED, source="measure live")
        left = {
            "frozen": eligibility.latest_end("freeze", without="j.measures"),
            "restricted": eligibility.latest_end("restrict", without="j.measures"),
        }
        return _LIFT.format(measure_changed=changed, in_force=eligibility.IN_FORCE, **left)
    if kind == Kind.ADJUST:
        return _adjust_sql(_TERM)
    if kind == Kind.UNDO:
        return _undo_sql(decision)
    return _MOVE.format(moved=_MOVED[Kind(kind)])


def _adjust_sql(term: str) -> str:
    changed = recorder.history_insert(Measure, recorder.CHANGED, source="measure live")
    ends = {"frozen": _LATEST.format(kind="freeze"), "restricted": _LATEST.format(kind="restrict")}
    return _ADJUST.format(term=term, measure_changed=changed, in_force=eligibility.IN_FORCE, **ends)


def _undo_sql(decision: Decision) -> str:
    if decision.undoes and decision.undoes.kind == Kind.ADJUST:
        return f"{_UNSENT}, {_adjust_sql(_TERM_BEFORE)}"
    before = {
        name: _BEFORE.format(column=name) for name in ("frozen_until", "restricted_until", "terminated_at", "due_at")
    }
    ends = {
        "frozen": _BEFORE_AND_STILL.format(before=before["frozen_until"]),
        "restricted": _BEFORE_AND_STILL.format(before=before["restricted_until"]),
    }
    if decision.undoes and decision.undoes.kind == Kind.LIFT:  # less than before, where one was found wrong since
        ends = {"frozen": eligibility.end_again("freeze"), "restricted": eligibility.end_again("restrict")}
    return _UNDO.format(
        measure_changed=recorder.history_insert(Measure, recorder.CHANGED, source="measure live"),
        in_force=eligibility.IN_FORCE,
        lifted=eligibility.LIFTED,
        unsent=_UNSENT,
        terminated_at=before["terminated_at"],
        due_at=_WHOLE_GRACE.format(before=before["due_at"]),
        **ends,
    )


def write(decision: Decision, actor: Staff, after: int, upto: int) -> dict[str, int]:
    """Do the chunk in one statement and record it; how many targets by reason to skip ('' = applied)."""
    kind, now = Kind(decision.kind), timezone.now()
    sql = _JUDGED.format(
        why=why_not(decision),
        tenure=tenure_of(decision),
        restored=eligibility.RESTORED_TO if kind == Kind.RESTORE else "NULL",
        more="".join(f", n.{name}" for name in _ENDING) if kind == Kind.RESTORE else "",
        before=_BEFORE_MORE.get(kind, ""),
        act=_act_sql(decision),
        told=_TOLD.get(kind, "why = ''") + (_HEARD if kind == Kind.UNDO and not decision.in_error else ""),
        number_history=recorder.history_insert(Number, recorder.CHANGED, source="number live"),
        measures="count(*) FROM measure" if kind in MEASURED else "0",
    )
    until = decision.ends_at
    if decision.effect == Effect.PROVISIONAL and decision.state == State.PROPOSED:
        until = min(until or FOREVER, decision.expires_at or FOREVER)  # ends with its proposal (DESIGN §4)
    facts: dict[str, Any] = {"act": decision.kind}
    with recorder.act(
        "decision.applied",
        actor=actor,
        reason=decision.reason,
        ticket=decision.ticket,
        subject=decision,
        decision_id=decision.pk,
        facts=facts,
    ) as act:
        with connection.cursor() as cursor:
            cursor.execute(
                sql,
                act.params
                | judging(decision, now)
                | {
                    "after": after,
                    "upto": upto,
                    "kind": decision.kind,
                    "end_reason": eligibility.end_reason(decision),
                    "starts": max(decision.effective_at or now, decision.proposed_at),
                    "until": until,
                    "forever": FOREVER,
                    **_ending(decision),
                },
            )
            whys: dict[str, int] = dict(cursor.fetchall())
            measures = whys.pop("measures")
        facts.update(applied=whys.get("", 0), skipped={w: n for w, n in whys.items() if w})
        written = whys.get("", 0)
        act.wrote(Outcome, rows=sum(whys.values()))
        act.wrote(recorder.history_model(Number), rows=written)
        if kind in MEASURED:
            act.wrote(recorder.history_model(Measure), rows=measures)
    return whys


def _ending(decision: Decision) -> dict[str, Any]:
    """Under which clause a right of use ends, the first one cited, and how long the number is kept for its holder."""
    if decision.kind == Kind.UNDO:
        return {"grace": closing.GRACE}
    if decision.kind != Kind.TERMINATE:
        return {}
    days = decision.policy.grace_days if decision.policy else None
    return {
        "under": decision.grounds.order_by("pk").values_list("basis", flat=True)[0],
        "grace": closing.GRACE if days is None else days * closing.DAY,
    }
