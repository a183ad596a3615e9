"""The clocks of appeals: hours that run through, or working days (qqops/core/days.py)."""

import datetime

from appeals.policy import CEILING, DAY, ESCALATE_AT, Clock
from qqops.core.days import after_working_days

__all__ = ["after_working_days", "ceiling", "due", "escalation"]


def due(clock: Clock, filed: datetime.datetime) -> datetime.datetime:
    """When the answer is due, never after the ceiling: ten working days are never less than ten days, so for hours
    within them the calendar of holidays is not asked (to load it costs as much as to file thousands)."""
    if clock.hours and clock.hours <= CEILING * DAY:
        return filed + clock.hours
    by_clock = filed + clock.hours if clock.hours else after_working_days(filed, clock.working_days)
    return min(by_clock, ceiling(filed))


def ceiling(filed: datetime.datetime) -> datetime.datetime:
    """The latest that anything may be due."""
    return after_working_days(filed, CEILING)


def escalation(filed: datetime.datetime, due_at: datetime.datetime) -> datetime.datetime:
    return filed + (due_at - filed) * ESCALATE_AT
