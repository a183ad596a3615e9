"""Worker tasks: the daily retention sweep with the erasure list, and the hourly check of overdue requests.

It also imports the tasks of the packages of this app.
"""

from procrastinate.contrib.django import app

from accounts.breaches.tasks import breaches, expired_holds
from accounts.quarantine.tasks import end_cancellations, purge_numbers, release_numbers
from accounts.resources.tasks import add_up, lapse
from accounts.retention import erasure_list
from accounts.retention.purge import purge
from accounts.rights.overdue import remind
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff

__all__ = [
    "add_up",
    "breaches",
    "end_cancellations",
    "expired_holds",
    "lapse",
    "overdue_requests",
    "purge_expired",
    "purge_numbers",
    "release_numbers",
]


@app.periodic(cron="10 4 * * *")
@app.task(name="accounts.purge", queue="acts", queueing_lock="accounts.purge")
def purge_expired(timestamp: int) -> None:
    """Run the retention sweep and write the erasure list.

    The heartbeat comes last, so that a failure to write the list is reported as a late task.
    """
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        purge(actor=Staff.objects.system("system-retention"))
    erasure_list.write_list()
    watch.beat("accounts.purge")


@app.periodic(cron="20 * * * *")
@app.task(name="accounts.overdue", queue="acts", queueing_lock="accounts.overdue")
def overdue_requests(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        remind(actor=Staff.objects.system("system-worker"))
    watch.beat("accounts.overdue")
