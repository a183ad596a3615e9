"""No page of any role carries a canary's value, but those that are there to show it to the one who may see it."""

from collections import defaultdict
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from qqops.staff.models import Staff
from tests.campaign import FULL
from tests.hunt.conftest import Log, browser_of
from tests.hunt.pages import carried, further
from tests.permissions.addresses import Address
from tests.permissions.table import READERS
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
SEES_MOST = ("agent", "officer", "supervisor", "privacy")


@pytest.mark.parametrize("who", READERS)
def test_every_page_of_every_role(places: list[Address], cast: dict[str, Staff], log: Log, who: str) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    asked = [(place, method) for place in places for method in ("get", "post")]
    for place in further() if FULL or who in SEES_MOST else ():
        asked += [(place, method) for method in (("get", "post") if FULL or place.name in OPENED | HEARD else ("get",))]
    for language in ("zh-hans", "en") if FULL else ("zh-hans",):
        browser = browser_of(who, cast, language)
        for place, method in asked:
            found[place.name] |= carried(browser, method, place.url)
    assert {name: values for name, values in found.items() if values} == SHOWN.get(who, {})
    assert log.lines and log.telling() == []


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
