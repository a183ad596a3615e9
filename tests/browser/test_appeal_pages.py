"""The pages of appeals in a browser: no axe violation, nothing on the console, no wider than a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from appeals.models import Appeal
from tests.browser.conftest import House, sign_in, speak
from tests.browser.test_pages import DESK, Theme, faults, in_both
from tests.browser.test_resource_pages import visited
from tests.story.hearing import Hearing, hearing_room

FIRST = 284_918_000
TEXT, WHY = "经核查举报截图与登录记录，处置所依据的事实成立。", "已核对举报截图与登录记录"
STEPS = ("ask", "write", "convert", "skip", "transfer", "rule", "answer", "weigh", "contest")


@pytest.fixture
def heard(house: House, cast: Any) -> Hearing:
    return hearing_room(cast, FIRST)


def every_page(page: Page, house: House, heard: Hearing) -> Iterator[str]:
    mine, number = heard.in_hand, heard.in_hand.number_id
    yield from visited(page, house, {
        "agent": [
            ("appeals_appeal_changelist", [], ""),
            ("appeals_lookup", [], ""),
            ("file_appeal", [], f"?number={number}"),
            ("appeals_appeal_change", [heard.cooling.pk], ""),
            ("appeals_stop", [heard.cooling.pk], ""),
            ("appeals_again", [heard.closed.pk], ""),
            ("appeals_withdraw", [mine.pk], ""),
            ("appeals_evidence", [mine.pk], ""),
        ],
        "reviewer2": [
            ("appeals_appeal_change", [mine.pk], ""),
            ("appeals_appeal_history", [mine.pk], ""),
            *((f"appeals_{step}", [mine.pk], "") for step in STEPS),
            ("appeals_appeal_changelist", [], "?order=score"),
            ("appeals_resend", [heard.closed.pk], ""),
        ],
        "supervisor2": [
            ("appeals_rulings", [], ""),
            ("appeals_ruling", [heard.ruling.pk], ""),
            ("appeals_appeal_change", [heard.ruled.pk], ""),
            ("appeals_quality", [], ""),
        ],
        "privacy": [
            ("appeals_appeal_change", [heard.sued.pk], ""),
            *((f"appeals_{step}", [heard.closed.pk], "") for step in ("negotiate", "sue")),
            ("appeals_judge", [heard.sued.pk], ""),
        ],
    })  # fmt: skip
    yield from _as_it_is_decided(page, house, heard.filed)


def _as_it_is_decided(page: Page, house: House, appeal: Appeal) -> Iterator[str]:
    """The second step, where the letter stands as it will read; and what was said, where it is read."""
    page.context.clear_cookies(name="sessionid")
    sign_in(page, house, "reviewer")
    page.goto(house.url + reverse("admin:appeals_appeal_change", args=[appeal.pk]))
    page.goto(house.url + reverse("admin:appeals_read", args=[appeal.pk]))
    page.locator("[data-send]").click()
    page.wait_for_load_state()
    yield "appeals_read, pressed"
    page.goto(house.url + reverse("admin:appeals_appeal_changelist"))
    page.keyboard.press("n")
    page.locator("[name=outcome][value=rejected]").check()
    page.locator("[name=text]").fill(TEXT)
    page.locator("[name=reason]").fill(WHY)
    page.locator("[name=step][value=preview]").click()
    page.locator("[name=step][value=confirm]").wait_for()
    yield "appeals_rule, previewed"


@in_both
def test_the_pages_of_appeals_are_clean_and_fit_a_phone(
    page: Page, house: House, heard: Hearing, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    assert faults(page, every_page(page, house, heard), language, theme) == {}
    assert console == []
