"""The reference of a reclaim: filed, agreed to and applied by the leanest hand-written SQL that does the same work.

The list is found and filed in one statement; it is digested again at each agreement and before the first chunk, as what
was agreed to is bound to it; each chunk is a lock and one statement. The few rows that are as many for one number as
for a million are written as the product writes them. Its rows pass audit_verify.
"""

import hashlib
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts.models import Clause, DormancyPolicy
from accounts.quarantine.policy import DAY
from accounts.rulebook.queries import clauses_in_force
from enforcement.approval.approval_hash import TARGET, content_hash, content_hash_now
from enforcement.models import Approval, Decision, Evidence, Ground
from qqops.approvals.signing import sign
from qqops.audit import digests, origin, recorder
from qqops.staff.models import Staff
from tests.benchmarks.reclaim import BY_HAND, DORMANT, FOUND, KEPT, RESTORED, moments
from tests.benchmarks.reference import BEFORE, RECORDED

WHY, AGREED = "bench: reclaim the dormant", "bench: agreed"
APPROVERS = ("enforcement.approve_decision", "enforcement.approve_reclaim")
PLANNED = "SELECT set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"

OF_ROWS = "sha256(string_agg(sha256(convert_to(jsonb_strip_nulls(to_jsonb(r))::text, 'UTF8')), ''::bytea"

FILE = f"""
WITH d AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('enforcement_decision', 'id')) AS id),
target AS (
  INSERT INTO enforcement_target (decision_id, number_id, tenure_id, revision, measures, event)
  SELECT d.id, found.*, NULL, %(event)s FROM d, (
    SELECT n.id, n.tenure_id, n.revision {FOUND} AND {KEPT} IS NULL ORDER BY n.id) found RETURNING *)
SELECT (SELECT id FROM d), count(*),
  encode(sha256(convert_to(string_agg({TARGET}, '' ORDER BY number_id), 'UTF8')), 'hex'),
  {OF_ROWS} ORDER BY number_id))
FROM target r"""

EVENT = """
INSERT INTO audit_event (id, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest)
SELECT %(event)s, clock_timestamp(), %(actor)s, %(actor_label)s, %(verb)s, 'enforcement.decision', %(decision)s::text,
  %(subject)s, %(decision)s, '', %(request)s, 'command', NULL, '', %(reason)s, {facts}, {rows}, {digest}"""

LOCK = """
SELECT count(*), coalesce(max(id), 0) FROM (
  SELECT n.id FROM accounts_number n WHERE n.id = ANY(ARRAY(
    SELECT t.number_id FROM enforcement_target t
    WHERE t.decision_id = %(decision)s AND t.number_id > %(done)s ORDER BY t.number_id LIMIT %(size)s))
  ORDER BY n.id FOR NO KEY UPDATE) locked"""

WRITE = (
    f"""
WITH judged AS MATERIALIZED (
  SELECT t.number_id, t.tenure_id, t.measures, n.lifecycle, n.frozen_until, n.restricted_until,
    CASE WHEN n.lifecycle = 'terminated' THEN 'already'
      WHEN t.tenure_id IS DISTINCT FROM n.tenure_id THEN 'state_changed'
      WHEN EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = h.id
        AND f.last_at > least(%(since)s, %(filed)s)) THEN 'used_since'
      WHEN {KEPT} IS NOT NULL THEN {KEPT}
      WHEN NOT ({DORMANT}) OR {RESTORED.removesuffix(")")} OFFSET 0) THEN 'not_due'
      WHEN t.revision <> n.revision THEN 'state_changed' ELSE '' END AS why
  FROM enforcement_target t JOIN accounts_number n ON n.id = t.number_id
  LEFT JOIN LATERAL (SELECT * FROM accounts_tenure x WHERE x.id = n.tenure_id OFFSET 0) h ON true
  WHERE t.decision_id = %(decision)s AND t.number_id > %(done)s AND t.number_id <= %(upto)s),
number AS (
  UPDATE accounts_number n SET lifecycle = 'terminated', terminated_at = %(now)s, terminated_under = '10.3',
    due_at = %(now)s + %(grace)s * interval '1 day', revision = n.revision + 1
  FROM judged j WHERE n.id = j.number_id AND j.why = '' RETURNING n.*),
{RECORDED}
"""
    + EVENT.format(
        facts="jsonb_build_object('act', 'terminate', 'applied', (SELECT count(*) FROM number_history))",
        rows=(
            "jsonb_build_object('enforcement_outcome', (SELECT count(*) FROM outcome),"
            " 'accounts_historicalnumber', (SELECT count(*) FROM number_history))"
        ),
        digest=(
            f"sha256(coalesce((SELECT {OF_ROWS} ORDER BY history_id)) FROM number_history r), '')"
            f" || coalesce((SELECT {OF_ROWS.replace('::text', f'::text{BEFORE}')} ORDER BY number_id)) FROM outcome r),"
            " ''))"
        ),
    )
    + " RETURNING facts->'applied'"
)


