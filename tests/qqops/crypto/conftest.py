"""Keys of the tests' own beside those of the demo, under which the database of the tests lies."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as given

from qqops.crypto import keys
from qqops.crypto.seal import new_key

OLD = given.QQOPS_SEAL_KEYS  # of the process: under it lie the keys of the house
NAME = OLD.partition(":")[0]
NEW = f"new:{new_key()}"


@pytest.fixture
def with_keys(settings: Any) -> Iterator[Callable[..., None]]:
    """`with_keys(NEW, OLD)`: as a process that was started with these."""

    def start(*parts: str) -> None:
        settings.QQOPS_SEAL_KEYS = ",".join(parts)
        keys.forget()

    yield start
    keys.forget()
