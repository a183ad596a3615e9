"""Did a supervisor make a decision, or agree to it? Then one person alone does not overturn it (DESIGN §4)."""

from django.db import connection

from enforcement.models import Decision


def supervised(decision: str) -> str:
    """The condition, in SQL; `decision` is an expression, its key."""
    return f"""(
  EXISTS (SELECT FROM enforcement_approval a WHERE a.proposal_id = {decision} AND a.agreed)
  OR EXISTS (SELECT FROM enforcement_decision d JOIN staff_holding h ON h.staff_id = d.maker_id
    AND h.role = 'supervisor' AND tstzrange(h.since, h.until) @> d.proposed_at WHERE d.id = {decision}))"""


def was_supervised(decision: Decision) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {supervised('%(decision)s')}", {"decision": decision.pk})
        return bool(cursor.fetchone()[0])
