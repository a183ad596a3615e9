"""Work for the worker: the same services, another process. Jobs may run twice; acts are idempotent."""

from procrastinate.contrib.django import app

from appeals.messages import keys
from appeals.messages.delivery import deliver
from appeals.queue.sweep import sweep
from qqops.alerts import watch
from qqops.audit import origin
from qqops.staff.models import Staff


@app.periodic(cron="* * * * *")
@app.task(name="appeals.sweep", queue="acts", queueing_lock="appeals.sweep")
def sweep_appeals(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        sweep(actor=Staff.objects.system("system-appeals"))
    watch.beat("appeals.sweep")


@app.periodic(cron="* * * * *")
@app.task(name="appeals.deliver", queue="acts", queueing_lock="appeals.deliver")
def deliver_messages(timestamp: int) -> None:
    """Send what is due, for less than a minute: what is left is the next one's."""
    with origin.origin(origin.WORKER, os_user=origin.terminal_user()):
        deliver(actor=Staff.objects.system("system-worker"))
    watch.beat("appeals.deliver")


@app.periodic(cron="50 4 * * *")  # after the sweep that erases people
@app.task(name="appeals.keys", queue="acts", queueing_lock="appeals.keys")
def clear_words(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        keys.sweep(actor=Staff.objects.system("system-retention"))
    watch.beat("appeals.keys")
