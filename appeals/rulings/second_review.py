"""The second review of an objection: asked for once, within 30 days of the answer, and heard by other people."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import Hold
from accounts.retention import holds
from appeals.filing.routing import Asked, routed
from appeals.hearing.services import acting, clock, move, must_be_said, say
from appeals.lifecycle import Act, Kind, State, may
from appeals.models import Appeal, Message
from appeals.policy import AGAINST, FILE, SECOND_REVIEW_WITHIN, Route, Timed, clock_of
from appeals.queue import calendar
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now


def may_ask(appeal: Appeal) -> None:
    """Invalid says why there is no second review of it (any more)."""
    if appeal.round > 1 or hasattr(appeal, "dispute"):
        raise Invalid(_("It was reviewed already: what is left is the court (12.5)."))
    decided = may(Act.REVIEW_AGAIN, appeal.kind, appeal.state) and appeal.outcome in AGAINST and not appeal.why
    if not decided:
        raise Invalid(_("Only an objection that was decided has a second review."))
    if appeal.closed_at is None or appeal.closed_at < timezone.now() - SECOND_REVIEW_WITHIN:
        days = SECOND_REVIEW_WITHIN.days
        raise Invalid(_("A second review is asked for within %(n)d days of the answer.") % {"n": days})


def check(appeal: Appeal, actor: Staff) -> None:
    """Whoever files appeals asks for an appellant; the portal's requests are brought by the system."""
    if not actor.is_system:
        if not actor.may_enter or not actor.has_perm(FILE):
            raise Refused(gettext_noop("Your role may not file appeals."))
        refuse_own(actor, [appeal.number_id])
    may_ask(appeal)


def ask(receipt: str, *, actor: Staff, reason: str, ticket: str = "") -> Appeal:
    """Open it again for its second review; `reason` is what the appellant says, and is kept sealed."""
    with recorder.refusals(actor=actor, facts={"act": "ask_again"}), transaction.atomic():
        appeal = Appeal.objects.select_for_update(no_key=True, of=("self",)).get(receipt=receipt)
        check(appeal, actor if actor.is_system else as_of_now(actor))
        must_be_said(reason)
        now = timezone.now()
        due = calendar.due(clock_of(_timed(appeal)), now)
        anew = {"round": 2, "route": Route.AGAIN, "outcome": "", "closed_at": None, **clock(now, due)}
        with acting("appeal.asked_again", appeal, actor, ticket=ticket) as act:
            move(act, appeal, State.FILED, **anew)
            say(act, appeal, Message.Kind.ANSWER, reason.strip(), actor)
            if appeal.tenure_id:
                holds.place([appeal.tenure_id], Hold.Kind.APPEAL, appeal.receipt, actor=actor, act=act)
    return appeal


def _timed(appeal: Appeal) -> Timed:
    """As when it is filed."""
    seq = appeal.tenure.seq if appeal.tenure else None
    return routed([Asked(appeal.number_id, Kind(appeal.kind), seq, appeal.decision_id)])[0].timed
