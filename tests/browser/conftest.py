"""A real browser at a house with something in it: decisions of every state, a number that has been through a lot."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import ConsoleMessage, Page

from accounts.services.rulebook import load_summaries
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.cast import PASSWORD, make_numbers
from tests.enforcement.acts import DAY, approve, decide, refuse

LIVED, FRESH = 10_001, 10_002


class House(NamedTuple):
    """The addresses of a running house with a story."""

    url: str
    waiting: Decision  # a termination of LIVED that waits for a supervisor

    def at(self, path: str) -> str:
        return f"{self.url}/admin/{path}"


@pytest.fixture
def house(live_server: Any, cast: dict[str, Staff]) -> House:
    load_summaries(actor=Staff.objects.system("system-setup"))
    make_numbers([LIVED, FRESH, *range(20_000, 20_060)])
    make_numbers([30_001], tier=3, paid=True, started_at=None)
    make_numbers([30_002], "available")
    one, two, boss = cast["officer"], cast["officer2"], cast["supervisor"]
    decide(Kind.RESTRICT, [LIVED], one, ticket="T-1")
    decide(Kind.FREEZE, [LIVED], one)
    decide(Kind.LIFT, [LIVED], two, lift_kinds=("freeze",))
    approve(decide(Kind.FREEZE, [LIVED, 30_001], one, duration=30 * DAY), boss)
    refuse(decide(Kind.FREEZE, [20_000], one, indefinite=True), boss)
    approve(decide(Kind.TERMINATE, [20_001], one), boss)
    decide(Kind.RESTRICT, [20_002], boss, duration=60 * DAY)
    return House(live_server.url, decide(Kind.TERMINATE, [LIVED], one).decision)


@pytest.fixture
def console(page: Page) -> Iterator[list[str]]:
    """What the browser complained about; a test that uses this fails when it did."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        said.append(f"{message.type}: {message.text} ({page.url})")

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(f"error: {error} ({page.url})"))
    yield said
    assert said == []


def sign_in(page: Page, house: House, login: str) -> None:
    page.goto(house.at("login/"))
    page.locator("[name=username]").fill(login)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("#login-form [type=submit]").click()
    page.wait_for_url(house.at(""))


def sign_out(page: Page) -> None:
    page.locator("details.user summary").click()
    page.locator("details.user form button").click()
    page.wait_for_url("**/login/**")


def speak(page: Page, house: House, language: str) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": house.url}])
