"""An appeal as a case for which an item may be revealed."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenure
from accounts.reveals import case_kinds
from accounts.reveals.case_kinds import Case
from accounts.reveals.policy import Purpose
from appeals.lifecycle import LIVE, State
from appeals.models import Appeal, Lease, Ruling, RulingApproval
from qqops.core import receipts
from qqops.staff.models import Staff


def _appeal(ref: str, tenure: Tenure) -> Case | None:
    one = Appeal.objects.filter(receipt=ref, tenure=tenure).first()
    if one is None:
        return None
    return Case("appeal", ref, "admin:appeals_appeal_change", one.pk, _is_open(one),
                lambda staff: _takes_part(one, staff))  # fmt: skip


def _is_open(appeal: Appeal) -> bool:
    if appeal.closed_at is None or appeal.state == State.COURT:
        return appeal.state in (*LIVE, State.COURT)
    return appeal.closed_at > timezone.now() - case_kinds.STILL_OPEN_FOR


def _takes_part(appeal: Appeal, staff: Staff) -> bool:
    """Who has it in hand, and who had a word in its ruling."""
    if Lease.objects.filter(appeal=appeal, staff=staff, until__gt=timezone.now()).exists():
        return True
    ruled = Ruling.objects.filter(appeal=appeal)
    return (
        ruled.filter(maker=staff).exists() or RulingApproval.objects.filter(proposal__in=ruled, approver=staff).exists()
    )


case_kinds.register("appeal", _("appeal"), purposes=(Purpose.CALLER, Purpose.APPEAL), read=receipts.read, find=_appeal)