def file(policy: DormancyPolicy, maker: Staff) -> Decision:
    """What is due is counted, then filed with its list, in one transaction."""
    event, now = uuid.uuid4(), timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('jit', 'off', true)")
        cursor.execute(BY_HAND, moments())
        kept = ", ".join(f"{why or 'due'}: {n}" for why, n in cursor.fetchall())
        cursor.execute(FILE, moments() | {"event": event})
        pk, targets, listed, rows = cursor.fetchone()
        decision = Decision(
            pk=pk, kind="terminate", facts="bench: dormant under the policy", reason=WHY, policy=policy, maker=maker,
            rule="reclaim", effect="waits", approvers=list(APPROVERS), state="proposed", proposed_at=now,
            expires_at=now + 2 * DAY, form_key=uuid.uuid4(), target_count=targets, targets_digest=listed,
        )  # fmt: skip
        ground = Ground(basis="10.3", clause=_clause(), event_id=event, decision=decision)
        said = (kept, "bench: adopted by proposal")
        decision.content_hash = content_hash(decision, [ground], said, listed)
        Decision.objects.bulk_create([decision])
        Ground.objects.bulk_create([ground])
        Evidence.objects.bulk_create(
            Evidence(decision=decision, statement=one, sha256=hashlib.sha256(one.encode()).hexdigest(), event_id=event)
            for one in said
        )
        history = recorder.history_insert(
            Decision, recorder.CREATED, source="enforcement_decision live WHERE live.id = %(pk)s"
        )
        cursor.execute(history, {"pk": pk, "pen_event": event, "pen_user": maker.pk})
        few: tuple[type[Model], ...] = (Evidence, Ground, recorder.history_model(Decision))
        parts = [
            f"(SELECT {digests.aggregate(model)} FROM {model._meta.db_table} r WHERE r.event = %(event)s)"
            for model in few
        ]
        wrote = {model._meta.db_table: n for model, n in zip(few, (2, 1, 1), strict=True)}
        cursor.execute(
            EVENT.format(facts="%(facts)s", rows="%(rows)s", digest=f"sha256({' || '.join(parts)} || %(listed)s)"),
            _said(decision, maker, "decision.proposed", event, WHY)
            | {
                "facts": Jsonb({"act": "terminate", "targets": targets, "rule": "reclaim", "clauses": ["10.3"]}),
                "rows": Jsonb(wrote | {"enforcement_target": targets}),
                "listed": rows,
            },
        )
    return decision


def approve(decision: Decision, approver: Staff) -> None:
    """The list is what was filed; the second yes sets the decision in motion."""
    with transaction.atomic():
        given = Approval.objects.filter(proposal=decision).count()
        assert content_hash_now(decision) == decision.content_hash
        with recorder.act(
            "decision.approved", actor=approver, reason=AGREED, subject=decision, decision_id=decision.pk
        ) as act:
            sign(Approval, decision, approver, APPROVERS[given], act, agreed=True, reason=AGREED)
            if given + 1 == len(APPROVERS):
                decision.state, decision.effective_at = "approved", timezone.now()
                decision.save(update_fields=["state", "effective_at"])
                act.wrote(recorder.history_model(Decision))


def apply(decision: Decision, actor: Staff) -> int:
    """Apply the decision to all its targets; how many."""
    assert decision.policy is not None and content_hash_now(decision) == decision.content_hash
    applied = done = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PLANNED)
            cursor.execute(LOCK, {"decision": decision.pk, "done": done, "size": settings.QQOPS_CHUNK})
            size, upto = cursor.fetchone()
            if size:
                event = uuid.uuid4()
                said = _said(decision, actor, "decision.applied", event, decision.reason)
                span = {"done": done, "upto": upto, "filed": decision.proposed_at, "grace": decision.policy.grace_days}
                cursor.execute(WRITE, moments() | said | span)
                applied += int(cursor.fetchone()[0])
            if size < settings.QQOPS_CHUNK:
                with recorder.act(
                    "decision.finished", actor=actor, reason="", subject=decision, decision_id=decision.pk,
                    facts={"state": "applied"},
                ) as act:  # fmt: skip
                    decision.state = "applied"
                    decision.save(update_fields=["state"])
                    act.wrote(recorder.history_model(Decision))
                return applied
        done = upto


def _said(decision: Decision, actor: Staff, verb: str, event: uuid.UUID, reason: str) -> dict[str, Any]:
    return {
        "event": event,
        "verb": verb,
        "decision": decision.pk,
        "subject": str(decision),
        "actor": actor.pk,
        "actor_label": str(actor),
        "request": origin.current().request_id,
        "reason": reason,
    }


def _clause() -> Clause:
    (found,) = clauses_in_force(timezone.now(), numbers=["10.3"])
    return found
