from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from enforcement.casebook import CaseKind
from enforcement.models import Notice
from enforcement.policy import RULES, Kind, Why
from qqops.audit import verbs

STAGES = dict(Notice.Stage.choices)
ACTS: dict[str, Mapping[str, Any]] = {"act": dict(Kind.choices), "rule": {rule.code: rule.label for rule in RULES}}

verbs.declare("decision.proposed", _("filed the decision; targets: %(targets)s"), **ACTS)
verbs.declare("decision.approved", _("agreed to the decision"))
verbs.declare("decision.refused", _("refused the decision"))
verbs.declare(
    "decision.applied", _("applied the decision; numbers changed: %(applied)s"), skipped=dict(Why.choices), **ACTS
)
verbs.declare("decision.confirmed", _("confirmed the provisional measures: %(measures)s"))
verbs.declare("decision.finished", _("closed the decision"))
verbs.declare("decision.lapsed", _("let the proposal lapse"))
verbs.declare("measure.expired", _("ended measures whose time was over: %(measures)s"))
verbs.declare("measure.dropped", _("ended provisional measures with their proposal: %(measures)s"))
verbs.declare("decision.announced", _("told holders of the decision (%(stage)s): %(targets)s"), stage=STAGES)
verbs.declare("decision.all_told", _("has told all holders of the decision (%(stage)s)"), stage=STAGES)
verbs.declare("run.paused", _("paused the run"))
verbs.declare("run.resumed", _("resumed the run"))
verbs.declare("run.limited", _("set how many numbers a second are applied: %(rate)s"))
verbs.declare("run.stopped", _("stopped the run for good"))
verbs.declare("run.all_stopped", _("stopped all runs"))
verbs.declare("run.all_resumed", _("ended the stop of all runs"))
verbs.declare("case.opened", _("opened a case: %(kind)s, numbers: %(numbers)s"), kind=dict(CaseKind.choices))
