"""What the record must also prove of this app's tables. Run by `audit_verify`.

Of identities: a minor's item was agreed to by somebody, and whatever cannot be read any more was erased, or lay under
a key whose loss is on the record. Of number resources: nothing was done without those who had to agree, and no range,
campaign or policy is there that nobody proposed, or another one than was proposed.
"""

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

verify.also("sealing", "accounts_identity", _SEALED)
verify.also("approval", "accounts_revealrequest", _AGREED)
verify.also("approval", "accounts_resourceproposal", _RESOURCES_AGREED)
verify.also("proposal", "accounts_numberrange", _RANGES)
verify.also("proposal", "accounts_campaign", _CAMPAIGNS)
verify.also("proposal", "accounts_dormancypolicy", _POLICIES)
