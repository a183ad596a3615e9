"""How appeals are decided: overturn rates, time, age, and the monthly transparency report."""

import datetime
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appeals.policy import REPORT
from appeals.statistics.queries import quality
from appeals.statistics.text import tables
from qqops.web import panels
from qqops.web.pages import Page

NAME = "appeals_quality"


class QualityPage(Page):
    title = _("How appeals are decided")
    permission = REPORT
    template = "appeals/quality.html"
    nav = f"admin:{NAME}"

    def setup(self) -> None:
        asked = self.request.GET.get("month", "")
        try:
            self.month = datetime.date.fromisoformat(f"{asked}-01") if asked else timezone.localdate().replace(day=1)
        except ValueError:
            raise Http404 from None
        if not 2000 <= self.month.year <= timezone.localdate().year:
            raise Http404

    def context(self) -> dict[str, Any]:
        before = (self.month - datetime.timedelta(days=1)).replace(day=1)
        after = (self.month + datetime.timedelta(days=32)).replace(day=1)
        return {
            "tables": tables(quality(self.month)),
            "month": f"{self.month:%Y-%m}",
            "before": f"{before:%Y-%m}",
            "after": f"{after:%Y-%m}" if after <= timezone.localdate() else "",
        }


panels.page("appeals/quality/", NAME, QualityPage)
panels.sidebar("work", QualityPage.title, f"admin:{NAME}", REPORT, order=9)
