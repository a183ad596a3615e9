"""The story that the doors tell, looked at in a browser: in each language and each theme, with scripts and without."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage

from tests.appeals.heard import STATEMENT
from tests.browser.test_pages import PHONE, WIDE
from tests.doors.conftest import laid, lasting, more, places, reader, said, spots, story, told, words
from tests.doors.more import More
from tests.hunt.languages import data
from tests.pressing.hand import LOOKS, Desk, Hand, Look
from tests.pressing.server import Server

__all__ = ["laid", "lasting", "more", "places", "reader", "said", "spots", "story", "told", "words"]


SEALED = [STATEMENT, "found in the chat groups"]  # words of what the doors need beside the story


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def hand(browser: Browser, look: Look, more: More) -> Iterator[Hand]:
    """Whatever it does, nothing may stand on the console and no page be wrong."""
    context = browser.new_context(
        java_script_enabled=look.scripts,
        color_scheme=look.theme,
        reduced_motion="reduce",
        viewport=WIDE if look.scripts else PHONE,
    )
    context.set_default_timeout(10_000)  # ms
    # A page that nobody sees asks for nothing by itself, while the test has the connection.
    context.add_init_script("Object.defineProperty(document, 'hidden', { value: true })")
    console: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        console.append(f"{message.type}: {message.text} ({message.page and message.page.url})")

    context.on("console", listen)
    context.on("weberror", lambda fault: console.append(str(fault.error)))
    with Server() as url:
        hand = Hand(context, url, look, [*SEALED, *data()])
        yield hand
        context.close()
    assert (console, hand.wrong) == ([], {})


@pytest.fixture
def desk(hand: Hand, reader: Callable[[str], Client]) -> Desk:
    """`desk("officer")`: the hand, at that person's desk."""

    def sit_down(login: str) -> Hand:
        hand.sit_down(reader(login))  # just now: a proof lasts for fifteen minutes
        return hand

    return sit_down
