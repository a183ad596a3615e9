"""The clock of requests: one that was not answered in time is told once, whoever's desk it lies on."""

import datetime
from typing import Any

from accounts.models import DataRequest, Disclosure
from accounts.rights.queries import overdue
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.staff.models import Staff

ALWAYS = datetime.timedelta(days=36500)


def remind(*, actor: Staff) -> int:
    """Raise an alert for each request that waits and is overdue; return for how many that is news."""
    told = 0
    for request in (*Disclosure.objects.filter(overdue()), *DataRequest.objects.filter(overdue())):
        if raised_within(ALWAYS, "request_overdue", request):
            continue
        facts: dict[str, Any] = {"receipt": request.receipt, "until": request.due_at.isoformat()}
        with recorder.act("request.overdue", actor=actor, reason="", subject=request, facts=facts) as act:
            raise_alert(act, "request_overdue", request, once=ALWAYS, **facts)
        told += 1
    return told
