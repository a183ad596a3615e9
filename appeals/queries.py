"""Reads of appeals: what a person may see, what waits for whom, one appeal's rulings and story."""

import uuid
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Number, Tenure
from accounts.queries.declared import own_numbers
from appeals.lifecycle import State
from appeals.models import Appeal, AppealEvidence, Lease, Message, Ruling, RulingApproval, Skip, Weighing
from appeals.policy import APPROVE, HEAR, HEAR_AGAIN
from enforcement.models import Approval, Decision
from qqops import receipts
from qqops.approvals import State as ProposalState
from qqops.audit.models import Event
from qqops.errors import Invalid
from qqops.staff.models import Holding, Staff
from qqops.staff.roles import ROLES

STORY = 100


def appeals(staff: Staff) -> QuerySet[Appeal]:
    """Those this person may see: none about a number that he declared as his own or a relative's."""
    own = own_numbers(staff).values("number")
    return Appeal.objects.select_related("tenure", "decision", "maker").exclude(number__in=own)


def listed(staff: Staff) -> QuerySet[Appeal]:
    """Each with who has it in hand, or had, and without what was said."""
    return _brief(staff).select_related("lease__staff")


def _brief(staff: Staff) -> QuerySet[Appeal]:
    return appeals(staff).defer("statement", "contact")


def appeal_by_receipt(text: str, staff: Staff) -> Appeal:
    """By the number as it is read over the phone; a slip of one character is told before anything is looked up."""
    receipt = receipts.read(text)
    if receipt is None:
        raise Invalid(_("This is no receipt number: one of its characters is wrong."))
    found = appeals(staff).filter(receipt=receipt).first()
    if found is None:
        raise Invalid(_("There is no appeal %(receipt)s.") % {"receipt": receipt})
    return found


def of_number(number: Number, staff: Staff) -> QuerySet[Appeal]:
    """Those of its present holder, or since it has none: nothing of anybody who held it before."""
    return _brief(staff).filter(number=number, tenure=number.tenure_id).order_by("-pk")


def of_tenure(tenure: Tenure, staff: Staff) -> QuerySet[Appeal]:
    return _brief(staff).filter(tenure=tenure).order_by("-pk")


def of_decision(decision: Decision, staff: Staff) -> QuerySet[Appeal]:
    return _brief(staff).filter(decision=decision).order_by("-pk")


def to_be_heard() -> QuerySet[Appeal]:
    """The queue: the oldest due first, so what is overdue comes before all else."""
    return Appeal.objects.filter(state=State.FILED).order_by("due_at", "pk")


def waiting_for(staff: Staff) -> QuerySet[Appeal]:
    """Of those to be heard, what this person may hear and nobody else has in hand (appeals/services/queue.py)."""
    if not (staff.has_perm(HEAR) or staff.has_perm(HEAR_AGAIN)):
        return Appeal.objects.none()
    rows = to_be_heard().exclude(number__in=own_numbers(staff).values("number")).exclude(maker=staff)
    supervised = Q(round__gt=1) | Q(gated=True)
    if not staff.has_perm(HEAR_AGAIN):
        rows = rows.exclude(supervised)
    elif not staff.has_perm(HEAR):
        rows = rows.filter(supervised)
    others = Lease.objects.filter(appeal=OuterRef("pk"), until__gt=timezone.now()).exclude(staff=staff)
    agreed = Approval.objects.filter(proposal=OuterRef("decision"), approver=staff, agreed=True)
    made = Decision.objects.filter(pk=OuterRef("decision"), maker=staff)
    ruled = earlier_words(staff, OuterRef("pk"), OuterRef("round"))
    return rows.exclude(Exists(others)).exclude(Exists(agreed)).exclude(Exists(made)).exclude(ruled)


def overdue_for(staff: Staff) -> QuerySet[Appeal]:
    return waiting_for(staff).filter(due_at__lte=timezone.now())


def in_hand(staff: Staff) -> QuerySet[Appeal]:
    """What this person has taken and not finished."""
    return appeals(staff).filter(lease__staff=staff, lease__until__gt=timezone.now()).order_by("due_at", "pk")


def lease_of(appeal: Appeal) -> Lease | None:
    """Who has it in hand now."""
    return Lease.objects.select_related("staff").filter(appeal=appeal, until__gt=timezone.now()).first()


def took_part(appeal: Appeal, staff: Staff) -> bool:
    """Did he file it, or make or agree to what it objects to? Then he decides nothing on it (domain.md §9, 2)."""
    return appeal.maker_id == staff.pk or decided_first(appeal, staff)


