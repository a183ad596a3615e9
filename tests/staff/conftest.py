"""The clock of the tests of the door."""

import time
from collections.abc import Iterator

import pytest
import time_machine

from tests.staff.door import PERIOD


@pytest.fixture(autouse=True)
def _at_the_beginning_of_a_period() -> Iterator[None]:
    """An app's code holds for half a minute: have a whole one ahead, or one test in a hundred would miss it."""
    with time_machine.travel((time.time() // PERIOD + 1) * PERIOD, tick=True):
        yield
