"""Checks of roles for `audit_verify`.

Every role held comes from the set-up, from emergency access, or from a request by one person and the approval of
another.
"""

from qqops.audit import verify

_AGREED = """EXISTS (SELECT FROM staff_accessapproval a
  WHERE a.proposal_id = r.id AND a.agreed AND a.content_hash = r.content_hash)"""

_REQUESTS = f"""
SELECT 'request ' || r.id FROM staff_accessrequest r WHERE r.state = 'applied' AND NOT {_AGREED} ORDER BY r.id"""

_HOLDINGS = f"""
SELECT 'holding ' || h.id FROM staff_holding h
LEFT JOIN staff_historicalholding begun ON begun.id = h.id AND begun.history_type = '+'
LEFT JOIN staff_staff giver ON giver.id = begun.history_user_id
LEFT JOIN staff_accessrequest r ON r.id = h.request_id
WHERE NOT CASE
  WHEN h.glass THEN h.request_id IS NULL AND giver.id IS NOT DISTINCT FROM h.staff_id
  WHEN h.request_id IS NULL THEN coalesce(giver.is_system AND giver.username = 'system-setup', false)
  ELSE (r.staff_id, r.role) = (h.staff_id, h.role) AND r.kind <> 'reset' AND r.state = 'applied' AND {_AGREED}
    AND (r.until IS NULL OR coalesce(h.until <= r.until, false))
  END
ORDER BY h.id"""

verify.also("approval", "staff_accessrequest", _REQUESTS)
verify.also("approval", "staff_holding", _HOLDINGS)
