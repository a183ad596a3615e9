from collections.abc import Iterator

import pytest
from django.utils import translation

from accounts.models import RuleVersion


@pytest.fixture(autouse=True)
def _in_english(rulebook: RuleVersion) -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other end is on this machine, whatever the environment sends through a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
