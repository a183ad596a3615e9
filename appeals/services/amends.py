"""What the house owes besides when an objection was upheld (11, 9.2): time that was paid for, a look at the others
that the same decision reached, and where nothing can be restored any more, an assessment of what is owed instead.
"""

import datetime

from django.utils import timezone

from accounts.services import renew
from appeals.models import Appeal
from enforcement.models import Decision, Measure, Outcome
from enforcement.policy import Kind, Scope
from enforcement.services.redress import open_redress
from enforcement.services.reviews import review_siblings
from qqops.audit import pen
from qqops.audit.models import Event
from qqops.staff.models import Staff


def make(act: pen.Act, appeal: Appeal, *, actor: Staff) -> None:
    """Inside the act by which the ruling comes into force, after what it reverses."""
    decision = appeal.decision
    if decision is None or appeal.tenure is None:
        return
    if appeal.tenure.ended_at is not None:
        open_redress(appeal.tenure, appeal.receipt, actor=actor)
    elif _kept_from_use(decision):
        since = acted_at(decision, appeal.number_id)
        renew.give_back(appeal.tenure.pk, since, max(since, _over_at(appeal)), act=act)
    review_siblings(decision, appeal.number_id, actor=actor)


def acted_at(decision: Decision, number: int) -> datetime.datetime:
    """When the decision took its effect on this number: the time of its outcome's event."""
    outcome = Outcome.objects.get(decision=decision, number=number)
    return Event.objects.get(pk=outcome.event_id).at


def _over_at(appeal: Appeal) -> datetime.datetime:
    """When it ended: now, with the ruling, or before, when its time was over or somebody else ended it."""
    measure = Measure.objects.filter(decision=appeal.decision, number=appeal.number_id, tenure=appeal.tenure_id).first()
    ends = (measure.ended_at, measure.until) if measure else ()
    return min([timezone.now(), *filter(None, ends)])


def _kept_from_use(decision: Decision) -> bool:
    """Could its holder not log in? A restriction of single functions leaves what was paid for in use."""
    return decision.kind in (Kind.FREEZE, Kind.TERMINATE) or Scope.LOGIN in decision.scopes
