"""Every command in every role's hands: the exit code of its dry run stands in docs/permissions.md."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands
from django.utils import translation

from qqops.staff import services
from qqops.staff.models import Staff
from tests.permissions.table import ROLES, read

# Not run here, as they want a transaction of their own; others do (tests/house/test_setup.py, tests/audit). For nobody.
APART = ("demo", "migrate", "audit_verify")
FOR_NOBODY = ("decisions", "number", "expire", "staff found")


def code(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, who: Staff | None) -> str:
    """The exit code of a command, with the person's own token."""
    given = list(words)
    if who is not None:
        monkeypatch.setenv("QQOPS_TOKEN", services.issue_token(who))
        given += ["--actor", who.username]
    try:
        with translation.override("en"):
            call_command(*given, stdout=StringIO(), stderr=StringIO())
    except SystemExit as end:
        return str(end.code)
    except CommandError as error:
        return str(error.returncode)
    return "0"


def test_every_command_of_the_house_stands_in_the_table() -> None:
    _pages, commands = read()
    houses = ("qqops", "accounts", "enforcement", "appeals")
    ours = {config.name for config in apps.get_app_configs() if config.name.split(".")[0] in houses}
    names = {name for name, app in get_commands().items() if str(app) in ours}
    assert {row.split()[0] for row in commands} == names


@pytest.mark.parametrize("who", ROLES)
def test_a_role_gets_from_every_command_what_the_table_says(
    lines: Any, cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    _pages, commands = read()
    found = {}
    for name, words in lines.items():
        nobodys = name in APART or name.startswith(FOR_NOBODY)
        found[name] = "–" if nobodys else code(words, monkeypatch, cast[who])
    assert found == {name: row[who] for name, row in commands.items()}


def test_without_a_persons_token_only_what_acts_for_nobody_runs(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _pages, commands = read()
    monkeypatch.delenv("QQOPS_TOKEN", raising=False)
    found = {}
    for name, words in lines.items():
        if name in APART:
            found[name] = "runs"
        elif name.startswith(FOR_NOBODY):
            found[name] = code(words, monkeypatch, None)
        else:
            found[name] = code((*words, "--actor", "officer"), monkeypatch, None)
    assert found == {name: row["shell"] for name, row in commands.items()}
