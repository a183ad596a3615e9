"""The worker verifies the record each night: a broken one must not wait until somebody thinks of asking."""

from procrastinate.contrib.django import app

from qqops.alerts import watch
from qqops.audit import alarm, origin
from qqops.audit.verify import verify


@app.periodic(cron="30 3 * * *")
@app.task(name="audit.verify", queue="acts", queueing_lock="audit.verify")
def verify_record(timestamp: int) -> None:
    """Beats at the end only: a verification or an alarm that fails is late, and is told by that."""
    broken = list(verify())
    if broken:
        with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
            alarm.sound(broken)
    watch.beat("audit.verify")
