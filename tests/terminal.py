"""Typing a command as a member of the cast, with that person's own token."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token


@dataclass
class Said:
    code: int
    out: str
    error: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)  # one object and nothing else
        return found


@pytest.fixture
def terminal(cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """`terminal("officer", "enforce", …)`: types a command as that person, with his own token."""

    def run(login: str | None, *words: object, token: str | None = None) -> Said:
        out = StringIO()
        arguments = [str(word) for word in words]
        if login:
            arguments += ["--actor", login]
            monkeypatch.setenv("QQOPS_TOKEN", issue_token(cast[login]) if token is None else token)
        try:
            with translation.override("en"):
                call_command(*arguments, stdout=out, stderr=StringIO())
        except SystemExit as end:
            return Said(int(str(end.code)), out.getvalue(), "")
        except CommandError as error:
            return Said(error.returncode, out.getvalue(), str(error))
        return Said(0, out.getvalue(), "")

    return run


Terminal = Callable[..., Said]
