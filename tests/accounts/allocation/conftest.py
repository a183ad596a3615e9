"""The command that takes in a file of registrations."""

from pathlib import Path
from typing import Any

import pytest

from tests.accounts.allocation.registering import Register
from tests.accounts.imports.files import put
from tests.terminal import Terminal


@pytest.fixture
def register(terminal: Terminal, tmp_path: Path) -> Register:
    def run(content: bytes, *words: str) -> Any:
        return terminal(None, "register", put(tmp_path, content), "--json", *words)

    return run
