"""A decision as a case for which an item may be revealed."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenure
from accounts.reveals import case_kinds
from accounts.reveals.case_kinds import Case, read_serial, serial
from accounts.reveals.policy import Purpose
from enforcement.models import Approval, Decision
from qqops.approvals.models import State
from qqops.staff.models import Staff


def _decision(ref: str, tenure: Tenure) -> Case | None:
    one = Decision.objects.filter(
        pk=serial(ref), targets__number=tenure.number_id, targets__tenure=tenure
    ).first()  # by the key of the target: a batch may have very many
    if one is None:
        return None
    return Case("decision", ref, "admin:enforcement_decision_change", one.pk, _is_open(one),
                lambda staff: _takes_part(one, staff))  # fmt: skip


def _is_open(decision: Decision) -> bool:
    if decision.state == State.APPLIED:
        return bool(decision.effective_at and decision.effective_at > timezone.now() - case_kinds.STILL_OPEN_FOR)
    return decision.state in (State.PROPOSED, State.APPROVED) and not decision.has_lapsed


def _takes_part(decision: Decision, staff: Staff) -> bool:
    """Its maker, who has ruled on it, and while it waits whoever may."""
    if decision.maker_id == staff.pk:
        return True
    if decision.state == State.PROPOSED and any(map(staff.has_perm, decision.approvers)):
        return True
    return Approval.objects.filter(proposal=decision, approver=staff).exists()


case_kinds.register(
    "decision",
    _("decision"),
    purposes=(Purpose.CALLER, Purpose.DECISION, Purpose.APPEAL),
    read=read_serial,
    find=_decision,
)
