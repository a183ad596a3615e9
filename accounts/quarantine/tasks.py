"""Hourly tasks: end due cancellations, purge terminated numbers, release numbers from quarantine."""

from procrastinate.contrib.django import app

from accounts.cancellation import services as cancel
from accounts.quarantine.purge import purge
from accounts.quarantine.services import release
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff

ACTOR = "system-release"


@app.periodic(cron="5 * * * *")
@app.task(name="accounts.cancellations", queue="acts", queueing_lock="accounts.cancellations")
def end_cancellations(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        cancel.end(actor=Staff.objects.system(ACTOR))
    watch.beat("accounts.cancellations")


@app.periodic(cron="25 * * * *")
@app.task(name="accounts.purge_numbers", queue="acts", queueing_lock="accounts.purge_numbers")
def purge_numbers(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        purge(actor=Staff.objects.system(ACTOR))
    watch.beat("accounts.purge_numbers")


@app.periodic(cron="45 * * * *")
@app.task(name="accounts.release", queue="acts", queueing_lock="accounts.release")
def release_numbers(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        release(actor=Staff.objects.system(ACTOR))
    watch.beat("accounts.release")
