"""Somebody else asks for what is on the register already: he gave another contact than it was filed with.

Either of the two may be the thief. So his words are no answer and no evidence of the appellant's, what is asked of that
one stays asked, and neither is told of the other. They are kept sealed on the appeal for whoever hears it, what he
brings as evidence of his own side; that one is told at once and it is put before him: of a recovery he is the other
claimant, and both are heard (7). The freeze meanwhile is a reviewer's act (recovery/services.py), and so is it to stop
what cools down.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from appeals.filing.filing_validation import Filing
from appeals.filing.rows import EvidenceRows, keep_lines
from appeals.lifecycle import LIVE, Kind
from appeals.messages import sealed_text
from appeals.models import Appeal, Message, PortalFiling
from appeals.policy import Side
from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.core import bulk
from qqops.crypto.seal import DataKey
from qqops.staff.models import Staff

VERB = "appeal.claimed"
NAMED = 20  # of the appeals, in the alert

_LIVE = ", ".join(f"'{state}'" for state in LIVE)
# No answer: the state and the clock stay. From now on two claim what a recovery is of, and two people decide on it.
_MARK = f"""
UPDATE appeals_appeal SET revision = revision + 1,
  escalated_at = CASE WHEN state IN ({_LIVE}) THEN coalesce(escalated_at, %(now)s) ELSE escalated_at END,
  contested_at = CASE WHEN kind = '{Kind.RECOVERY}' THEN coalesce(contested_at, %(now)s) ELSE contested_at END
WHERE id = ANY(%(ids)s::bigint[])"""

Said = tuple[Filing, Appeal, DataKey]


def is_his(appeal: Appeal, key: DataKey, filing: Filing) -> bool:
    """Did whoever says this give the contact that the appeal was filed with? Both are in their one form."""
    return sealed_text.contact_of(appeal, key) == filing.contact


def is_kept(form_key: uuid.UUID) -> bool:
    """Did this form of the desk come before? It has no appeal of its own to be known by, as what is filed has."""
    return PortalFiling.objects.filter(portal=str(form_key)).exists()


def keep(said: Sequence[Said], *, actor: Staff, ticket: str, facts: dict[str, Any]) -> None:
    """Keep these, of the portal or the desk, on their appeals, which are locked; in the caller's transaction."""
    told = facts | {"n": len(said)}
    with recorder.act(VERB, actor=actor, reason="", ticket=ticket, facts=told) as act:
        now, pks = timezone.now(), bulk.next_pks(Message, len(said))
        rows = [
            sealed_text.new_message(
                appeal, Message.Kind.ANOTHER, _text(filing), key=key, maker=actor.pk, at=now, event=act.event_id, pk=pk
            )
            for pk, (filing, appeal, key) in zip(pks, said, strict=True)
        ]
        bulk.write(Message, rows)
        act.wrote(Message, rows=len(rows))
        brought = EvidenceRows([filing for filing, _appeal, _key in said], maker=actor.pk, at=now, side=Side.OTHER)
        for filing, appeal, key in said:
            brought.add(appeal.pk, filing, key, act.event_id)
        brought.insert(act)
        if lines := {line: appeal.pk for filing, appeal, _key in said if (line := filing.line)}:
            keep_lines(act, lines, at=now)
        if len(said) == 1:
            act.subject = said[0][1]
        receipts = {appeal.pk: appeal.receipt for _filing, appeal, _key in said}
        with connection.cursor() as cursor:
            cursor.execute(_MARK, {"ids": list(receipts), "now": now})
        act.history(Appeal, list(receipts))
        raise_alert(act, "appeals_claimed", n=len(receipts), appeals=sorted(receipts.values())[:NAMED])


def _text(filing: Filing) -> str:
    """What he says, with how he is reached: whoever hears both asks him there."""
    return "\n\n".join([filing.statement, _("Contact: %(contact)s") % {"contact": filing.contact}])
