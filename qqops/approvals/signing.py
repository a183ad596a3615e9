"""The signature under an approval or a refusal: one way to write it for everything that two people do together."""

from typing import Any

from django.utils import timezone

from qqops.approvals.models import Approval, Proposal
from qqops.audit import recorder
from qqops.staff.models import Staff


def sign(
    model: type[Approval],
    proposal: Proposal,
    actor: Staff,
    capacity: str,
    act: recorder.Act,
    *,
    agreed: bool,
    reason: str,
    **more: Any,
) -> None:
    """Write this person's word, bound to the content that the proposal has now."""
    said: dict[str, Any] = {"proposal": proposal, **more}
    row = model(
        maker_id=proposal.maker_id,
        approver=actor,
        capacity=capacity,
        agreed=agreed,
        reason=reason,
        content_hash=proposal.content_hash,
        at=timezone.now(),
        event_id=act.event_id,
        **said,
    )
    model._default_manager.bulk_create([row])
    act.wrote(model)
