"""Reads of appeals: what a person may see, what waits for whom, one appeal's rulings and story."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.models import Number, Tenure
from appeals.hearing.conflicts_of_interest import DECIDED, RULED, TOOK_PART, HasPart
from appeals.lifecycle import State
from appeals.models import Appeal, AppealEvidence, Lease, Message, PortalFiling, Ruling, Skip, Weighing
from appeals.policy import APPROVE, HEAR, HEAR_AGAIN, Side
from enforcement.models import Decision
from qqops.approvals.models import State as ProposalState
from qqops.audit.models import Event
from qqops.core import receipts
from qqops.core.errors import Invalid
from qqops.staff.models import Holding, Staff
from qqops.staff.policy import ROLES

STORY = 100
PORTAL_IDS = 5


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
    """Of those to be heard, what this person may hear and nobody else has in hand (appeals/queue/services.py)."""
    if not (staff.has_perm(HEAR) or staff.has_perm(HEAR_AGAIN)):
        return Appeal.objects.none()
    rows = to_be_heard().exclude(number__in=own_numbers(staff).values("number"))
    supervised = Q(round__gt=1) | Q(gated=True)
    if not staff.has_perm(HEAR_AGAIN):
        rows = rows.exclude(supervised)
    elif not staff.has_perm(HEAR):
        rows = rows.filter(supervised)
    others = Lease.objects.filter(appeal=OuterRef("pk"), until__gt=timezone.now()).exclude(staff=staff)
    return rows.exclude(Exists(others)).exclude(HasPart(Value(staff.pk), F("pk")))


def overdue_for(staff: Staff) -> QuerySet[Appeal]:
    return waiting_for(staff).filter(due_at__lte=timezone.now())


def in_hand(staff: Staff) -> QuerySet[Appeal]:
    """What this person has taken and not finished."""
    return appeals(staff).filter(lease__staff=staff, lease__until__gt=timezone.now()).order_by("due_at", "pk")


def lease_of(appeal: Appeal) -> Lease | None:
    """Who has it in hand now."""
    return Lease.objects.select_related("staff").filter(appeal=appeal, until__gt=timezone.now()).first()


def took_part(appeal: Appeal, staff: Staff) -> bool:
    """Did he file it, make or agree to what it objects to, or change that since? Then he decides nothing on it."""
    return _has_part(appeal, staff, *TOOK_PART)


def decided_first(appeal: Appeal, staff: Staff) -> bool:
    """Did he make, or agree to, what it objects to?"""
    return _has_part(appeal, staff, DECIDED)


def ruled_before(appeal: Appeal, staff: Staff) -> bool:
    """Had he a word in an earlier round? The second review is other people's (domain.md §9, 3)."""
    return _has_part(appeal, staff, RULED)


def _has_part(appeal: Appeal, staff: Staff, *parts: str) -> bool:
    return Appeal.objects.filter(HasPart(Value(staff.pk), F("pk"), *parts), pk=appeal.pk).exists()


def is_his_still(appeal: Appeal) -> bool:
    """Has its tenure the number still? What was his may be somebody else's by now."""
    return appeal.tenure_id is not None and appeal.number.tenure_id == appeal.tenure_id


def hearers(appeal: Appeal, but: Staff) -> QuerySet[Staff]:
    """Who may be handed this appeal; the service asks again."""
    right = right_to_hear(appeal)
    roles = [role for role, rights in ROLES.items() if right in rights]
    held = Holding.objects.live().filter(role__in=roles)
    found = Staff.objects.filter(is_active=True, is_system=False, pk__in=held.values("staff"))
    return found.exclude(pk=but.pk).exclude(HasPart(F("pk"), Value(appeal.pk))).order_by("username")


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
    own = own_numbers(staff).values("number")
    waiting = Ruling.objects.filter(state=ProposalState.PROPOSED, expires_at__gt=timezone.now())
    rows = waiting.exclude(Q(maker=staff) | Q(appeal__number__in=own)).exclude(HasPart(Value(staff.pk), F("appeal")))
    return rows.select_related("appeal", "maker").order_by("pk")


def messages(appeal: Appeal) -> QuerySet[Message]:
    return Message.objects.filter(appeal=appeal).select_related("maker", "delivery").order_by("pk")


def evidence(appeal: Appeal) -> QuerySet[AppealEvidence]:
    """Without what the files hold; each with what was said of it, the latest first."""
    found = AppealEvidence.objects.filter(appeal=appeal).defer("content").order_by("pk")
    return found.prefetch_related("weighings__checker")


def brought_since(appeal: Appeal, staff: Staff, seq: int, side: str, hashes: Sequence[str]) -> bool:
    """Has this person recorded any of these items, of that side, since the event of that `seq`? By their SHA-256."""
    return _done_since(seq, AppealEvidence.objects.filter(appeal=appeal, maker=staff, side=side, sha256__in=hashes))


def said_since(appeal: Appeal, staff: Staff, seq: int, sha256: str) -> bool:
    """The same of one message."""
    return _done_since(seq, Message.objects.filter(appeal=appeal, maker=staff, sha256=sha256))


def _done_since(seq: int, rows: QuerySet[Any]) -> bool:
    acts = list(rows.values_list("event_id", flat=True))
    return Event.objects.filter(pk__in=acts, seq__gt=seq).exists()


def weighed(appeal: Appeal, *, of_other: bool = False) -> list[tuple[str, str]]:
    """(kind, match) of each item of one side that was weighed, by the latest word on it."""
    rows = Weighing.objects.filter(evidence__appeal=appeal).order_by("evidence", "-pk").distinct("evidence")
    others = Q(evidence__side=Side.OTHER)
    rows = rows.filter(others) if of_other else rows.exclude(others)
    return list(rows.values_list("evidence__kind", "match"))


def came_since(ruling: Ruling) -> list[Message | AppealEvidence]:
    """What was said, and brought, to the house since it was made."""
    came = (Message.Kind.ANSWER, Message.Kind.ANOTHER)
    said = messages(ruling.appeal).filter(kind__in=came, at__gte=ruling.proposed_at)
    brought = evidence(ruling.appeal).filter(at__gte=ruling.proposed_at).select_related("maker")
    return [*said, *brought]


def portal_ids(appeal: Appeal) -> list[str]:
    """Under which it came, the first ones; none of somebody else's (appeals/filing/conflicting_filings.py)."""
    of_others = Message.objects.filter(appeal=appeal, kind=Message.Kind.ANOTHER).values("event_id")
    found = PortalFiling.objects.filter(appeal=appeal).exclude(event_id__in=of_others).order_by("pk")
    return list(found.values_list("portal", flat=True)[:PORTAL_IDS])


def story(appeal: Appeal) -> list[Event]:
    """Every act on it, newest first: by the keys of its rows, not by a scan."""
    acts: set[uuid.UUID] = set(
        Appeal.history.filter(id=appeal.pk).order_by("-history_id").values_list("event_id", flat=True)[:STORY]
    )
    told: Any = (
        Message.objects.filter(appeal=appeal),
        AppealEvidence.objects.filter(appeal=appeal),
        Skip.objects.filter(appeal=appeal),
        PortalFiling.objects.filter(appeal=appeal),
        Weighing.objects.filter(evidence__appeal=appeal),
        Ruling.history.filter(appeal_id=appeal.pk),
    )
    for rows in told:
        acts |= set(rows.order_by().values_list("event_id", flat=True).distinct()[:STORY])
    return list(Event.objects.filter(pk__in=acts).order_by("-seq")[:STORY])
