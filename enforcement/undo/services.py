"""Undo: one decision that takes another back, target by target, exactly as its outcomes say it was before.

It is an order like any other: filed with its frozen targets, agreed to by somebody who had no part in what it takes
back, applied chunk by chunk. What changed since is a conflict: listed, and not touched. Of a measure that has run out
or was lifted nothing is put back: it only ceases to count (writing.py).
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from enforcement.decisions.order import Order
from enforcement.decisions.preview import SAMPLE, Preview, preview
from enforcement.decisions.services import Report, decide
from enforcement.lists.number_set import Listed
from enforcement.models import Decision
from enforcement.policy import Kind
from enforcement.runs import eligibility
from qqops.audit import recorder
from qqops.staff.models import Staff

_DONE = "SELECT number_id FROM enforcement_outcome WHERE decision_id = %s AND why = '' ORDER BY number_id"


# What the decision changed and somebody else has changed since.
_CONFLICTS = f"""
SELECT n.id FROM enforcement_outcome x JOIN accounts_number n ON n.id = x.number_id
WHERE x.decision_id = %(undoes)s AND x.why = '' AND {eligibility.why(Kind.UNDO, of_targets=False)} = 'conflict'
ORDER BY n.id LIMIT {SAMPLE}"""


def conflicts(decision: Decision) -> list[int]:
    """The first of those that an undo would leave as they are."""
    with connection.cursor() as cursor:
        cursor.execute(_CONFLICTS, {"now": timezone.now(), **eligibility.undone(decision)})
        return [number for (number,) in cursor.fetchall()]


def undo_order(
    decision: Decision,
    *,
    clause: str,
    reason: str,
    ticket: str = "",
    facts: str = "",
    citation: str = "",
    in_error: bool,
    form_key: uuid.UUID | None = None,
    **more: Any,
) -> Order:
    """The order that takes a decision back; its evidence is that decision's own record."""
    return Order(
        Kind.UNDO,
        (clause,),
        facts=facts or _("Decision #%(id)d is taken back.") % {"id": decision.pk},
        evidence=(_("The outcomes of decision #%(id)d, as they are on the record.") % {"id": decision.pk},),
        reason=reason,
        ticket=ticket,
        citation=citation,
        undoes=decision,
        in_error=in_error,
        form_key=form_key or uuid.uuid4(),
        **more,
    )


def look_at_undo(order: Order, *, actor: Staff) -> Preview:
    """What the undo would put back and what it would leave; raises as `undo` would."""
    assert order.undoes is not None
    return preview(order, Listed(_changed_by(order.undoes)), actor=actor)


def undo(order: Order, *, actor: Staff) -> Report:
    """File the undo; a slip of one's own, minutes old, is taken back at once (policy.RULES)."""
    assert order.undoes is not None
    with recorder.refusals(actor=actor, subject=order.undoes, facts={"act": Kind.UNDO.value}):
        return decide(order, Listed(_changed_by(order.undoes)), actor=actor)


def _changed_by(decision: Decision) -> Iterator[int]:
    """What the decision changed, in key order, from the server's cursor."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_DONE, [decision.pk])
        while rows := cursor.fetchmany(settings.QQOPS_CHUNK):
            for (number,) in rows:
                yield number
