"""What an upheld ruling changes of the number, as the order of a decision: lift, shorten, restore, or cease to count.

It reaches the appellant's own number only: what the same decision did to others is its own decision (undo).
"""

import datetime
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lifecycle import FOREVER, Lifecycle
from appeals import contested
from appeals.lifecycle import Outcome
from appeals.models import Appeal
from appeals.policy import REVERSING
from enforcement.models import Decision, Measure, Target
from enforcement.order import Order
from enforcement.policy import FreezeKind, Kind
from qqops.approvals import State
from qqops.errors import Invalid

OBJECTION = "11"


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
    if any(m.in_force for m in _reached(appeal)) or _ended_by_it(appeal):
        raise Invalid(_("It is still in force: decide on it."))


def _ended_by_it(appeal: Appeal) -> bool:
    """Is the right of use over by this decision, and not by one that came after it?"""
    ended = Decision.objects.filter(
        kind=Kind.TERMINATE, targets__number=appeal.number_id, targets__tenure=appeal.tenure_id,
        outcomes__number=appeal.number_id, outcomes__why="",
    ).order_by("-pk")  # fmt: skip
    return appeal.number.lifecycle == Lifecycle.TERMINATED and ended.first() == appeal.decision


def _reached(appeal: Appeal) -> QuerySet[Measure]:
    """What the decision imposed on this tenure, or changed of what runs on it."""
    named = Target.objects.filter(decision=appeal.decision_id, number=appeal.number_id, decision__kind=Kind.ADJUST)
    changed = [pk for measures in named.values_list("measures", flat=True) for pk in measures or ()]
    of_tenure = Measure.objects.filter(number=appeal.number_id, tenure=appeal.tenure_id)
    return of_tenure.filter(Q(decision=appeal.decision_id) | Q(pk__in=changed))


def order_for(appeal: Appeal, outcome: Outcome, said: Said, *, waits: bool) -> Order | None:
    """The order, or None where the ruling changes nothing of the number; Invalid where it cannot be made."""
    decision = appeal.decision
    if decision is None:
        return contested.order_for(appeal, outcome, said.reason, said.ticket, waits=waits)
    if outcome not in REVERSING:
        return None
    measure = measure_of(appeal)
    running = measure if measure is not None and measure.in_force else None
    if running is not None and running.freeze_kind == FreezeKind.LEGAL:
        raise Invalid(_("A legal freeze ends by law or order only: have a decision made that names it."))
    common: dict[str, Any] = {
        "facts": _("Objection %(receipt)s was upheld.") % {"receipt": appeal.receipt},
        "evidence": (_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        "reason": said.reason,
        "ticket": said.ticket,
        "ruling": appeal.receipt,
        "ruling_waits": waits,
    }
    if outcome == Outcome.PARTLY:
        common["facts"] = _("Objection %(receipt)s was upheld in part.") % {"receipt": appeal.receipt}
        # The measure stands, and counts: it was not wrong.
        return Order(Kind.ADJUST, (OBJECTION,), lift_of=decision.pk, **_less(running, said.terms), **common)
    common["in_error"] = True  # void from the beginning: it never counts again, and the holder has an apology
    if decision.kind == Kind.TERMINATE:
        if not _ended_by_it(appeal):
            raise Invalid(_("It is not by this decision that the right of use is over now: nothing of it is in force."))
        return Order(Kind.RESTORE, (OBJECTION,), **common)
    if running is not None:
        return Order(Kind.LIFT, (OBJECTION,), lift_of=decision.pk, **common)
    # It has run out, or took something back: its own effect on this number is undone, or only ceases to count.
    return Order(Kind.UNDO, (OBJECTION,), undoes=decision, **common)


def _less(measure: Measure | None, terms: Terms) -> dict[str, Any]:
    """The nearer end and the fewer scopes; Invalid where that is not less than what runs now."""
    if measure is None:
        raise Invalid(
            _("Nothing runs that could be shortened or narrowed: uphold the objection as a whole, or reject it.")
        )
    if measure.decision.state == State.PROPOSED:
        raise Invalid(_("The measure is provisional: whoever is to agree to it decides first."))
    if terms.until is None and not terms.scopes:
        raise Invalid(_("Say what the measure becomes: a nearer end, or fewer restrictions."))
    if terms.until is not None and not timezone.now() < terms.until < (measure.until or FOREVER):
        raise Invalid(_("The new end must lie ahead, and before the end that the measure has now."))
    if terms.scopes and not set(terms.scopes) < set(measure.scopes):
        raise Invalid(_("What is still restricted must be a part of what is restricted now."))
    return {"until": terms.until, "scopes": tuple(s for s in measure.scopes if s in terms.scopes)}
