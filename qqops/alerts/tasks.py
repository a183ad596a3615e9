"""Work for the worker: send alerts, and look each minute for what is late."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from qqops.alerts import services, watch
from qqops.alerts.models import Alert
from qqops.audit import origin
from qqops.staff.models import Staff

RETRY = RetryStrategy(max_attempts=8, exponential_wait=3)  # the last one after almost three hours


@app.task(name=services.SEND, queue=services.QUEUE, retry=RETRY, pass_context=True)
def send(context: JobContext, alert_id: int, channel: str) -> None:
    alert = Alert.objects.get(pk=alert_id)
    with origin.origin(origin.WORKER, os_user=origin.terminal_user()):
        try:
            services.deliver(alert, channel)
        except Exception as error:
            if RETRY.get_retry_decision(exception=error, job=context.job) is None:
                services.give_up(alert, channel, error)
            raise


@app.periodic(cron="* * * * *")
@app.task(name="alerts.watch", queue=services.QUEUE, queueing_lock="alerts.watch")
def look(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        watch.report(actor=Staff.objects.system("system-worker"))
