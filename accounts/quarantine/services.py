"""Re-release: make numbers in quarantine available again, or send them to pre-release, when nothing holds them."""

from collections import Counter
from collections.abc import Collection, Mapping

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lifecycle import L
from accounts.models import Number
from accounts.quarantine import sweep
from accounts.quarantine.policy import Waits
from accounts.quarantine.queries import FIRST, OF, TO, checklists, held
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.models import Staff

NAMED = 20
KEPT_FROM = (L.AVAILABLE, L.PRE_RELEASE, L.RETIRED)  # states that lead to another holder, or are final

_JUDGED = f"""
SELECT n.id, {FIRST}, {TO} FROM {OF}
WHERE n.id = ANY(%(numbers)s::bigint[]) AND n.lifecycle = '{L.QUARANTINED}' ORDER BY n.id"""

_RELEASE = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = g.state, due_at = NULL, terminated_at = NULL, terminated_under = NULL,
    revision = n.revision + 1
  FROM unnest(%(numbers)s::bigint[], %(states)s::text[]) g(id, state) WHERE n.id = g.id RETURNING n.*),
history AS ({number})
SELECT count(*) FROM number"""


class StillWaits(Refused):
    """Raised when numbers still wait for something. `found` has the codes for each number."""

    def __init__(self, found: Mapping[int, list[str]]) -> None:
        counts = Counter(code for codes in found.values() for code in codes)
        super().__init__(
            gettext_noop("Something still keeps these numbers where they are. Nothing was done."), waits=dict(counts)
        )
        self.found = found

    def __str__(self) -> str:
        named = [
            f"{number}: {_(', ').join(str(Waits(code).label) for code in codes)}"
            for number, codes in list(self.found.items())[:NAMED]
        ]
        return "\n".join([super().__str__(), *named])


def must_not_wait(numbers: Collection[int], to: str) -> None:
    """Raise StillWaits if a manual move to the state `to` would bypass the conditions of re-release.

    A hold blocks the move from any state: it may be younger than the release, or be about the number itself. A retired
    number gets no other holder, so only holds block its retirement.
    """
    if to not in KEPT_FROM:
        return
    found = {number: [Waits.HOLD.value] for number in held(numbers)}
    if to != L.RETIRED:
        found |= {number: one.waits for number, one in checklists(numbers).items()}
    if waiting := {number: codes for number, codes in found.items() if codes}:
        raise StillWaits(waiting)


def release(*, actor: Staff, apply: bool = True, done: sweep.Step = lambda n: None) -> Counter[str]:
    """Release the numbers that wait for nothing.

    Return how many went to each state, and how many wait, by the first condition that they wait for.
    """
    now, found = timezone.now(), Counter[str]()
    for chunk in sweep.due(L.QUARANTINED, now):
        with transaction.atomic():
            sweep.lock(chunk)
            going: dict[int, str] = {}
            with connection.cursor() as cursor:
                cursor.execute(_JUDGED, {"numbers": chunk, "now": now})
                for number, waits, to in cursor.fetchall():
                    found[waits or to] += 1
                    if not waits:
                        going[number] = to
            if going and apply:
                _release(going, actor)
        done(len(chunk))
    return +found


def _release(going: dict[int, str], actor: Staff) -> None:
    facts = {"clause": "3.1", "numbers": len(going), "to": dict(Counter(going.values()))}
    subject = Number(pk=next(iter(going))) if len(going) == 1 else None
    with recorder.act("number.released", actor=actor, reason="", subject=subject, facts=facts) as act:
        sweep.write(act, _RELEASE, {"numbers": list(going), "states": list(going.values())}, Number)
