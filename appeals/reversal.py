"""What an upheld ruling changes of the number, as the order of a decision: lift, restore, or cease to count.

It reaches the appellant's own number only: what the same decision did to others is its own decision (undo).
"""

import datetime
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from appeals.lifecycle import Outcome
from appeals.models import Appeal
from enforcement.models import Measure
from enforcement.order import Order
from enforcement.policy import FreezeKind, Kind
from qqops.errors import Invalid

OBJECTION, RECOVERY = "11", "7"


@dataclass(frozen=True)
class Terms:
    """What a measure becomes that is upheld in part: a nearer end, or fewer scopes."""

    until: datetime.datetime | None = None
    scopes: tuple[str, ...] = ()


class Said(Protocol):
    @property
    def reason(self) -> str: ...
    @property
    def ticket(self) -> str: ...
    @property
    def terms(self) -> Terms: ...


def measure_of(appeal: Appeal) -> Measure | None:
    """What the decision objected to imposed on this tenure; None where it ended the right of use, or took back."""
    found = Measure.objects.filter(decision=appeal.decision_id, number=appeal.number_id, tenure=appeal.tenure_id)
    return found.first()


def must_be_over(appeal: Appeal) -> None:
    """What still has its effect is not moot."""
    measure = measure_of(appeal)
    ended = appeal.decision is not None and appeal.decision.kind == Kind.TERMINATE
    if (measure is not None and measure.in_force) or (ended and appeal.number.lifecycle == "terminated"):
        raise Invalid(_("It is still in force: decide on it."))


def order_for(appeal: Appeal, outcome: Outcome, said: Said, *, waits: bool) -> Order | None:
    """The order, or None where the ruling changes nothing of the number; Invalid where it cannot be made."""
    decision = appeal.decision
    if decision is None:
        return None
    if outcome == Outcome.PARTLY:
        raise Invalid(_("What is upheld in part shortens or narrows the measure."))
    common = {
        "facts": _("Objection %(receipt)s was upheld.") % {"receipt": appeal.receipt},
        "evidence": (_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        "reason": said.reason,
        "ticket": said.ticket,
        "ruling": appeal.receipt,
        "ruling_waits": waits,
        "in_error": True,  # void from the beginning: it never counts again, and the holder has an apology
    }
    if decision.kind == Kind.TERMINATE:
        return Order(Kind.RESTORE, (OBJECTION,), **common)  # type: ignore[arg-type]
    measure = measure_of(appeal)
    if measure is not None and measure.in_force:
        if measure.freeze_kind == FreezeKind.LEGAL:
            raise Invalid(_("A legal freeze ends by law or order only: have a decision made that names it."))
        return Order(Kind.LIFT, (OBJECTION,), lift_of=decision.pk, **common)  # type: ignore[arg-type]
    # It has run out, or took something back: its own effect on this number is undone, or only ceases to count.
    return Order(Kind.UNDO, (OBJECTION,), undoes=decision, **common)  # type: ignore[arg-type]
