"""What there is to stand on: one object for each address that is about one."""

from collections.abc import Callable

import pytest
from django.test import Client

from qqops.staff.models import Staff
from tests.cast import everybody
from tests.permissions.addresses import Address, addresses
from tests.permissions.lines import command_lines
from tests.permissions.samples import samples
from tests.story import Story
from tests.story.once import Lasting, lasting, story, told

__all__ = ["lasting", "story", "told"]


@pytest.fixture(scope="module")
def spots(lasting: Lasting, told: Story) -> list[Address]:
    with lasting():
        return addresses(samples(everybody(), told))


@pytest.fixture
def places(spots: list[Address], story: Story) -> list[Address]:
    """Every address of the URL map: a new one without a sample fails here."""
    return spots


@pytest.fixture
def reader(cast: dict[str, Staff]) -> Callable[[str], Client]:
    """`reader("officer")`: a browser signed in just now; `nobody` is not."""

    def open_for(login: str) -> Client:
        client = Client()
        if login != "nobody":
            client.force_login(cast[login])
        return client

    return open_for


@pytest.fixture(scope="module")
def words(lasting: Lasting, told: Story, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    with lasting():
        return command_lines(everybody(), told, tmp_path_factory.mktemp("words"))


@pytest.fixture
def lines(words: dict[str, tuple[str, ...]], story: Story) -> dict[str, tuple[str, ...]]:
    """For each command, and each of its doings, words that are right."""
    return words
