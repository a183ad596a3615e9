"""What came of each target, as a file. Sent as a form: a file that leaves the house is counted and recorded."""

from typing import ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from enforcement.decisions.queries import decisions
from enforcement.models import Decision
from enforcement.runs import report as reports
from qqops.core.errors import Invalid, Refused
from qqops.core.spreadsheets import MEDIA_TYPES, pieces
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.pages.base import STALE
from qqops.web.panels import Panel


class ReportPage(Page):
    permission = reports.SEE
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    proof = True
    user: Staff

    def setup(self) -> None:
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if found is None or self.kwargs["form"] not in MEDIA_TYPES:
            raise Http404
        self.decision: Decision = found

    @property
    def back(self) -> str:
        return reverse("admin:enforcement_decision_change", args=[self.decision.pk])

    def unproven(self) -> HttpResponseBase:
        """Leads back to the decision: nothing can be fetched here."""
        self.say(STALE, messages.WARNING)
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': self.back})}")

    def respond(self) -> HttpResponseBase:
        form = self.kwargs["form"]
        try:
            rows = reports.report(self.decision, form, actor=self.user)
        except (Invalid, Refused) as error:
            self.say(str(error), messages.ERROR)
            return HttpResponseRedirect(self.back)
        response = StreamingHttpResponse(pieces(form, reports.head(), rows), content_type=MEDIA_TYPES[form])
        response["Content-Disposition"] = f'attachment; filename="decision-{self.decision.pk}.{form}"'
        return response


def _panel(request: HttpRequest, decision: Decision) -> Panel | None:
    """Once something may have come of it."""
    if decision.effective_at is None:
        return None
    links = {form: reverse("admin:report", args=[decision.pk, form]) for form in MEDIA_TYPES}
    return Panel(_("Report"), "enforcement/report.html", {"links": links}, side="right")


panels.page("decisions/<int:pk>/report/<slug:form>/", "report", ReportPage)
panels.register("decision", _panel, order=1)
