"""An import typed at the terminal, by whoever may."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from qqops.audit.models import Event
from tests.accounts.imports.files import PERSON, put
from tests.accounts.imports.typed import REASON, Run
from tests.enforcement.acts import head
from tests.terminal import Said, Terminal


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def run(terminal: Terminal, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: Any) -> Run:
    """`run(content)`: types the import of a file with that content; nothing of PERSON may come out anywhere."""
    caplog.set_level(logging.DEBUG)

    def typed(content: bytes, *more: str, login: str = "privacy", name: str = "people.csv") -> Said:
        caplog.clear()
        before = head()
        said = terminal(login, "identity", "import", put(tmp_path, content, name), "--reason", REASON, *more)
        events = [(e.facts, e.reason, e.subject_label) for e in Event.objects.filter(seq__gt=before)]
        told = f"{said.out} {said.error} {capfd.readouterr()} {events}"
        told += " ".join(record.getMessage() for record in caplog.records if record.name != "django.db.backends")
        assert [value for value in (*PERSON[:1], *PERSON[2:]) if value in told] == []
        return said

    return typed
