"""Work for the worker: the same services, another process. Jobs may run twice; acts are idempotent."""

from contextlib import suppress

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from enforcement.evidence import services as evidence
from enforcement.feed import services as feed
from enforcement.lists import services as lists
from enforcement.measures import expiry
from enforcement.models import Decision
from enforcement.notices import reclaim_notices
from enforcement.notices.delivery import deliver
from enforcement.runs.apply import Busy, apply
from qqops.alerts import watch
from qqops.approvals.models import State
from qqops.audit import origin
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

LANES = 2  # so many runs at a time: the other places of the worker are for clocks, letters and the feed


def run_later(decision: Decision) -> None:
    """Queue an approved decision, within the transaction of its approval: no job without it, nor it without a job."""
    apply_decision.configure(lock=_lane(decision)).defer(decision_id=decision.pk)


def run_what_waits() -> None:
    """Queue what is ready and nobody is at: reclaims whose time of notice is over, and whatever lost its job. One that
    waits in the queue already is enough."""
    for decision in reclaim_notices.ready():
        try:
            with transaction.atomic():
                job = apply_decision.configure(lock=_lane(decision), queueing_lock=f"decision:{decision.pk}")
                job.defer(decision_id=decision.pk)
        except AlreadyEnqueued:
            continue


def _lane(decision: Decision) -> str:
    return f"runs:{decision.pk % LANES}"


@app.task(name="enforcement.apply", queue="acts", retry=RetryStrategy(max_attempts=10, exponential_wait=2))
def apply_decision(decision_id: int) -> None:
    decision = Decision.objects.get(pk=decision_id)
    if decision.state == State.APPROVED:
        # Held, or not to be run yet: whoever resumes it hands it on again, and so does `announce` when it is ready.
        with origin.origin(origin.WORKER, os_user=origin.terminal_user()), suppress(Invalid, Busy):
            apply(decision, actor=Staff.objects.system("system-worker"))


@app.periodic(cron="* * * * *")
@app.task(name="enforcement.resume", queue="acts", queueing_lock="enforcement.resume")
async def resume(timestamp: int) -> None:
    """A killed worker leaves its job “doing” and its lock held: take such jobs up again where they stopped."""
    for job in await app.job_manager.get_stalled_jobs(queue="acts"):
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:  # one of the clock's jobs, and its next run waits already: that one will do
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


@app.periodic(cron="* * * * *")
@app.task(name="enforcement.expire", queue="acts", queueing_lock="enforcement.expire")
def expire(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        expiry.expire(actor=Staff.objects.system("system-expiry"))
    watch.beat("enforcement.expire")


@app.periodic(cron="* * * * *")
@app.task(name="enforcement.deliver", queue="acts", queueing_lock="enforcement.deliver")
def deliver_notices(timestamp: int) -> None:
    """Send the letters that are due, for less than a minute: what is left is the next one's."""
    with origin.origin(origin.WORKER, os_user=origin.terminal_user()):
        deliver(actor=Staff.objects.system("system-worker"))
    watch.beat("enforcement.deliver")


@app.periodic(cron="* * * * *")
@app.task(name="enforcement.announce", queue="acts", queueing_lock="enforcement.announce")
def announce(timestamp: int) -> None:
    """Tell holders before a reclaim, and start those that all their holders were told of in time."""
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        reclaim_notices.announce(actor=Staff.objects.system("system-worker"))
    run_what_waits()
    watch.beat("enforcement.announce")


@app.periodic(cron="* * * * *")
@app.task(name="enforcement.feed", queue="acts", queueing_lock="enforcement.feed")
def push_states(timestamp: int) -> None:
    """Tell the webhook what changed, and say who follows the state feed too slowly."""
    system = Staff.objects.system("system-feed")
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        feed.push(actor=system)
        feed.alarm(actor=system)
    watch.beat("enforcement.feed")


@app.periodic(cron="40 4 * * *")
@app.task(name="enforcement.evidence", queue="acts", queueing_lock="enforcement.evidence")
def drop_evidence(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        evidence.sweep(actor=Staff.objects.system("system-retention"))
    watch.beat("enforcement.evidence")


@app.periodic(cron="35 * * * *")
@app.task(name="enforcement.lists", queue="acts", queueing_lock="enforcement.lists")
def forget_lists(timestamp: int) -> None:
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
        lists.forget(actor=Staff.objects.system("system-retention"))
    watch.beat("enforcement.lists")
