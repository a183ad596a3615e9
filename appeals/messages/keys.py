"""The words of appeals that are over: kept for as long as an objection or a claim may turn on them, or until whoever
said them is erased; then the key goes. The rows stay, and say that there was an appeal, and what came of it.
"""

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from appeals.models import Appeal, AppealKey
from enforcement.evidence.retention import over_since
from qqops.audit import recorder
from qqops.staff.models import Staff

# Not while a hold runs, a court has it, or an answer is on its way.
_DUE = """
SELECT a.id FROM appeals_appeal a JOIN appeals_appealkey k ON k.appeal_id = a.id
WHERE a.id > %(after)s AND (%(only)s::bigint[] IS NULL OR a.id = ANY(%(only)s::bigint[])) AND a.state = 'closed'
  AND (a.closed_at < %(over)s OR EXISTS (
    SELECT FROM accounts_identity i WHERE i.tenure_id = a.tenure_id AND i.erased_at IS NOT NULL))
  AND NOT EXISTS (SELECT FROM accounts_hold h WHERE h.tenure_id = a.tenure_id AND h.lifted_at IS NULL
    AND (h.until IS NULL OR h.until > %(now)s))
  AND NOT EXISTS (SELECT FROM appeals_message m JOIN appeals_delivery d ON d.message_id = m.id
    WHERE m.appeal_id = a.id AND d.state = 'pending')
ORDER BY a.id LIMIT %(size)s"""


def sweep(*, actor: Staff) -> int:
    """Drop the keys of what nothing turns on any more; how many."""
    dropped, after = 0, 0
    while chunk := _due(after=after):
        with transaction.atomic():
            # Whoever is just opening one of them again has it locked: look once more when that is decided.
            rows = Appeal.objects.filter(pk__in=chunk).order_by("pk").select_for_update(no_key=True)
            list(rows.values_list("pk"))
            if going := _due(only=chunk):
                with recorder.act("appeal.words_cleared", actor=actor, reason="", facts={"n": len(going)}):
                    AppealKey.objects.filter(pk__in=going).delete()
                dropped += len(going)
        after = chunk[-1]
    return dropped


def _due(*, after: int = 0, only: list[int] | None = None) -> list[int]:
    now = timezone.now()
    given: dict[str, Any] = {"now": now, "over": over_since(now), "after": after, "only": only}
    with connection.cursor() as cursor:
        cursor.execute(_DUE, given | {"size": settings.QQOPS_CHUNK})
        return [pk for (pk,) in cursor.fetchall()]
