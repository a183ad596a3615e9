"""The worker verifies the record each night, as a broken one must not wait until somebody thinks of asking, signs
what it found, and makes the months of the record ahead."""

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from qqops.alerts import watch
from qqops.audit import origin, partitions
from qqops.audit.checkpoints import services as checkpoints
from qqops.audit.checkpoints import text
from qqops.audit.checkpoints.models import Checkpoint
from qqops.audit.verify import alarm, snapshot
from qqops.staff.models import Staff

RETRY = RetryStrategy(max_attempts=8, exponential_wait=3)  # as alerts: the last one after almost three hours


@app.periodic(cron="30 3 * * *")
@app.task(name="audit.verify", queue="acts", queueing_lock="audit.verify")
def verify_record(timestamp: int) -> None:
    """Beats at the end only: a verification, an alarm or a checkpoint that fails is late, and is told by that."""
    found, jobs = alarm.Findings(), snapshot.cores()
    with snapshot.snapshot(jobs=jobs) as shot:
        for broken in shot.broken(jobs):
            found.add(broken)
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        if found.rows:
            alarm.sound(found)
        watch.beat("audit.verify")
        if shot.head and shot.house:
            seq, hashed, at = shot.head
            said = text.BROKEN if found.rows else text.WHOLE
            checkpoints.make(house=shot.house, seq=seq, hash=hashed, at=at, record=said)
            watch.beat("audit.checkpoint")


@app.periodic(cron="10 3 * * *")
@app.task(name="audit.months", queue="acts", queueing_lock="audit.months")
def make_months(timestamp: int) -> None:
    """Before the verification, which reads all for as long as it takes."""
    system = Staff.objects.system("system-audit")
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        made = partitions.make_ahead(actor=system)
        partitions.report(made.faults, actor=system)
    watch.beat("audit.months")


@app.task(name=checkpoints.SEND, queue=checkpoints.QUEUE, retry=RETRY, pass_context=True)
def send_checkpoint(context: JobContext, checkpoint_id: int, channel: str) -> None:
    kept = Checkpoint.objects.get(pk=checkpoint_id)
    with origin.origin(origin.WORKER, os_user=origin.terminal_user()):
        try:
            checkpoints.send(kept, channel)
        except Exception as error:
            if RETRY.get_retry_decision(exception=error, job=context.job) is None:
                checkpoints.give_up(kept, channel, error)
            raise
