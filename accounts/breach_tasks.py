"""The worker looks every few minutes whether a breach that has to be reported is late."""

from procrastinate.contrib.django import app

from accounts.services.breach import remind
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff


@app.periodic(cron="*/5 * * * *")
@app.task(name="accounts.breaches", queue="acts", queueing_lock="accounts.breaches")
def breaches(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        remind(actor=Staff.objects.system("system-worker"))
    watch.beat("accounts.breaches")
