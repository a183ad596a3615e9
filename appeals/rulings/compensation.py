"""What the house owes besides when an objection was upheld (11, 9.2): time that was paid for, a look at the others
that the same decision reached, and where nothing can be restored any more, an assessment of what is owed instead.
"""

import datetime
from collections.abc import Sequence

from django.utils import timezone

from accounts.allocation import renewal
from accounts.lifecycle import FOREVER
from appeals.models import Appeal
from appeals.rulings.reversal import Terms, ends_use, measures_of, terms_without
from enforcement.models import Decision, Measure, Outcome
from enforcement.policy import Kind, Scope
from enforcement.reviews.redress import open_redress
from enforcement.reviews.services import review_siblings
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff


def make(act: recorder.Act, appeal: Appeal, *, actor: Staff) -> None:
    """Inside the act by which the ruling comes into force, after what it reverses."""
    decision = appeal.decision
    if decision is None or appeal.tenure is None:
        return
    if appeal.tenure.ended_at is not None:
        open_redress(appeal.tenure, appeal.receipt, actor=actor)
    elif lost := _lost(appeal, decision):
        renewal.give_back(appeal.tenure.pk, *lost, act=act)
    review_siblings(decision, appeal.number_id, actor=actor)


def acted_at(decision: Decision, number: int) -> datetime.datetime:
    """When the decision took its effect on this number: the time of its outcome's event."""
    outcome = Outcome.objects.get(decision=decision, number=number)
    return Event.objects.get(pk=outcome.event_id).at


def _lost(appeal: Appeal, decision: Decision) -> tuple[datetime.datetime, datetime.datetime] | None:
    """From when until when its holder could not log in by it; None: he could, or could not anyway."""
    since, now = acted_at(decision, appeal.number_id), timezone.now()
    if ends_use(decision):
        return since, now
    without = terms_without(decision, appeal.number_id)
    spans = [
        (max(since, _shut_out_until(measure, without.get(measure.pk))), _over_at(measure, now))
        for measure in measures_of(appeal)
        if _shuts_out(measure, decision.scopes or measure.scopes)
    ]
    lost = [(begins, ends) for begins, ends in spans if begins < ends]
    return (min(begins for begins, _ in lost), max(ends for _, ends in lost)) if lost else None


def _over_at(measure: Measure, now: datetime.datetime) -> datetime.datetime:
    """When it ended: now, with the ruling, or before, when its time was over or somebody else ended it."""
    return min([now, *filter(None, (measure.ended_at, measure.until))])


def _shut_out_until(measure: Measure, without: Terms | None) -> datetime.datetime:
    """When that would have been over without the decision; long ago, where it would not have been at all."""
    if without is None or not _shuts_out(measure, without.scopes):
        return measure.starts_at
    return without.until or FOREVER


def _shuts_out(measure: Measure, scopes: Sequence[str]) -> bool:
    """A restriction of single functions leaves what was paid for in use."""
    return measure.kind == Kind.FREEZE or Scope.LOGIN in scopes
