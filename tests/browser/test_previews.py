"""What is about to be confirmed is read from its top, with the button in view and in focus all the while."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Number
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.browser.conftest import FRESH, House, sign_in, speak
from tests.browser.test_pages import PHONE, WIDE, previewed
from tests.enforcement.acts import DAY, decide

LOOKS = {
    "desk": (WIDE, True),
    "desk, no scripts": (WIDE, False),
    "phone": (PHONE, True),
    "phone, no scripts": (PHONE, False),
}
in_every_look = pytest.mark.parametrize("page", LOOKS.values(), indirect=True, ids=LOOKS)
SEEN = """(button) => {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const whole = top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
  return whole && button.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
}"""
COVERED = """(focused) => {
  const { left, top, bottom } = focused.getBoundingClientRect();
  return !focused.contains(document.elementFromPoint(left + 2, (top + bottom) / 2));
}"""
BENEATH = """() => {
  const bar = document.querySelector(".submit").getBoundingClientRect();
  return [...document.querySelectorAll("main .panel")].some((one) => one.getBoundingClientRect().bottom > bar.top);
}"""
LINES = """() => [...document.querySelectorAll("main :is(del, ins)")].map((one) =>
  Math.round(one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)))"""


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    size, scripts = request.param
    with browser.new_context(viewport=size, java_script_enabled=scripts) as context:
        yield context.new_page()


def is_read_from_its_top(page: Page) -> Locator:
    """Stand on a preview; its button."""
    button = page.locator("[autofocus]")
    expect(button).to_be_focused()
    assert page.evaluate("scrollY") == 0 and button.evaluate(SEEN)
    return button


@in_every_look
def test_a_preview_opens_at_its_top_and_its_button_is_in_view_and_covers_nothing(page: Page, house: House) -> None:
    speak(page, house, "en")
    sign_in(page, house, "officer")
    previewed(page, house)
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
    button = is_read_from_its_top(page)
    covered = []
    for _step in range(12):  # back from the button, over what may be pressed above it
        page.keyboard.press("Shift+Tab")
        if page.locator(":focus").count() and page.locator(":focus").evaluate(COVERED):
            covered.append(page.locator(":focus").inner_text())
    assert covered == []
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert not page.evaluate(BENEATH)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/enforcement/decision/*/")
    assert Number.objects.get(pk=FRESH).frozen_until


@in_every_look
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_old_and_new_end_of_a_measure_each_stand_on_one_line(
    page: Page, house: House, cast: dict[str, Staff], language: str
) -> None:
    for scopes in (("send_msg", "add_friend", "join_group", "mail"), ("wallet_out",)):
        decide(Kind.RESTRICT, [FRESH], cast["officer"], scopes=scopes, duration=5 * DAY)
    speak(page, house, language)
    sign_in(page, house, "officer2")
    page.goto(house.at(f"act/adjust/?number={FRESH}"))
    for measure in Measure.objects.filter(number=FRESH):
        page.locator(f"[name=measures][value='{measure.pk}']").check()
    page.locator("[name=clauses][value='10.1']").check()
    page.locator("[name=term][value='1']").check()
    for name in ("facts", "evidence", "reason"):
        page.locator(f"[name={name}]").fill("looked at it again")
    page.locator("[name=step][value=preview]").click()
    is_read_from_its_top(page)
    assert page.evaluate(LINES) == [1] * 4
