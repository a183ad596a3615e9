"""What the clock does to appeals: near their deadline they escalate, unanswered they are over, a ruling that nobody
agreed to lapses, and what has cooled down is carried out.

Read time was right before: this tidies, records and rings. Any number may run at once: rows that another is at are
passed over, and looked at again a minute later. Each appeal has a transaction of its own: what is wrong with one keeps
no other waiting.
"""

import datetime
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from appeals.hearing.services import close, say
from appeals.lifecycle import Outcome, State
from appeals.messages import text as letters
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message, Ruling
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from qqops.alerts.services import raise_alert, raised_within
from qqops.approvals.models import State as Proposed
from qqops.audit import recorder
from qqops.staff.models import Staff

ESCALATED = 10_000  # in one statement
NAMED = 20  # of those that are stuck
ALARM_EVERY = datetime.timedelta(hours=1)
BY_CLOCK = (State.FILED, State.RULED)  # whose clock runs

_ESCALATE = f"""
WITH next AS (
  SELECT id FROM appeals_appeal
  WHERE state IN ({", ".join(f"'{state}'" for state in BY_CLOCK)}) AND escalated_at IS NULL
    AND escalate_at <= %(now)s
  ORDER BY escalate_at LIMIT %(size)s FOR NO KEY UPDATE SKIP LOCKED),
appeal AS (
  UPDATE appeals_appeal a SET escalated_at = %(now)s FROM next WHERE a.id = next.id RETURNING a.*),
history AS ({{history}})
SELECT count(*) FROM appeal"""


@dataclass
class Swept:
    escalated: int = 0
    abandoned: int = 0
    lapsed: int = 0  # rulings
    carried_out: int = 0
    stuck: int = 0  # what was due and could not be done


@dataclass
class _Stuck:
    """Which appeals could not be dealt with, and how many by what went wrong; codes, never texts."""

    appeals: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


def due() -> Swept:
    """How much a sweep would do now."""
    now = timezone.now()
    return Swept(
        escalated=_fresh(now).count(),
        abandoned=_unanswered(now).count(),
        lapsed=_unagreed(now).count(),
        carried_out=_cooled(now).count(),
    )


def sweep(*, actor: Staff) -> Swept:
    """Do all that is due."""
    now, swept, stuck = timezone.now(), Swept(), _Stuck()

    def each(rows: QuerySet[Appeal], step: Callable[[int, Staff], bool]) -> int:
        pks = list(rows.order_by("waits_until", "pk").values_list("pk", flat=True))
        return sum(_alone(step, pk, actor, stuck) for pk in pks)

    swept.carried_out = each(_cooled(now), lambda pk, actor: recovery.carry_out(pk, actor=actor))
    swept.abandoned = each(_unanswered(now), _abandon)
    swept.lapsed = each(_unagreed_to(now), _lapse)
    while n := _escalate(actor):
        swept.escalated += n
    _alarm(swept.escalated, actor)
    _tell_stuck(stuck, actor)
    swept.stuck = len(stuck.appeals)
    return swept


def _alone(step: Callable[[int, Staff], bool], pk: int, actor: Staff, stuck: _Stuck) -> bool:
    try:
        return step(pk, actor)
    except Exception as error:  # whatever goes wrong with one is that one's: it is tried again in a minute
        stuck.appeals.append(pk)
        stuck.faults[type(error).__name__] += 1
        return False


def _tell_stuck(stuck: _Stuck, actor: Staff) -> None:
    """Once an hour while there is one."""
    if not stuck.appeals or raised_within(ALARM_EVERY, "appeals_stuck"):
        return
    receipts = list(
        Appeal.objects.filter(pk__in=stuck.appeals[:NAMED]).order_by("pk").values_list("receipt", flat=True)
    )
    n = len(stuck.appeals)
    facts = {"n": n, "appeals": receipts, "faults": dict(stuck.faults)}
    with recorder.act("appeal.stuck", actor=actor, reason="", facts=facts) as act:
        raise_alert(act, "appeals_stuck", once=ALARM_EVERY, n=n, appeals=receipts)


def _escalate(actor: Staff) -> int:
    """The clock is no act on an appeal: its revision stays, and an open form is not stale by it."""
    now = timezone.now()
    sql = _ESCALATE.format(history=recorder.history_insert(Appeal, recorder.CHANGED, source="appeal live"))
    with transaction.atomic(), connection.cursor() as cursor:
        if not _fresh(now).select_for_update(no_key=True, skip_locked=True).first():
            return 0
        with recorder.act("appeal.escalated", actor=actor, reason="") as act:
            cursor.execute(sql, act.params | {"now": now, "size": ESCALATED})
            n = int(cursor.fetchone()[0])
            act.facts["n"] = n
            act.wrote(recorder.history_model(Appeal), rows=n)
    return n


def _alarm(escalated: int, actor: Staff) -> None:
    """Once an hour while there is one past its deadline, or more came near it."""
    now = timezone.now()
    past = Appeal.objects.filter(state__in=BY_CLOCK, due_at__lte=now)
    if not (escalated or past.exists()) or raised_within(ALARM_EVERY, "appeals_late"):
        return
    late = past.count()
    near = _near(now).count() - late
    with recorder.act("appeal.late", actor=actor, reason="", facts={"past": late, "near": near}) as act:
        raise_alert(act, "appeals_late", once=ALARM_EVERY, past=late, near=near)


def _abandon(pk: int, actor: Staff) -> bool:
    with transaction.atomic():
        appeal = _mine(_unanswered(timezone.now()), pk)
        if appeal is None:
            return False
        with recorder.act("appeal.abandoned", actor=actor, reason="", subject=appeal, facts={"n": 1}) as act:
            close(act, appeal, Outcome.ABANDONED, actor)
            if Words(appeal).is_kept:
                say(act, appeal, Message.Kind.RULING, letters.closed(appeal), actor)
    return True


def _lapse(pk: int, actor: Staff) -> bool:
    with transaction.atomic():
        appeal = _mine(_unagreed_to(now := timezone.now()), pk)
        if appeal is None:
            return False
        with recorder.act("appeal.ruling_lapsed", actor=actor, reason="", subject=appeal, facts={"n": 1}) as act:
            ruling = _unagreed(now).select_for_update(no_key=True).get(appeal=appeal)
            ruling.appeal = appeal
            rulings.lapse(ruling, act)
    return True


def _near(now: datetime.datetime) -> QuerySet[Appeal]:
    return Appeal.objects.filter(state__in=BY_CLOCK, escalate_at__lte=now)


def _fresh(now: datetime.datetime) -> QuerySet[Appeal]:
    return _near(now).filter(escalated_at=None)


def _unanswered(now: datetime.datetime) -> QuerySet[Appeal]:
    return Appeal.objects.filter(state=State.WAITING, waits_until__lte=now)


def _cooled(now: datetime.datetime) -> QuerySet[Appeal]:
    return Appeal.objects.filter(state=State.COOLING, waits_until__lte=now)


def _unagreed(now: datetime.datetime) -> QuerySet[Ruling]:
    return Ruling.objects.filter(state=Proposed.PROPOSED, expires_at__lte=now)


def _unagreed_to(now: datetime.datetime) -> QuerySet[Appeal]:
    return Appeal.objects.filter(state=State.RULED, pk__in=_unagreed(now).values("appeal"))


def _mine(rows: QuerySet[Appeal], pk: int) -> Appeal | None:
    """This one, locked; None where it is not one of these any more, or another is at it."""
    return rows.filter(pk=pk).select_for_update(no_key=True, skip_locked=True).first()
