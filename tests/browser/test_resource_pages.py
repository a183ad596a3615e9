"""The pages of number resources in a browser: no axe violation, nothing on the console, no wider than a phone."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import NumberRange, RuleVersion
from accounts.resources import services as resources
from accounts.resources.services import campaigns, numbers, ranges
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import cancelled
from tests.browser.conftest import House, sign_in, speak
from tests.browser.test_pages import DESK, Theme, faults, in_both
from tests.cast import make_numbers
from tests.story.supply import Supply, supply
from tests.supply import WHY, carry_out, feed_covers, open_range

FIRST = 284_917_000
LEAVING, LEFT = 284_190_501, 284_190_502
MONTH = datetime.timedelta(days=30)


@pytest.fixture
def supplied(house: House, cast: dict[str, Staff]) -> NumberRange:
    """A range in use and one of ten thousand million, a campaign, proposals that wait and that are done."""
    maker, boss = cast["resources"], cast["supervisor"]
    opened = open_range(cast, FIRST, FIRST + 999, price=888, channels=("web", "sms"), plan="每日一百个")
    open_range(cast, 20_000_000_000, 29_999_999_999, "premium", state="reserved")
    make_numbers([FIRST + 1, FIRST + 2], "in_use")
    now = timezone.now()
    wanted = campaigns.wanted("spring-2027", "福田青年联合会", "授权书2026第118号", 500, now, now + MONTH)
    carry_out(wanted, maker, boss)
    carry_out(numbers.moved([FIRST + 59], "reserved"), maker)
    resources.propose(numbers.tiered(range(FIRST + 100, FIRST + 160), 3), actor=maker, reason=WHY)
    resources.propose(ranges.moved(opened, "retired"), actor=maker, reason=WHY)
    return opened


Places = dict[str, list[tuple[str, list[Any], str]]]  # by who looks: URL name, arguments, query


def visited(page: Page, house: House, places: Places) -> Iterator[str]:
    """Stand on each page in turn, as each reader."""
    for login, wanted in places.items():
        page.context.clear_cookies(name="sessionid")
        sign_in(page, house, login)
        for name, arguments, query in wanted:
            answer = page.goto(house.url + reverse(f"admin:{name}", args=arguments) + query)
            assert answer is not None and answer.ok, name
            yield f"{name}, {login}"


def every_page(page: Page, house: House, opened: NumberRange) -> Iterator[str]:
    proposal = resources.propose(
        numbers.moved([FIRST + 60], "retired"), actor=Staff.objects.get(username="resources"), reason=WHY
    )
    at = f"?number={FIRST + 61}&number={FIRST + 62}"
    places: Places = {
        "resources": [
            ("accounts_numberrange_changelist", [], ""),
            ("accounts_numberrange_change", [opened.pk], ""),
            ("accounts_numberrange_history", [opened.pk], ""),
            ("accounts_campaign_changelist", [], ""),
            ("accounts_resourceproposal_changelist", [], ""),
            ("accounts_resourceproposal_change", [proposal.pk], ""),
            ("free_number", [FIRST + 888], ""),
            ("open_range", [], ""),
            ("move_range", [opened.pk], ""),
            ("plan_range", [opened.pk], ""),
            ("open_campaign", [], ""),
            ("move_numbers", [], at),
            ("tier_numbers", [], at),
            ("accounts_number_change", [FIRST + 59], ""),
        ],
        "supervisor": [("index", [], ""), ("resource_ruling", [proposal.pk], "")],
    }
    yield from visited(page, house, places)


@in_both
def test_every_page_of_number_resources_is_accessible_quiet_and_as_narrow_as_a_phone(
    page: Page, house: House, supplied: NumberRange, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    assert faults(page, every_page(page, house, supplied), language, theme) == {}


@pytest.fixture
def lived(house: House, cast: dict[str, Staff], rulebook: RuleVersion) -> Supply:
    """Numbers with holders: registered, corrected, to be corrected, cancelled and purged; a policy."""
    found = supply(cast, 71_000)
    make_numbers([LEAVING, LEFT])
    cancelled([LEFT], cast["agent"])
    feed_covers()
    return found


def every_page_of_a_life(page: Page, house: House, lived: Supply) -> Iterator[str]:
    at = f"?number={LEAVING}"
    tenures = [("accounts_tenure_change", [one.pk], "") for one in (lived.registered, lived.corrected, lived.ended)]
    places: Places = {
        "resources": [
            ("register_number", [], ""),
            ("accounts_dormancypolicy_changelist", [], ""),
            ("accounts_dormancypolicy_change", [lived.policy.pk], ""),
            ("accounts_dormancypolicy_history", [lived.policy.pk], ""),
            ("draft_policy", [], ""),
            ("end_policy", [lived.policy.pk], ""),
            ("reclaim", [lived.policy.pk], ""),
            ("exempt", [], at),
        ],
        "agent": [
            ("cancel", [], at),
            ("withdraw_cancellation", [], f"?number={LEFT}"),
            ("accounts_number_change", [LEFT], ""),
            ("accounts_number_change", [lived.ended.number_id], ""),
        ],
        "auditor": [
            *tenures,
            ("accounts_tenure_history", [lived.corrected.pk], ""),
            ("accounts_number_change", [lived.ended.number_id], ""),
        ],
        "privacy": [("correct_holder", [], f"?number={lived.registered.number_id}")],
        "supervisor": [
            ("accounts_resourceproposal_change", [lived.waiting.pk], ""),
            ("resource_ruling", [lived.waiting.pk], ""),
            ("answers", [], f"?number={lived.ended.number_id}&day={timezone.localdate()}"),
        ],
    }
    yield from visited(page, house, places)


@in_both
def test_every_page_of_a_numbers_life_is_accessible_quiet_and_as_narrow_as_a_phone(
    page: Page, house: House, lived: Supply, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    assert faults(page, every_page_of_a_life(page, house, lived), language, theme) == {}
