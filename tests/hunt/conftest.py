"""Where the hunt is on: after the story, at every address there is, with everything that is written to a log."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import RuleVersion
from qqops.staff.models import Staff
from tests.permissions.addresses import Address, addresses
from tests.permissions.samples import samples
from tests.story import Story, tell_story


@pytest.fixture
def story(cast: dict[str, Staff], rulebook: RuleVersion) -> Story:
    return tell_story(cast)


@pytest.fixture
def places(cast: dict[str, Staff], story: Story) -> list[Address]:
    """Every address of the URL map: a new one without a sample fails here."""
    return addresses(samples(cast, story))


class Log(logging.Handler):
    """Every line of every logger, as it would be written, with whatever else the record carries."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        carried = {name: value for name, value in vars(record).items() if name != "request"}
        self.lines.append(f"{self.format(record)}\n{carried}")


@pytest.fixture
def log() -> Iterator[Log]:
    """Everything turned up to DEBUG, as while looking for a fault, but what the settings keep down by name."""
    handler, changed = Log(), []
    named: Any = settings.LOGGING["loggers"]
    for one in map(logging.getLogger, ("", *logging.root.manager.loggerDict)):
        if one.name in named and one.name != "django":
            continue
        changed.append((one, one.level, one.propagate, one.disabled))
        one.setLevel(logging.DEBUG)
        one.propagate, one.disabled = True, False
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    for one, level, propagate, disabled in changed:
        one.setLevel(level)
        one.propagate, one.disabled = propagate, disabled


def browser_of(who: str, cast: dict[str, Staff], language: str = "zh-hans") -> Client:
    client = Client(raise_request_exception=False)
    if who != "nobody":
        client.force_login(cast[who])
    client.cookies["django_language"] = language
    return client
