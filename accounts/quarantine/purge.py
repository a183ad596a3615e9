"""Purge after the grace period: clear the right of use, certify it (10.4), put the number into quarantine."""

import json
from collections import Counter

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.lifecycle import L
from accounts.models import Erasure, Number, PurgeCertificate, Tenure
from accounts.quarantine import sweep
from accounts.quarantine.policy import CANCELLED, DAY, OBJECTION
from accounts.retention.erasure import erase
from accounts.retention.policy import IDENTITY, KEPT, LOGINS, kept_until
from qqops.audit import recorder
from qqops.staff.models import Staff

PURGED, RIGHT_OF_USE = "purged", "right_of_use"

# Clear the columns of the number that concern the holder. Rows that refer to the tenure stay.
_PURGE = """
WITH ending AS MATERIALIZED (
  SELECT n.id, n.tenure_id, n.terminated_under FROM accounts_number n WHERE n.id = ANY(%(numbers)s::bigint[])),
locked AS MATERIALIZED (
  SELECT t.id FROM accounts_tenure t WHERE t.id = ANY(ARRAY(SELECT tenure_id FROM ending))
  ORDER BY t.id FOR NO KEY UPDATE),
tenure AS (
  UPDATE accounts_tenure t SET ended_at = %(now)s FROM locked WHERE t.id = locked.id RETURNING t.*),
tenure_history AS ({tenure}),
number AS (
  UPDATE accounts_number n SET lifecycle = 'purged', tenure_id = NULL, frozen_until = NULL, restricted_until = NULL,
    reclaim_exempt_reason = '', revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
number_history AS ({number})
SELECT (SELECT count(*) FROM number), (SELECT count(*) FROM tenure),
  ARRAY(SELECT tenure_id FROM ending ORDER BY 1),
  ARRAY(SELECT tenure_id FROM ending WHERE terminated_under = %(cancelled)s ORDER BY 1)"""

_CERTIFY = f"""
INSERT INTO accounts_purgecertificate (event, tenure_id, at, cleared, kept)
SELECT %(pen_event)s, t.id, %(now)s,
  jsonb_build_object('{RIGHT_OF_USE}', 1) || CASE WHEN i.erased_at IS NOT NULL
    THEN jsonb_build_object('{IDENTITY}', 1) ELSE '{{}}' END,
  %(kept)s::jsonb || jsonb_strip_nulls(jsonb_build_object(
    '{IDENTITY}', CASE WHEN i.tenure_id IS NOT NULL AND i.erased_at IS NULL THEN %(identity)s::text END,
    '{LOGINS}', CASE WHEN EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = t.id) THEN %(logins)s::text END))
FROM accounts_tenure t LEFT JOIN accounts_identity i ON i.tenure_id = t.id
WHERE t.id = ANY(%(tenures)s::bigint[]) ORDER BY t.id"""

_QUARANTINE = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = 'quarantined', revision = n.revision + 1,
    due_at = greatest(%(now)s + %(quarantine)s, n.terminated_at + %(objection)s)
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number})
SELECT count(*) FROM number"""


def purge(*, actor: Staff, apply: bool = True, done: sweep.Step = lambda n: None) -> Counter[str]:
    """Purge the due numbers that nothing keeps. Return how many were purged, and how many are left, by keeper."""
    now, found = timezone.now(), Counter[str]()
    for chunk in sweep.due(L.TERMINATED, now):
        with transaction.atomic():
            sweep.lock(chunk)
            going, waiting = sweep.free(chunk, L.TERMINATED, now)
            found += waiting + Counter({PURGED: len(going)})
            if going and apply:
                purge_chunk(going, actor=actor)
        done(len(chunk))
    return +found


def purge_chunk(numbers: list[int], *, actor: Staff) -> None:
    """Purge these numbers and put them into quarantine.

    The caller has locked them and checked that they are terminated and that nothing keeps them. Identities of holders
    who cancelled are erased at once.
    """
    now = timezone.now()
    subject = Number(pk=numbers[0]) if len(numbers) == 1 else None
    facts = {"clause": "10.4", "numbers": len(numbers)}
    with recorder.act("number.purged", actor=actor, reason="", subject=subject, facts=facts) as act:
        tenures, cancelled = sweep.write(
            act, _PURGE, {"numbers": numbers, "now": now, "cancelled": CANCELLED}, Number, Tenure
        )
        if cancelled:
            erase(cancelled, basis=Erasure.Basis.CANCELLED, actor=actor, reason="")
        certificates = {
            "tenures": tenures,
            "now": now,
            "kept": json.dumps(dict.fromkeys(KEPT, "")),
            "identity": kept_until(IDENTITY, now).isoformat(),
            "logins": kept_until(LOGINS, now).isoformat(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_CERTIFY, act.params | certificates)
            act.wrote(PurgeCertificate, rows=cursor.rowcount)
    with recorder.act(
        "number.quarantined", actor=actor, reason="", subject=subject, facts={"clause": "10.3", "numbers": len(numbers)}
    ) as act:
        quarantine = settings.QQOPS_QUARANTINE_DAYS * DAY
        sweep.write(
            act, _QUARANTINE, {"numbers": numbers, "now": now, "quarantine": quarantine, "objection": OBJECTION}, Number
        )
