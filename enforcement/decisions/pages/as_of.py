"""The measures that stood at a time, and who had agreed to a decision by then."""

import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from enforcement.decisions.pages.decisions import decision_link
from enforcement.decisions.pages.text import end_text, measure_name
from enforcement.decisions.queries import rulings_on
from enforcement.models import Decision, Measure
from qqops.audit.review import as_of as asof
from qqops.web import panels
from qqops.web.pages import Then
from qqops.web.panels import Fact, Panel

FACTS = "ops/panel_facts.html"


def _measures(tenure_id: int | None, at: datetime.datetime) -> Panel | None:
    """Each measure of a tenure that stood, by its latest history row: over in time is over, as everywhere."""
    if tenure_id is None:
        return None
    stood = [
        row
        for row in asof.rows_at(Measure, at, tenure_id=tenure_id)
        if row.ended_at is None and (row.until is None or row.until > at)
    ]
    facts = [
        Fact(f"{measure_name(row)} · #{row.decision_id}", [end_text(row.until), decision_link(row.decision_id)])
        for row in stood
    ]
    return _panel(_("Measures then"), facts)


def _of_number(request: HttpRequest, then: Then) -> Panel | None:
    return _measures(then.row.tenure_id, then.at)


def _of_tenure(request: HttpRequest, then: Then) -> Panel | None:
    return _measures(then.object.pk, then.at)


def _approvals(request: HttpRequest, then: Then) -> Panel | None:
    decision: Decision = then.object
    if not decision.approvers:
        return None
    facts = [
        Fact(str(one.approver), _("agreed") if one.agreed else _("refused"))
        for one in rulings_on(decision)
        if one.at <= then.at
    ]
    return _panel(_("Approvals by then"), facts)


def _panel(title: str, facts: list[Fact]) -> Panel:
    return Panel(title, FACTS if facts else "ops/panel_list.html", {"facts": facts, "empty": _("None.")})


panels.register("number:as_of", _of_number, order=2)
panels.register("tenure:as_of", _of_tenure)
panels.register("decision:as_of", _approvals)
