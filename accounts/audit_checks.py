"""Checks of this app's tables for `audit_verify`.

- Numbers: an act that may make the move made each move.
- Identities: each approved request for a minor's item has an approval. Each identity that cannot be read was erased,
  or was sealed under a key whose loss is recorded.
- Number resources: each applied proposal has its approvals. Each range, campaign and policy has an applied proposal
  with the same content.
"""

from accounts.lifecycle import MOVES
from qqops.audit import verify

_AGREED = """
SELECT 'request ' || r.id FROM accounts_revealrequest r
WHERE r.state IN ('approved', 'applied') AND NOT EXISTS (
  SELECT FROM accounts_revealapproval a
  WHERE a.proposal_id = r.id AND a.agreed AND a.content_hash = r.content_hash)
ORDER BY r.id"""

_SEALED = """
SELECT 'tenure ' || i.tenure_id FROM accounts_identity i
LEFT JOIN accounts_identitykey k ON k.tenure_id = i.tenure_id
LEFT JOIN accounts_registrant r ON r.tenure_id = i.tenure_id
WHERE (i.erased_at IS NULL) = (k.tenure_id IS NULL) AND (k.tenure_id IS NOT NULL OR r.recorded_at IS NULL
  OR r.recorded_at > coalesce((SELECT max(at) FROM audit_event WHERE verb = 'seal.lost'), '-infinity'))
ORDER BY i.tenure_id"""

_RESOURCES_AGREED = """
SELECT 'proposal ' || p.id FROM accounts_resourceproposal p
WHERE p.state IN ('approved', 'applied') AND
  ARRAY(SELECT a.capacity FROM accounts_resourceapproval a
    WHERE a.proposal_id = p.id AND a.agreed AND a.content_hash = p.content_hash ORDER BY 1)
  IS DISTINCT FROM ARRAY(SELECT c.capacity::varchar FROM unnest(p.approvers) c(capacity) ORDER BY 1)
ORDER BY p.id"""

_RANGES = """
SELECT 'range ' || r.id FROM accounts_numberrange r JOIN accounts_resourceproposal p ON p.id = r.proposal_id
WHERE (p.kind, p.state, p.content ->> 'first', p.content ->> 'last', p.content ->> 'pool')
  IS DISTINCT FROM ('range', 'applied', lower(r.numbers)::text, (upper(r.numbers) - 1)::text, r.pool)
ORDER BY r.id"""

_CAMPAIGNS = """
SELECT 'campaign ' || c.id FROM accounts_campaign c JOIN accounts_resourceproposal p ON p.id = c.proposal_id
WHERE (p.kind, p.state, p.content ->> 'code', p.content ->> 'quota')
  IS DISTINCT FROM ('campaign', 'applied', c.code, c.quota::text)
ORDER BY c.id"""

_POLICIES = """
SELECT 'policy ' || d.id FROM accounts_dormancypolicy d JOIN accounts_resourceproposal p ON p.id = d.proposal_id
WHERE (p.kind, p.state) IS DISTINCT FROM ('policy', 'applied') ORDER BY d.id"""

# The acts that make each move (docs/lifecycles.md). T6, T12 and T13 are decisions, which enforcement checks by their
# outcomes.
_BY = {
    "T2": ("number.moved",),
    "T3": ("number.moved",),
    "T4": ("number.allocated", "number.registered"),
    "T5": ("number.activated",),
    "T14": ("number.cancellation_begun",),
    "T15": ("number.cancellation_withdrawn",),
    "T16": ("number.cancelled",),
    "T17": ("number.purged",),
    "T18": ("number.quarantined",),
    "T19": ("number.released", "number.moved"),
    "T20": ("number.moved",),
}
_MADE = ", ".join(
    sorted(f"('{m.source}', '{m.target}', '{event_name}')" for m in MOVES for event_name in _BY.get(m.transition, ()))
)
_MOVES = ", ".join(sorted({f"('{m.source}', '{m.target}')" for m in MOVES if m.transition in _BY}))

_CAUSE = f"""
SELECT 'number ' || h.id || ' history ' || h.history_id FROM (
  SELECT h.id, h.history_id, h.history_type, h.event, h.lifecycle, lag(h.lifecycle) OVER w AS before
  FROM accounts_historicalnumber h WINDOW w AS (PARTITION BY h.id ORDER BY h.history_id)) h
JOIN audit_event e ON e.id = h.event
WHERE h.history_type = '~' AND (h.before, h.lifecycle) IN ({_MOVES})
  AND (h.before, h.lifecycle, e.verb) NOT IN ({_MADE})
ORDER BY h.history_id"""

verify.also("cause", "accounts_historicalnumber", _CAUSE)
verify.also("sealing", "accounts_identity", _SEALED)
verify.also("approval", "accounts_revealrequest", _AGREED)
verify.also("approval", "accounts_resourceproposal", _RESOURCES_AGREED)
verify.also("proposal", "accounts_numberrange", _RANGES)
verify.also("proposal", "accounts_campaign", _CAMPAIGNS)
verify.also("proposal", "accounts_dormancypolicy", _POLICIES)
