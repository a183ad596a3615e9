"""The access review leaves the house as a file: counted, and on the record."""

from qqops.audit import pen
from qqops.staff.models import Staff
from qqops.staff.queries import Line, access_report
from qqops.staff.services import limits
from qqops.staff.services.people import may


def export_report(*, actor: Staff, reason: str) -> list[Line]:
    with pen.refusals(actor=actor, subject=actor, facts={"act": "access_report"}):
        may(actor, "staff.view_access_report")
        limits.spend("export", actor)
    lines = access_report()
    with pen.act("staff.report_exported", actor=actor, reason=reason, facts={"rows": len(lines)}):
        return lines
