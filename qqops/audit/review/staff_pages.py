"""What a member of staff did and saw in a period: by day and by kind, each figure leading into the review."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from qqops.audit import event_catalogue
from qqops.audit.reports import activity, catalogue
from qqops.audit.reports.pages import LIST, PeriodPage, ReportsPage
from qqops.audit.review import lookups
from qqops.staff.models import Staff
from qqops.templatetags.ops import digits, link
from qqops.web import panels
from qqops.web.pages.base import Crumb
from qqops.web.panels import Act


class StaffActivity(PeriodPage):
    template = "audit/activity.html"

    def setup(self) -> None:
        super().setup()
        found = Staff.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.staff = found

    def heading_title(self) -> str:
        return _("What %(who)s did and saw") % {"who": self.staff}

    def crumbs(self) -> list[Crumb]:
        return [
            (ReportsPage.title, reverse(LIST)),
            (catalogue.named("activity").title, reverse("admin:audit_report", args=["activity"])),
        ]

    def context(self) -> dict[str, Any]:
        login, span = self.staff.username, {"from_": self.period.first, "to": self.period.last}
        days = activity.by_day(self.staff, self.period)
        return {
            "form": self.form,
            "problem": self.problem,
            "period": self.period,
            "head": [_("Day"), *(label for label, _which in activity.COUNTED.values())],
            "rows": [self.day(day, days.get(day, {})) for day in self.period.days() if day in days],
            "verb_head": [_("Act"), _("How many")],
            "verbs": [
                [link(lookups.review_url(staff=login, verb=verb, **span), event_catalogue.name(verb)), n]
                for verb, n in activity.by_verb(self.staff, self.period)
            ],
            "all": lookups.review_url(staff=login, **span),
        }

    def day(self, day: Any, counted: dict[str, int]) -> list[Any]:
        login = self.staff.username
        cells = [
            link(activity.reviewed(code, login, day, day), counted[code]) if counted[code] else 0
            for code in activity.COUNTED
        ]
        return [link(lookups.review_url(staff=login, from_=day, to=day), digits(day)), *cells]


def _act(request: HttpRequest, staff: Staff | None) -> Iterable[Act]:
    if staff is not None and request.user.has_perm(catalogue.VIEW):
        yield Act(_("Did and saw"), reverse("admin:staff_activity", args=[staff.pk]))


panels.page("activity/<int:pk>/", "staff_activity", StaffActivity)
panels.toolbar("staffmember", _act, order=9)
