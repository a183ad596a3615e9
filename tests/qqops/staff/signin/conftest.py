"""The clock of the tests of the door."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.qqops.staff.signin.steps import PERIOD


@pytest.fixture(autouse=True)
def _at_the_beginning_of_a_period() -> Iterator[None]:
    """An app's code holds for half a minute: have a whole one ahead, or one test in a hundred would miss it."""
    with time_machine.travel((time.time() // PERIOD + 1) * PERIOD, tick=True):
        yield


@pytest.fixture
def compulsory(settings: Any) -> None:
    settings.QQOPS_SECOND_FACTOR = True
