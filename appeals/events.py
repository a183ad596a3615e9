from django.utils.translation import gettext_lazy as _

from appeals.lifecycle import Kind, Outcome
from appeals.messages.message_validity import Outdated
from appeals.models import Delivery, Dispute
from appeals.policy import EvidenceKind, Match, Side, Why
from qqops.alerts import catalogue
from qqops.audit import event_catalogue

KINDS = dict(Kind.choices)
event_catalogue.declare("appeal.filed", _("filed appeals: %(n)s"), kinds=KINDS, declined=dict(Why.choices))
event_catalogue.declare("appeal.joined", _("took lines of the portal's file for appeals that are there already: %(n)s"))
event_catalogue.declare("appeal.claimed", _("kept what others than who appealed said of the same: %(n)s"))
event_catalogue.declare("appeal.taken", _("took an appeal in hand"), kind=KINDS)
event_catalogue.declare("appeal.passed_on", _("passed an appeal on"), kind=KINDS)
event_catalogue.declare("appeal.handed_over", _("handed an appeal to %(to)s"), kind=KINDS)
event_catalogue.declare("appeal.read", _("read what was said in an appeal"), kind=KINDS)
event_catalogue.declare("appeal.file_opened", _("opened a file of an appeal"), kind=KINDS)
event_catalogue.declare("appeal.asked", _("asked the appellant for more"), kind=KINDS)
event_catalogue.declare("appeal.answered", _("recorded the appellant's answer"), kind=KINDS)
event_catalogue.declare("appeal.written", _("wrote to the appellant"), kind=KINDS)
event_catalogue.declare("appeal.converted", _("took the appeal as: %(kind)s"), kind=KINDS)
event_catalogue.declare("appeal.withdrawn", _("closed the appeal, as it was withdrawn"), kind=KINDS)
event_catalogue.declare("appeal.abandoned", _("closed appeals that were not answered in time: %(n)s"))
SIDES = dict(Side.choices)
event_catalogue.declare("appeal.evidence_added", _("added evidence to the appeal: %(n)s"), kind=KINDS, whose=SIDES)
event_catalogue.declare(
    "appeal.evidence_weighed", _("weighed the evidence of the appeal"), match=dict(Match.choices),
    evidence=dict(EvidenceKind.choices), whose=SIDES,
)  # fmt: skip
RULED = {"kind": KINDS, "outcome": dict(Outcome.choices)}
event_catalogue.declare("appeal.ruled", _("ruled on the appeal: %(outcome)s"), **RULED)
event_catalogue.declare("appeal.ruling_agreed", _("agreed to the ruling: %(outcome)s"), **RULED)
event_catalogue.declare("appeal.ruling_sent_back", _("sent the ruling back: %(outcome)s"), **RULED)
event_catalogue.declare("appeal.ruling_lapsed", _("let rulings lapse that nobody agreed to: %(n)s"))
event_catalogue.declare("appeal.asked_again", _("asked for the second review"), kind=KINDS)
event_catalogue.declare("appeal.negotiated", _("kept what was talked over after the decision"), kind=KINDS)
event_catalogue.declare("appeal.sued", _("registered that the appeal went to court"), kind=KINDS)
event_catalogue.declare(
    "appeal.judged", _("registered the judgment: %(judgment)s"), kind=KINDS, judgment=dict(Dispute.Judgment.choices)
)
event_catalogue.declare("appeal.reported", _("took out the report on appeals"))
event_catalogue.declare("appeal.contested", _("noted that two claim the number, and had it frozen"), kind=KINDS)
event_catalogue.declare(
    "appeal.stopped", _("stopped the recovery, which is heard anew"), kind=KINDS, why=dict(Outdated.choices)
)  # fmt: skip
event_catalogue.declare("appeal.reset_asked", _("had the sign-in system asked for new credentials"), kind=KINDS)
event_catalogue.declare("appeal.sent", _("sent messages of appeals: %(n)s"), sent_by=dict(Delivery.Channel.choices))
event_catalogue.declare(
    "appeal.unsent", _("did not send messages of appeals: %(n)s"), unsent=dict(Delivery.State.choices),
    why=dict(Outdated.choices),
)  # fmt: skip
event_catalogue.declare("appeal.sent_again", _("had messages of the appeal sent again: %(n)s"), kind=KINDS)
event_catalogue.declare("appeal.words_cleared", _("made unreadable what was said in appeals that are over: %(n)s"))
event_catalogue.declare("appeal.stuck", _("could not do what was due to appeals: %(n)s"))
event_catalogue.declare("appeal.late", _("noticed appeals near or past their deadline"))
event_catalogue.declare("appeal.escalated", _("escalated appeals that are near their deadline: %(n)s"))
catalogue.declare(
    "appeals_late",
    _("Appeals past their deadline: %(past)s; near it: %(near)s. Take the oldest first."),
    catalogue.Level.WARNING,
    name=_("appeals late"),
)
catalogue.declare(
    "appeal_messages_failed",
    _(
        "Messages of appeals could not be delivered for three days: %(n)s. Appellants, or the sign-in system, do not"
        " know what was decided. Find the appeals by their mark, and have the messages sent again."
    ),
    catalogue.Level.CRITICAL,
    name=_("messages of appeals not delivered"),
)
catalogue.declare(
    "appeals_claimed",
    _(
        "Somebody else asks for what appeals are about: %(n)s (%(appeals)s). Read what was said, and hear both: of two"
        " who claim a number, have it frozen meanwhile; a recovery that cools down takes effect unless it is stopped."
    ),
    catalogue.Level.CRITICAL,
    name=_("somebody else claims a number"),
)
catalogue.declare(
    "appeals_stuck",
    _(
        "What was due to appeals could not be done: %(n)s (%(appeals)s). It is tried every minute; whoever waits for it"
        " waits on. Tell the system administrator."
    ),
    catalogue.Level.CRITICAL,
    name=_("appeals stuck"),
)
