"""Periodic jobs: delete expired sessions, cache entries and counters, and raise alerts for overdue reviews."""

import datetime

from django.utils import timezone
from procrastinate.contrib.django import app

from qqops.alerts import watch
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import origin, recorder
from qqops.staff.models import CacheEntry, Holding, Staff, StaffSession
from qqops.staff.models.access import REVIEW_WITHIN
from qqops.staff.signin import throttle

DAY = datetime.timedelta(days=1)


@app.periodic(cron="*/10 * * * *")
@app.task(name="staff.sweep", queue="acts", queueing_lock="staff.sweep")
def sweep(timestamp: int) -> None:
    now = timezone.now()
    StaffSession.objects.filter(expire_date__lte=now).delete()
    CacheEntry.objects.filter(expires__lte=now).delete()
    throttle.sweep()
    watch.beat("staff.sweep")


@app.periodic(cron="0 * * * *")
@app.task(name="staff.remind", queue="acts", queueing_lock="staff.remind")
def remind(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        remind_of_reviews()
    watch.beat("staff.remind")


def remind_of_reviews() -> int:
    """Raise an alert once a day for each emergency access not reviewed in time. Return the number of accesses."""
    due = Holding.objects.filter(glass=True, review=None, until__lte=timezone.now() - REVIEW_WITHIN)
    worker = Staff.objects.system("system-worker")
    for holding in due.select_related("staff"):
        if raised_within(DAY, "break_glass_overdue", holding.staff):
            continue
        facts = {"who": holding.staff.username, "role": holding.role}
        with recorder.act("staff.review_overdue", actor=worker, reason="", subject=holding.staff, facts=facts) as act:
            raise_alert(act, "break_glass_overdue", subject=holding.staff, once=DAY, **facts)
    return len(due)
