"""The reasons that block a cancellation, as SQL: all of them for each number, in one query."""

from collections.abc import Collection

from django.db import connection
from django.utils import timezone

from accounts.quarantine.policy import Blocker

_OPEN = (
    "EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = n.tenure_id AND k.lifted_at IS NULL"
    " AND (k.until IS NULL OR k.until > %(now)s) AND k.kind = '{kind}'{but})"
)
# Do not show a secret disclosure request (Disclosure.secret). It keeps the number when the cancellation would end, and
# no page says why.
_NOT_SECRET = " AND NOT EXISTS (SELECT FROM accounts_disclosure d WHERE d.receipt = k.reference AND d.secret)"

BLOCKERS = {
    Blocker.STATE: "n.lifecycle <> 'in_use'",
    Blocker.PROTECTED: "n.protection <> ''",
    Blocker.MEASURE: "(n.frozen_until > %(now)s OR n.restricted_until > %(now)s)",
    Blocker.LEGAL_HOLD: f"(n.legal_hold OR {_OPEN.format(kind='legal', but='')})",
    Blocker.REQUEST: _OPEN.format(kind="request", but=_NOT_SECRET),
    Blocker.APPEAL: _OPEN.format(kind="appeal", but=""),
    Blocker.PAID: "(t.paid AND (t.paid_until IS NULL OR t.paid_until > %(now)s))",
}
_CASES = ", ".join(f"CASE WHEN {sql} THEN '{code}' END" for code, sql in BLOCKERS.items())
_BLOCKED = f"""
SELECT n.id, array_remove(ARRAY[{_CASES}], NULL)
FROM accounts_number n LEFT JOIN accounts_tenure t ON t.id = n.tenure_id
WHERE n.id = ANY(%(numbers)s::bigint[]) ORDER BY n.id"""


def blockers(numbers: Collection[int]) -> dict[int, list[str]]:
    """Return the blockers of each of these numbers that exists."""
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKED, {"numbers": list(numbers), "now": timezone.now()})
        return dict(cursor.fetchall())
