"""The report on how appeals are decided, taken out at the terminal: it leaves the desk, so it is on the record."""

import datetime

from django.utils.translation import gettext_noop

from appeals.policy import REPORT
from appeals.quality import Quality, quality
from qqops.audit import pen
from qqops.errors import Refused
from qqops.staff.models import Staff


def report(month: datetime.date, *, actor: Staff, reason: str, ticket: str = "") -> Quality:
    """The figures of a month; Refused without the right to them."""
    facts = {"day": month.replace(day=1).isoformat()}
    with pen.refusals(actor=actor, facts={"act": "report_appeals"} | facts):
        if not actor.has_perm(REPORT):
            raise Refused(gettext_noop("Your role may not see how appeals are decided."))
        with pen.act("appeal.reported", actor=actor, reason=reason, ticket=ticket, facts=facts):
            return quality(month)
