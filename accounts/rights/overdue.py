"""Alerts about requests that were not answered in time, one for each request."""

import datetime
from typing import Any

from accounts.models import DataRequest, Disclosure
from accounts.rights.queries import overdue
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.staff.models import Staff

ALWAYS = datetime.timedelta(days=36500)


def remind(*, actor: Staff) -> int:
    """Raise an alert for each open, overdue request that has none yet. Return how many were raised."""
    raised = 0
    for request in (*Disclosure.objects.filter(overdue()), *DataRequest.objects.filter(overdue())):
        if raised_within(ALWAYS, "request_overdue", request):
            continue
        facts: dict[str, Any] = {"receipt": request.receipt, "until": request.due_at.isoformat()}
        with recorder.act("request.overdue", actor=actor, reason="", subject=request, facts=facts) as act:
            raise_alert(act, "request_overdue", request, once=ALWAYS, **facts)
        raised += 1
    return raised
