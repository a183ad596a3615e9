"""Every command in every role's hands: the exit code of its dry run stands in docs/permissions.md."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.utils import translation

from qqops.staff import policy as roles
from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token
from tests.permissions.table import READERS, ROLES, read

# Not run here, as they need a transaction of their own: tests/qqops/boot/test_setup.py and tests/qqops/audit do.
APART = ("demo", "migrate", "audit_verify")
FOR_NOBODY = (
    "decisions show",
    "decisions run",
    "export_states",
    "number",
    "expire",
    "audit_checkpoint",
    "identity purge_expired",
    "identity erasures",
    "identity reapply",
    "renew",
    "register",
    "seal_rotate",
    "staff found",
    "changepassword",
    "createsuperuser",
)


def code(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, who: Staff | None) -> str:
    """The exit code of a command, with the person's own token."""
    given = list(words)
    if who is not None:
        monkeypatch.setenv("QQOPS_TOKEN", issue_token(who))
        given += ["--actor", who.username]
    try:
        with translation.override("en"):
            call_command(*given, stdout=StringIO(), stderr=StringIO())
    except SystemExit as end:
        return str(end.code)
    except CommandError as error:
        return str(error.returncode)
    return "0"


def acts_of(app: str, command: str) -> list[str]:
    """What a command can be told to do: its name with each of its acts, and alone when it needs none."""
    parser = load_command_class(app, command).create_parser("manage.py", command)
    told = [one for one in parser._actions if one.choices and not one.option_strings]
    acts = [f"{command} {act}" for one in told for act in one.choices or ()]
    return acts if any(one.required for one in told) else [*acts, command]


def test_every_act_of_every_command_of_the_house_stands_in_the_table() -> None:
    """`enforce freeze` may have several rows, for what follows it; none may have no row."""
    _pages, commands = read()
    houses = ("qqops", "accounts", "enforcement", "appeals")
    ours = {config.name for config in apps.get_app_configs() if config.name.split(".")[0] in houses}
    acts = {act for name, app in get_commands().items() if str(app) in ours for act in acts_of(str(app), name)}
    assert {"enforce terminate", "decisions run", "staff approve", "changepassword", "createsuperuser"} <= acts
    assert {" ".join(row.split()[:2]) for row in commands} == acts


def test_every_role_of_the_house_has_its_column() -> None:
    pages, commands = read()
    for row in pages.values():
        assert list(row) == [*READERS, "others", "proof"]
    for row in commands.values():
        assert list(row) == ["shell", *roles.ROLES]


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
