"""Working days of the mainland, as the State Council moved them in 2026, and the clocks that count them."""

import datetime
from zoneinfo import ZoneInfo

import hypothesis
import hypothesis.strategies as st
import pytest

from appeals.lifecycle import Kind
from appeals.policy import CLOCKS, Clock, Timed, clock_of
from appeals.queue import calendar
from qqops.core.days import after_working_days, is_working_day

BEIJING = ZoneInfo("Asia/Shanghai")
DAY = datetime.timedelta(days=1)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize("worked", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_a_make_up_day_is_a_working_day(worked: str) -> None:
    assert day(worked).weekday() >= 5 and is_working_day(day(worked))


@pytest.mark.parametrize(
    ("first", "last"), [("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
                        ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"),
                        ("2026-10-01", "2026-10-07")],
)  # fmt: skip
def test_no_day_of_a_holiday_is_a_working_day(first: str, last: str) -> None:
    days = (day(last) - day(first)).days + 1
    assert not any(is_working_day(day(first) + n * DAY) for n in range(days))
    assert is_working_day(day(last) + DAY)


@pytest.mark.parametrize(
    ("filed", "days", "due"),
    [
        ("2026-02-13T16:00", 3, "2026-02-25T16:00"),  # the Saturday counts, Spring Festival does not
        ("2026-09-30T09:30", 3, "2026-10-10T09:30"),  # Thursday, Friday, and the Saturday after National Day
        ("2026-09-28T09:30", 10, "2026-10-16T09:30"),
        ("2026-10-09T23:59", 1, "2026-10-10T23:59"),
        ("2026-11-27T00:00", 5, "2026-12-04T00:00"),  # an ordinary week
    ],
)
def test_a_deadline_in_working_days_is_the_same_time_of_day(filed: str, days: int, due: str) -> None:
    assert after_working_days(moment(filed), days) == moment(due)


def test_days_are_beijings_whatever_zone_the_moment_is_told_in() -> None:
    late = datetime.datetime(2026, 9, 30, 16, 30, tzinfo=datetime.UTC)  # already the first of October
    assert after_working_days(late, 1) == moment("2026-10-08T00:30")


def test_a_year_without_its_arrangement_still_has_its_holidays_and_raises_nothing() -> None:
    assert not is_working_day(day("2032-10-01"))
    assert after_working_days(moment("2032-09-30T12:00"), 10) > moment("2032-10-14T12:00")


def test_the_first_row_that_applies_is_the_clock() -> None:
    filed = moment("2026-11-27T10:00")
    due = {
        Timed(Kind.RECOVERY, paid=True): "2026-11-27T18:00",
        Timed(Kind.RECOVERY): "2026-11-30T10:00",
        Timed(Kind.ENQUIRY): "2026-11-30T10:00",
        Timed(Kind.OBJECTION, terminated=True, by_law=True): "2026-11-28T10:00",
        Timed(Kind.OBJECTION, terminated=True): "2026-12-04T10:00",
        Timed(Kind.OBJECTION): "2026-12-02T10:00",
    }
    for timed, expected in due.items():
        assert calendar.due(clock_of(timed), filed) == moment(expected)
    assert {clock_of(timed) for timed in due} == set(CLOCKS)


@hypothesis.given(
    filed=st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2027, 12, 31), timezones=st.just(BEIJING)),
    clock=st.sampled_from(CLOCKS),
)
def test_nothing_is_due_after_ten_working_days_and_it_escalates_before_it_is_due(
    filed: datetime.datetime, clock: Clock
) -> None:
    due = calendar.due(clock, filed)
    assert filed < due <= after_working_days(filed, 10)
    assert due - calendar.escalation(filed, due) == pytest.approx((due - filed) * 0.2, abs=DAY / 1e6)
