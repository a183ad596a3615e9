"""The report on how appeals are decided, taken out at the terminal: it leaves the desk, so it is on the record."""

import datetime

from django.utils.translation import gettext_noop

from appeals.policy import REPORT
from appeals.statistics.queries import Quality, quality
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.models import Staff


def report(month: datetime.date, *, actor: Staff, reason: str, ticket: str = "") -> Quality:
    """The figures of a month; Refused without the right to them."""
    facts = {"day": month.replace(day=1).isoformat()}
    with recorder.refusals(actor=actor, facts={"act": "report_appeals"} | facts):
        if not actor.has_perm(REPORT):
            raise Refused(gettext_noop("Your role may not see how appeals are decided."))
        with recorder.act("appeal.reported", actor=actor, reason=reason, ticket=ticket, facts=facts):
            return quality(month)
