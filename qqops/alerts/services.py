"""Acts on alerts: raise one inside an act, send it, mark it as seen."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from qqops.alerts import catalogue, channels
from qqops.alerts.models import Alert, AlertSeen, Delivery, subject_of
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused, conflict
from qqops.delivery import webhook
from qqops.staff.models import Staff

RAISED_IT = conflict(gettext_noop("Your own act raised this alert: another person must see to it."))
ABOUT_SELF = conflict(gettext_noop("This alert is about you: another person must see to it."))

SEND, QUEUE = "alerts.send", "acts"
NOTE_MAX = 2000
# Jobs are queued on Django's own connection: inside a worker the job queue has another one, and a job queued there
# would outlive the rollback of its alert.
_jobs = JobManager(DjangoConnector())


def raise_alert(
    act: recorder.Act,
    code: str,
    subject: models.Model | None = None,
    *,
    once: timedelta | None = None,
    once_key: str = "",
    **facts: Any,
) -> Alert | None:
    """Raise an alert as a part of the act, and queue its sending; None if there was one `once` within that span.

    Facts are codes and parameters, as an event's are. What has no subject to tell one case from another gives a
    `once_key`, which is kept with the facts. To spare the act itself when it would only repeat, ask `raised_within`
    first.
    """
    kind = catalogue.get(code)
    about = subject_of(subject)
    if once is not None:
        _one_at_a_time(f"{code} {about['subject_type']} {about['subject_id']} {once_key}")
        if raised_within(once, code, subject, once_key):
            return None
    if once_key:
        facts["key"] = once_key
    alert = Alert.objects.create(
        event_id=act.event_id,
        at=timezone.now(),
        code=code,
        level=kind.level,
        facts={key: value.isoformat() if isinstance(value, datetime) else value for key, value in facts.items()},
        **about,
    )
    act.wrote(Alert)
    for channel in channels.open_channels():
        # A job for each channel: what is tried again on one is not sent twice through the other.
        job = configure_task(name=SEND, job_manager=_jobs, queue=QUEUE, lock=f"alert:{alert.pk}:{channel}")
        job.defer(alert_id=alert.pk, channel=channel.value)
    return alert


def raised_within(span: timedelta, code: str, subject: models.Model | None = None, once_key: str = "") -> bool:
    about = subject_of(subject)
    del about["subject_label"]  # names change, keys do not
    if once_key:
        about["facts__key"] = once_key
    return Alert.objects.filter(code=code, at__gt=timezone.now() - span, **about).exists()


def deliver(alert: Alert, channel: str) -> None:
    """Send an alert through a channel and say so on the record; one that was recorded is not sent again."""
    if not Delivery.objects.filter(alert=alert, channel=channel).exists():
        channels.send(alert, channel)
        _record(alert, channel, "alert.delivered", "")


def give_up(alert: Alert, channel: str, error: Exception) -> None:
    _record(alert, channel, "alert.undelivered", webhook.fault(error))


def _record(alert: Alert, channel: str, verb: str, why: str) -> None:
    facts = {"channel": channel, "why": why} if why else {"channel": channel}
    worker = Staff.objects.system("system-worker")
    with recorder.act(verb, actor=worker, reason="", subject=alert, facts=facts) as act:
        Delivery.objects.create(
            event_id=act.event_id, alert=alert, channel=channel, delivered=not why, why=why, at=timezone.now()
        )
        act.wrote(Delivery)


def check_seen(alert: Alert, actor: Staff) -> None:
    """Raise when this person may not mark this alert as seen, or another already has."""
    if not actor.has_perm("alerts.mark_seen"):
        raise Refused(gettext_noop("Your role does not mark alerts as seen."))
    if Event.objects.filter(pk=alert.event_id, actor=actor).exists():
        raise Refused(RAISED_IT)
    if (alert.subject_type, alert.subject_id) == (actor._meta.label_lower, str(actor.pk)):
        raise Refused(ABOUT_SELF)
    first = AlertSeen.objects.select_related("staff").filter(alert=alert).first()
    if first:
        raise Invalid(_("%(who)s has seen to this alert already.") % {"who": first.staff})


def mark_seen(alert: Alert, *, actor: Staff, note: str) -> AlertSeen:
    """Say that one has seen to an alert, and what one did about it."""
    if not note.strip():
        raise Invalid(_("Say what you did about it."))
    with (
        recorder.refusals(actor=actor, subject=alert, facts={"act": "alert.seen"}),
        recorder.act("alert.seen", actor=actor, reason=note, subject=alert, facts={"code": alert.code}) as act,
    ):
        _one_at_a_time(f"seen {alert.pk}")
        check_seen(alert, actor)
        seen = AlertSeen.objects.create(event_id=act.event_id, alert=alert, staff=actor, note=note, at=timezone.now())
        act.wrote(AlertSeen)
    return seen


def _one_at_a_time(what: str) -> None:
    """Hold others who are about to write the same until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"alert {what}"])
