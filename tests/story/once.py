"""The story told once for all tests of a module: each of them goes on from its end, and is rolled back to there."""

import copyreg
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from accounts.rulebook.services import load_summaries
from qqops.audit import origin
from qqops.staff.models import Staff
from tests.cast import everybody
from tests.story.telling import Story, tell_story

copyreg.pickle(AESGCM, lambda key: "the same")  # what a copy of the story shares with it: it does not change


class Lasting:
    """What is done `with lasting():` is there for every test of the module, and for none of another."""

    def __init__(self, blocker: Any) -> None:
        self.blocker = blocker
        self.until = time.time()  # when the last of it was done

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self.blocker.unblock(), origin.origin(origin.COMMAND, os_user="tester"):
            yield
        self.until = time.time()


@pytest.fixture(scope="module")
def lasting(django_db_setup: None, django_db_blocker: Any) -> Iterator[Lasting]:
    """A test's own transaction is a savepoint within this one; a transactional test would not see it."""
    with django_db_blocker.unblock(), transaction.atomic():
        with django_db_blocker.block():
            yield Lasting(django_db_blocker)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def told(lasting: Lasting) -> Story:
    with lasting():
        load_summaries(actor=Staff.objects.system("system-setup"))
        return tell_story(everybody())


@pytest.fixture
def story(told: Story, lasting: Lasting, db: None) -> Iterator[Story]:
    """A copy for each test, which may change what it holds.

    It has just ended, however many tests there were since: what is revealed in it is shown for ten minutes.
    """
    with time_machine.travel(lasting.until, tick=True):
        yield deepcopy(told)
