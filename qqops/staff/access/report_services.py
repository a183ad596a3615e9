"""The access review leaves the house as a file: counted, and on the record."""

from qqops.audit import recorder
from qqops.staff import limits
from qqops.staff.models import Staff
from qqops.staff.people.services import may
from qqops.staff.queries import Line, access_report


def export_report(*, actor: Staff, reason: str) -> list[Line]:
    with recorder.refusals(actor=actor, subject=actor, facts={"act": "access_report"}):
        may(actor, "staff.view_access_report")
        limits.spend("export", actor)
    lines = access_report()
    with recorder.act("staff.report_exported", actor=actor, reason=reason, facts={"rows": len(lines)}):
        return lines
