"""The references of what ends measures: an approved undo, and the expiry sweep, by the leanest SQL of the same work.

As reference.py: two statements and a COMMIT for each chunk, over psycopg and nothing else; the same rows, which pass
audit_verify.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.utils import timezone

from enforcement.models import Decision
from qqops.staff.models import Staff
from tests.benchmarks.reference import BEFORE, LOCK, RECORDED

_MEASURE_HISTORY = """measure_history AS (
  INSERT INTO enforcement_historicalmeasure (event, id, number_id, tenure_id, decision_id, kind, freeze_kind, scopes,
    starts_at, until, ended_at, ended_by_id, end_reason, history_date, history_type, history_user_id)
  SELECT %(event)s, id, number_id, tenure_id, decision_id, kind, freeze_kind, scopes, starts_at, until, ended_at,
    ended_by_id, end_reason, clock_timestamp(), '~', %(actor)s FROM measure RETURNING *)"""
_NUMBER_HISTORY = RECORDED.partition("notice AS (")[0].rstrip().rstrip(",")


def _digest(rows: str, key: str, json: str = "") -> str:
    return (
        f"(SELECT sha256(string_agg(sha256(convert_to(jsonb_strip_nulls(to_jsonb(r))::text{json}, 'UTF8')), ''::bytea"
        f" ORDER BY r.{key})) FROM {rows} r)"
    )


_EVENT = """
INSERT INTO audit_event (id, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest)
SELECT %(event)s, clock_timestamp(), %(actor)s, %(actor_label)s, {verb}, {subject}, '', %(request)s, 'command', NULL,
  '', %(reason)s, {facts}, {rows}, sha256({digest})
FROM digests RETURNING {done}"""

UNDO = f"""
WITH judged AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.measures, n.lifecycle, n.frozen_until, n.restricted_until,
    CASE WHEN n.tenure_id IS NULL THEN 'no_tenure'
      WHEN t.revision <> n.revision OR t.tenure_id IS DISTINCT FROM n.tenure_id THEN 'state_changed'
      WHEN n.lifecycle NOT IN ('allocated', 'in_use', 'cancel_pending', 'terminated') THEN 'wrong_state'
      WHEN NOT EXISTS (SELECT FROM enforcement_outcome o WHERE o.decision_id = %(undoes)s AND o.number_id = n.id
        AND o.why = '') THEN 'nothing_to_undo'
      WHEN NOT EXISTS (SELECT FROM enforcement_target u WHERE u.decision_id = %(undoes)s AND u.number_id = n.id
        AND u.tenure_id = n.tenure_id AND u.revision + 1 = n.revision)
        OR NOT EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = n.id AND m.tenure_id = n.tenure_id
        AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s) AND m.decision_id = %(undoes)s)
        THEN 'conflict'
      ELSE '' END AS why
  FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s AND t.number_id <= %(upto)s),
measure AS (
  UPDATE enforcement_measure m SET ended_at = %(now)s, ended_by_id = %(decision)s, end_reason = 'voided'
  FROM judged j WHERE m.number_id = j.number_id AND m.decision_id = %(undoes)s AND m.ended_at IS NULL
    AND (m.until IS NULL OR m.until > %(now)s) AND j.why = '' RETURNING m.*),
{_MEASURE_HISTORY},
unsent AS (
  UPDATE enforcement_notice x SET state = 'withdrawn' FROM judged j
  WHERE x.decision_id = %(undoes)s AND x.tenure_id = j.tenure_id AND x.state = 'pending' AND j.why = ''),
number AS (
  UPDATE accounts_number n SET lifecycle = o.before ->> 'lifecycle',
    frozen_until = (o.before ->> 'frozen_until')::timestamptz,
    restricted_until = (o.before ->> 'restricted_until')::timestamptz, revision = n.revision + 1
  FROM judged j JOIN enforcement_outcome o ON o.decision_id = %(undoes)s AND o.number_id = j.number_id
  WHERE n.id = j.number_id AND j.why = '' RETURNING n.*),
{RECORDED},
digests AS (
  SELECT {_digest("number_history", "history_id")} AS numbers, {_digest("measure_history", "history_id")} AS measures,
    {_digest("outcome", "number_id", BEFORE)} AS outcomes,
    (SELECT count(*) FROM outcome) AS judged, (SELECT count(*) FROM number_history) AS applied)
