"""A real browser at a house with something in it: decisions of every state, a number that has been through a lot."""

import datetime
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import time_machine
from playwright.sync_api import ConsoleMessage, Page, expect

from accounts.declarations.services import declare
from accounts.models import DeclaredNumber
from accounts.rulebook.services import load_summaries
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import AccessRequest, Holding, Staff
from tests.cast import PASSWORD, make_numbers
from tests.enforcement.acts import DAY, approve, decide, refuse
from tests.qqops.alerts.raising import raised
from tests.story import Story, tell_story

LIVED, FRESH, PROTECTED, OWN = 10_001, 10_002, 10_003, 10_004


class House(NamedTuple):
    """The addresses of a running house with a story."""

    url: str
    waiting: Decision  # a termination of LIVED that waits for a supervisor
    alert: Alert  # that nobody has seen yet
    declared: int  # the officer's declaration; the supervisor's own is OWN
    asked: AccessRequest  # to give the agent a second role
    taken: Holding  # officer2 was supervisor in an emergency; nobody has reviewed it yet

    def at(self, path: str) -> str:
        return f"{self.url}/admin/{path}"


@pytest.fixture
def house(live_server: Any, cast: dict[str, Staff]) -> House:
    load_summaries(actor=Staff.objects.system("system-setup"))
    make_numbers([LIVED, FRESH, *range(20_000, 20_060)])
    make_numbers([30_001], tier=3, paid=True, started_at=None)
    make_numbers([30_002], "available")
    make_numbers([PROTECTED], protection="vip")
    make_numbers([OWN])
    one, two, boss = cast["officer"], cast["officer2"], cast["supervisor"]
    decide(Kind.RESTRICT, [LIVED], one, ticket="T-1")
    decide(Kind.FREEZE, [LIVED], one)
    decide(Kind.LIFT, [LIVED], two, lift_kinds=("freeze",))
    approve(decide(Kind.FREEZE, [LIVED, 30_001], one, duration=30 * DAY), boss)
    refuse(decide(Kind.FREEZE, [20_000], one, indefinite=True), boss)
    approve(decide(Kind.TERMINATE, [20_001], one), boss)
    decide(Kind.RESTRICT, [20_002], boss, duration=60 * DAY)
    declare(boss, [OWN, 90_001], "own", actor=boss)
    declare(one, [90_002], "relative", actor=one)
    declared = DeclaredNumber.objects.get(number=90_002).pk
    asked = request_role(cast["agent"], "resources", actor=cast["sysadmin"], reason="请假期间代班")
    taken = break_glass("supervisor", actor=two, reason="夜间无主管在岗")
    access.revoke(two, "supervisor", actor=boss, reason="接班主管已到岗")
    waiting = decide(Kind.TERMINATE, [LIVED], one).decision
    return House(live_server.url, waiting, raised(), declared, asked, taken)


@pytest.fixture
def story(house: House, cast: dict[str, Staff]) -> Story:
    return tell_story(cast)


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


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The house's clock, to be moved forward; the database and the browser keep their own."""
    with time_machine.travel(datetime.datetime.now(datetime.UTC)) as traveller:
        yield traveller


def see_focus(page: Page) -> None:
    """Of what is to have it from the start: the browser complains of a page that is typed into before."""
    if (first := page.locator("[autofocus]")).count():
        expect(first.first).to_be_focused()


def give_password(page: Page, url: str, login: str, password: str = PASSWORD) -> None:
    page.goto(f"{url}/account/login/")
    see_focus(page)
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(password)
    with page.expect_navigation():
        page.locator("#login-form [type=submit]").click()


def give_code(page: Page, code: str) -> None:
    see_focus(page)
    page.locator("[name=code]").fill(code)
    with page.expect_navigation():
        page.locator("form:has([name=code]) [type=submit]").click()


def sign_in(page: Page, house: House, login: str) -> None:
    give_password(page, house.url, login)
    page.wait_for_url(house.at(""))


def sign_out(page: Page) -> None:
    page.locator("details.user summary").click()
    page.locator("details.user form button").click()
    page.wait_for_url("**/login/**")


def speak(page: Page, house: House, language: str) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": house.url}])
