"""Dates of birth: which ones there are, and how old they make a person on a day."""

from datetime import date

import pytest
import time_machine

from accounts.identity.formats import age_on, born_of, is_minor, normalise
from tests.accounts.identity.test_formats import FUTURE, TOO_OLD, refusal, resident


@time_machine.travel("2026-07-01 12:00+08:00", tick=False)
def test_nobody_is_born_tomorrow_or_more_than_130_years_ago() -> None:
    for born, sentence in [
        ("2026-07-02", FUTURE), ("2026-07-01", None), ("1896-07-01", None), ("1896-01-01", None), ("1895-07-02", None),
        ("1895-07-01", TOO_OLD),
    ]:  # fmt: skip
        for field, value, kind in [("born", born, ""), ("document", resident(born.replace("-", "")), "resident")]:
            if sentence:
                assert refusal(field, value, kind) == sentence
            else:
                assert normalise(field, value, kind) == value


@time_machine.travel("2026-06-30 20:00Z", tick=False)
def test_today_is_the_day_in_china() -> None:
    assert normalise("born", "2026-07-01") == "2026-07-01"


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("2008-07-02", "2026-07-01", 17),
        ("2008-07-01", "2026-07-01", 18),
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
        ("2008-02-29", "2028-02-28", 19),
        ("2008-02-29", "2028-02-29", 20),
        ("2026-07-01", "2026-07-01", 0),
    ],
)
def test_age_is_in_full_years_and_the_29th_of_february_turns_on_the_1st_of_march(born: str, day: str, age: int) -> None:
    since, on = date.fromisoformat(born), date.fromisoformat(day)
    assert (age_on(since, on), is_minor(since, on)) == (age, age < 18)


def test_a_resident_id_number_tells_the_date_of_birth() -> None:
    assert born_of("11010519491231002X") == date(1949, 12, 31)
