"""Every page of every role: it answers as the table says, and carries no canary's value but where it is there to be
shown to the one who may see it. One walk of each reader past every address tells both."""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qqops.staff.models import Staff
from tests.campaign import FULL
from tests.hunt.conftest import Log, browser_of
from tests.hunt.languages import data, strays
from tests.hunt.pages import asked, carried, further, is_page
from tests.permissions.addresses import Address
from tests.permissions.table import READERS, read
from tests.permissions.test_pages import Met, met
from tests.story import Story
from tests.story.canary import ADULT

ITEMS = {f"adult's {item}" for item in ADULT}
REVEAL, FILE = "admin:reveal_shown", "admin:disclosure_open"
STATEMENT, COPY = "admin:data_request_statement", "admin:data_request_copy"
OPENED = {
    FILE: {*ITEMS, "scope", "statement", "scan", "officer's name", "officer's mobile"},
    STATEMENT: {"plea", "father's name", "minor's name", "corrected mobile", "adult's mobile"},
    COPY: ITEMS,
}
EVIDENCE = {"admin:open_evidence": {"evidence"}}
READ, PAPER = "admin:appeals_read", "admin:appeals_file"
IN_HAND = {READ: {"appeal", "appellant's name", "item"}, PAPER: {"photo"}}  # what the sample holds
HEARD = IN_HAND | {READ: {*IN_HAND[READ], "answer", "ruling"}}
SHOWN: dict[str, dict[str, set[str]]] = {
    "officer": {REVEAL: {"adult's mobile"}, **EVIDENCE},
    "privacy": OPENED,
    "reviewer": IN_HAND,
    "supervisor": OPENED | HEARD,
}
HEAVIEST = 60_000  # bytes of a page
SEES_MOST = ("agent", "officer", "supervisor", "privacy")


class Walk(NamedTuple):
    met: dict[str, Met]  # by the address's name
    carries: dict[str, set[str]]
    told: list[str]  # lines of the log with a canary's value
    strays: dict[str, set[str]]  # texts in another language than the page's
    weights: dict[str, int]  # bytes of the heaviest page


@pytest.fixture(scope="module")
def walked() -> dict[str, Walk]:
    return {}


@pytest.fixture(scope="module")
def known() -> dict[str, list[str]]:
    return {}


@pytest.fixture
def walk(
    walked: dict[str, Walk], known: dict[str, list[str]], places: list[Address], cast: dict[str, Staff], log: Log
) -> Callable[[str], Walk]:
    """`walk("officer")`: what that reader met at every address; gone once for all tests.

    One reader is led by a page in Chinese and is answered in English, the next one the other way round: every form is
    met in both, and so is whatever two of them see.
    """

    def of(who: str) -> Walk:
        if who not in walked:
            met_there, carries, weights = dict[str, Met](), defaultdict[str, set[str]](set), dict[str, int]()
            found, texts = defaultdict[str, set[str]](set), known.setdefault("data", []) or data()
            known["data"] = texts
            browser = browser_of(who, cast)
            for place in places:

                def asking(browser: Client, method: str, url: str, name: str = place.name) -> Any:
                    browser.cookies["django_language"] = language_of(who, method)
                    answer, values = asked(browser, method, url)
                    carries[name] |= values
                    if is_page(answer):
                        found[name] |= strays(answer.content.decode(), answer["Content-Language"], texts)
                        weights[name] = max(weights.get(name, 0), len(answer.content))
                    return answer

                met_there[place.name] = met(browser, place.url, asking)
            assert [line for line in log.lines if '"logger": "qqops.access"' in line]
            found = defaultdict(set, {name: texts for name, texts in found.items() if texts})
            walked[who] = Walk(met_there, carries, log.telling(), found, weights)
        return walked[who]

    return of


def language_of(who: str, method: str) -> str:
    return ("zh-hans", "en")[(READERS.index(who) + (method == "post")) % 2]


@pytest.mark.parametrize("who", READERS)
def test_a_reader_meets_every_page_as_the_table_says_and_none_offers_to_add_change_or_delete(
    walk: Callable[[str], Walk], who: str
) -> None:
    pages, _commands = read()
    found = walk(who).met
    assert {name: one["cell"] for name, one in found.items()} == {name: row[who] for name, row in pages.items()}
    for name, one in found.items():
        assert set(one["others"].split("·")) <= set(pages[name]["others"].split("·")), name


@pytest.mark.parametrize("who", READERS)
def test_a_page_is_in_one_language_but_for_data_and_light(walk: Callable[[str], Walk], who: str) -> None:
    assert walk(who).strays == {}
    assert {name: bytes_ for name, bytes_ in walk(who).weights.items() if bytes_ > HEAVIEST} == {}


@pytest.mark.parametrize("who", READERS)
def test_every_page_of_every_role(
    walk: Callable[[str], Walk], places: list[Address], cast: dict[str, Staff], log: Log, who: str
) -> None:
    found = defaultdict(set, {name: set(values) for name, values in walk(who).carries.items()})
    asked_for = [(place, method) for place in places for method in ("get", "post")] if FULL else []
    for place in further() if FULL or who in SEES_MOST else ():
        shows = FULL or place.name in OPENED | HEARD
        asked_for += [(place, method) for method in (("get", "post") if shows else ("get",))]
    for language in ("zh-hans", "en") if FULL else ("zh-hans",):
        browser = browser_of(who, cast, language)
        for place, method in asked_for:
            found[place.name] |= carried(browser, method, place.url)
    assert {name: values for name, values in found.items() if values} == SHOWN.get(who, {})
    assert walk(who).told + log.telling() == []


@pytest.mark.django_db
def test_what_was_revealed_is_gone_after_ten_minutes_and_from_the_hands_of_others(
    story: Story, cast: dict[str, Staff]
) -> None:
    url = reverse(REVEAL, args=[story.cases.shows.reveal.pk])
    assert carried(browser_of("officer", cast), "get", url) == {"adult's mobile"}
    for who in ("officer2", "supervisor", "privacy"):
        assert carried(browser_of(who, cast), "get", url) == set()
    with time_machine.travel(timezone.localtime() + timedelta(minutes=11), tick=True):
        assert carried(browser_of("officer", cast), "get", url) == set()
