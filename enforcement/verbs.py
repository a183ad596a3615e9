from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("decision.proposed", _("filed the decision; targets: %(targets)s"))
verbs.declare("decision.approved", _("agreed to the decision"))
verbs.declare("decision.refused", _("refused the decision"))
verbs.declare("decision.applied", _("applied the decision; numbers changed: %(applied)s"))
verbs.declare("decision.confirmed", _("confirmed the provisional measures: %(measures)s"))
verbs.declare("decision.finished", _("closed the decision"))
verbs.declare("decision.lapsed", _("let the proposal lapse"))
verbs.declare("measure.expired", _("ended measures whose time was over: %(measures)s"))
verbs.declare("measure.dropped", _("ended provisional measures with their proposal: %(measures)s"))
