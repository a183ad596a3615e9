"""A table of the record that is not there is named, and the rest is verified all the same."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation

from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.qqops.audit.superuser import superuser

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def away(table: str, column: str = "") -> Iterator[None]:
    with superuser() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME {column} TO taken_away")
    try:
        yield
    finally:
        with superuser() as cursor:
            of, now = (table, "taken_away") if column else ("taken_away", "")
            cursor.execute(f"ALTER TABLE {of} RENAME {now} TO {column or table}")


def verified() -> tuple[Any, list[str], str, str]:
    """The exit code, what is named, what is said, and what went wrong with the alarm."""
    said, error = [], StringIO()
    for words in (["--json"], []):
        said.append(StringIO())
        with pytest.raises(SystemExit) as end, translation.override("en"):
            call_command("audit_verify", *words, "--jobs", "2", stdout=said[-1], stderr=error)
    named = [" ".join(one.values()) for one in json.loads(said[0].getvalue())["broken"]]
    return end.value.code, named, said[1].getvalue(), error.getvalue()


def test_a_table_that_was_dropped_is_named_with_whatever_else_is_broken(cast: dict[str, Staff]) -> None:
    make_numbers([88_880_001])
    with superuser() as cursor:
        cursor.execute("UPDATE accounts_number SET tier = 3 WHERE id = 88880001")
    drift = "drift accounts_number 88880001"
    with away("alerts_alertseen"):
        code, named, said, _error = verified()
        assert (code, sorted(named)) == (7, [drift, "table alerts_alertseen is missing"])
        assert "  table  alerts_alertseen  is missing" in said
        assert sorted(f"{one.what} {one.table} {one.row}" for one in verify()) == sorted(named)
    with away("accounts_historicalnumber"):
        found = verified()[1]
    # Of the act that wrote into it, and of live rows that it held, nothing can be said but that it is gone.
    assert "table accounts_historicalnumber is missing" in found and drift not in found
    assert [one.row for one in verify()] == ["88880001"]


def test_so_is_a_column_that_was_dropped(cast: dict[str, Staff]) -> None:
    with away("alerts_alertseen", "note"):
        code, named, _said, _error = verified()
        assert (code, named) == (7, ["table alerts_alertseen note is missing"])
    with away("audit_event", "reason"):
        code, named, said, error = verified()
        assert (code, named) == (7, ["table audit_event reason is missing"])
        assert "The record is BROKEN" in said and "could not be raised" in error
    assert list(verify()) == []


@pytest.mark.parametrize("table", ["audit_event", "audit_checkpoint"])
def test_without_the_trail_there_is_nothing_to_hold_against_and_that_is_said(
    cast: dict[str, Staff], table: str
) -> None:
    with away(table):
        code, named, said, error = verified()
    assert (code, named) == (7, [f"table {table} is missing"])
    assert "The record is BROKEN" in said and (table == "audit_checkpoint" or "could not be raised" in error)
    assert list(verify()) == []
