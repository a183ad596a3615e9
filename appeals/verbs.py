from django.utils.translation import gettext_lazy as _

from appeals.lifecycle import Kind, Outcome
from appeals.policy import EvidenceKind, Match, Why
from qqops.audit import verbs

KINDS = dict(Kind.choices)
verbs.declare("appeal.filed", _("filed appeals: %(n)s"), kinds=KINDS, declined=dict(Why.choices))
verbs.declare("appeal.taken", _("took an appeal in hand"), kind=KINDS)
verbs.declare("appeal.passed_on", _("passed an appeal on"), kind=KINDS)
verbs.declare("appeal.transferred", _("handed an appeal to %(to)s"), kind=KINDS)
verbs.declare("appeal.read", _("read what was said in an appeal"), kind=KINDS)
verbs.declare("appeal.file_opened", _("opened a file of an appeal"), kind=KINDS)
verbs.declare("appeal.asked", _("asked the appellant for more"), kind=KINDS)
verbs.declare("appeal.answered", _("recorded the appellant's answer"), kind=KINDS)
verbs.declare("appeal.written", _("wrote to the appellant"), kind=KINDS)
verbs.declare("appeal.converted", _("took the appeal as: %(kind)s"), kind=KINDS)
verbs.declare("appeal.withdrawn", _("closed the appeal, as it was withdrawn"), kind=KINDS)
verbs.declare("appeal.abandoned", _("closed appeals that were not answered in time: %(n)s"))
verbs.declare("appeal.evidence_added", _("added evidence to the appeal: %(n)s"), kind=KINDS)
verbs.declare(
    "appeal.evidence_weighed", _("weighed the evidence of the appeal"), match=dict(Match.choices),
    evidence=dict(EvidenceKind.choices),
)  # fmt: skip
RULED = {"kind": KINDS, "outcome": dict(Outcome.choices)}
verbs.declare("appeal.ruled", _("ruled on the appeal: %(outcome)s"), **RULED)
verbs.declare("appeal.ruling_agreed", _("agreed to the ruling: %(outcome)s"), **RULED)
verbs.declare("appeal.ruling_sent_back", _("sent the ruling back: %(outcome)s"), **RULED)
verbs.declare("appeal.ruling_lapsed", _("let rulings lapse that nobody agreed to: %(n)s"))
verbs.declare("appeal.asked_again", _("asked for the second review"), kind=KINDS)
verbs.declare("appeal.escalated", _("escalated appeals that are near their deadline: %(n)s"))
