"""Letters in use, a worker that does not wait, and the other end of a webhook."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import RuleVersion
from enforcement.letters.services import load_shipped
from enforcement.models import LetterTemplate
from qqops.staff.models import Staff
from tests.qqops.alerts.raising import Hook, hook


@pytest.fixture
def templates(setup_actor: Staff, rulebook: RuleVersion, settings: Any) -> list[LetterTemplate]:
    settings.QQOPS_NOTICE_WAIT = 0
    return load_shipped(actor=setup_actor)


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with hook() as found:
        settings.QQOPS_NOTICE_WEBHOOK = found.url
        settings.QQOPS_WEBHOOK_KEY = "a long random text that both know"
        yield found
