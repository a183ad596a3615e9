"""What there is to stand on: one object for each address that is about one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import RuleVersion
from qqops.staff.models import Staff
from tests.permissions.addresses import Address, addresses
from tests.permissions.samples import command_lines, samples
from tests.story import Story, tell_story


@pytest.fixture
def story(cast: dict[str, Staff], rulebook: RuleVersion) -> Story:
    return tell_story(cast)


@pytest.fixture
def places(cast: dict[str, Staff], story: Story) -> list[Address]:
    return addresses(samples(cast, story))


@pytest.fixture
def reader(cast: dict[str, Staff]) -> Callable[[str], Client]:
    """`reader("officer")`: a browser signed in just now; `nobody` is not."""

    def open_for(login: str) -> Client:
        client = Client()
        if login != "nobody":
            client.force_login(cast[login])
        return client

    return open_for


@pytest.fixture
def lines(cast: dict[str, Staff], story: Story, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """For each command, and each of its doings, words that are right."""
    return command_lines(cast, story, tmp_path)
