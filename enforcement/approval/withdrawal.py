"""A maker takes back what he filed and nobody has decided on yet; what acted provisionally ends with it, while it is
minutes old and nobody was told. Later another person has to end it (DESIGN §4), by refusing the proposal.
"""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.approval.services import on_its_own
from enforcement.decisions.queries import is_slip
from enforcement.measures.expiry import drop
from enforcement.models import Decision, Measure
from enforcement.policy import Effect
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now


def may_withdraw(decision: Decision, actor: Staff) -> None:
    """Raise as `withdraw` would."""
    if decision.maker_id != actor.pk or not actor.may_enter:
        raise Refused(gettext_noop("Only its maker withdraws a proposal; whoever rules on it refuses it."))
    on_its_own(decision)
    if decision.state != State.PROPOSED:
        raise Invalid(_("Decision #%(id)d is not waiting for approval.") % {"id": decision.pk})
    if decision.has_lapsed:
        raise Invalid(_("The proposal has lapsed; there is nothing to withdraw."))
    if decision.effect == Effect.PROVISIONAL and not (decision.target_count == 1 and is_slip(decision)):
        raise Refused(
            gettext_noop("It acts already, and its holder may know: another person ends it, by refusing the proposal.")
        )


def withdraw(decision: Decision, *, actor: Staff, reason: str) -> Decision:
    """It is void, and so is every measure of it: none counts.

    Raises Refused for anybody but its maker, Invalid once it was decided on or has lapsed; then nothing is done.
    """
    with recorder.refusals(actor=actor, subject=decision, facts={"act": "withdraw"}), transaction.atomic():
        decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
        may_withdraw(decision, as_of_now(actor))
        must_say_why(reason)
        with recorder.act(
            "decision.withdrawn", actor=actor, reason=reason, ticket=decision.ticket, subject=decision,
            decision_id=decision.pk,
        ) as act:  # fmt: skip
            decision.state = State.VOID
            decision.save(update_fields=["state"])
            act.wrote(recorder.history_model(Decision))
            if decision.effect == Effect.PROVISIONAL:
                drop(decision, actor=actor, reason=reason, because=Measure.EndReason.UNDONE)
    return decision
