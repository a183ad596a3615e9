"""The pages of enforcement in a browser: no axe violation, nothing on the console, no wider than a phone."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from enforcement.models import Notice
from tests.browser.conftest import House, sign_in, speak
from tests.browser.test_pages import DESK, Theme, faults, in_both
from tests.browser.test_resource_pages import Places, visited
from tests.enforcement.acts import REASON
from tests.story.enforcing import Enforcing, enforcing

FIRST = 284_195_000


@pytest.fixture
def told(house: House, cast: dict[str, object]) -> Enforcing:
    return enforcing(cast, FIRST)  # type: ignore[arg-type]


def every_page(page: Page, house: House, told: Enforcing) -> Iterator[str]:
    case, frozen, ended = told.case.pk, told.frozen.pk, told.ended.pk
    places: Places = {
        "officer": [
            ("batch", [], ""),
            ("act", ["freeze"], f"?list={told.listed.pk}"),
            ("act", ["restrict"], f"?number={FIRST + 23}&case={case}"),
            ("enforcement_decision_change", [frozen], ""),
            ("enforcement_decision_change", [ended], ""),
            ("undo", [ended], ""),
            ("halt", [], ""),
            ("open_evidence", [told.file.pk], ""),
            ("enforcement_case_changelist", [], ""),
            ("enforcement_case_change", [case], ""),
            ("enforcement_case_history", [case], ""),
            ("case_kinds", [], ""),
            *(("open_case", [kind], "") for kind in ("finder", "cluster", "transfer", "theft", "advice")),
            *((f"case_{step}", [case], "") for step in ("evidence", "numbers", "details", "close")),
            ("enforcement_lettertemplate_changelist", [], ""),
            ("enforcement_lettertemplate_change", [told.letter.pk], ""),
            ("draft_letter", ["freeze"], ""),
            ("enforcement_notice_changelist", [], ""),
            ("enforcement_notice_change", [Notice.objects.latest("pk").pk], ""),
            ("enforcement_strikeout_changelist", [], ""),
            ("enforcement_strikeout_change", [told.struck.pk], ""),
            ("groundless", [], ""),
            ("accounts_number_change", [FIRST + 20], ""),
        ],
        "supervisor": [
            ("letter_ruling", [told.letter.pk], ""),
            ("case_cause_ruling", [case], ""),
            ("resend_notices", [], ""),
            ("state_feed", [], ""),
        ],
        "privacy": [("strike_out", [], "")],
    }
    yield from visited(page, house, places)
    page.context.clear_cookies(name="sessionid")
    sign_in(page, house, "officer2")
    page.goto(house.url + reverse("admin:undo", args=[ended]))
    page.locator("[name=clause][value='10.1']").check()
    page.locator("[name=in_error]").check()
    page.locator("[name=reason]").fill(REASON)
    page.locator("[name=step][value=preview]").click()
    expect(page.locator("[name=step][value=confirm]")).to_be_visible()
    yield "undo, previewed"


@in_both
def test_the_pages_of_enforcement_are_accessible_quiet_and_as_narrow_as_a_phone(
    page: Page, house: House, told: Enforcing, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    assert faults(page, every_page(page, house, told), language, theme) == {}
