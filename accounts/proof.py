"""What the record must also prove of identities: a minor's item was agreed to by somebody, and whatever cannot be
read any more was erased, or lay under a key whose loss is on the record. Run by `audit_verify`."""

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

verify.also("sealing", "accounts_identity", _SEALED)
verify.also("approval", "accounts_revealrequest", _AGREED)
