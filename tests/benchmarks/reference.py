"""The reference: an approved freeze applied by the leanest hand-written SQL that does the same work.

Two statements and a COMMIT for each chunk, over psycopg and nothing else: lock the numbers in key order; then, in one
statement, judge, write measures, numbers, both histories, notices and outcomes, digest the rows as they are written
and insert the event. Same tables, indexes, triggers, chunks and rows as the product; its rows pass audit_verify.
"""

import uuid
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from enforcement.models import Decision

LOCK = """
SELECT count(*), coalesce(max(id), 0) FROM (
  SELECT n.id FROM accounts_number n WHERE n.id = ANY(ARRAY(
    SELECT t.number_id FROM enforcement_target t
    WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s ORDER BY t.number_id LIMIT %(size)s))
  ORDER BY n.id FOR NO KEY UPDATE) locked"""

BEFORE = " || coalesce(',before:' || r.before::text, '')"  # of an outcome's digest: a JSON is covered with its nulls
# What any act leaves of each number besides: its history, the notice, the outcome.
RECORDED = """number_history AS (
  INSERT INTO accounts_historicalnumber (event, id, lifecycle, tier, tenure_id, frozen_until, restricted_until,
    legal_hold, protection, reclaim_exempt_reason, tier_set_at, terminated_at, terminated_under, due_at, revision,
    history_date, history_type, history_user_id)
  SELECT %(event)s, id, lifecycle, tier, tenure_id, frozen_until, restricted_until, legal_hold, protection,
    reclaim_exempt_reason, tier_set_at, terminated_at, terminated_under, due_at, revision, clock_timestamp(), '~',
    %(actor)s FROM number RETURNING *),
notice AS (
  INSERT INTO enforcement_notice (decision_id, tenure_id, state, created_at)
  SELECT %(decision)s, tenure_id, 'pending', %(now)s FROM judged WHERE why = ''),
outcome AS (
  INSERT INTO enforcement_outcome (decision_id, number_id, why, before, event)
  SELECT %(decision)s, number_id, why, CASE WHEN why = '' THEN jsonb_build_object('lifecycle', lifecycle,
    'frozen_until', frozen_until, 'restricted_until', restricted_until, 'measures', measures) END, %(event)s
  FROM judged ORDER BY number_id RETURNING *)"""

WRITE = f"""
WITH judged AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.measures, n.lifecycle, n.frozen_until, n.restricted_until,
    CASE WHEN n.tenure_id IS NULL THEN 'no_tenure'
      WHEN t.revision <> n.revision OR t.tenure_id IS DISTINCT FROM n.tenure_id THEN 'state_changed'
      WHEN n.lifecycle NOT IN ('allocated', 'in_use', 'cancel_pending') THEN 'wrong_state'
      WHEN n.frozen_until > %(now)s AND EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = n.id
        AND m.tenure_id = n.tenure_id AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > %(now)s)
        AND m.kind = 'freeze' AND m.freeze_kind = %(freeze_kind)s) THEN 'already'
      ELSE '' END AS why
  FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id
  WHERE t.decision_id = %(decision)s AND t.number_id > %(after)s AND t.number_id <= %(upto)s),
measure AS (
  INSERT INTO enforcement_measure (number_id, tenure_id, decision_id, kind, freeze_kind, scopes, starts_at, until,
    end_reason)
  SELECT number_id, tenure_id, %(decision)s, 'freeze', %(freeze_kind)s, '{{}}', %(starts)s, %(until)s, ''
  FROM judged WHERE why = '' ORDER BY number_id RETURNING *),
measure_history AS (
  INSERT INTO enforcement_historicalmeasure (event, id, number_id, tenure_id, decision_id, kind, freeze_kind, scopes,
    starts_at, until, ended_at, ended_by_id, end_reason, history_date, history_type, history_user_id)
  SELECT %(event)s, id, number_id, tenure_id, decision_id, kind, freeze_kind, scopes, starts_at, until, ended_at,
    ended_by_id, end_reason, clock_timestamp(), '+', %(actor)s FROM measure RETURNING *),
number AS (
  UPDATE accounts_number n SET frozen_until = greatest(n.frozen_until, %(until)s), revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*),
{RECORDED},
digests AS (
  SELECT
    (SELECT sha256(string_agg(sha256(convert_to(jsonb_strip_nulls(to_jsonb(r))::text, 'UTF8')), ''::bytea
       ORDER BY r.history_id)) FROM number_history r) AS numbers,
    (SELECT sha256(string_agg(sha256(convert_to(jsonb_strip_nulls(to_jsonb(r))::text, 'UTF8')), ''::bytea
       ORDER BY r.history_id)) FROM measure_history r) AS measures,
    (SELECT sha256(string_agg(sha256(convert_to(jsonb_strip_nulls(to_jsonb(r))::text{BEFORE}, 'UTF8')), ''::bytea
       ORDER BY r.number_id)) FROM outcome r) AS outcomes,
    (SELECT count(*) FROM outcome) AS judged, (SELECT count(*) FROM number_history) AS applied)
INSERT INTO audit_event (id, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest)
SELECT %(event)s, clock_timestamp(), %(actor)s, %(actor_label)s, 'decision.applied', 'enforcement.decision',
  %(decision)s::text, %(subject)s, %(decision)s, '', %(request)s, 'command', NULL, '', %(reason)s,
  jsonb_build_object('act', 'freeze', 'applied', applied, 'skipped', jsonb_build_object()),
  jsonb_build_object('enforcement_outcome', judged, 'accounts_historicalnumber', applied,
    'enforcement_historicalmeasure', applied),
  sha256(coalesce(numbers, '') || coalesce(measures, '') || coalesce(outcomes, ''))
FROM digests RETURNING facts->'applied'"""


def apply(decision: Decision) -> int:
    """Apply the decision to all its targets; how many."""
    place = connection.settings_dict
    common: dict[str, Any] = {
        "decision": decision.pk,
        "freeze_kind": decision.freeze_kind,
        "starts": decision.effective_at,
        "until": decision.ends_at,
        "now": decision.effective_at,
        "actor": decision.maker_id,
        "actor_label": str(decision.maker),
        "subject": str(decision),
        "reason": decision.reason,
        "request": uuid.uuid4(),
        "size": settings.QQOPS_CHUNK,
    }
    applied = after = 0
    with psycopg.connect(
        host=place["HOST"],
        port=place["PORT"],
        user=place["USER"],
        dbname=place["NAME"],
        # As the product plans: by key, never by a scan of all numbers.
        options="-c timezone=UTC -c random_page_cost=1.1 -c jit=off",
        cursor_factory=psycopg.ClientCursor,
    ) as server:
        while True:
            size, upto = server.execute(LOCK, common | {"after": after}).fetchone() or (0, 0)
            if size:
                row = server.execute(WRITE, common | {"after": after, "upto": upto, "event": uuid.uuid4()}).fetchone()
                assert row is not None
                applied += int(row[0])
            server.commit()
            if size < settings.QQOPS_CHUNK:
                return applied
            after = upto