""" + _EVENT.format(
    verb="'decision.applied'",
    subject="'enforcement.decision', %(decision)s::text, %(subject)s, %(decision)s",
    facts="jsonb_build_object('act', 'undo', 'applied', applied, 'skipped', jsonb_build_object())",
    rows=(
        "jsonb_build_object('enforcement_outcome', judged, 'accounts_historicalnumber', applied,"
        " 'enforcement_historicalmeasure', applied)"
    ),
    digest="coalesce(numbers, '') || coalesce(measures, '') || coalesce(outcomes, '')",
    done="facts->'applied'",
)

OVER = """
SELECT array_agg(m.id), array_agg(m.number_id) FROM (
  SELECT id, number_id FROM enforcement_measure
  WHERE ended_at IS NULL AND until IS NOT NULL AND until <= %(now)s ORDER BY until LIMIT %(size)s) m"""
LOCK_THESE = (
    "SELECT count(*) FROM (SELECT id FROM accounts_number WHERE id = ANY(%(numbers)s) ORDER BY id FOR NO KEY UPDATE) x"
)
EXPIRE = f"""
WITH measure AS (
  UPDATE enforcement_measure m SET ended_at = m.until, end_reason = 'expired'
  WHERE m.id = ANY(%(ids)s) AND m.ended_at IS NULL AND m.until <= %(now)s RETURNING m.*),
{_MEASURE_HISTORY},
number AS (
  UPDATE accounts_number n SET
    frozen_until = (SELECT max(coalesce(m.until, '9999-12-31')) FROM enforcement_measure m WHERE m.number_id = n.id
      AND m.tenure_id = n.tenure_id AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s)
      AND m.kind = 'freeze' AND m.id <> ALL(%(ids)s)),
    restricted_until = (SELECT max(coalesce(m.until, '9999-12-31')) FROM enforcement_measure m WHERE m.number_id = n.id
      AND m.tenure_id = n.tenure_id AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s)
      AND m.kind = 'restrict' AND m.id <> ALL(%(ids)s))
  WHERE n.id IN (SELECT number_id FROM measure) RETURNING n.*),
{_NUMBER_HISTORY},
told AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, stage, state, created_at)
  SELECT m.decision_id, m.tenure_id, 'ended', 'pending', %(now)s FROM measure m JOIN enforcement_notice x
    ON x.decision_id = m.decision_id AND x.tenure_id = m.tenure_id AND x.stage = 'act'
  WHERE x.state = 'sent' ORDER BY m.number_id),
digests AS (
  SELECT {_digest("number_history", "history_id")} AS numbers, {_digest("measure_history", "history_id")} AS measures,
    (SELECT count(*) FROM measure_history) AS ended, (SELECT count(*) FROM number_history) AS freed)
""" + _EVENT.format(
    verb="'measure.expired'",
    subject="'', '', '', NULL",
    facts="jsonb_build_object('measures', ended)",
    rows="jsonb_build_object('accounts_historicalnumber', freed, 'enforcement_historicalmeasure', ended)",
    digest="coalesce(numbers, '') || coalesce(measures, '')",
    done="facts->'measures'",
)


def undo(decision: Decision) -> int:
    """Apply the undo to all its targets; how many."""
    common = _common(decision.maker, decision.reason) | {
        "decision": decision.pk,
        "undoes": decision.undoes_id,
        "subject": str(decision),
    }
    done = after = 0
    with _server() as server:
        while True:
            size, upto = server.execute(LOCK, common | {"after": after}).fetchone() or (0, 0)
            if size:
                done += _one(server, UNDO, common | {"after": after, "upto": upto, "event": uuid.uuid4()})
            server.commit()
            if size < settings.QQOPS_CHUNK:
                return done
            after = upto


def expire(actor: Staff) -> int:
    """End all measures that are over; how many."""
    done, common = 0, _common(actor, "")
    with _server() as server:
        while True:
            ids, numbers = server.execute(OVER, common).fetchone() or (None, None)
            if not ids:
                return done
            server.execute(LOCK_THESE, {"numbers": numbers})
            done += _one(server, EXPIRE, common | {"ids": ids, "event": uuid.uuid4()})
            server.commit()


def _one(server: psycopg.Connection[Any], statement: str, params: dict[str, Any]) -> int:
    row = server.execute(statement, params).fetchone()
    assert row is not None
    return int(row[0])


def _common(actor: Staff, reason: str) -> dict[str, Any]:
    return {
        "now": timezone.now(),
        "actor": actor.pk,
        "actor_label": str(actor),
        "reason": reason,
        "request": uuid.uuid4(),
        "size": settings.QQOPS_CHUNK,
    }


@contextmanager
def _server() -> Iterator[psycopg.Connection[Any]]:
    place = connection.settings_dict
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        user=place["USER"],
        dbname=place["NAME"],
        # As the product plans: by key, never by a scan of all numbers.
        options="-c timezone=UTC -c random_page_cost=1.1 -c jit=off",
        cursor_factory=psycopg.ClientCursor,
    ) as server:
        yield server
