"""A decision takes effect, chunk by chunk: the one path of a click, a list of 50,000 and a reclaim of 5,000,000.

Each chunk is one transaction: lock the numbers in order, judge each target afresh, then one statement writes
measures, numbers, their history, notices and outcomes; last the event with the digest of those rows. Outcomes
have (decision, number) as their key, so a killed run continues where it stopped and a target happens once.
"""

import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import closing
from accounts.lifecycle import FOREVER
from accounts.models import Number
from enforcement import judgement
from enforcement.content import content_hash_now
from enforcement.models import Approval, Decision, Measure, Notice, Outcome
from enforcement.policy import Effect, Kind
from enforcement.queries import told_before
from enforcement.services.check import daily_limit, must_know_logins
from enforcement.services.preview import USED_TODAY, today
from qqops.approvals import State
from qqops.audit import pen
from qqops.audit.models import Event
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff

# The event is written a moment after the one that it names.
MOMENT = datetime.timedelta(minutes=1)
MEASURED = (Kind.FREEZE, Kind.RESTRICT, Kind.LIFT)  # these touch measures, the others the lifecycle


class Busy(Refused):
    """Another run is at work on this decision."""


def apply(
    decision: Decision, *, actor: Staff, progress: Callable[[int], None] | None = None
) -> tuple[int, Counter[str]]:
    """Apply every target that has no outcome yet; return how many were applied, and the skipped by reason."""
    applied, skipped = 0, Counter[str]()
    if decision.effect == Effect.WAITS:
        may_run(decision)
        _was_approved(decision)
    while True:
        with transaction.atomic():
            size, upto, after, used_today = _lock_next(decision)
            if decision.effect != Effect.WAITS and used_today > daily_limit():
                raise Invalid(_("Your daily limit was reached meanwhile. Nothing was done: send it for approval."))
            if size:
                whys = _write(decision, actor, after, upto)
                applied += whys.pop("", 0)
                skipped.update(whys)
            if size < settings.QQOPS_CHUNK:
                _finish(decision, actor, applied, skipped)
                return applied, skipped
        if progress:
            progress(size)


def may_run(decision: Decision) -> None:
    """An approved reclaim waits until its holders were told and reminded and their time is over, and for the logins
    until now: Invalid says what it waits for."""
    if decision.notice_days and decision.announced_at is None:
        raise Invalid(
            _("Decision #%(id)d is not announced to all its holders yet: it runs %(n)d days after that.")
            % {"id": decision.pk, "n": decision.notice_days}
        )
    if decision.effective_at and decision.effective_at > timezone.now():
        day = timezone.localtime(decision.effective_at)
        raise Invalid(
            _("Decision #%(id)d runs on %(day)s, not before: its holders were told so. Nothing was done.")
            % {"id": decision.pk, "day": f"{day:%Y-%m-%d %H:%M}"}
        )
    told = told_before(decision)
    if (days := told.get(Notice.Stage.REMINDER)) and decision.reminded_at is None:
        raise Invalid(
            _("The holders of decision #%(id)d are not all reminded yet: it runs %(n)d days after that.")
            % {"id": decision.pk, "n": days}
        )
    for stage, days in told.items():
        _was_told(decision, stage, days)
    must_know_logins(decision.policy)


def _was_told(decision: Decision, stage: Notice.Stage, days: int) -> None:
    """When its holders were told are columns too; what counts is the event, as old as their notice is long."""
    before = timezone.now() - days * closing.DAY + MOMENT
    told = Event.objects.filter(verb="decision.all_told", decision_id=decision.pk, facts__stage=stage)
    if not told.filter(at__lte=before).exists():
        raise Refused(
            gettext_noop(
                "It is not on the record that the holders of decision #%(id)d were told in time; it is not applied."
                " Tell the auditor."
            ),
            id=decision.pk,
        )


def _was_approved(decision: Decision) -> None:
    """The state is one column; what counts is that enough people agreed to exactly this content and list."""
    agreed = Approval.objects.filter(proposal=decision, agreed=True, content_hash=decision.content_hash)
    capacities = sorted(agreed.values_list("capacity", flat=True))
    if capacities != sorted(decision.approvers) or content_hash_now(decision) != decision.content_hash:
        raise Refused(
            gettext_noop("Decision #%(id)d is not what was approved; it is not applied. Tell the auditor."),
            id=decision.pk,
        )


