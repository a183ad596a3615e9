"""What the record must prove of letters: none in use without the yes that it needs, none changed since. Run by
`audit_verify`, on any row that is or was in use or waits."""

from qqops.audit import verify

# As letters/services.py `content_hash_of`. What was shipped needs nobody's yes: it is the house's own, and no more
# of it than the record says was put in use.
_TEMPLATES = """
SELECT 'letter ' || t.id FROM (
  SELECT t.*, s.is_system AS ours, count(*) FILTER (WHERE cardinality(t.approvers) = 0) OVER (ORDER BY t.id) AS shipped
  FROM enforcement_lettertemplate t JOIN staff_staff s ON s.id = t.maker_id) t
WHERE t.content_hash <> encode(sha256(convert_to(concat_ws(chr(31), t.code, t.version, t.subject_zh, t.body_zh,
    t.subject_en, t.body_en, t.maker_id, t.reason), 'UTF8')), 'hex')
  OR t.state = 'applied' AND cardinality(t.approvers) <> (
    SELECT count(*) FROM enforcement_templateapproval a
    WHERE a.proposal_id = t.id AND a.agreed AND a.content_hash = t.content_hash)
  OR cardinality(t.approvers) = 0 AND (NOT t.ours OR t.shipped > (
    SELECT coalesce(sum((e.facts ->> 'n')::int), 0) FROM audit_event e WHERE e.verb = 'letter.shipped'))
ORDER BY t.id"""

verify.also("letter", "enforcement_lettertemplate", _TEMPLATES)
