"""The worker verifies the record each night, as a broken one must not wait until somebody thinks of asking, and makes
the months of the record ahead."""

from procrastinate.contrib.django import app

from qqops.alerts import watch
from qqops.audit import alarm, months, origin
from qqops.audit.verify import verify
from qqops.staff.models import Staff


@app.periodic(cron="30 3 * * *")
@app.task(name="audit.verify", queue="acts", queueing_lock="audit.verify")
def verify_record(timestamp: int) -> None:
    """Beats at the end only: a verification or an alarm that fails is late, and is told by that."""
    broken = list(verify())
    if broken:
        with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
            alarm.sound(broken)
    watch.beat("audit.verify")


@app.periodic(cron="10 3 * * *")
@app.task(name="audit.months", queue="acts", queueing_lock="audit.months")
def make_months(timestamp: int) -> None:
    """Before the verification, which reads all for as long as it takes."""
    system = Staff.objects.system("system-audit")
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        months.make_ahead(actor=system)
        months.report(actor=system)
    watch.beat("audit.months")