def would(decision: Decision) -> dict[str, int]:
    """What applying would do now: targets by reason to skip ('' = would be changed). Judged as `apply` judges.

    The provisional targets of a proposal are counted by whether their measure still runs.
    """
    if decision.effect == Effect.PROVISIONAL:
        running = (
            "SELECT FROM enforcement_measure m WHERE m.decision_id = %(decision)s AND m.number_id = n.id"
            f" AND {judgement.IN_FORCE}"
        )
        why = f"CASE WHEN EXISTS ({running}) THEN '' ELSE 'state_changed' END"
    else:
        why = why_not(decision)
    sql = f"""
SELECT {why} AS why, count(*) FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id
{judgement.TENURE if decision.policy else ""}
WHERE t.decision_id = %(decision)s GROUP BY 1"""
    now = timezone.now()
    params: dict[str, Any] = {
        "decision": decision.pk,
        "now": now,
        "freeze_kind": decision.freeze_kind,
        "scopes": decision.scopes,
        **judgement.terms(decision.policy, now, since=decision.proposed_at),
        "until": decision.until or (now + decision.duration if decision.duration else None),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())


def why_not(decision: Decision) -> str:
    """The reason to skip a target, judged now and by the policy of a reclaim."""
    reclaim = decision.policy.kind if decision.policy else ""
    return judgement.why(Kind(decision.kind), of_targets=True, reclaim=reclaim)


def _lock_next(decision: Decision) -> tuple[int, int, int, int]:
    """Lock the next chunk of numbers in key order; how many, up to which, after which, and the maker's day so far.

    `ANY(ARRAY(…))` keeps the key lookup whatever the planner thinks of the chunk's size, and BY_KEY does the same
    for the statement that follows.
    """
    sql = f"""
WITH set AS MATERIALIZED (SELECT {judgement.BY_KEY}),
mine AS MATERIALIZED (
  SELECT d.id FROM enforcement_decision d, set WHERE d.id = %(decision)s FOR NO KEY UPDATE OF d SKIP LOCKED),
done AS MATERIALIZED (
  SELECT coalesce(max(number_id), 0) AS upto FROM enforcement_outcome WHERE decision_id = %(decision)s),
locked AS MATERIALIZED (
  SELECT n.id FROM accounts_number n WHERE n.id = ANY(ARRAY(
    SELECT t.number_id FROM enforcement_target t, mine, done
    WHERE t.decision_id = %(decision)s AND t.number_id > done.upto ORDER BY t.number_id LIMIT %(size)s))
  ORDER BY n.id FOR NO KEY UPDATE)
SELECT (SELECT count(*) FROM mine), (SELECT count(*) FROM locked), coalesce((SELECT max(id) FROM locked), 0), upto,
  {USED_TODAY}
FROM done"""
    with connection.cursor() as cursor:
        params = {"decision": decision.pk, "size": settings.QQOPS_CHUNK, "actor": decision.maker_id, "today": today()}
        cursor.execute(sql, params)
        mine, size, upto, after, used_today = cursor.fetchone()
    if not mine:
        raise Busy(gettext_noop("Another run is at work on decision #%(id)d."), id=decision.pk)
    return size, upto, after, used_today