def decided_first(appeal: Appeal, staff: Staff) -> bool:
    """Did he make, or agree to, what it objects to?"""
    if appeal.decision_id is None:
        return False
    agreed = Approval.objects.filter(proposal=appeal.decision_id, approver=staff, agreed=True)
    return Decision.objects.filter(pk=appeal.decision_id, maker=staff).exists() or agreed.exists()


def ruled_before(appeal: Appeal, staff: Staff) -> bool:
    """Had he a word in an earlier round? The second review is other people's (domain.md §9, 3)."""
    return Appeal.objects.filter(earlier_words(staff, Value(appeal.pk), Value(appeal.round)), pk=appeal.pk).exists()


def earlier_words(staff: Staff, appeal: Any, round: Any) -> Q:
    """The condition that he made, or answered, a ruling on this appeal in a round before this one."""
    earlier = Ruling.objects.filter(appeal=appeal, round__lt=round)
    given = RulingApproval.objects.filter(proposal__appeal=appeal, proposal__round__lt=round, approver=staff)
    return Q(Exists(earlier.filter(maker=staff))) | Q(Exists(given))


def hearers(appeal: Appeal, but: Staff) -> QuerySet[Staff]:
    """Who may be handed this appeal: the service asks again, who had part in an earlier round too."""
    right = right_to_hear(appeal)
    roles = [role for role, rights in ROLES.items() if right in rights]
    held = Holding.objects.live().filter(role__in=roles)
    involved = [but.pk, appeal.maker_id]
    if appeal.decision is not None:
        agreed = Approval.objects.filter(proposal=appeal.decision, agreed=True)
        involved += [appeal.decision.maker_id, *agreed.values_list("approver", flat=True)]
    found = Staff.objects.filter(is_active=True, is_system=False, pk__in=held.values("staff"))
    return found.exclude(pk__in=involved).order_by("username")


def right_to_hear(appeal: Appeal) -> str:
    """A second review, and what somebody files too often, a supervisor hears."""
    return HEAR_AGAIN if appeal.round > 1 or appeal.gated else HEAR


def rulings(appeal: Appeal) -> list[Ruling]:
    """The latest first, each with who agreed to it and the clauses that it rests on."""
    found = Ruling.objects.filter(appeal=appeal).select_related("maker", "reverses").order_by("-pk")
    return list(found.prefetch_related("approvals__approver", "grounds__clause__version"))


def open_ruling(appeal: Appeal) -> Ruling | None:
    return Ruling.objects.filter(appeal=appeal, state=ProposalState.PROPOSED).select_related("maker").first()


def rulings_inbox(staff: Staff) -> QuerySet[Ruling]:
    """Rulings this person may agree to now: not his own, nor on what he had part in."""
    if not staff.has_perm(APPROVE):
        return Ruling.objects.none()
    agreed = Approval.objects.filter(proposal=OuterRef("appeal__decision"), approver=staff, agreed=True)
    own = own_numbers(staff).values("number")
    waiting = Ruling.objects.filter(state=ProposalState.PROPOSED, expires_at__gt=timezone.now())
    theirs = Q(maker=staff) | Q(appeal__maker=staff) | Q(appeal__decision__maker=staff) | Q(appeal__number__in=own)
    spoken = earlier_words(staff, OuterRef("appeal"), OuterRef("round"))
    rows = waiting.exclude(theirs).exclude(Exists(agreed)).exclude(spoken)
    return rows.select_related("appeal", "maker").order_by("pk")


def messages(appeal: Appeal) -> QuerySet[Message]:
    return Message.objects.filter(appeal=appeal).select_related("maker", "delivery").order_by("pk")


def evidence(appeal: Appeal) -> QuerySet[AppealEvidence]:
    """Without what the files hold; each with what was said of it, the latest first."""
    found = AppealEvidence.objects.filter(appeal=appeal).defer("content").order_by("pk")
    return found.prefetch_related("weighings__checker")


def story(appeal: Appeal) -> list[Event]:
    """Every act on it, newest first: by the keys of its rows, not by a scan."""
    acts: set[uuid.UUID] = set(
        Appeal.history.filter(id=appeal.pk).order_by("-history_id").values_list("event_id", flat=True)[:STORY]
    )
    told: Any = (
        Message.objects.filter(appeal=appeal),
        AppealEvidence.objects.filter(appeal=appeal),
        Skip.objects.filter(appeal=appeal),
        Weighing.objects.filter(evidence__appeal=appeal),
        Ruling.history.filter(appeal_id=appeal.pk),
    )
    for rows in told:
        acts |= set(rows.order_by().values_list("event_id", flat=True).distinct()[:STORY])
    return list(Event.objects.filter(pk__in=acts).order_by("-seq")[:STORY])
