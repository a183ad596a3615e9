"""Measures end by themselves, or with their proposal; provisional ones are confirmed. Set-based, as every act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from enforcement.models import Decision, Measure
from enforcement.notices.notice_state import MAY_BE_HEARD, NOT_SENT
from enforcement.reviews.services import review_ended
from enforcement.runs import eligibility
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.staff.models import Staff


@dataclass
class Swept:
    measures: int = 0
    proposals: int = 0


def due() -> Swept:
    """How much a sweep would end now."""
    now = timezone.now()
    return Swept(
        measures=Measure.objects.filter(ended_at=None, until__lte=now).count(),
        proposals=Decision.objects.filter(state=State.PROPOSED, expires_at__lte=now).count(),
    )


def expire(*, actor: Staff) -> Swept:
    """T9: end what is over and let old proposals lapse. Read time was right before: this tidies and records."""
    swept = Swept()
    while ids := list(
        Decision.objects.filter(state=State.PROPOSED, expires_at__lte=timezone.now())
        .order_by("pk")
        .values_list("pk", flat=True)[:100]
    ):
        for pk in ids:
            swept.proposals += _lapse(pk, actor)
    while over := _over():
        swept.measures += _end(over, verb="measure.expired", reason=Measure.EndReason.EXPIRED, actor=actor)
    return swept


def _over() -> dict[int, int]:
    """Measure → number, of the next whose time is over."""
    running = Measure.objects.filter(ended_at=None, until__lte=timezone.now()).order_by("until")
    return dict(running.values_list("pk", "number_id")[: settings.QQOPS_CHUNK])


def _lapse(pk: int, actor: Staff) -> int:
    with transaction.atomic():
        decision = Decision.objects.select_for_update(no_key=True).get(pk=pk)
        if not decision.has_lapsed:
            return 0
        decision.state = State.LAPSED
        with recorder.act("decision.lapsed", actor=actor, reason="", subject=decision, decision_id=decision.pk) as act:
            decision.save(update_fields=["state"])
            act.wrote(recorder.history_model(Decision))
    return 1


def drop(
    decision: Decision, *, actor: Staff, reason: str, because: Measure.EndReason = Measure.EndReason.REFUSED
) -> int:
    """End the provisional measures of a proposal that was refused or withdrawn: they never count."""
    left = dict(Measure.objects.filter(decision=decision, ended_at=None).values_list("pk", "number_id"))
    return _end(left, verb="measure.dropped", reason=because, actor=actor, decision=decision, why=reason)


def end_with_cause(decision: Decision, *, actor: Staff) -> None:
    """What its measures were for is over before their time, and so are they (T9); what nobody has agreed to is void.

    Within the act of whoever ended that: it says why. Locks the decision, then its numbers, as whoever agrees to it.
    """
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    if left := dict(Measure.objects.filter(decision=decision, ended_at=None).values_list("pk", "number_id")):
        _end(left, verb="measure.over", reason=Measure.EndReason.LIFTED, actor=actor, decision=decision)
    if decision.state != State.PROPOSED:
        return
    decision.state = State.VOID
    with recorder.act(
        "decision.finished", actor=actor, reason="", subject=decision, decision_id=decision.pk,
        facts={"state": decision.state},
    ) as act:  # fmt: skip
        decision.save(update_fields=["state"])
        act.wrote(recorder.history_model(Decision))


def confirm(decision: Decision, *, actor: Staff) -> tuple[int, int]:
    """Give provisional measures the end that was decided; how many, and how many had ended meanwhile."""
    column = "frozen_until" if decision.kind == "freeze" else "restricted_until"
    sql = f"""
WITH measure AS (
  UPDATE enforcement_measure m SET until = %(until)s
  WHERE m.decision_id = %(decision)s AND {eligibility.IN_FORCE} RETURNING m.*),
measure_history AS ({recorder.history_insert(Measure, recorder.CHANGED, source="measure live")}),
number AS (
  UPDATE accounts_number n SET {column} = greatest(n.{column}, coalesce(%(until)s, %(forever)s)),
    revision = n.revision + 1
  FROM measure m WHERE n.id = m.number_id AND n.tenure_id = m.tenure_id RETURNING n.*),
number_history AS ({recorder.history_insert(Number, recorder.CHANGED, source="number live")})"""
    with (
        transaction.atomic(),
        recorder.act("decision.confirmed", actor=actor, reason="", subject=decision, decision_id=decision.pk) as act,
    ):
        _lock_numbers(list(Measure.objects.filter(decision=decision).values_list("number_id", flat=True)))
        measures, numbers, _again = _run(sql, act, {"decision": decision.pk, "until": decision.ends_at})
        act.facts.update(measures=measures)
        decision.state = State.APPLIED if measures else State.VOID
        decision.save(update_fields=["state"])
        act.wrote(recorder.history_model(Decision))
        act.wrote(recorder.history_model(Measure), rows=measures)
        act.wrote(recorder.history_model(Number), rows=numbers)
    provisional = Measure.objects.filter(decision=decision).count()
    return measures, provisional - measures


# Whoever was told that a measure begins is told that it has ended. A letter that has not left is not sent any more, and
# its holder hears of neither; one that was tried may have reached him. What an undo voided has had a letter of its own.
_TELL = f"""
unsent AS (
  UPDATE enforcement_notice x SET state = 'withdrawn' FROM measure m
  WHERE x.decision_id = m.decision_id AND x.tenure_id = m.tenure_id AND x.stage = 'act' AND {NOT_SENT}),
told AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, stage, state, created_at)
  SELECT m.decision_id, m.tenure_id, 'ended', 'pending', %(now)s FROM measure m JOIN enforcement_notice x
    ON x.decision_id = m.decision_id AND x.tenure_id = m.tenure_id AND x.stage = 'act'
  WHERE {MAY_BE_HEARD} AND m.ended_by_id IS NULL
  ORDER BY m.number_id ON CONFLICT (decision_id, tenure_id, stage) DO NOTHING)"""

# As runs/effects.py: before the statement that withdraws them, and in key order, as the worker writes them.
_LOCK_NOTICES = f"""
SELECT count(*) FROM (
  SELECT x.id FROM enforcement_measure m JOIN enforcement_notice x
    ON x.decision_id = m.decision_id AND x.tenure_id = m.tenure_id
  WHERE m.id = ANY(%(ids)s::bigint[]) AND x.stage = 'act' AND {NOT_SENT}
  ORDER BY x.id FOR NO KEY UPDATE OF x) locked"""


def _end(
    over: Mapping[int, int],
    *,
    verb: str,
    reason: Measure.EndReason,
    actor: Staff,
    decision: Decision | None = None,
    why: str = "",
) -> int:
    expires = reason == Measure.EndReason.EXPIRED
    # An expiry is not an act upon the number: it leaves the revision, so that no open proposal is voided by it.
    bump = 0 if expires else 1
    ended = "m.until" if expires else "%(now)s"
    # Judged after the lock: a measure may have been confirmed, hence prolonged, while its number was waited for;
    # and what is over by its own time is the sweep's to end, with that time.
    run_out = "m.ended_at IS NULL AND m.until <= %(now)s"
    still = run_out if expires else eligibility.IN_FORCE
    # What an undo has voided, over and not swept yet, keeps that as its reason.
    sql = f"""
WITH measure AS (
  UPDATE enforcement_measure m SET ended_at = {ended}, end_reason = coalesce(nullif(m.end_reason, ''), %(reason)s)
  WHERE m.id = ANY(%(ids)s) AND {still} RETURNING m.*),
measure_history AS ({recorder.history_insert(Measure, recorder.CHANGED, source="measure live")}),
number AS (
  UPDATE accounts_number n SET frozen_until = {eligibility.latest_end("freeze", without="%(ids)s")},
    restricted_until = {eligibility.latest_end("restrict", without="%(ids)s")}, revision = n.revision + {bump}
  WHERE n.id IN (SELECT number_id FROM measure) RETURNING n.*),
number_history AS ({recorder.history_insert(Number, recorder.CHANGED, source="number live")}),
{_TELL}"""
    with (
        transaction.atomic(),
        recorder.act(
            verb, actor=actor, reason=why, subject=decision, decision_id=decision.pk if decision else None
        ) as act,
    ):
        _lock_numbers(list(over.values()))
        _lock_notices(list(over))
        measures, numbers, again = _run(sql, act, {"ids": list(over), "reason": reason})
        act.facts.update(measures=measures)
        act.wrote(recorder.history_model(Measure), rows=measures)
        act.wrote(recorder.history_model(Number), rows=numbers)
        if again and expires:
            review_ended(again, list(over), actor=actor)
    return measures


def _lock_notices(measures: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        eligibility.by_key(cursor, len(measures))
        cursor.execute(_LOCK_NOTICES, {"ids": list(measures)})


def _lock_numbers(numbers: Sequence[int]) -> None:
    """In key order, as every act does, so that two of them cannot deadlock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT id FROM accounts_number WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE) locked",
            [list(numbers)],
        )


# How many measures and numbers it wrote, and the decisions whose measures go back to review at their end.
_COUNTS = """
SELECT (SELECT count(*) FROM measure), (SELECT count(*) FROM number),
  ARRAY(SELECT d.id FROM enforcement_decision d WHERE d.then_review AND d.id IN (SELECT decision_id FROM measure)
    ORDER BY d.id)"""


def _run(sql: str, act: recorder.Act, params: dict[str, object]) -> tuple[int, int, list[int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql + _COUNTS, act.params | {"now": timezone.now(), "forever": FOREVER} | params)
        measures, numbers, again = cursor.fetchone()
    return measures, numbers, again
