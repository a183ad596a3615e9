"""A decision takes effect, chunk by chunk: the one path of a click, a list of 50,000 and a reclaim of 5,000,000.

Each chunk is one transaction: lock the numbers in order, judge each target afresh, then one statement writes
measures, numbers, their history, notices and outcomes; last the event with the digest of those rows. Outcomes
have (decision, number) as their key, so a killed run continues where it stopped and a target happens once.
"""

import datetime
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.quarantine import policy as closing
from enforcement.approval.approval_hash import content_hash_now
from enforcement.citations.services import must_stand
from enforcement.decisions.order_validation import daily_limit, must_know_logins
from enforcement.decisions.preview import USED_TODAY, today
from enforcement.decisions.queries import told_before
from enforcement.models import Approval, Decision, Notice
from enforcement.policy import Effect, Why
from enforcement.reviews.services import review_left_out
from enforcement.runs import eligibility
from enforcement.runs.effects import judging, tenure_of, why_not, write
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff

# The event is written a moment after the one that it names.
MOMENT = datetime.timedelta(minutes=1)


VOIDING = {Why.STATE_CHANGED, Why.CONFLICT, Why.NO_TENURE}  # of a single target: it is not what was decided on


class Busy(Refused):
    """Another run is at work on this decision."""


class Held(Invalid):
    """It was paused, or everything was stopped: what was done is done, and the rest waits."""


def apply(
    decision: Decision, *, actor: Staff, progress: Callable[[int], None] | None = None
) -> tuple[int, Counter[str]]:
    """Apply every target that has no outcome yet; return how many were applied, and the skipped by reason.

    Raises Held where it was paused or everything was stopped: every chunk until then is done and on the record.
    """
    applied, skipped = 0, Counter[str]()
    if decision.effect == Effect.WAITS:
        may_run(decision)
        _was_approved(decision)
    while True:
        begun = time.monotonic()
        with transaction.atomic():
            chunk = _lock_next(decision)
            if decision.effect != Effect.WAITS and chunk.used_today > daily_limit(actor):
                raise Invalid(_("Your daily limit was reached meanwhile. Nothing was done: send it for approval."))
            if chunk.size:
                whys = write(decision, actor, chunk.after, chunk.upto)
                applied += whys.pop("", 0)
                skipped.update(whys)
            if chunk.size < chunk.asked:
                _finish(decision, actor, applied, skipped)
                return applied, skipped
        if progress:
            progress(chunk.size)
        if chunk.rate:  # outside the transaction: nobody waits for a number that is only being slow
            time.sleep(max(0.0, chunk.size / chunk.rate - (time.monotonic() - begun)))


def may_run(decision: Decision) -> None:
    """An approved reclaim waits until its holders were told and reminded and their time is over, and for the logins
    until now, and nothing runs that has no ground left (12.7): Invalid says what it waits for."""
    must_stand(decision)
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
            f" AND {eligibility.IN_FORCE}"
        )
        why = f"CASE WHEN EXISTS ({running}) THEN '' ELSE 'state_changed' END"
    else:
        why = why_not(decision)
    sql = f"""
SELECT {why} AS why, count(*) FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id
{tenure_of(decision)}
WHERE t.decision_id = %(decision)s GROUP BY 1"""
    now = timezone.now()
    params = judging(decision, now) | {
        "until": decision.until or (now + decision.duration if decision.duration else None)
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class Chunk:
    """The next targets of a run, locked: how many of how many asked for, after and up to which number."""

    size: int
    asked: int
    upto: int
    after: int
    used_today: int
    rate: int | None


# Whether a run may go on is read with the lock, chunk by chunk: a pause waits for one chunk at most. What acts at once
# is one chunk and no run.
_HELD = (
    "d.effect = 'waits' AND (d.state = 'stopped' OR d.paused_at IS NOT NULL"
    " OR EXISTS (SELECT FROM enforcement_halt WHERE ended_at IS NULL))"
)


def _lock_next(decision: Decision) -> Chunk:
    """Lock the next chunk of numbers in key order.

    `ANY(ARRAY(…))` keeps the key lookup whatever the planner thinks of the chunk's size, and BY_KEY does the same
    for the statement that follows.
    """
    sql = f"""
WITH set AS MATERIALIZED (SELECT {eligibility.BY_KEY}),
mine AS MATERIALIZED (
  SELECT d.id, d.rate, least(%(size)s, coalesce(d.rate, %(size)s)) AS size, {_HELD} AS held
  FROM enforcement_decision d, set WHERE d.id = %(decision)s FOR NO KEY UPDATE OF d SKIP LOCKED),
done AS MATERIALIZED (
  SELECT coalesce(max(number_id), 0) AS upto FROM enforcement_outcome WHERE decision_id = %(decision)s),
locked AS MATERIALIZED (
  SELECT n.id FROM accounts_number n WHERE n.id = ANY(ARRAY(
    SELECT t.number_id FROM enforcement_target t, mine, done
    WHERE t.decision_id = %(decision)s AND t.number_id > done.upto AND NOT mine.held
    ORDER BY t.number_id LIMIT (SELECT size FROM mine)))
  ORDER BY n.id FOR NO KEY UPDATE)
SELECT (SELECT held FROM mine), (SELECT count(*) FROM locked), (SELECT size FROM mine),
  coalesce((SELECT max(id) FROM locked), 0), upto, {USED_TODAY}, (SELECT rate FROM mine)
FROM done"""
    with connection.cursor() as cursor:
        params = {"decision": decision.pk, "size": settings.QQOPS_CHUNK, "actor": decision.maker_id, "today": today()}
        cursor.execute(sql, params)
        held, *found = cursor.fetchone()
    if held is None:
        raise Busy(gettext_noop("Another run is at work on decision #%(id)d."), id=decision.pk)
    if held:
        raise Held(
            _("Decision #%(id)d is paused or stopped, or all runs are. What was done stays done.") % {"id": decision.pk}
        )
    return Chunk(*found)


def _finish(decision: Decision, actor: Staff, applied: int, skipped: Counter[str]) -> None:
    """All targets have their outcome. A single target that changed since voids its decision (DESIGN §4)."""
    if decision.leave_out and decision.effect != Effect.WAITS:  # all done in one chunk, and in this act
        review_left_out(decision, actor=actor)
    void = decision.target_count == 1 and not applied and bool(skipped.keys() & VOIDING)
    if decision.state != State.APPROVED and not void:
        return
    if not Decision.objects.filter(pk=decision.pk, state=decision.state).exists():
        return  # another run finished it since this one read it
    decision.state = State.VOID if void else State.APPLIED
    with recorder.act(
        "decision.finished", actor=actor, reason="", subject=decision, decision_id=decision.pk,
        facts={"state": decision.state},
    ) as act:  # fmt: skip
        decision.save(update_fields=["state"])
        act.wrote(recorder.history_model(Decision))
        if decision.leave_out:
            review_left_out(decision, actor=actor)
