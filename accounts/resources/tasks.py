"""Worker tasks for number resources: merge the rows of the tally, and close proposals that were not decided in time."""

from procrastinate.contrib.django import app

from accounts.resources import services as resources
from accounts.resources.services import ranges
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff


@app.periodic(cron="*/5 * * * *")
@app.task(name="accounts.tally", queue="acts", queueing_lock="accounts.tally")
def add_up(timestamp: int) -> None:
    """Merge the rows of the tally. The sums do not change, so there is nothing to audit."""
    ranges.add_up()
    watch.beat("accounts.tally")


@app.periodic(cron="40 * * * *")
@app.task(name="accounts.proposals", queue="acts", queueing_lock="accounts.proposals")
def lapse(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        resources.lapse(actor=Staff.objects.system("system-expiry"))
    watch.beat("accounts.proposals")
