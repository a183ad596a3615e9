"""A number that two claim (7): the security freeze (6.2) that it is under meanwhile, and its end."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from appeals.lifecycle import Outcome
from appeals.models import Appeal
from appeals.policy import COOL_DOWN
from enforcement.models import Measure
from enforcement.order import Order
from enforcement.policy import PROPOSAL_LIFE, FreezeKind, Kind

FREEZE, LIFT = "6.2", "7"  # by which clause


def security_freeze(appeal: Appeal) -> Measure | None:
    """That which this tenure is under now, if any."""
    found = Measure.objects.filter(number=appeal.number_id, tenure=appeal.tenure_id, freeze_kind=FreezeKind.SECURITY)
    return next((measure for measure in found.select_related("decision").order_by("-pk") if measure.in_force), None)


def contest_freeze(appeal: Appeal) -> Measure | None:
    """That which was made because two claim the number: its ticket is the receipt number of the recovery."""
    freeze = security_freeze(appeal)
    return freeze if freeze is not None and freeze.decision.ticket == appeal.receipt else None


def order_for(appeal: Appeal, outcome: str, reason: str, ticket: str, *, waits: bool) -> Order | None:
    """Who of two may use the number is ruled, and it is no longer frozen for that; the freeze was no error.

    Rejected, at once. Upheld, when it has cooled down and new credentials are asked for: until then whoever is bound to
    it now has it no more than the other. None: nothing of it changes.
    """
    freeze = contest_freeze(appeal)
    if freeze is None or outcome not in (Outcome.UPHELD, Outcome.REJECTED):
        return None
    common: dict[str, Any] = {
        "facts": _("Recovery %(receipt)s was decided between two who claim the number.") % {"receipt": appeal.receipt},
        "evidence": (_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        "reason": reason,
        "ticket": ticket,
        "ruling": appeal.receipt,
        "ruling_waits": waits,
        "lift_measures": (freeze.pk,),
    }
    if outcome == Outcome.REJECTED:
        return Order(Kind.LIFT, (LIFT,), **common)
    until = timezone.now() + PROPOSAL_LIFE + COOL_DOWN  # whenever a second person agrees, it has cooled down by then
    if freeze.until is not None and freeze.until <= until:
        return None
    return Order(Kind.ADJUST, (LIFT,), until=until, **common)
