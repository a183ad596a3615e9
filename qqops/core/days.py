"""Local days and nights, and working days 工作日 of mainland China with the State Council's make-up days (`holidays`).

The arrangement of a year is published in the November before. Until the package knows it, a deadline in that year is
counted with the statutory holidays and no days moved: it may be off by those (docs/decisions/0009-working-days.md).
"""

import datetime
from functools import cache

import holidays
from django.utils import timezone

EVENING, MORNING = 22, 6  # hours: between them it is night, for the review of the record as for the log of reveals


def is_night(moment: datetime.datetime) -> bool:
    """By the clock of the house, whoever sits before it."""
    hour = timezone.localtime(moment).hour
    return hour >= EVENING or hour < MORNING


def end_of(day: datetime.date) -> datetime.datetime:
    """The last second of a local day, by which something is due or until which something lasts."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(23, 59, 59)))


def is_working_day(day: datetime.date) -> bool:
    return bool(_china().is_working_day(day))


def after_working_days(moment: datetime.datetime, days: int) -> datetime.datetime:
    """The same time of day, so many working days later."""
    local = timezone.localtime(moment)
    return datetime.datetime.combine(_after(local.date(), days), local.timetz())


@cache
def _china() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


@cache  # a file of 10,000 comes in on one day
def _after(day: datetime.date, days: int) -> datetime.date:
    while days:
        day += datetime.timedelta(days=1)
        days -= is_working_day(day)
    return day
