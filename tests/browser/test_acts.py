"""Used for real: an officer freezes, a supervisor approves, each signed in by the form, in a browser with scripts."""

import re

from playwright.sync_api import Page, expect

from accounts.models import Number
from enforcement.models import Approval, Decision, Measure
from qqops.audit.verify import verify
from tests.browser.conftest import FRESH, House, sign_in, sign_out, speak


def test_an_officer_freezes_and_a_supervisor_approves(page: Page, house: House, console: list[str]) -> None:
    speak(page, house, "en")
    sign_in(page, house, "officer")

    page.keyboard.press("/")
    expect(page.locator("#nav-filter")).to_be_focused()
    page.keyboard.type(str(FRESH))
    page.keyboard.press("Enter")
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    expect(page.locator(".heading")).to_contain_text("in use")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    page.keyboard.press("f")
    page.wait_for_url(house.at(f"act/freeze/?number={FRESH}"))

    page.get_by_label("10.1", exact=True).check()
    page.get_by_label("30 days").check()
    page.get_by_label("serious", exact=True).check()
    page.get_by_label("Departs from the ladder because").fill("he sold them in two groups")
    page.get_by_label("Facts").fill("Sold forged tickets in two groups")
    page.get_by_label("Evidence", exact=True).fill("screenshot set 7\nchat log 9")
    page.get_by_label("Reason").fill("fraud report upheld")
    page.keyboard.press("Control+Enter")  # the preview
    expect(page.locator(".consequences")).to_contain_text("It acts at once, provisionally")
    expect(page.locator("[name=step][value=confirm]")).to_be_focused()
    assert not Measure.objects.filter(number=FRESH).exists()
    page.get_by_role("button", name="Send for approval").click()
    page.wait_for_url(house.at(f"accounts/number/{FRESH}/"))
    decision = Decision.objects.latest("pk")
    expect(page.locator(".messages")).to_contain_text(f"Decision #{decision.pk} waits for approval.")
    expect(page.locator(".heading")).to_contain_text("frozen")
    assert Number.objects.get(pk=FRESH).frozen_until == decision.expires_at
    page.goto(house.at(f"inbox/{decision.pk}/"))  # his own: not for him
    expect(page.locator("h1")).to_have_text("You may not do this")
    page.goto(house.at(""))
    sign_out(page)

    sign_in(page, house, "supervisor")
    page.locator("nav.side").get_by_role("link", name="Waiting for approval").click()
    page.get_by_role("link", name=f"#{decision.pk}").click()
    page.wait_for_url(house.at(f"inbox/{decision.pk}/"))
    expect(page.locator("main")).to_contain_text("Sold forged tickets in two groups")
    expect(page.locator("main")).to_contain_text("will be changed1")
    page.get_by_label("Reason").fill("seen and agreed")
    page.get_by_role("button", name="Agree").click()
    page.wait_for_url(house.at(f"enforcement/decision/{decision.pk}/"))
    expect(page.locator(".messages")).to_contain_text(f"Decision #{decision.pk}: 1 applied, 0 skipped.")
    expect(page.locator(".heading")).to_contain_text("applied")

    decision.refresh_from_db()
    assert [(a.approver.username, a.reason) for a in Approval.objects.filter(proposal=decision)] == [
        ("supervisor", "seen and agreed")
    ]
    assert Number.objects.get(pk=FRESH).frozen_until == decision.ends_at
    assert list(verify()) == []
    console[:] = [said for said in console if not re.search(r"status of 403 .*/inbox/", said)]


def test_rows_are_walked_ticked_and_acted_on_by_keys(page: Page, house: House, console: list[str]) -> None:
    sign_in(page, house, "officer")
    page.goto(house.at("accounts/number/?q=2000"))
    bar = page.locator(".bulk-count")
    before = bar.text_content()
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert bar.text_content() != before
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("f")
    page.wait_for_url("**/act/freeze/?*")
    assert page.url.count("number=") == 2
    page.go_back()
    page.locator("#nav-filter").focus()
    page.keyboard.type("f")  # in a text box a letter is a letter
    assert page.locator("#nav-filter").input_value() == "f"
