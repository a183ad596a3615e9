"""What the clock does to appeals: near their deadline they escalate, unanswered they are over, a ruling that nobody
agreed to lapses, and what has cooled down is carried out.

Read time was right before: this tidies, records and rings. Any number may run at once: rows that another is at are
passed over, and looked at again a minute later.
"""

import datetime
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.services import holds
from appeals import letters
from appeals.lifecycle import Outcome, State
from appeals.models import Appeal, Message, Ruling
from appeals.services import recovery, rulings
from appeals.services.hearing import close, say
from appeals.services.words import Words
from qqops.alerts.services import raise_alert, raised_within
from qqops.approvals import State as Proposed
from qqops.audit import pen
from qqops.staff.models import Staff

CHUNK = 200
ESCALATED = 10_000  # in one statement
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
    swept = Swept()
    for pk in list(_cooled(timezone.now()).order_by("waits_until").values_list("pk", flat=True)):
        swept.carried_out += recovery.carry_out(pk, actor=actor)
    while n := _abandon(actor):
        swept.abandoned += n
    while n := _lapse(actor):
        swept.lapsed += n
    while n := _escalate(actor):
        swept.escalated += n
    _alarm(swept.escalated, actor)
    return swept


def _escalate(actor: Staff) -> int:
    """The clock is no act on an appeal: its revision stays, and an open form is not stale by it."""
    now = timezone.now()
    sql = _ESCALATE.format(history=pen.history_insert(Appeal, pen.CHANGED, source="appeal live"))
    with transaction.atomic(), connection.cursor() as cursor:
        if not _fresh(now).select_for_update(no_key=True, skip_locked=True).first():
            return 0
        with pen.act("appeal.escalated", actor=actor, reason="") as act:
            cursor.execute(sql, act.params | {"now": now, "size": ESCALATED})
            n = int(cursor.fetchone()[0])
            act.facts["n"] = n
            act.wrote(pen.history_model(Appeal), rows=n)
    return n


def _alarm(escalated: int, actor: Staff) -> None:
    """Once an hour while there is one past its deadline, or more came near it."""
    now = timezone.now()
    past = Appeal.objects.filter(state__in=BY_CLOCK, due_at__lte=now)
    if not (escalated or past.exists()) or raised_within(ALARM_EVERY, "appeals_late"):
        return
    late = past.count()
    near = _near(now).count() - late
    with pen.act("appeal.late", actor=actor, reason="", facts={"past": late, "near": near}) as act:
        raise_alert(act, "appeals_late", once=ALARM_EVERY, past=late, near=near)


def _abandon(actor: Staff) -> int:
    with transaction.atomic():
        found = _mine(_unanswered(timezone.now()))
        if not found:
            return 0
        # All at once and in key order, as every act locks numbers, so that none of them can deadlock with this.
        holds.lock([appeal.tenure_id for appeal in found if appeal.tenure_id])
        facts = {"n": len(found)}
        with pen.act("appeal.abandoned", actor=actor, reason="", subject=_the_one(found), facts=facts) as act:
            for appeal in found:
                close(act, appeal, Outcome.ABANDONED, actor)
                if Words(appeal).is_kept:
                    say(act, appeal, Message.Kind.RULING, letters.closed(appeal), actor)
    return len(found)


def _lapse(actor: Staff) -> int:
    with transaction.atomic():
        now = timezone.now()
        found = _mine(Appeal.objects.filter(state=State.RULED, pk__in=_unagreed(now).values("appeal")))
        if not found:
            return 0
        by_pk, facts = {appeal.pk: appeal for appeal in found}, {"n": len(found)}
        with pen.act("appeal.ruling_lapsed", actor=actor, reason="", subject=_the_one(found), facts=facts) as act:
            for ruling in _unagreed(now).filter(appeal__in=found).order_by("pk").select_for_update(no_key=True):
                ruling.appeal = by_pk[ruling.appeal_id]
                rulings.lapse(ruling, act)
    return len(found)


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


def _mine(rows: QuerySet[Appeal]) -> list[Appeal]:
    """The next of these that nobody else is at, locked."""
    return list(rows.order_by("pk").select_for_update(no_key=True, skip_locked=True)[:CHUNK])


def _the_one(found: list[Appeal]) -> Appeal | None:
    return found[0] if len(found) == 1 else None
