"""How far the readers of the state feed have come: what they acknowledge, the webhook as one of them, and the alarm.

A measure that no gateway has heard of is worth nothing (10.1), hence the alarm. That a reader begins or is given up is
on the record, as it decides for whom the alarm rings; how far it has come is not.
"""

import re
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from enforcement.feed import queries as feed
from enforcement.models import FeedReader, Measure
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.delivery import webhook
from qqops.staff.models import Staff

WEBHOOK = "webhook"  # the reader that is told, and does not ask
RUN = 50  # seconds of one run; the next comes each minute
LEASE = timedelta(seconds=3 * webhook.PATIENCE)  # longer than any exchange: nobody else sends meanwhile
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_ATTEMPTS_MAX = 32_767  # what the column holds


class NotAcknowledged(Exception):
    """The other end answered, and did not take over anything new; the name is the fault's code."""


def moves(name: str, seq: int) -> bool:
    """Would this acknowledgement move its reader on? Raises Invalid for what can be none."""
    if not _NAME.fullmatch(name):
        raise Invalid(_("A reader's name is 1 to 40 letters, digits, “-” and “_”."))
    if name == WEBHOOK:
        raise Invalid(
            _("The webhook acknowledges by its own answers: what it never had would be skipped. Nothing was done.")
        )
    head = feed.head()
    if not 0 <= seq <= head:
        raise Invalid(
            _("The record goes from 0 to %(head)d: %(seq)d was not sent and cannot be acknowledged. Nothing was done.")
            % {"head": head, "seq": seq}
        )
    known = FeedReader.objects.filter(pk=name).first()
    return known is None or known.acknowledged < seq


def acknowledge(name: str, seq: int, *, actor: Staff) -> bool:
    """Note that a reader has taken over everything up to there; False: it had already, an older one changes nothing."""
    if not moves(name, seq):
        return False
    began = _begin(name, actor)
    later = FeedReader.objects.filter(pk=name, acknowledged__lt=seq)
    return bool(later.update(acknowledged=seq, acknowledged_at=timezone.now())) or began


def forget(name: str, *, actor: Staff) -> None:
    """Give a reader up: nobody waits for it any longer."""
    reader = FeedReader.objects.filter(pk=name).first()
    if reader is None:
        raise Invalid(_("There is no reader “%(name)s”.") % {"name": name})
    with recorder.act("feed.reader_forgotten", actor=actor, reason="", subject=reader, facts={"reader": name}):
        FeedReader.objects.filter(pk=name).delete()


def _begin(name: str, actor: Staff) -> bool:
    if FeedReader.objects.filter(pk=name).exists():
        return False
    reader = FeedReader(name=name)
    with recorder.act("feed.reader_began", actor=actor, reason="", subject=reader, facts={"reader": name}):
        FeedReader.objects.bulk_create([reader], ignore_conflicts=True)
    return True


def push(*, actor: Staff, seconds: float = RUN) -> None:
    """Post page after page to the webhook for so long, one at least, or until the first fault; what failed comes again.

    While it waits for an answer there is no transaction: the row is leased by `due_at`, and taken only by who read from
    where the reader still stands. So a page is never on its way twice, and a worker that was killed is replaced when
    its lease is over.
    """
    url, key = settings.QQOPS_STATES_WEBHOOK, settings.QQOPS_WEBHOOK_KEY
    if not url:
        return
    _begin(WEBHOOK, actor)
    if not key or not webhook.is_safe(url):
        return  # the check says so, and the alarm that nothing comes
    since, after = FeedReader.objects.values_list("acknowledged", flat=True).get(pk=WEBHOOK), 0
    lease: datetime | None = None
    begun = time.monotonic()
    while True:
        page = feed.page(since, after)
        if page.is_end(since) or (lease := _lease(since, lease)) is None:
            return
        try:
            upto = _post(url, key, since, page) if page.states else page.upto
        except Exception as error:
            _failed(lease, error)
            return
        since, after = upto, page.after
        _mine(lease).update(
            acknowledged=since,
            acknowledged_at=timezone.now(),
            attempts=0,
            fault="",
            due_at=lease if after else None,
        )
        if not after and time.monotonic() - begun >= seconds:  # an event in parts is sent to its end
            return


def _post(url: str, key: str, since: int, page: feed.Page) -> int:
    """Send it; how far the other end has taken it over, never more than was sent nor less than before."""
    answer = webhook.post(url, {"since": since, "upto": page.upto, "states": page.states}, key=key)
    if page.after or not isinstance(answer, dict) or "acknowledged" not in answer:
        return page.upto
    said = answer["acknowledged"]
    if type(said) is not int or said <= since:  # `true` is an int to Python
        raise NotAcknowledged
    return min(said, page.upto)


def _mine(lease: datetime) -> Any:
    """The webhook's row while it is leased to us: whoever lost the lease has nothing to say."""
    return FeedReader.objects.filter(pk=WEBHOOK, due_at=lease)


def _lease(since: int, held: datetime | None) -> datetime | None:
    """Take the row, or keep it, for as long as an exchange may last; None: another is at work, or it is too early."""
    now = timezone.now()
    free = Q(due_at=None) | Q(due_at__lte=now) | Q(due_at=held or now)
    until = now + LEASE
    taken = FeedReader.objects.filter(free, pk=WEBHOOK, acknowledged=since).update(due_at=until)
    return until if taken else None


def _failed(lease: datetime, error: Exception) -> None:
    for reader in _mine(lease):
        wait: timedelta = min(FIRST_WAIT * 2 ** min(reader.attempts, 8), LONGEST_WAIT)
        attempts = min(reader.attempts + 1, _ATTEMPTS_MAX)
        _mine(lease).update(attempts=attempts, due_at=timezone.now() + wait, fault=webhook.fault(error))


def alarm(*, actor: Staff) -> None:
    """An alert, once an hour for each reader, while the oldest change it has not acknowledged is too old; once a day
    while there is no reader at all."""
    latest = timezone.now() - timedelta(minutes=settings.QQOPS_STATES_LAG)
    if not FeedReader.objects.exists():
        _nobody_follows(latest, actor)
    for name, lag in feed.lags().items():
        reader = FeedReader(name=name)
        if lag.since is None or lag.since > latest or raised_within(HOUR, "feed_behind", reader):
            continue
        with recorder.act("feed.behind", actor=actor, reason="", subject=reader, facts={"reader": name}) as act:
            raise_alert(act, "feed_behind", reader, once=HOUR, reader=name, since=lag.since)


def _nobody_follows(latest: datetime, actor: Staff) -> None:
    """Told in production, and wherever a measure stands for longer than a reader may take: nobody enforces it."""
    if not (settings.PRODUCTION or Measure.objects.filter(starts_at__lte=latest).exists()):
        return
    if raised_within(DAY, "feed_unfollowed"):
        return
    with recorder.act("feed.unfollowed", actor=actor, reason="") as act:
        raise_alert(act, "feed_unfollowed", once=DAY)
