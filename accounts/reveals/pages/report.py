"""The unusual reveals of a period, as a report of the record."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.reveals.pages.text import case_text, item_text
from accounts.reveals.queries import outliers
from accounts.reveals.unusual import Flag
from qqops.audit.reports import catalogue
from qqops.audit.reports.catalogue import Line, Report
from qqops.audit.reports.period import Period


def _lines(period: Period) -> Iterator[Line]:
    for one in outliers(period.start, period.end):
        because = [Flag(code).label for code in one.flags if code in Flag.values]
        yield Line(
            [one.at, one.staff, one.tenure.number_id, item_text(one), case_text(one), because, one.unusual],
            reverse("admin:accounts_reveal_change", args=[one.pk]),
        )


catalogue.declare(
    Report(
        "reveals",
        _("Unusual reveals"),
        _("Reveals with something unusual about them when they were made (at night, many people, somebody else's case"
          " and the like), the most unusual first, as in the reveal log."),
        _("Never what was seen. What is usual for one person and not for another is not weighed."),
        (_("Time"), _("Who"), _("Number"), _("Item"), _("Case"), _("Unusual because"), _("weight")),
        _lines,
        permissions=(catalogue.VIEW, "accounts.view_reveal"),
    )
)  # fmt: skip
