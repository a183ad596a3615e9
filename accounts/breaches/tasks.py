"""Tasks every five minutes: alert about breaches not reported in time, lift legal holds whose end has passed."""

from procrastinate.contrib.django import app

from accounts.breaches.services import remind
from accounts.retention.holds import lift_expired
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff


@app.periodic(cron="*/5 * * * *")
@app.task(name="accounts.breaches", queue="acts", queueing_lock="accounts.breaches")
def breaches(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        remind(actor=Staff.objects.system("system-worker"))
    watch.beat("accounts.breaches")


@app.periodic(cron="*/5 * * * *")
@app.task(name="accounts.holds", queue="acts", queueing_lock="accounts.holds")
def expired_holds(timestamp: int) -> None:
    """Lift expired legal holds. Until then `Number.legal_hold` stays set, and the number cannot be terminated."""
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        lift_expired(actor=Staff.objects.system("system-retention"))
    watch.beat("accounts.holds")
