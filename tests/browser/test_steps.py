"""The fewest steps: what the daily acts take, in clicks of a mouse or in keys. To type a text is neither."""

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override
from playwright.sync_api import Page, expect

from accounts.models import Number
from enforcement.models import Decision
from qqops.audit.verify import verify
from tests.browser.conftest import FRESH, House, sign_in, speak

WHY = "fraud report upheld"
FACTS, EVIDENCE = "sold forged tickets in two groups", "screenshot set 7"
CONFIRM = "[name=step][value=confirm]"
COUNT = """addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
}, true)"""  # a key that presses a button makes no click of a mouse: its detail is 0


def clicks(page: Page) -> int:
    """How many there were since this was asked last."""
    count = int(page.evaluate("Number(sessionStorage.clicks || 0)"))
    page.evaluate("sessionStorage.clicks = 0")
    return count


@pytest.fixture(params=["zh-hans", "en"], autouse=True)
def language(request: pytest.FixtureRequest, page: Page, house: House) -> str:
    """Each in both languages: buttons are found by what they send, not by their words."""
    speak(page, house, request.param)
    return str(request.param)


def entered(page: Page, house: House, login: str) -> None:
    page.add_init_script(COUNT)
    sign_in(page, house, login)
    clicks(page)


def told_by_mouse(page: Page) -> None:
    """Two choices, what is typed, and the button that leads to the preview."""
    page.locator("[name=clauses][value='10.1']").click()
    page.locator("[name=severity][value=serious]").click()
    for name, text in (("facts", FACTS), ("evidence", EVIDENCE), ("reason", WHY)):
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=step][value=preview]").click()


def typed(page: Page) -> None:
    """Facts, evidence and reason, one after the other."""
    for text in (FACTS, EVIDENCE, WHY):
        expect(page.locator("textarea:focus")).to_have_value("")
        page.keyboard.type(text)
        page.keyboard.press("Tab")


def test_one_number_is_frozen_with_six_keys_from_anywhere(page: Page, house: House, console: list[str]) -> None:
    entered(page, house, "officer")
    keys = []

    def press(key: str) -> None:
        keys.append(key)
        page.keyboard.press(key)

    page.keyboard.type(str(FRESH))  # the first digit opens the jump box
    press("Enter")
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    press("f")
    page.wait_for_url("**/act/freeze/?*")
    press("6")
    expect(page.locator("[name=clauses]:checked")).to_have_value("10.1")
    press("s")
    expect(page.locator("[name=severity]:checked")).to_have_value("serious")
    typed(page)
    press("Control+Enter")
    expect(page.locator(CONFIRM)).to_be_focused()
    assert not Number.objects.get(pk=FRESH).frozen_until
    press("Control+Enter")
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    assert (len(keys), clicks(page)) == (6, 0)
    decision = Decision.objects.latest("pk")
    assert (decision.facts, decision.reason, decision.severity) == (FACTS, WHY, "serious")
    assert Number.objects.get(pk=FRESH).frozen_until == decision.ends_at


def test_one_number_is_frozen_with_six_clicks_and_no_shortcut(page: Page, house: House, console: list[str]) -> None:
    entered(page, house, "officer")
    page.locator("#nav-filter").click()
    page.keyboard.type(str(FRESH) + "\n")
    page.locator("a[data-key=f]").click()
    told_by_mouse(page)
    page.locator(CONFIRM).click()
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    assert clicks(page) == 6
    assert Number.objects.get(pk=FRESH).frozen_until


def test_three_numbers_are_frozen_with_six_clicks(page: Page, house: House, console: list[str], language: str) -> None:
    entered(page, house, "officer")
    three = [20_021, 20_022, 20_023]
    page.locator("nav.side a[href$='/batch/']").click()
    page.locator("[name=pasted]").fill("\n".join(map(str, three)))
    page.locator("[name=kind][value=freeze]").click()
    page.wait_for_url("**/act/freeze/?list=*")
    told_by_mouse(page)
    with override(language):
        expect(page.locator("main")).to_contain_text(f"{_('will be changed')}3")
    assert not Number.objects.get(pk=three[0]).frozen_until
    page.locator(CONFIRM).click()
    page.wait_for_url("**/enforcement/decision/*/")
    assert clicks(page) == 6
    assert all(Number.objects.filter(pk__in=three).values_list("frozen_until", flat=True))
    assert list(verify()) == []


def test_a_decision_is_approved_with_three_clicks_from_the_overview(
    page: Page, house: House, console: list[str]
) -> None:
    entered(page, house, "supervisor")
    page.get_by_role("link", name=f"#{house.waiting.pk}").first.click()
    page.wait_for_url(house.at(f"inbox/{house.waiting.pk}/"))
    page.locator("[name=reason]").click()
    page.keyboard.type("seen and agreed")
    page.locator("[name=agree]").click()
    page.wait_for_url(house.at(f"enforcement/decision/{house.waiting.pk}/"))
    assert clicks(page) == 3
    assert Decision.objects.get(pk=house.waiting.pk).state == "applied"
