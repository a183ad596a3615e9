"""Reads of proposals about number resources: waiting ones, the inbox of an approver, and their events."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.models import NumberRange, ResourceApproval, ResourceProposal
from accounts.resources.policy import APPROVE, PRIVACY_APPROVE
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

APPROVERS = (APPROVE, PRIVACY_APPROVE)
STORY = 100


def proposals() -> QuerySet[ResourceProposal]:
    return ResourceProposal.objects.select_related("maker")


def proposal_by_id(pk: int) -> ResourceProposal:
    found = proposals().filter(pk=pk).first()
    if found is None:
        raise Invalid(_("There is no proposal #%(id)d.") % {"id": pk})
    return found


def waiting() -> Q:
    return Q(state=State.PROPOSED, expires_at__gt=timezone.now())


def inbox(staff: Staff) -> QuerySet[ResourceProposal]:
    """Return the waiting proposals that this person may rule on.

    Exclude their own, those about numbers that they declared, those that they have ruled on, and those for which every
    capacity that they hold is filled.
    """
    open_to = Q(pk__in=[])
    for capacity in filter(staff.has_perm, APPROVERS):
        filled = ResourceApproval.objects.filter(proposal=OuterRef("pk"), capacity=capacity)
        open_to |= Q(~Exists(filled), approvers__contains=[capacity])
    own = Q(numbers__overlap=ArraySubquery(own_numbers(staff).values("number")))
    ruled = ResourceApproval.objects.filter(proposal=OuterRef("pk"), approver=staff)
    return proposals().filter(waiting(), open_to, ~Q(maker=staff), ~own, ~Exists(ruled))


def waiting_for_range(found: NumberRange) -> QuerySet[ResourceProposal]:
    return proposals().filter(waiting(), content__contains={"range": found.pk}).order_by("-pk")


def story_of_proposal(proposal: ResourceProposal) -> QuerySet[Event]:
    """Return the events that wrote the proposal or a ruling on it, newest first."""
    written = recorder.history_model(ResourceProposal)._default_manager.filter(id=proposal.pk).values("event_id")
    ruled = ResourceApproval.objects.filter(proposal=proposal).values("event_id")
    return Event.objects.filter(Q(pk__in=written) | Q(pk__in=ruled)).order_by("-seq")[:STORY]


def story_of_range(found: NumberRange) -> QuerySet[Event]:
    written = recorder.history_model(NumberRange)._default_manager.filter(id=found.pk).values("event_id")
    return Event.objects.filter(pk__in=written).order_by("-seq")[:STORY]
