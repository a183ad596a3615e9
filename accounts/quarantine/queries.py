"""The conditions of re-release as SQL: what a number in quarantine waits for, and what holds a number in any state.

Aliases: `n` the number, `t` its last tenure, `r` the range that it lies in. Parameter `%(now)s`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.lifecycle import PREMIUM_FROM_TIER, L
from accounts.quarantine.policy import Service, Waits

OF = """
accounts_number n
LEFT JOIN accounts_numberrange r ON r.numbers @> n.id
LEFT JOIN LATERAL (
  SELECT t.id FROM accounts_tenure t WHERE t.number_id = n.id ORDER BY t.seq DESC LIMIT 1) t ON true"""

# Holds on any tenure count, in any state of the number: the objection of an earlier holder holds it too.
HELD = """(n.legal_hold OR EXISTS (SELECT FROM accounts_hold k JOIN accounts_tenure h ON h.id = k.tenure_id
    WHERE h.number_id = n.id AND k.lifted_at IS NULL AND (k.until IS NULL OR k.until > %(now)s)))"""

WAITS = {
    Waits.QUARANTINE: "(n.due_at IS NULL OR n.due_at > %(now)s)",  # `due_at` includes the time for objections
    Waits.HOLD: HELD,
    # A number that no one ever held has no tenure to certify.
    Waits.CERTIFICATE: (
        "(t.id IS NOT NULL AND NOT EXISTS (SELECT FROM accounts_purgecertificate c WHERE c.tenure_id = t.id))"
    ),
    Waits.SERVICES: (
        f"(t.id IS NOT NULL AND (SELECT count(*) FROM accounts_clearance c WHERE c.tenure_id = t.id) < {len(Service)})"
    ),
    Waits.RANGE: "r.id IS NULL",
}

FIRST = "CASE " + " ".join(f"WHEN {sql} THEN '{code}'" for code, sql in WAITS.items()) + " ELSE '' END"
_CASES = ", ".join(f"CASE WHEN {sql} THEN '{code}' END" for code, sql in WAITS.items())
# Premium numbers, and numbers of a range that is not available, go to pre-release until a supervisor opens them.
TO = (
    f"CASE WHEN r.state = '{L.AVAILABLE}' AND n.tier < {PREMIUM_FROM_TIER}"
    f" THEN '{L.AVAILABLE}' ELSE '{L.PRE_RELEASE}' END"
)

_ALL = f"""
SELECT n.id, array_remove(ARRAY[{_CASES}], NULL),
  ARRAY(SELECT c.service FROM accounts_clearance c WHERE c.tenure_id = t.id), t.id IS NOT NULL
FROM {OF} WHERE n.id = ANY(%(numbers)s::bigint[]) AND n.lifecycle = '{L.QUARANTINED}' ORDER BY n.id"""
_HELD = f"SELECT n.id FROM accounts_number n WHERE n.id = ANY(%(numbers)s::bigint[]) AND {HELD} ORDER BY n.id"


@dataclass(frozen=True)
class Checklist:
    waits: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)  # services
    had_holder: bool = True

    @property
    def missing(self) -> list[Any]:
        return [service for service in Service if self.had_holder and service.value not in self.cleared]


def checklists(numbers: Collection[int]) -> dict[int, Checklist]:
    """Return the checklist of each of these numbers that is in quarantine."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL, {"numbers": list(numbers), "now": timezone.now()})
        return {number: Checklist(*found) for number, *found in cursor.fetchall()}


def held(numbers: Collection[int]) -> list[int]:
    """Return those of these numbers that something holds, in any state."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"numbers": list(numbers), "now": timezone.now()})
        return [number for (number,) in cursor.fetchall()]
