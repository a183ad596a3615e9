"""The tier function: each pattern with numbers that it fits and misses, and the function as the table has it."""

import pytest
from django.db import connection

from accounts.premium.policy import FUNCTION, PATTERNS, Pattern, function_sql, reasons_sql


def ask(sql: str, **params: int | str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()[0]


def tier(number: int) -> object:
    return ask(f"SELECT {FUNCTION}(%(number)s)", number=number)


def reasons(number: int) -> list[str]:
    found = ask(reasons_sql(), number=number)
    assert isinstance(found, list)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda one: one.code)
def test_each_pattern_fits_its_examples_and_misses_the_others(pattern: Pattern) -> None:
    for number in pattern.fits:
        assert pattern.code in reasons(number)
        assert tier(number) == max(one.tier for one in PATTERNS if one.code in reasons(number))
    for number in pattern.misses:
        assert pattern.code not in reasons(number)


@pytest.mark.django_db
def test_an_ordinary_number_has_tier_0_and_no_reason() -> None:
    assert (tier(284917059), reasons(284917059)) == (0, [])


def test_the_finest_pattern_comes_first() -> None:
    assert [one.tier for one in PATTERNS] == sorted((one.tier for one in PATTERNS), reverse=True)


@pytest.mark.django_db
def test_the_database_has_the_function_that_the_table_makes() -> None:
    body = ask("SELECT prosrc FROM pg_proc WHERE proname = %(name)s", name=FUNCTION)
    assert str(body) in function_sql(), "the table has changed: a migration has to replace the function"