_JUDGED = """
WITH judged AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.measures, n.lifecycle, n.frozen_until, n.restricted_until,
         {why} AS why, {restored} AS restored
  FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id {tenure}
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s AND t.number_id <= %(upto)s
),
{act},
number_history AS ({number_history}),
notice AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, state, created_at)
  SELECT %(decision)s, tenure_id, 'pending', %(now)s FROM judged WHERE why = ''),
outcome AS (
  INSERT INTO enforcement_outcome (decision_id, number_id, why, before, event)
  SELECT %(decision)s, number_id, why, CASE WHEN why = '' THEN jsonb_build_object('lifecycle', lifecycle,
    'frozen_until', frozen_until, 'restricted_until', restricted_until, 'measures', measures) END, %(pen_event)s
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
  UPDATE enforcement_measure m SET ended_at = %(now)s, ended_by_id = %(decision)s, end_reason = 'lifted'
  FROM judged j, unnest(j.measures) AS x(id) WHERE m.id = x.id AND {in_force} AND j.why = '' RETURNING m.*),
measure_history AS ({measure_changed}),
number AS (
  UPDATE accounts_number n SET frozen_until = {frozen}, restricted_until = {restricted}, revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""

_MOVE = """
number AS (
  UPDATE accounts_number n SET {moved}, revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*)"""


# What becomes of a number whose right of use ended, and when (closing.py); a restore takes all of it back.
_MOVED = {
    Kind.TERMINATE: (
        "lifecycle = 'terminated', terminated_at = %(now)s, terminated_under = %(under)s, due_at = %(now)s + %(grace)s"
    ),
    Kind.RESTORE: "lifecycle = j.restored, terminated_at = NULL, terminated_under = NULL, due_at = NULL",
}


def _act_sql(kind: str) -> str:
    if kind in (Kind.FREEZE, Kind.RESTRICT):
        created = pen.history_insert(Measure, pen.CREATED, source="measure live")
        column = "frozen_until" if kind == Kind.FREEZE else "restricted_until"
        return _IMPOSE.format(measure_created=created, column=column)
    if kind == Kind.LIFT:
        changed = pen.history_insert(Measure, pen.CHANGED, source="measure live")
        left = {
            "frozen": judgement.latest_end("freeze", without="j.measures"),
            "restricted": judgement.latest_end("restrict", without="j.measures"),
        }
        return _LIFT.format(measure_changed=changed, in_force=judgement.IN_FORCE, **left)
    return _MOVE.format(moved=_MOVED[Kind(kind)])


def _write(decision: Decision, actor: Staff, after: int, upto: int) -> dict[str, int]:
    """Do the chunk in one statement and record it; how many targets by reason to skip ('' = applied)."""
    kind, now = Kind(decision.kind), timezone.now()
    sql = _JUDGED.format(
        why=why_not(decision),
        tenure=judgement.TENURE if decision.policy else "",
        restored=judgement.RESTORED_TO if kind == Kind.RESTORE else "NULL",
        act=_act_sql(kind),
        number_history=pen.history_insert(Number, pen.CHANGED, source="number live"),
        measures="count(*) FROM measure" if kind in MEASURED else "0",
    )
    until = decision.ends_at
    if decision.effect == Effect.PROVISIONAL and decision.state == State.PROPOSED:
        until = min(until or FOREVER, decision.expires_at or FOREVER)  # ends with its proposal (DESIGN §4)
    facts: dict[str, Any] = {"act": decision.kind}
    with pen.act(
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
                | {
                    "decision": decision.pk,
                    "after": after,
                    "upto": upto,
                    "kind": decision.kind,
                    "freeze_kind": decision.freeze_kind,
                    "scopes": decision.scopes,
                    "starts": max(decision.effective_at or now, decision.proposed_at),
                    "until": until,
                    "now": now,
                    "forever": FOREVER,
                    **judgement.terms(decision.policy, now, since=decision.proposed_at),
                    **_ending(decision),
                },
            )
            whys: dict[str, int] = dict(cursor.fetchall())
            measures = whys.pop("measures")
        facts.update(applied=whys.get("", 0), skipped={w: n for w, n in whys.items() if w})
        written = whys.get("", 0)
        act.wrote(Outcome, rows=sum(whys.values()))
        act.wrote(pen.history_model(Number), rows=written)
        if kind in MEASURED:
            act.wrote(pen.history_model(Measure), rows=measures)
    return whys


def _ending(decision: Decision) -> dict[str, Any]:
    """Under which clause a right of use ends, the first one cited, and how long the number is kept for its holder."""
    if decision.kind != Kind.TERMINATE:
        return {}
    days = decision.policy.grace_days if decision.policy else None
    return {
        "under": decision.grounds.order_by("pk").values_list("basis", flat=True)[0],
        "grace": closing.GRACE if days is None else days * closing.DAY,
    }


def _finish(decision: Decision, actor: Staff, applied: int, skipped: Counter[str]) -> None:
    """All targets have their outcome. A single target that changed since voids its decision (DESIGN §4)."""
    void = decision.target_count == 1 and skipped["state_changed"] == 1
    if decision.state != State.APPROVED and not void:
        return
    if not Decision.objects.filter(pk=decision.pk, state=decision.state).exists():
        return  # another run finished it since this one read it
    decision.state = State.VOID if void else State.APPLIED
    with pen.act(
        "decision.finished", actor=actor, reason="", subject=decision, decision_id=decision.pk,
        facts={"state": decision.state},
    ) as act:  # fmt: skip
        decision.save(update_fields=["state"])
        act.wrote(pen.history_model(Decision))
