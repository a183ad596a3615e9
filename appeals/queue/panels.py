"""The appeals about a number's present holder, a tenure, a decision: on their pages."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import Number, Tenure
from appeals.models import Appeal
from appeals.queries import of_decision, of_number, of_tenure
from appeals.text import VIEW, appeal_link, due, marks, standing
from enforcement.models import Decision
from qqops.web import panels
from qqops.web.panels import Panel

SHOWN = 20


def _of_number(request: HttpRequest, number: Number) -> Panel | None:
    return _table(request, of_number(number, panels.staff_at(request)))


def _of_tenure(request: HttpRequest, tenure: Tenure) -> Panel | None:
    return _table(request, of_tenure(tenure, panels.staff_at(request)))


def _of_decision(request: HttpRequest, decision: Decision) -> Panel | None:
    return _table(request, of_decision(decision, panels.staff_at(request)))


def _table(request: HttpRequest, found: QuerySet[Appeal]) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    rows = [(appeal_link(one), one.get_kind_display(), [standing(one), *marks(one)], due(one)) for one in found[:SHOWN]]
    if not rows:
        return None
    head = [_("Receipt"), _("Kind"), _("State"), _("Due")]
    return Panel(_("Appeals"), "ops/panel_table.html", {"head": head, "rows": rows})


panels.register("number", _of_number, order=4)
panels.register("tenure", _of_tenure, order=4)
panels.register("decision", _of_decision, order=4)
