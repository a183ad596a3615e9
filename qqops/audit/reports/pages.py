"""Reports of the record on the staff web: which there are, one with its period, and the same as a file."""

import datetime
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.audit.reports import catalogue
from qqops.audit.reports import period as periods
from qqops.audit.reports.period import Period
from qqops.audit.reports.services import in_text, take_out
from qqops.core import spreadsheets
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.templatetags.ops import link, when
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.pages.base import STALE, Crumb

LIST = "admin:audit_reports"
SHOWN = 500  # lines on a page; the file has them all


class PeriodForm(forms.Form):
    """`from` and `to`, which Python has no names for: the same names as in the review."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = forms.DateField(label=label, widget=widget, input_formats=("%Y-%m-%d",))


class PeriodPage(Page):
    """A page about a period: `period` is the one asked for, or the usual one, and then `problem` may say why."""

    permission = catalogue.VIEW
    nav = LIST
    problem = ""

    def setup(self) -> None:
        self.period = periods.usual()
        given = self.request.GET if self.request.method != "POST" else self.request.POST
        self.form = PeriodForm(initial={"from": self.period.first, "to": self.period.last})
        if "from" not in given and "to" not in given:
            return
        form = PeriodForm(given)
        try:
            if not form.is_valid():
                raise Invalid(_("Give two days, as in 2026-11-28."))
            self.period = Period(form.cleaned_data["from"], form.cleaned_data["to"])
            self.form = form
        except Invalid as error:
            self.problem = str(error)


class ReportsPage(Page):
    title = gettext_lazy("Reports of the record")
    permission = catalogue.VIEW
    template = "audit/reports.html"
    nav = LIST

    def context(self) -> dict[str, Any]:
        seen = [one for one in catalogue.all_reports() if all(map(self.user.has_perm, one.permissions))]
        return {"reports": [(one, reverse("admin:audit_report", args=[one.name])) for one in seen]}


class ReportPage(PeriodPage):
    template = "audit/report.html"

    def setup(self) -> None:
        super().setup()
        try:
            self.report = catalogue.named(self.kwargs["name"])
        except Invalid:
            raise Http404 from None

    def allowed(self) -> bool:
        report = {one.name: one for one in catalogue.all_reports()}.get(self.kwargs["name"])
        return all(map(self.user.has_perm, report.permissions if report else (catalogue.VIEW,)))

    def heading_title(self) -> Any:
        return self.report.title

    def crumbs(self) -> list[Crumb]:
        return [(ReportsPage.title, reverse(LIST))]

    def context(self) -> dict[str, Any]:
        found = list(islice(self.report.lines(self.period), SHOWN + 1))
        return {
            "form": self.form,
            "problem": self.problem,
            "report": self.report,
            "period": self.period,
            "rows": [_on_page(line) for line in found[:SHOWN]],
            "more": SHOWN if len(found) > SHOWN else 0,
        }


def _on_page(line: catalogue.Line) -> list[Any]:
    cells = [when(cell, exact=True) if isinstance(cell, datetime.datetime) else cell for cell in line.cells]
    return [link(line.url, cells[0]), *cells[1:]] if line.url else cells


class ReportCsv(ReportPage):
    """Sent as a form: a file that leaves the house is an act, counted and recorded."""

    methods: ClassVar[tuple[str, ...]] = ("POST",)
    proof = True
    user: Staff

    @property
    def back(self) -> str:
        query = urlencode({"from": self.period.first, "to": self.period.last})
        return f"{reverse('admin:audit_report', args=[self.report.name])}?{query}"

    def unproven(self) -> HttpResponseBase:
        """Leads back to the report: nothing can be fetched here."""
        self.say(STALE, messages.WARNING)
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': self.back})}")

    def respond(self) -> HttpResponseBase:
        try:
            if self.problem:
                raise Invalid(self.problem)
            lines = take_out(self.report, self.period, actor=self.user, reason="")
        except (Invalid, Refused) as error:
            self.say(str(error), messages.ERROR)
            return HttpResponseRedirect(self.back)
        content = b"".join(spreadsheets.as_csv(self.report.head, in_text(lines)))
        response = HttpResponse(content, content_type=spreadsheets.MEDIA_TYPES[spreadsheets.CSV])
        name = f"{self.report.name}-{self.period.first}-{self.period.last}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


panels.page("reports/", "audit_reports", ReportsPage)
panels.page("reports/<slug:name>/", "audit_report", ReportPage)
panels.page("reports/<slug:name>/csv/", "audit_report_csv", ReportCsv)
panels.sidebar("enforcement", gettext_lazy("Reports"), LIST, catalogue.VIEW, order=10)
