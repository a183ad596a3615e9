from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Lifecycle
from accounts.resources.policy import ALONE, BOTH, CORRECTION_PAPERS, SUPERVISOR, Kind, Pool
from qqops.audit import event_catalogue

KINDS = dict(Kind.choices)
STATES = dict(Lifecycle.choices)
RULES = {rule.code: rule.label for rule in (ALONE, SUPERVISOR, BOTH)}

event_catalogue.declare(
    "resource.proposed", _("proposed a change of number resources: %(kind)s"), kind=KINDS, rule=RULES, to=STATES
)
event_catalogue.declare(
    "resource.approved", _("approved a change of number resources: %(kind)s"), kind=KINDS, to=STATES
)
event_catalogue.declare("resource.refused", _("refused a change of number resources: %(kind)s"), kind=KINDS)
event_catalogue.declare("resource.lapsed", _("let a proposal about number resources lapse"))
event_catalogue.declare("range.opened", _("opened a range (%(pool)s) of %(targets)s numbers"), pool=dict(Pool.choices))
event_catalogue.declare("range.moved", _("moved a range from “%(from)s” to “%(to)s”"), **{"from": STATES, "to": STATES})
event_catalogue.declare("range.planned", _("changed the plan of a range"))
event_catalogue.declare("tiers.recomputed", _("recomputed tiers; numbers changed: %(numbers)s"))
event_catalogue.declare("campaign.opened", _("opened campaign %(code)s for %(targets)s numbers"))
event_catalogue.declare(
    "number.holder_corrected", _("corrected the holder of a number by the operator's licence"), papers=CORRECTION_PAPERS
)
event_catalogue.declare("number.moved", _("moved numbers to “%(to)s”: %(numbers)s"), to=STATES)
event_catalogue.declare("number.tier_set", _("set the tier of numbers to %(tier)s: %(numbers)s"))
