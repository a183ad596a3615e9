"""A report of the record leaves the house as a file or at the terminal: counted, and itself on the trail."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit import recorder
from qqops.audit.reports.catalogue import Line, Report
from qqops.audit.reports.period import Period
from qqops.core.errors import Refused
from qqops.staff import limits
from qqops.staff.models import Staff
from qqops.templatetags.ops import minute


def take_out(report: Report, period: Period, *, actor: Staff, reason: str, ticket: str = "") -> list[Line]:
    """Its lines. Nothing in them is a person's, who is not of the staff."""
    with recorder.refusals(actor=actor, facts={"act": "audit_report"}):
        if not (actor.may_enter and all(map(actor.has_perm, report.permissions))):
            raise Refused(gettext_noop("Your role may not do this."))
        limits.spend("export", actor)
    lines = list(report.lines(period))
    facts = {
        "report": report.name,
        "since": period.first.isoformat(),
        "until": period.last.isoformat(),
        "rows": len(lines),
    }
    with recorder.act("audit.reported", actor=actor, reason=reason, ticket=ticket, facts=facts):
        return lines


def in_text(lines: Iterable[Line]) -> Iterable[list[str]]:
    """Cells as they are read outside a browser: times by the house's clock, several values in one cell."""
    return ([_text(cell) for cell in line.cells] for line in lines)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return minute(cell)
    return _(", ").join(map(str, cell)) if isinstance(cell, list) else str(cell)
