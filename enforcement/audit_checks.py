"""What the record must also prove: no decision without its approvals, no list but the approved one, no change of a
number without the outcome or the measure it comes from, no reclaim before the notice that its policy gives. Run by
`audit_verify`.
"""

from accounts.lifecycle import MOVES
from enforcement.approval.approval_hash import TARGET
from enforcement.policy import RULES
from qqops.audit import verify

# Rules that ask for nobody else: a decision under any other has approvers, whatever its columns say.
_ALONE = sorted(rule.code for rule in RULES if not rule.approvers)
_APPROVALS = f"""
SELECT 'decision ' || d.id FROM enforcement_decision d
WHERE d.state IN ('approved', 'applied', 'stopped') AND CASE cardinality(d.approvers)
  WHEN 0 THEN d.rule NOT IN ({", ".join(f"'{code}'" for code in _ALONE)})
  ELSE cardinality(d.approvers) <> (
    SELECT count(*) FROM enforcement_approval a
    WHERE a.proposal_id = d.id AND a.agreed AND a.content_hash = d.content_hash) END
ORDER BY d.id"""

_TARGETS = f"""
SELECT 'decision ' || d.id FROM enforcement_decision d JOIN (
  SELECT t.decision_id, count(*) AS n,
    encode(sha256(convert_to(string_agg({TARGET}, '' ORDER BY number_id), 'UTF8')), 'hex') AS digest
  FROM enforcement_target t GROUP BY t.decision_id) t ON t.decision_id = d.id
WHERE (t.n, t.digest) IS DISTINCT FROM (d.target_count::bigint, d.targets_digest::text) ORDER BY d.id"""

# The moves that only a decision makes (T6, T12, T13); the others are acts of their own, with verbs of their own.
# With a purge the measures of the tenure that ended no longer reach the number.
_MOVES = sorted({(str(m.source), str(m.target)) for m in MOVES if m.transition in ("T6", "T12", "T13")})

_CHANGES = f"""
SELECT 'number ' || h.id || ' history ' || h.history_id FROM (
  SELECT h.*, lag(h.lifecycle) OVER w AS old_lifecycle, lag(h.frozen_until) OVER w AS old_frozen,
         lag(h.restricted_until) OVER w AS old_restricted
  FROM accounts_historicalnumber h WINDOW w AS (PARTITION BY h.id ORDER BY h.history_id)) h
WHERE h.history_type = '~'
  AND h.lifecycle <> 'purged' AND (
    (h.frozen_until, h.restricted_until) IS DISTINCT FROM (h.old_frozen, h.old_restricted)
    OR (h.old_lifecycle, h.lifecycle) IN ({", ".join(map(str, _MOVES))}))
  AND NOT EXISTS (SELECT FROM enforcement_outcome o WHERE o.event = h.event AND o.number_id = h.id AND o.why = '')
  AND NOT EXISTS (SELECT FROM enforcement_historicalmeasure m WHERE m.event = h.event AND m.number_id = h.id)
ORDER BY h.history_id"""

# Reclaimed under a policy with notice, and no event says that the holders were told, and reminded where it says so, in
# time before that. A reminder never makes the day earlier.
_NOTICE = """
SELECT 'decision ' || d.id FROM enforcement_decision d
JOIN accounts_dormancypolicy p ON p.id = d.policy_id AND p.notice_days > 0
CROSS JOIN LATERAL (
  SELECT array_agg(e.facts ->> 'stage') AS stages, max((e.facts ->> 'until')::timestamptz) AS until FROM audit_event e
  WHERE e.decision_id = d.id AND e.verb = 'decision.all_told'
    AND e.seq < ALL (SELECT x.seq FROM audit_event x WHERE x.decision_id = d.id AND x.verb = 'decision.applied')) told
WHERE EXISTS (SELECT FROM enforcement_outcome o WHERE o.decision_id = d.id AND o.why = '')
  AND ('prior' = ANY(told.stages) AND (p.reminder_days = 0 OR 'reminder' = ANY(told.stages))
    AND told.until = d.effective_at) IS NOT TRUE
ORDER BY d.id"""

verify.also("approval", "enforcement_decision", _APPROVALS)
verify.also("targets", "enforcement_target", _TARGETS)
verify.also("notice", "enforcement_decision", _NOTICE)
verify.also("cause", "accounts_historicalnumber", _CHANGES)
