"""Nothing on a page moves by itself: not when its scripts come, not while the page itself is arriving."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from qqops.staff.models import Staff
from tests.browser.conftest import FRESH, LIVED, House, sign_in
from tests.browser.test_pages import DESK, PHONE
from tests.story.hearing import hearing_room

FIRST = 284_918_000
LATEST = 30  # seconds that the rest of a page is held back at most

SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => one.toJSON())))
  .observe({ type: "layout-shift", buffered: true });"""
BOXES = """() => [...document.querySelectorAll("body, body *")].map((one) => {
  const { x, y, width, height } = one.getBoundingClientRect();
  return [one.tagName, one.className.baseVal ?? one.className, x, y, width, height].join(" ");
})"""
PARSED = """() => new Promise((done) => {
  const look = () => document.readyState === "loading" ? setTimeout(look, 20) : done(true);
  look();
})"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
HELD = """() => new Promise((done) => {
  requestAnimationFrame(() => done(false));
  setTimeout(done, 500, true);
})"""


@pytest.fixture
def pages(house: House, cast: dict[str, Staff]) -> dict[str, list[str]]:
    """The main pages, by who stands on them all day."""
    heard = hearing_room(cast, FIRST)
    return {
        "officer": ["", "accounts/number/", f"accounts/number/{LIVED}/", f"act/freeze/?number={FRESH}", "me/"],
        "supervisor": ["inbox/", f"inbox/{house.waiting.pk}/", "enforcement/decision/", "audit/event/"],
        "reviewer2": ["appeals/appeal/", f"appeals/appeal/{heard.in_hand.pk}/"],
    }


def visits(page: Page, house: House, pages: dict[str, list[str]]) -> Iterator[str]:
    """The address of each page, as soon as who reads it is signed in."""
    page.add_init_script(SHIFTS)
    for login, paths in pages.items():
        page.context.clear_cookies(name="sessionid")
        sign_in(page, house, login)
        yield from map(house.at, paths)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_script_moves_what_is_painted(
    page: Page, house: House, pages: dict[str, list[str]], console: list[str], size: Any
) -> None:
    """Scripts that wait for the whole page are held back until it is painted, and then let go."""
    page.set_viewport_size(size)
    moved, held, holding = {}, list[Route](), False

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    page.route(lambda url: url.endswith(".js") and not url.endswith(("theme.js", "before.js")), hold)
    for url in visits(page, house, pages):
        holding = True
        page.goto(url, wait_until="commit")
        page.evaluate(PARSED)
        page.evaluate(PAINTED)
        before = page.evaluate(BOXES)
        holding = False
        assert held
        while held:
            held.pop().continue_()
        page.wait_for_load_state("load")
        page.evaluate(PAINTED)
        after = page.evaluate(BOXES)
        if changed := [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]:
            moved[url] = changed
        assert page.evaluate("window.shifts") == [], url
    assert moved == {}


Serve = Callable[[Any, Any], Iterable[bytes]]


def in_two(serve: Serve, rest: Event) -> Serve:
    """The same server, whose pages stop in the middle until the rest may come."""

    def halves(page: bytes) -> Iterator[bytes]:
        main = page.find(b"<main")
        middle = (main + len(page)) // 2
        yield page[:middle]
        rest.wait(LATEST)
        yield page[middle:]

    def served(environ: Any, start_response: Any) -> Iterable[bytes]:
        if "text/html" not in environ.get("HTTP_ACCEPT", ""):
            return serve(environ, start_response)
        return halves(b"".join(serve(environ | {"HTTP_ACCEPT_ENCODING": ""}, start_response)))

    return served


def test_a_page_is_painted_when_all_of_it_is_there(
    page: Page, house: House, live_server: Any, pages: dict[str, list[str]], console: list[str]
) -> None:
    page.set_viewport_size(DESK)
    rest, httpd = Event(), live_server.thread.httpd
    rest.set()
    httpd.set_app(in_two(httpd.get_app(), rest))
    early, shifted = [], {}
    for url in visits(page, house, pages):
        rest.clear()
        page.goto(url, wait_until="commit")
        page.wait_for_selector("main", state="attached")
        if not page.evaluate(HELD):
            early.append(url)
        rest.set()
        page.wait_for_load_state("load")
        page.evaluate(PAINTED)
        if shifts := page.evaluate("window.shifts"):
            shifted[url] = shifts
    assert (early, shifted) == ([], {})
