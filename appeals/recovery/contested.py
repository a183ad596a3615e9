"""A number that two claim (7): the security freeze (6.2) that it is under meanwhile, and its end.

It stands while both are heard (DESIGN §4). That this is over is a fact like the end of its time, so it ends by itself
(domain.md §7, T9), with whatever ends the recovery: no role of the tables may lift it for that, since whoever speaks
for an appellant lifts nothing, whoever had it frozen needs another person, and the clock decides nothing. A rejection
is a decision between the two, made by two people, and lifts it as one (T10).
"""

import datetime

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from appeals.lifecycle import Outcome
from appeals.models import Appeal
from enforcement.decisions.order import Order
from enforcement.measures.expiry import end_with_cause
from enforcement.models import Measure
from enforcement.policy import Effect, FreezeKind, Kind
from qqops.approvals.models import State
from qqops.staff.models import Staff

FREEZE, LIFT = "6.2", "7"  # by which clause


def security_freeze(appeal: Appeal) -> Measure | None:
    """That which this tenure is under now, if any; none where the number has another holder by now."""
    return next((measure for measure in _security_freezes(appeal) if measure.in_force), None)


def frozen_at(appeal: Appeal, at: datetime.datetime) -> list[Measure]:
    """Those that this tenure was under at a moment."""
    ran = Q(ended_at=None) | Q(ended_at__gt=at)
    return list(_security_freezes(appeal).filter(ran, Q(until=None) | Q(until__gt=at), starts_at__lte=at))


def contest_freeze(appeal: Appeal) -> Measure | None:
    """That which was made because two claim the number, while it runs."""
    made = (measure for measure in _security_freezes(appeal) if measure.decision_id == appeal.contest_decision_id)
    return next((measure for measure in made if measure.in_force), None)


def _security_freezes(appeal: Appeal) -> QuerySet[Measure]:
    found = Measure.objects.filter(
        number=appeal.number_id, tenure=appeal.tenure_id, number__tenure=F("tenure"), freeze_kind=FreezeKind.SECURITY
    )
    return found.select_related("decision").order_by("-pk")


def waits(appeal: Appeal) -> bool:
    """Is a supervisor to agree to that freeze first?"""
    freeze = appeal.contest_decision
    return freeze is not None and freeze.effect == Effect.WAITS and freeze.state == State.PROPOSED


def end_freeze(appeal: Appeal, *, actor: Staff) -> None:
    """It was made for this recovery, which is over; inside the act that ends it."""
    if appeal.contest_decision and (contest_freeze(appeal) or waits(appeal)):
        end_with_cause(appeal.contest_decision, actor=actor)


def order_for(appeal: Appeal, outcome: str, reason: str, ticket: str, *, waits: bool) -> Order | None:
    """Rejected, it ends at once; it was no error. Upheld, it stands until new credentials are asked for: until then
    whoever is bound to the number has it no more than the other. None: the ruling itself changes nothing of it.
    """
    freeze = contest_freeze(appeal)
    if freeze is None or outcome != Outcome.REJECTED:
        return None
    return Order(
        Kind.LIFT,
        (LIFT,),
        facts=_("Recovery %(receipt)s was decided between two who claim the number.") % {"receipt": appeal.receipt},
        evidence=(_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        reason=reason,
        ticket=ticket,
        ruling=appeal.receipt,
        ruling_waits=waits,
        lift_measures=(freeze.pk,),
    )
