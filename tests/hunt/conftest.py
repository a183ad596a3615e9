"""Where the hunt is on: after the story, at every address there is, with everything that is written to a log."""

import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from qqops.boot.logs import JsonLine
from qqops.staff.models import Staff
from tests.hunt.disguises import found_in
from tests.permissions.conftest import places, spots
from tests.story.once import lasting, story, told

KEPT_DOWN = "django.template"
JSON = JsonLine()

__all__ = ["lasting", "places", "spots", "story", "told"]


class Log(logging.Handler):
    """Every line of every logger, as it would be written, with whatever else the record carries."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        carried = {name: value for name, value in vars(record).items() if name != "request"}
        self.lines.append(f"{self.format(record)}\n{JSON.format(record)}\n{carried}")

    def telling(self) -> list[str]:
        """The lines in which a value of the canary stands."""
        return [line for line in self.lines if found_in(line)] if found_in(*self.lines) else []


@pytest.fixture
def log() -> Iterator[Log]:
    """Everything turned up to DEBUG, as while looking for a fault, but what the settings keep down for that case."""
    handler, changed = Log(), []
    for one in map(logging.getLogger, ("", *logging.root.manager.loggerDict)):
        if one.name == KEPT_DOWN:
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
