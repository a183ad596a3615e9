"""Local days."""

import datetime

from django.utils import timezone


def end_of(day: datetime.date) -> datetime.datetime:
    """The last second of a local day, by which something is due or until which something lasts."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(23, 59, 59)))
