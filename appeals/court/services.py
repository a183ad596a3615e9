"""After the last word of the house (12.5): what is talked over, and what goes to the court of the place of signing.

A legal hold keeps the number as it is meanwhile. What a judgment orders is a decision under law or order like any
other; here stands that there is one. The privacy officer, who is the legal reviewer, keeps this.
"""

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import Hold
from accounts.retention import holds
from appeals.hearing.services import acting, move, must_be_said, say
from appeals.lifecycle import Act, State, may
from appeals.models import Appeal, Dispute, Message
from appeals.policy import DISPUTE
from appeals.queue.services import locked
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff


@dataclass(frozen=True)
class Brought:
    """What the papers of the court say."""

    court: str
    case_no: str
    on: datetime.date


def may_handle(appeal: Appeal, actor: Staff, step: Act) -> None:
    """Raise as the acts would."""
    if not actor.may_enter or not actor.has_perm(DISPUTE):
        raise Refused(gettext_noop("Your role may not register what went to court."))
    refuse_own(actor, [appeal.number_id])
    if not may(step, appeal.kind, appeal.state):
        raise Invalid(_("Only an objection that was decided goes to court, and each once."))
    if step == Act.SUE and hasattr(appeal, "dispute"):
        raise Invalid(_("Only an objection that was decided goes to court, and each once."))


def negotiate(appeal: Appeal, text: str, *, actor: Staff, ticket: str = "") -> Appeal:
    """Keep what was talked over after the decision; it is not sent."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "negotiate"}), transaction.atomic():
        appeal = locked(appeal)
        if appeal.state != State.COURT:
            may_handle(appeal, actor, Act.SUE)
        else:
            may_handle(appeal, actor, Act.JUDGE)
        must_be_said(text)
        with acting("appeal.negotiated", appeal, actor, ticket=ticket) as act:
            say(act, appeal, Message.Kind.NEGOTIATED, text.strip(), actor)
    return appeal


def sue(appeal: Appeal, brought: Brought, *, actor: Staff, reason: str, ticket: str = "") -> Dispute:
    """It is before the court: nothing of the number is purged or released until that is over and the hold is lifted."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "sue"}), transaction.atomic():
        appeal = locked(appeal)
        may_handle(appeal, actor, Act.SUE)
        check_brought(brought)
        must_say_why(reason)
        with acting("appeal.sued", appeal, actor, reason, ticket) as act:
            move(act, appeal, State.COURT)
            dispute = Dispute(
                appeal=appeal, court=brought.court.strip(), case_no=brought.case_no.strip(), brought_on=brought.on,
                maker=actor,
            )  # fmt: skip
            dispute.save()
            act.wrote(recorder.history_model(Dispute))
            if appeal.tenure_id:
                holds.place([appeal.tenure_id], Hold.Kind.LEGAL, dispute.case_no, actor=actor, act=act)
    return dispute


def check_brought(brought: Brought) -> None:
    if not brought.court.strip() or not brought.case_no.strip():
        raise Invalid(_("Name the court and the number of the case."))
    if brought.on > timezone.localdate():
        raise Invalid(_("The day lies in the future."))
    no_personal_data(brought.court, brought.case_no)


def judge(appeal: Appeal, judgment: str, on: datetime.date, *, actor: Staff, reason: str, ticket: str = "") -> Dispute:
    """The court has decided. The hold stays until another person lifts it: what was ordered is carried out first."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "judge"}), transaction.atomic():
        appeal = locked(appeal)
        may_handle(appeal, actor, Act.JUDGE)
        dispute = Dispute.objects.get(appeal=appeal)
        if judgment not in Dispute.Judgment.values:
            raise Invalid(_("Say what came of it."))
        if not dispute.brought_on <= on <= timezone.localdate():
            raise Invalid(_("The day lies before the case was brought, or in the future."))
        must_say_why(reason)
        with acting("appeal.judged", appeal, actor, reason, ticket, judgment=judgment) as act:
            dispute.judgment, dispute.judged_on = judgment, on
            dispute.save(update_fields=["judgment", "judged_on"])
            act.wrote(recorder.history_model(Dispute))
            move(act, appeal, State.CLOSED)
    return dispute
