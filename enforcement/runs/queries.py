"""Reads of what is carried out: how far it is, and what came of each target."""

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from enforcement.decisions.queries import notice_text
from enforcement.models import Decision, Halt
from enforcement.policy import Effect
from qqops.approvals.models import State
from qqops.audit.models import Event

APPLIED = "decision.applied"  # one event for each chunk: outcomes are never counted
RECENT = 10  # chunks that the speed is taken from
STALE = datetime.timedelta(seconds=60)  # a chunk takes a second or two: after that nobody is at work


class Run(TextChoices):
    RUNNING = "running", _("running")
    WAITING = "waiting", _("waiting for the worker")
    PAUSED = "paused", _("paused")
    HALTED = "halted", _("all runs are stopped")
    NOTICE = "notice", _("its holders are told first")
    DONE = "done", _("finished")
    STOPPED = "stopped", _("stopped for good")


OVER = {State.APPLIED: Run.DONE, State.VOID: Run.DONE, State.STOPPED: Run.STOPPED}


@dataclass(frozen=True)
class Progress:
    run: Run
    total: int
    applied: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    speed: float | None = None  # numbers a second, lately

    @property
    def over(self) -> bool:
        return self.run in (Run.DONE, Run.STOPPED)

    @property
    def done(self) -> int:
        return self.applied + self.skipped.total()

    @property
    def left(self) -> float | None:
        """Seconds until it is done at this speed."""
        return (self.total - self.done) / self.speed if self.speed else None


_SUMS = """
SELECT one.why, sum(one.n)::bigint FROM audit_event e CROSS JOIN LATERAL (
  SELECT '' AS why, (e.facts ->> 'applied')::bigint AS n
  UNION ALL SELECT key, value::bigint FROM jsonb_each_text(e.facts -> 'skipped')) one
WHERE e.decision_id = ANY(%s) AND e.verb = %s GROUP BY 1"""


def due_runs() -> QuerySet[Decision]:
    """Approved, due and not paused: what a stop of all holds up."""
    return Decision.objects.filter(
        state=State.APPROVED, effect=Effect.WAITS, paused_at=None, effective_at__lte=timezone.now()
    ).order_by("pk")


def left_in(runs: Collection[Decision]) -> int:
    """How many numbers are not done yet, of them all."""
    return sum(run.target_count for run in runs) - _counts(run.pk for run in runs).total()


def paused_by(decision: Decision) -> str:
    """Who paused it last."""
    said = Event.objects.filter(decision_id=decision.pk, verb="run.paused").order_by("-seq")
    return said.values_list("actor_label", flat=True).first() or ""


def _counts(decisions: Iterable[int]) -> Counter[str]:
    """How many of their targets are done: why each was skipped, or '' when it was applied."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [list(decisions), APPLIED])
        return Counter(dict(cursor.fetchall()))


def progress_of(decision: Decision) -> Progress:
    counts = _counts([decision.pk])
    applied = counts.pop("", 0)
    run, speed = _state(decision)
    return Progress(run, decision.target_count, applied, counts, speed)


def _state(decision: Decision) -> tuple[Run, float | None]:
    if over := OVER.get(State(decision.state)):
        return over, None
    if decision.paused_at:
        return Run.PAUSED, None
    if Halt.objects.filter(ended_at=None).exists():
        return Run.HALTED, None
    if notice_text(decision) and (decision.effective_at is None or decision.effective_at > timezone.now()):
        return Run.NOTICE, None
    chunks = _latest_chunks(decision)
    if not chunks or chunks[0][0] < timezone.now() - STALE:
        return Run.WAITING, None
    seconds = (chunks[0][0] - chunks[-1][0]).total_seconds()
    return Run.RUNNING, sum(n for _at, n in chunks[:-1]) / seconds if seconds else None


def _latest_chunks(decision: Decision) -> list[tuple[datetime.datetime, int]]:
    """When the last chunks ended and how many each had, the newest first, back to where nobody was at work."""
    events = Event.objects.filter(decision_id=decision.pk, verb=APPLIED).order_by("-seq").values_list("at", "facts")
    found: list[tuple[datetime.datetime, int]] = []
    for at, facts in events[:RECENT]:
        if found and found[-1][0] - at > STALE:
            break
        found.append((at, facts["applied"] + sum(facts["skipped"].values())))
    return found


class Line(NamedTuple):
    """What came of one target. `why` None: nothing yet; '': applied. `until` None with `measured`: without end."""

    number: int
    why: str | None
    lifecycle: str | None  # before
    frozen_until: str | None
    restricted_until: str | None
    measured: bool
    until: datetime.datetime | None


_LINES = """
SELECT t.number_id, o.why, o.before ->> 'lifecycle', o.before ->> 'frozen_until', o.before ->> 'restricted_until',
       m.id IS NOT NULL, m.until
FROM (SELECT number_id FROM enforcement_target WHERE decision_id = %(decision)s AND number_id > %(after)s
      ORDER BY number_id LIMIT %(size)s) t
LEFT JOIN enforcement_outcome o ON o.decision_id = %(decision)s AND o.number_id = t.number_id
LEFT JOIN enforcement_measure m ON m.decision_id = %(decision)s AND m.number_id = t.number_id
ORDER BY t.number_id"""


def lines_of(decision: Decision) -> Iterator[Line]:
    """Every target in key order, a page at a time: no cursor and no snapshot is held open for a slow reader."""
    after, size = 0, settings.QQOPS_CHUNK
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LINES, {"decision": decision.pk, "after": after, "size": size})
            page = [Line(*row) for row in cursor.fetchall()]
        yield from page
        if len(page) < size:
            return
        after = page[-1].number
