"""What the record must also prove of identities: a minor's item was agreed to by somebody. Run by `audit_verify`."""

from qqops.audit import verify

_AGREED = """
SELECT 'request ' || r.id FROM accounts_revealrequest r
WHERE r.state IN ('approved', 'applied') AND NOT EXISTS (
  SELECT FROM accounts_revealapproval a
  WHERE a.proposal_id = r.id AND a.agreed AND a.content_hash = r.content_hash)
ORDER BY r.id"""

verify.also("approval", "accounts_revealrequest", _AGREED)
