"""Working days 工作日 of mainland China with the State Council's make-up days (`holidays`): the clocks of appeals.

Days are Beijing's. Of a year whose arrangement is not yet published the package knows the holidays by the calendar and
no make-up days: a deadline that it gives there can only be earlier than the true one, never later.
"""

import datetime
from functools import cache

import holidays
from django.utils import timezone

from appeals.policy import CEILING, ESCALATE_AT, Clock


@cache
def _china() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


def is_working_day(day: datetime.date) -> bool:
    return bool(_china().is_working_day(day))


def after_working_days(moment: datetime.datetime, days: int) -> datetime.datetime:
    """The same time of day, so many working days later."""
    local = timezone.localtime(moment)
    return datetime.datetime.combine(_after(local.date(), days), local.timetz())


@cache  # a file of 10,000 comes in on one day
def _after(day: datetime.date, days: int) -> datetime.date:
    while days:
        day += datetime.timedelta(days=1)
        days -= is_working_day(day)
    return day


def due(clock: Clock, filed: datetime.datetime) -> datetime.datetime:
    """When the answer is due, never after the ceiling."""
    by_clock = filed + clock.hours if clock.hours else after_working_days(filed, clock.working_days)
    return min(by_clock, after_working_days(filed, CEILING))


def escalation(filed: datetime.datetime, due_at: datetime.datetime) -> datetime.datetime:
    return filed + (due_at - filed) * ESCALATE_AT
