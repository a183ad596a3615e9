"""What the tests of keeping and erasing share; refusals are matched by their English sentences."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from accounts.models import Identity
from qqops.staff.models import Staff
from tests.accounts.rights.steps import end


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def retention(cast: dict[str, Staff]) -> Staff:
    return Staff.objects.system("system-retention")


@pytest.fixture
def former(identity: Callable[..., Identity], retention: Staff) -> Callable[..., Identity]:
    """Somebody who has given his number up: whose number is in use is not erased."""
    return lambda: end(identity(), retention)


@pytest.fixture
def listed(tmp_path: Path, settings: Any) -> Path:
    """Where the erasure list is kept."""
    settings.QQOPS_ERASURE_LIST = str(tmp_path / "erasures.jsonl")
    return tmp_path / "erasures.jsonl"
