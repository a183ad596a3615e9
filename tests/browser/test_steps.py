"""The fewest steps: what the daily acts take, in clicks of a mouse or in keys. To type a text is neither."""

from playwright.sync_api import Page, expect

from accounts.models import Number
from enforcement.models import Decision
from qqops.audit.verify import verify
from tests.browser.conftest import FRESH, House, sign_in, speak

WHY = "fraud report upheld"
FACTS, EVIDENCE = "sold forged tickets in two groups", "screenshot set 7"
COUNT = """addEventListener("click", (event) => {
  if (event.isTrusted && event.detail) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
}, true)"""  # a key that presses a button makes no click of a mouse: its detail is 0


def clicks(page: Page) -> int:
    """How many there were since this was asked last."""
    count = int(page.evaluate("Number(sessionStorage.clicks || 0)"))
    page.evaluate("sessionStorage.clicks = 0")
    return count


def entered(page: Page, house: House, login: str) -> None:
    page.add_init_script(COUNT)
    speak(page, house, "en")
    sign_in(page, house, login)
    clicks(page)


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
    expect(page.locator("[name=step][value=confirm]")).to_be_focused()
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
    page.get_by_role("link", name="Freeze").click()
    page.get_by_label("10.1", exact=True).click()
    page.get_by_label("serious", exact=True).click()
    for name, text in (("facts", FACTS), ("evidence", EVIDENCE), ("reason", WHY)):
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Confirm freeze").click()
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    assert clicks(page) == 6
    assert Number.objects.get(pk=FRESH).frozen_until


def test_three_numbers_are_frozen_with_six_clicks(page: Page, house: House, console: list[str]) -> None:
    entered(page, house, "officer")
    three = [20_021, 20_022, 20_023]
    page.locator("nav.side").get_by_role("link", name="New batch").click()
    page.locator("[name=pasted]").fill("\n".join(map(str, three)))
    page.get_by_role("button", name="Freeze", exact=True).click()
    page.wait_for_url("**/act/freeze/?list=*")
    page.get_by_label("10.1", exact=True).click()
    page.get_by_label("serious", exact=True).click()
    for name, text in (("facts", FACTS), ("evidence", EVIDENCE), ("reason", WHY)):
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("main")).to_contain_text("will be changed3")
    assert not Number.objects.get(pk=three[0]).frozen_until
    page.get_by_role("button", name="Confirm freeze").click()
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
    page.get_by_role("button", name="Agree").click()
    page.wait_for_url(house.at(f"enforcement/decision/{house.waiting.pk}/"))
    assert clicks(page) == 3
    assert Decision.objects.get(pk=house.waiting.pk).state == "applied"
