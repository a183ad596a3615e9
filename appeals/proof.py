"""What the record must also prove of appeals: no ruling in force without those who agreed to it, none but the one they
saw; nothing reversed without a ruling, and no objection upheld without its reversal. Run by `audit_verify`.
"""

from appeals.lifecycle import Kind, Outcome
from qqops.audit import verify

# A ruling that was stopped while it cooled down was in force before.
_APPROVALS = """
SELECT 'ruling ' || r.id FROM appeals_ruling r
WHERE r.state IN ('applied', 'stopped') AND CASE cardinality(r.approvers)
  WHEN 0 THEN r.rule <> ''
  ELSE cardinality(r.approvers) <> (
    SELECT count(*) FROM appeals_rulingapproval y
    WHERE y.proposal_id = r.id AND y.agreed AND y.content_hash = r.content_hash) END
ORDER BY r.id"""

# As services/rulings.py computes it: JSON with sorted keys. The text is sealed; its hash stands for it.
_CONTENT = """
SELECT 'ruling ' || r.id FROM appeals_ruling r LEFT JOIN enforcement_decision d ON d.id = r.reverses_id
CROSS JOIN LATERAL (
  SELECT coalesce(string_agg(g.clause_id::text, ', ' ORDER BY g.clause_id), '') AS clauses
  FROM appeals_rulingground g WHERE g.ruling_id = r.id) g
WHERE r.content_hash <> encode(sha256(convert_to(
  '{"appeal": ' || r.appeal_id || ', "clauses": [' || g.clauses || '], "maker": ' || r.maker_id
  || ', "outcome": ' || to_json(r.outcome::text)::text || ', "reason": ' || to_json(r.reason)::text
  || ', "reverses": ' || to_json(coalesce(d.content_hash, '')::text)::text || ', "round": ' || r.round
  || ', "text": ' || to_json(r.text_sha256::text)::text || ', "ticket": ' || to_json(r.ticket::text)::text || '}',
  'UTF8')), 'hex')
ORDER BY r.id"""

# Where the number was cleared meanwhile there is nothing left to reverse (services/amends.py).
_REVERSED = f"""
SELECT 'ruling ' || r.id FROM appeals_ruling r JOIN appeals_appeal a ON a.id = r.appeal_id
LEFT JOIN enforcement_decision d ON d.id = r.reverses_id LEFT JOIN accounts_tenure t ON t.id = a.tenure_id
WHERE r.state = 'applied' AND a.kind = '{Kind.OBJECTION}' AND r.outcome IN ('{Outcome.UPHELD}', '{Outcome.PARTLY}')
  AND (CASE WHEN d.id IS NULL THEN t.ended_at <= r.ruled_at
    ELSE d.state = 'applied' AND d.ruling IS NOT DISTINCT FROM a.receipt END) IS NOT TRUE
ORDER BY r.id"""

# A decision that says which appeal it answers is that appeal's, and done with its ruling only.
_ANSWERS = """
SELECT 'decision ' || d.id FROM enforcement_decision d
WHERE d.ruling IS NOT NULL AND NOT EXISTS (
  SELECT FROM appeals_ruling r JOIN appeals_appeal a ON a.id = r.appeal_id
  WHERE r.reverses_id = d.id AND a.receipt = d.ruling
    AND (d.state NOT IN ('approved', 'applied') OR r.state IN ('applied', 'stopped')))
ORDER BY d.id"""

_RULED = ", ".join(f"'{o}'" for o in (Outcome.UPHELD, Outcome.PARTLY, Outcome.REJECTED, Outcome.MOOT, Outcome.ANSWERED))
_OUTCOMES = f"""
SELECT 'appeal ' || a.id FROM appeals_appeal a
WHERE (a.outcome IN ({_RULED}) OR a.outcome = '{Outcome.INADMISSIBLE}' AND a.why = '' OR a.state = 'cooling')
  AND NOT EXISTS (
    SELECT FROM appeals_ruling r WHERE r.appeal_id = a.id AND r.round = a.round AND r.state = 'applied'
      AND r.outcome = coalesce(nullif(a.outcome, ''), '{Outcome.UPHELD}'))
ORDER BY a.id"""

verify.also("approval", "appeals_ruling", _APPROVALS)
verify.also("content", "appeals_ruling", _CONTENT)
verify.also("reversal", "appeals_ruling", _REVERSED)
verify.also("ruling", "enforcement_decision", _ANSWERS)
verify.also("ruling", "appeals_appeal", _OUTCOMES)
