"""A span of whole days by the house's clock, and the part of the trail that lies in it."""

import datetime
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from qqops.audit.models import Event
from qqops.core.errors import Invalid

LONGEST = 366  # days: a report looks at a period, never at the whole trail
USUAL = 7  # days, today among them
ONE_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    first: datetime.date
    last: datetime.date  # counted too

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid(_("The last day lies before the first."))
        if self.first > timezone.localdate():
            raise Invalid(_("The period has not begun yet."))
        if (self.last - self.first).days >= LONGEST:
            raise Invalid(_("A period has at most %(n)d days.") % {"n": LONGEST})

    @property
    def start(self) -> datetime.datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime.datetime:
        return _midnight(self.last + ONE_DAY)

    def events(self) -> QuerySet[Event]:
        """By the time alone: it prunes the months of the trail, and is indexed in each."""
        return Event.objects.filter(at__gte=self.start, at__lt=self.end)

    def days(self) -> list[datetime.date]:
        return [self.first + n * ONE_DAY for n in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"


def usual() -> Period:
    """The last seven days."""
    today = timezone.localdate()
    return Period(today - (USUAL - 1) * ONE_DAY, today)


def of(first: datetime.date | None, last: datetime.date | None) -> Period:
    """From one day to another; without the first, as long as usual, without the last, to today."""
    last = last or timezone.localdate()
    return Period(first or last - (USUAL - 1) * ONE_DAY, last)


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
