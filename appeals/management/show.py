"""`manage.py appeals show RECEIPT`: how an appeal stands, and what the appellant may be told; nothing that was said."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appeals.lifecycle import TOLD, State
from appeals.models import Appeal
from appeals.queries import appeal_by_receipt, lease_of
from enforcement.management.decision_text import moment
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Refused

VIEW = "appeals.view_appeal"


class Show(StaffCommand):
    called = "appeals show"
    help = gettext_noop(
        "Show how an appeal stands, by its receipt number: what the appellant may be told, its clock, who has it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt", metavar="RECEIPT", help=_("the receipt number"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not see appeals."))
        appeal = appeal_by_receipt(options["receipt"], self.actor)
        if options["json"]:
            self.say_json(as_json(appeal))
        else:
            for line in lines(appeal):
                self.say(line)
        return Exit.DONE


def lines(appeal: Appeal) -> Iterator[str]:
    yield f"{appeal.receipt}  {appeal.get_kind_display()}  {appeal.get_state_display()}"
    yield _("  to be told: %(text)s") % {"text": TOLD[State(appeal.state)]}
    if appeal.route:
        yield f"  {appeal.get_route_display()}"
    if appeal.outcome:
        yield _("  outcome: %(outcome)s") % {"outcome": appeal.get_outcome_display()}
    if appeal.why:
        yield _("  not heard: %(why)s") % {"why": appeal.get_why_display()}
    yield _("  number: %(number)s, decision: %(decision)s") % {
        "number": appeal.tenure or appeal.number_id,
        "decision": appeal.decision or "–",
    }
    yield _("  filed: %(filed)s, due: %(due)s") % {"filed": moment(appeal.filed_at), "due": moment(appeal.due_at)}
    yield from _clock(appeal)
    if lease := lease_of(appeal):
        yield _("  in hand: %(who)s, until %(until)s") % {"who": lease.staff, "until": moment(lease.until)}


def _clock(appeal: Appeal) -> Iterator[str]:
    if appeal.is_overdue:
        yield _("  overdue")
    if appeal.waiting_since:
        moments = {"since": moment(appeal.waiting_since), "until": moment(appeal.waits_until)}
        yield _("  the clock has stood since %(since)s; abandoned at %(until)s") % moments
    elif appeal.waits_until:
        yield _("  carried out at %(at)s unless it is stopped") % {"at": moment(appeal.waits_until)}


def as_json(appeal: Appeal) -> dict[str, Any]:
    lease = lease_of(appeal)
    return {
        "receipt": appeal.receipt,
        "kind": appeal.kind,
        "route": appeal.route,
        "state": appeal.state,
        "told": str(TOLD[State(appeal.state)]),
        "outcome": appeal.outcome,
        "why": appeal.why,
        "number": appeal.number_id,
        "tenure": appeal.tenure.seq if appeal.tenure else None,
        "decision": appeal.decision_id,
        "round": appeal.round,
        "gated": appeal.gated,
        "filed_at": appeal.filed_at,
        "due_at": appeal.due_at,
        "overdue": appeal.is_overdue,
        "waiting_since": appeal.waiting_since,
        "waits_until": appeal.waits_until,
        "closed_at": appeal.closed_at,
        "in_hand": lease.staff.username if lease else None,
    }
