"""Each act, through each door that it has, leaves exactly the events and the rows that docs/acts.md says."""

import re
from pathlib import Path
from typing import Any

import pytest

from qqops.audit import event_catalogue
from qqops.staff.models import Staff
from tests.doors import clocks, commands, pages
from tests.doors.elsewhere import DOORS, VERBS
from tests.doors.more import More
from tests.doors.pages import SENT
from tests.doors.table import FILE, PARTS, read, written
from tests.doors.words import First, Variants
from tests.permissions import table as permissions
from tests.permissions.addresses import Address

WEB, WEB_REFUSED, COMMANDS, COMMANDS_REFUSED, ITSELF = PARTS
TESTS = Path(__file__).parents[1]


def test_the_table_is_as_its_maker_writes_it() -> None:
    assert FILE.read_text() == written(read())


def test_what_is_done_on_the_staff_web(places: list[Address], reader: Any, said: Variants) -> None:
    assert pages.done(places, reader, said) == read()[WEB]


def test_what_is_refused_on_the_staff_web(places: list[Address], reader: Any, more: More) -> None:
    assert pages.refused(places, reader) == read()[WEB_REFUSED]


def test_what_is_done_by_a_command(
    lines: Any, cast: dict[str, Staff], first: First, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commands.done(lines, cast, first, monkeypatch) == read()[COMMANDS]


def test_what_is_refused_to_a_command(lines: Any, cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch) -> None:
    assert commands.refused(lines, cast, monkeypatch) == read()[COMMANDS_REFUSED]


def test_what_the_worker_does_by_itself(more: More) -> None:
    assert clocks.done() == read()[ITSELF]


def test_every_act_stands_in_the_table_or_in_a_test_of_its_own() -> None:
    written_here = {line.verb for part in read().values() for _who, lines in part.values() for line in lines}
    tested = {verb: (file, begins) for file, tests in VERBS.items() for verb, begins in tests.items()}
    assert written_here | tested.keys() == event_catalogue.declared().keys()
    assert written_here & tested.keys() == set()
    assert [verb for verb, where in tested.items() if not _says(verb, *where)] == []


def test_every_door_stands_in_the_table_or_has_a_test_of_its_own() -> None:
    """Every page that takes a form, and every doing of every command."""
    rows, doings = permissions.read()
    takes = {name for name, row in rows.items() if {row[who].split("/")[1] for who in permissions.ROLES} & set(SENT)}
    here = {door.partition(" · ")[0] for part in PARTS[:-1] for door in read()[part]}
    assert here | DOORS.keys() == takes | doings.keys()
    done = {door.partition(" · ")[0] for part in (WEB, COMMANDS) for door in read()[part]}
    assert done & DOORS.keys() == set()
    assert [test for test in DOORS.values() if not (TESTS / test).exists()] == []


def _says(verb: str, file: str, begins: str) -> bool:
    """Does a test of this file that begins so name the verb?"""
    found = re.search(rf"^def {begins}\w*\(.*?(?=^[^\s)]|\Z)", (TESTS / file).read_text(), re.S | re.M)
    return found is not None and f'"{verb}"' in found[0]
