"""The unusual reveals of a period, as a report of the record."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.admin.reveal_words import case_text, item_text
from accounts.identity.unusual import Flag
from accounts.queries.reveal import outliers
from qqops.audit import reports
from qqops.audit.period import Period
from qqops.audit.reports import Line, Report


def _lines(period: Period) -> Iterator[Line]:
    for one in outliers(period.start, period.end):
        because = [Flag(code).label for code in one.flags if code in Flag.values]
        yield Line(
            [one.at, one.staff, one.tenure.number_id, item_text(one), case_text(one), because, one.unusual],
            reverse("admin:accounts_reveal_change", args=[one.pk]),
        )


reports.declare(
    Report(
        "reveals",
        _("Unusual reveals"),
        _("Reveals with something unusual about them when they were made (at night, many people, somebody else's case"
          " and the like), the most unusual first, as in the reveal log."),
        _("Never what was seen. What is usual for one person and not for another is not weighed."),
        (_("Time"), _("Who"), _("Number"), _("Item"), _("Case"), _("Unusual because"), _("weight")),
        _lines,
        permissions=(reports.VIEW, "accounts.view_reveal"),
    )
)  # fmt: skip
