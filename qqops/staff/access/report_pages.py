"""The access review: who has what since when, by whose word, and when it was last used; on a page and as a file."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.core import spreadsheets
from qqops.core.errors import Refused
from qqops.staff import queries
from qqops.staff.access.report_services import export_report
from qqops.staff.queries import FLAGS, Line
from qqops.staff.text import factor_text, given_by, held_role, role_text, staff_url
from qqops.templatetags.ops import badge, link, minute, when
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.pages.base import STALE

TONES = {
    "unused": "warn",
    "exclusive": "bad",
    "leftover": "bad",
    "unreviewed": "warn",
    "no_factor": "warn",
    "roleless": "warn",
}


def head() -> list[Any]:
    return [
        _("Login"), _("Name"), _("Role"), _("To look at"), _("Since"), _("Until"), _("Given by"), _("Last sign-in"),
        _("Last act"), _("Second factor"),
    ]  # fmt: skip


class ReportPage(Page):
    title = gettext_lazy("Access review")
    permission = "staff.view_access_report"
    template = "staff/report.html"
    nav = "admin:access_report"

    def context(self) -> dict[str, Any]:
        labels, lines = head(), queries.access_report()
        flagged = [line for line in lines if line.flags]
        only = self.request.GET.get("only") == "flagged"
        return {
            "head": labels,
            "rows": [list(zip(labels, shown(line), strict=True)) for line in (flagged if only else lines)],
            "only": only,
            "all": len(lines),
            "flagged": len(flagged),
        }


def shown(line: Line) -> list[Any]:
    staff, holding = line.staff, line.holding
    return [
        link(staff_url(staff.pk), staff.username),
        staff.name,
        held_role(holding) if holding else None,
        flags(line),
        when(holding.since) if holding else None,
        when(holding.until) if holding and holding.until else None,
        given_by(holding) if holding else None,
        when(line.last_sign_in),
        when(line.last_act),
        factor_text(line.has_factor),
    ]


def flags(line: Line) -> Any:
    return [badge(FLAGS[flag], TONES[flag]) for flag in line.flags]


class CsvPage(Page):
    """Sent as a form: a file that leaves the house is an act, counted and recorded."""

    permission = "staff.view_access_report"
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    proof = True

    def unproven(self) -> HttpResponseBase:
        """Leads back to the report: nothing can be fetched here."""
        self.say(STALE, messages.WARNING)
        back = urlencode({"next": reverse("admin:access_report")})
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{back}")

    def respond(self) -> HttpResponseBase:
        try:
            lines = export_report(actor=self.user, reason="")
        except Refused as refused:
            self.say(str(refused), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:access_report"))
        content = b"".join(spreadsheets.as_csv(head(), map(cells, lines)))
        response = HttpResponse(content, content_type=spreadsheets.MEDIA_TYPES[spreadsheets.CSV])
        name = f"access-{timezone.localtime():%Y%m%d-%H%M}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def cells(line: Line) -> list[Any]:
    staff, holding = line.staff, line.holding
    return [
        staff.username,
        staff.name,
        role_text(holding.role) if holding else None,
        "; ".join(str(FLAGS[flag]) for flag in line.flags),
        minute(holding.since) if holding else None,
        minute(holding.until) if holding and holding.until else None,
        given_by(holding) if holding else None,
        minute(line.last_sign_in) if line.last_sign_in else None,
        minute(line.last_act) if line.last_act else None,
        factor_text(line.has_factor),
    ]


panels.page("access-report/", "access_report", ReportPage)
panels.page("access-report/csv/", "access_report_csv", CsvPage)
panels.sidebar("system", ReportPage.title, "admin:access_report", "staff.view_access_report", order=3)
