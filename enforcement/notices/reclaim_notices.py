"""Notices before a reclaim (10.3; domain.md §7, T12c): every holder is told, and reminded, before anything happens; and
where it is stopped, those who were told that it will not happen.

Written chunk by chunk by a periodic act. The time of notice counts from when the last holder was told, and that of the
reminder from when the last was reminded, so nobody loses his number before he had all of both, however late this runs.
"""

import datetime
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.dormancy.queries import unknown_logins
from accounts.quarantine.policy import DAY
from enforcement.decisions.queries import reminds_now, told_before
from enforcement.models import Decision, Notice
from enforcement.notices.notice_state import MAY_BE_HEARD, NOT_SENT
from enforcement.policy import Effect
from enforcement.runs import eligibility
from enforcement.runs.effects import why_not
from enforcement.runs.services import halted
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff

# The next of a decision's targets, up to which number they go, and how many holders were told. A reminder goes to those
# only whom the decision would still reach: who has used the number meanwhile is not frightened again.
_TELL = """
WITH next AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.revision, t.measures FROM enforcement_target t
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s ORDER BY t.number_id LIMIT %(size)s),
told AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, stage, state, created_at)
  SELECT %(decision)s, t.tenure_id, %(stage)s, 'pending', %(now)s FROM next t {judged}
  WHERE t.tenure_id IS NOT NULL AND {reached} ORDER BY t.number_id
  ON CONFLICT (decision_id, tenure_id, stage) DO NOTHING RETURNING id)
SELECT (SELECT count(*) FROM next), (SELECT coalesce(max(number_id), 0) FROM next), (SELECT count(*) FROM told)"""
# Of one that was stopped: what has not left is not sent any more, and who was told, or may have been, and still has his
# number is told. Whose right of use has ended meanwhile, by whatever else, has had that said to him.
_TELL_END = f"""
WITH next AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id FROM enforcement_target t
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s ORDER BY t.number_id LIMIT %(size)s),
before AS MATERIALIZED (
  SELECT x.id, x.tenure_id, t.number_id, {NOT_SENT} AS unsent, {MAY_BE_HEARD} AS heard
  FROM next t JOIN enforcement_notice x
    ON x.decision_id = %(decision)s AND x.tenure_id = t.tenure_id AND x.stage IN ('prior', 'reminder')
  ORDER BY x.id FOR NO KEY UPDATE OF x),
unsent AS (
  UPDATE enforcement_notice x SET state = 'withdrawn' FROM before b WHERE x.id = b.id AND b.unsent),
told AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, stage, state, created_at)
  SELECT DISTINCT %(decision)s::bigint, b.tenure_id, %(stage)s, 'pending', %(now)s FROM before b
  JOIN accounts_number n ON n.id = b.number_id AND n.tenure_id = b.tenure_id AND n.lifecycle IN ('allocated', 'in_use')
  WHERE b.heard AND NOT EXISTS (
    SELECT FROM enforcement_outcome o WHERE o.decision_id = %(decision)s AND o.number_id = b.number_id AND o.why = '')
  ON CONFLICT (decision_id, tenure_id, stage) DO NOTHING RETURNING id)
SELECT (SELECT count(*) FROM next), (SELECT coalesce(max(number_id), 0) FROM next), (SELECT count(*) FROM told)"""
_JUDGED = f"JOIN accounts_number n ON n.id = t.number_id {eligibility.TENURE}"

_END_IS_TOLD = Q(verb="decision.all_told", facts__stage=Notice.Stage.ENDED.value)
QUIET = datetime.timedelta(minutes=2)  # after so long without a word a run is taken to have ended without its end

# Where a run that was cut short goes on.
_TOLD_UPTO = """
SELECT coalesce(max(t.number_id), 0) FROM (
  SELECT t.number_id FROM enforcement_notice x JOIN accounts_tenure h ON h.id = x.tenure_id
  JOIN enforcement_target t ON t.decision_id = x.decision_id AND t.number_id = h.number_id
  WHERE x.decision_id = %(decision)s AND x.stage = %(stage)s) t"""


def announce(*, actor: Staff) -> Counter[str]:
    """Tell the holders of every approved reclaim what its policy says they are told, and of a stopped one that it will
    not happen; how many, by stage."""
    told = Counter[str]()
    for decision, stage in _due():
        told[stage] += _tell_all(decision, stage, actor)
    return told


