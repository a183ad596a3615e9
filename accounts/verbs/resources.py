from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Lifecycle
from accounts.resources import ALONE, BOTH, CORRECTION_PAPERS, SUPERVISOR, Kind, Pool
from qqops.audit import verbs

KINDS = dict(Kind.choices)
STATES = dict(Lifecycle.choices)
RULES = {rule.code: rule.label for rule in (ALONE, SUPERVISOR, BOTH)}

verbs.declare(
    "resource.proposed", _("proposed a change of number resources: %(kind)s"), kind=KINDS, rule=RULES, to=STATES
)
verbs.declare("resource.approved", _("approved a change of number resources: %(kind)s"), kind=KINDS, to=STATES)
verbs.declare("resource.refused", _("refused a change of number resources: %(kind)s"), kind=KINDS)
verbs.declare("resource.lapsed", _("let a proposal about number resources lapse"))
verbs.declare("range.opened", _("opened a range (%(pool)s) of %(targets)s numbers"), pool=dict(Pool.choices))
verbs.declare("range.moved", _("moved a range from “%(from)s” to “%(to)s”"), **{"from": STATES, "to": STATES})
verbs.declare("range.planned", _("changed the plan of a range"))
verbs.declare("tiers.recomputed", _("recomputed tiers; numbers changed: %(numbers)s"))
verbs.declare("campaign.opened", _("opened campaign %(code)s for %(targets)s numbers"))
verbs.declare(
    "number.holder_corrected", _("corrected the holder of a number by the operator's licence"), papers=CORRECTION_PAPERS
)
verbs.declare("number.moved", _("moved numbers to “%(to)s”: %(numbers)s"), to=STATES)
verbs.declare("number.tier_set", _("set the tier of numbers to %(tier)s: %(numbers)s"))
