from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("decision.proposed", _("filed the decision on %(targets)s numbers"))
verbs.declare("decision.approved", _("agreed to the decision"))
verbs.declare("decision.refused", _("refused the decision"))
verbs.declare("decision.applied", _("applied the decision to %(applied)s numbers"))
verbs.declare("decision.confirmed", _("confirmed %(measures)s provisional measures"))
verbs.declare("decision.finished", _("closed the decision"))
verbs.declare("decision.lapsed", _("let the proposal lapse"))
verbs.declare("measure.expired", _("ended %(measures)s measures whose time was over"))
verbs.declare("measure.dropped", _("ended %(measures)s provisional measures with their proposal"))