def ready() -> list[Decision]:
    """What was approved, is due, and nobody is at: of reclaims those whose holders were told and reminded as their
    policy says, and for which the logins until now are known. Whoever is at one leaves an event with each chunk."""
    told = Q(policy=None) | Q(announced_at__isnull=False) | Q(policy__notice_days=0)
    reminded = Q(policy=None) | Q(reminded_at__isnull=False) | Q(policy__reminder_days=0)
    now = timezone.now()
    quiet = ~Exists(Event.objects.filter(decision_id=OuterRef("pk"), at__gt=now - QUIET))
    waiting = Decision.objects.filter(told, reminded, quiet, state=State.APPROVED, effect=Effect.WAITS, paused_at=None)
    over = waiting.filter(effective_at__lte=now).select_related("policy").order_by("pk")
    if halted():
        return []
    return [one for one in over if one.policy is None or not unknown_logins(one.policy)]


def _due() -> Iterator[tuple[Decision, Notice.Stage]]:
    waiting = Decision.objects.filter(state=State.APPROVED, policy__notice_days__gt=0).select_related("policy")
    for decision in waiting.order_by("pk"):
        if decision.announced_at is None:
            yield decision, Notice.Stage.PRIOR
        elif reminds_now(decision):
            yield decision, Notice.Stage.REMINDER
    told = Notice.objects.filter(decision=OuterRef("pk"), stage=Notice.Stage.PRIOR)
    said = Event.objects.filter(_END_IS_TOLD, decision_id=OuterRef("pk"))
    stopped = Decision.objects.filter(Exists(told), ~Exists(said), state=State.STOPPED, policy__notice_days__gt=0)
    for decision in stopped.select_related("policy").order_by("pk"):
        yield decision, Notice.Stage.ENDED


def _tell_all(decision: Decision, stage: Notice.Stage, actor: Staff) -> int:
    told, after = 0, 0 if stage == Notice.Stage.ENDED else _told_upto(decision, stage)
    state = State.STOPPED if stage == Notice.Stage.ENDED else State.APPROVED
    while True:
        with transaction.atomic():
            # One run at a time; another that is at it will finish.
            mine = Decision.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
            held = mine.select_related("policy").filter(pk=decision.pk, state=state).first()
            if held is None or _is_told(held, stage):
                return told
            size, after, written = _tell(held, stage, actor, after)
            told += written
            if size < settings.QQOPS_CHUNK:
                _told(held, stage, actor)
                return told


def _told_upto(decision: Decision, stage: Notice.Stage) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_UPTO, {"decision": decision.pk, "stage": stage.value})
        (upto,) = cursor.fetchone()
    return int(upto)


def _tell(decision: Decision, stage: Notice.Stage, actor: Staff, after: int) -> tuple[int, int, int]:
    reminds = stage == Notice.Stage.REMINDER
    sql = _TELL_END
    if stage != Notice.Stage.ENDED:
        sql = _TELL.format(
            judged=_JUDGED if reminds else "", reached=f"{why_not(decision)} = ''" if reminds else "true"
        )
    now = timezone.now()
    params = eligibility.terms(decision.policy, now, since=decision.proposed_at) | {
        "decision": decision.pk,
        "after": after,
        "size": settings.QQOPS_CHUNK,
        "stage": stage.value,
        "now": now,
    }
    facts = {"stage": stage.value}
    with recorder.act(
        "decision.announced", actor=actor, reason="", subject=decision, decision_id=decision.pk, facts=facts
    ) as act, connection.cursor() as cursor:  # fmt: skip
        eligibility.by_key(cursor, decision.target_count)
        cursor.execute(sql, params)
        size, upto, written = cursor.fetchone()
        act.facts["targets"] = written
    return size, upto, written


def _is_told(decision: Decision, stage: Notice.Stage) -> bool:
    if stage == Notice.Stage.ENDED:
        return Event.objects.filter(_END_IS_TOLD, decision_id=decision.pk).exists()
    return (decision.announced_at if stage == Notice.Stage.PRIOR else decision.reminded_at) is not None


def _told(decision: Decision, stage: Notice.Stage, actor: Staff) -> None:
    facts = {"stage": stage.value}
    with recorder.act(
        "decision.all_told", actor=actor, reason="", subject=decision, decision_id=decision.pk, facts=facts
    ) as act:
        if stage != Notice.Stage.ENDED:
            facts["until"] = _run_from_now(decision, stage).isoformat()
            decision.save(update_fields=["announced_at", "reminded_at", "effective_at"])
            act.wrote(recorder.history_model(Decision))


def _run_from_now(decision: Decision, stage: Notice.Stage) -> datetime.datetime:
    """All are told: from now on their time runs, and it does not run out before that of an earlier stage."""
    now = timezone.now()
    until = now + told_before(decision)[stage] * DAY
    if stage == Notice.Stage.PRIOR:
        decision.announced_at = now
    else:
        assert decision.effective_at is not None
        decision.reminded_at, until = now, max(decision.effective_at, until)
    decision.effective_at = until
    return until
