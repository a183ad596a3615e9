"""What the record must also prove of appeals: no ruling in force without those who agreed to it, none but the one they
saw, and no word in it of anybody who has part in the appeal; nothing reversed without a ruling, and no objection upheld
without its reversal. Run by `audit_verify`.
"""

from accounts.lifecycle import FOREVER
from appeals.hearing.conflicts_of_interest import people_before, touched
from appeals.lifecycle import Kind, Outcome
from appeals.policy import COUNTS, ENOUGH, WEIGHTS, Side
from enforcement.policy import Kind as D
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

# As rulings/services.py computes it: JSON with sorted keys. The text is sealed; its hash stands for it.
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

_FOREVER = f"'{FOREVER.isoformat()}'::timestamptz"

# What it objected to had no effect any more when it was upheld (reversal.is_over): it ended no right of use, and of the
# measures that it reached none ran then, as their history says, longer or further than it would have without it.
_OVER = f"""
NOT EXISTS (
  SELECT FROM enforcement_decision c LEFT JOIN enforcement_decision u ON u.id = c.undoes_id
  WHERE c.id = a.decision_id AND (c.kind = '{D.TERMINATE}' OR u.kind = '{D.RESTORE}'))
AND NOT EXISTS (
  SELECT FROM enforcement_decision c JOIN enforcement_measure x ON {touched("x", "c")} CROSS JOIN LATERAL (
    SELECT h.* FROM enforcement_historicalmeasure h JOIN audit_event e ON e.id = h.event
    WHERE h.id = x.id AND e.seq < (
      SELECT min(w.seq) FROM appeals_historicalruling v JOIN audit_event w ON w.id = v.event
      WHERE v.id = r.id AND v.state = 'applied')
    ORDER BY e.seq DESC LIMIT 1) m
  WHERE c.id = a.decision_id AND x.number_id = a.number_id AND x.tenure_id = a.tenure_id
    AND m.ended_at IS NULL AND (m.until IS NULL OR m.until > r.ruled_at) AND NOT EXISTS (
    SELECT FROM enforcement_outcome o LEFT JOIN enforcement_decision u ON u.id = c.undoes_id
      CROSS JOIN LATERAL jsonb_to_recordset(o.before -> 'terms') b(id bigint, until timestamptz, scopes varchar[])
    WHERE o.decision_id = CASE WHEN c.kind = '{D.ADJUST}' THEN c.id ELSE u.id END AND o.number_id = a.number_id
      AND b.id = m.id
      AND coalesce(m.until, {_FOREVER})
        <= coalesce(CASE WHEN c.kind <> '{D.ADJUST}' THEN u.until END, b.until, {_FOREVER})
      AND m.scopes <@ CASE WHEN c.kind <> '{D.ADJUST}' AND cardinality(u.scopes) > 0 THEN u.scopes
        ELSE b.scopes END))"""

# Where the number was cleared meanwhile, or nothing is in force, there is nothing left to reverse (compensation).
_REVERSED = f"""
SELECT 'ruling ' || r.id FROM appeals_ruling r JOIN appeals_appeal a ON a.id = r.appeal_id
LEFT JOIN enforcement_decision d ON d.id = r.reverses_id LEFT JOIN accounts_tenure t ON t.id = a.tenure_id
WHERE r.state = 'applied' AND a.kind = '{Kind.OBJECTION}' AND r.outcome IN ('{Outcome.UPHELD}', '{Outcome.PARTLY}')
  AND (CASE WHEN d.id IS NULL THEN t.ended_at <= r.ruled_at OR r.outcome = '{Outcome.UPHELD}' AND {_OVER}
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


def _word_of_one_involved(name: str, words: str, person: str, act: str, appeal: str) -> str:
    """Of whoever had part when he said it (domain.md §9, 2 and 3). `words`: a table, as w, and what leads to its act
    and its appeal."""
    return f"""
SELECT '{name} ' || w.id FROM {words}
WHERE EXISTS (SELECT FROM ({people_before(act, appeal)}) had WHERE had.person = w.{person}) ORDER BY w.id"""


_FIRST = "SELECT h.event FROM appeals_historicalruling h WHERE h.id = w.id ORDER BY h.history_id LIMIT 1"
_RULED_IN_PART = _word_of_one_involved(
    "ruling", f"appeals_ruling w LEFT JOIN LATERAL ({_FIRST}) made ON true", "maker_id", "made.event", "w.appeal_id"
)
_AGREED_IN_PART = _word_of_one_involved(
    "approval", "appeals_rulingapproval w JOIN appeals_ruling g ON g.id = w.proposal_id",
    "approver_id", "w.event", "g.appeal_id",
)  # fmt: skip
_WEIGHED_IN_PART = _word_of_one_involved(
    "weighing", "appeals_weighing w JOIN appeals_appealevidence i ON i.id = w.evidence_id",
    "checker_id", "w.event", "i.appeal_id",
)  # fmt: skip

# As policy.score computes it of the latest word on each item, and of the appellant's only.
_WEIGHTS, _COUNTS = (
    ", ".join(f"('{code}', {number}::float8)" for code, number in table.items()) for table in (WEIGHTS, COUNTS)
)
_SCORES = f"""
WITH said AS (
  SELECT DISTINCT ON (w.evidence_id) i.appeal_id, i.kind, w.match
  FROM appeals_weighing w JOIN appeals_appealevidence i ON i.id = w.evidence_id
  WHERE i.side IS DISTINCT FROM '{Side.OTHER}' ORDER BY w.evidence_id, w.id DESC),
each AS (
  SELECT s.appeal_id, g.weight * (max(c.counts) + min(c.counts)) / 2 AS points
  FROM said s JOIN (VALUES {_WEIGHTS}) g(kind, weight) USING (kind)
    JOIN (VALUES {_COUNTS}) c(match, counts) USING (match)
  GROUP BY s.appeal_id, s.kind, g.weight),
whole AS (
  SELECT appeal_id, greatest(0, least(100, round(100 * sum(points) / {ENOUGH}))) AS score FROM each GROUP BY appeal_id)
SELECT 'appeal ' || a.id FROM appeals_appeal a LEFT JOIN whole w ON w.appeal_id = a.id
WHERE a.score IS DISTINCT FROM w.score ORDER BY a.id"""

verify.also("approval", "appeals_ruling", _APPROVALS)
verify.also("content", "appeals_ruling", _CONTENT)
verify.also("reversal", "appeals_ruling", _REVERSED)
verify.also("ruling", "enforcement_decision", _ANSWERS)
verify.also("ruling", "appeals_appeal", _OUTCOMES)
verify.also("score", "appeals_appeal", _SCORES)
verify.also("part", "appeals_ruling", _RULED_IN_PART)
verify.also("part", "appeals_rulingapproval", _AGREED_IN_PART)
verify.also("part", "appeals_weighing", _WEIGHED_IN_PART)
