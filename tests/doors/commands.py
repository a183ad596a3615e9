"""Every command of the house, told to do it; and by somebody whose command it is not."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import later
from tests.doors.clocks import LONG
from tests.doors.elsewhere import DOORS
from tests.doors.record import Line, head, left, undone
from tests.doors.table import Left
from tests.doors.words import First
from tests.permissions.table import ROLES, read
from tests.permissions.test_commands import APART, FOR_NOBODY, code

Lines = Mapping[str, tuple[str, ...]]
Cast = Mapping[str, Staff]
BY_THE_CLOCK = ("expire", "purge", "identity purge_expired", "appeals escalate")  # long after the story
DONE = ("0", "3", "6")  # done, partly, waits for approval
REFUSED = "5"


def done(lines: Lines, cast: Cast, first: First, monkeypatch: pytest.MonkeyPatch) -> Left:
    _pages, may = read()
    found: Left = {}
    for name, words in lines.items():
        if name in APART or name in DOORS or _shut(name, may[name]):
            continue
        options = _options(words)
        who = cast[_first(may[name], "0", "2", "4")] if "actor" in options else None
        before, other = first.get(name, (None, ()))
        with undone(), later(days=LONG if name in BY_THE_CLOCK else 0):
            if before:
                before()
            apply = ("--apply",) if "apply" in options else ()
            ended, found[name] = _left((*(other or words), *apply), who, monkeypatch)
            assert ended in DONE, (name, who, ended)
    return found


def refused(lines: Lines, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Left:
    """To the first role that may not; where it acts for nobody, to whoever has a shell."""
    _pages, may = read()
    found: Left = {}
    for name, words in lines.items():
        who = _first(may[name], REFUSED)
        if not who and not _shut(name, may[name]):
            continue
        with undone():
            ended, found[name] = _left(words, cast[who] if who else None, monkeypatch)
            assert ended == REFUSED, (name, who, ended)
    return found


def _shut(name: str, row: Mapping[str, str]) -> bool:
    """Does it act for nobody, and refuse to?"""
    return name.startswith(FOR_NOBODY) and row["shell"] == REFUSED


def _first(row: Mapping[str, str], *answers: str) -> str:
    """The first role that gets such an answer to its dry run."""
    return next((who for who in ROLES if row[who] in answers), "")


def _left(words: tuple[str, ...], who: Staff | None, patch: pytest.MonkeyPatch) -> tuple[str, tuple[str, list[Line]]]:
    """The exit code, and what is left: without the token that the person was given for it."""
    after = head()
    ended = code(words, patch, who)
    lines = left(after)
    if who:
        assert lines.pop(0).verb == "staff.token_issued"
    return ended, (who.username if who else "the shell", lines)


def _options(words: tuple[str, ...]) -> set[str]:
    """What may be said to a command, or to the one of its doings that these words name."""
    parser: Any = load_command_class(str(get_commands()[words[0]]), words[0]).create_parser("manage.py", words[0])
    doings = [one.choices for one in parser._actions if isinstance(one.choices, dict) and not one.option_strings]
    actions = [*parser._actions, *(action for one in doings for action in one[words[1]]._actions)]
    return {action.dest for action in actions}
