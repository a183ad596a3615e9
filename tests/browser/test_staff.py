"""Who may enter, by the web door: a newcomer is let in by two, an officer breaks the glass and another looks at it."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from qqops.audit.verify import verify
from qqops.staff.access import services as access
from qqops.staff.models import GlassReview, Holding, Staff
from tests.browser.conftest import FRESH, House, give_password, sign_in, sign_out, speak
from tests.cast import PASSWORD

NEW_PASSWORD = "a quiet harbour at noon"


def test_an_administrator_asks_and_a_supervisor_lets_in(page: Page, house: House, console: list[str]) -> None:
    speak(page, house, "en")
    sign_in(page, house, "sysadmin")
    page.goto(house.at("staff/staff/"))
    page.get_by_role("link", name="Invite").click()
    page.get_by_label("Login").fill("ada")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("Role").select_option("officer")
    page.get_by_label("Reason").fill("joins the second shift")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".consequences")).to_contain_text("Nothing is given yet")
    page.get_by_role("button", name="Send for approval").click()
    expect(page.locator("h1")).to_contain_text("waits for approval")
    code = page.locator("main code").inner_text()
    assert not Staff.objects.get(username="ada").may_enter
    sign_out(page)

    sign_in(page, house, "supervisor")
    page.locator("nav.side").get_by_role("link", name="Access requests").click()
    page.get_by_role("row", name=re.compile("ada")).get_by_role("link").first.click()
    page.get_by_role("link", name="Approve or refuse").click()
    page.get_by_label("Reason").fill("agreed with her lead")
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("h1")).to_contain_text("is approved")
    link = page.locator("code").first.inner_text()
    page.get_by_role("link", name="To the request").click()
    expect(page.locator("main")).not_to_contain_text(link)
    sign_out(page)

    page.goto(link)
    page.get_by_label("Code").fill(code)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/account/login/")
    give_password(page, house.url, "ada", NEW_PASSWORD)
    page.goto(house.at("me/"))
    expect(page.locator("main")).to_contain_text("enforcement officer")
    assert list(verify()) == []


def test_an_officer_takes_a_role_in_an_emergency_and_another_reviews_it(
    page: Page, house: House, cast: dict[str, Staff], console: list[str]
) -> None:
    speak(page, house, "en")
    sign_in(page, house, "officer")
    page.goto(house.at("inbox/"))
    expect(page.locator("h1")).to_have_text("You may not do this")
    page.goto(house.at("me/"))
    page.get_by_role("link", name="Emergency access").click()
    page.get_by_label("supervisor").check()
    page.get_by_label("15 minutes").check()
    page.get_by_label("Reason").fill("nobody else at the desk tonight")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".consequences")).to_contain_text("supervisors and auditors are told at once")
    page.get_by_role("button", name="Take the role now").click()
    expect(page.locator(".messages")).to_contain_text("You are supervisor until")
    expect(page.locator("header")).to_contain_text("Emergency access until")
    page.goto(house.at("inbox/"))
    expect(page.locator("h1")).to_contain_text("Waiting for my approval")
    page.goto(house.at(f"inbox/{house.waiting.pk}/"))
    expect(page.locator("[role=alert]")).to_contain_text("You made this decision")  # a role more, and still the maker
    sign_out(page)

    sign_in(page, house, "supervisor2")
    expect(page.locator("main")).to_contain_text("took the role supervisor in an emergency")
    taken = Holding.objects.get(staff__username="officer", glass=True)
    access.revoke(cast["officer"], "supervisor", actor=cast["supervisor2"], reason="another supervisor has come")
    page.goto(house.at("emergency/list/"))
    page.get_by_role("row", name=re.compile(r"officer\b")).get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("took the role supervisor in an emergency")
    page.get_by_label("justified", exact=True).check()
    page.get_by_label("Remarks").fill("the only one at the desk, nothing was approved")
    page.get_by_role("button", name="Record the review").click()
    expect(page.locator(".messages")).to_contain_text("is reviewed")
    review = GlassReview.objects.get(holding=taken)
    assert (review.reviewer.username, review.justified) == ("supervisor2", True)
    assert list(verify()) == []
    console[:] = [said for said in console if not re.search(r"status of 403 .*/inbox/", said)]


def test_one_ends_ones_other_sessions_and_a_lost_role_ends_them_all(
    page: Page, house: House, cast: dict[str, Staff], browser: Any
) -> None:
    speak(page, house, "en")
    sign_in(page, house, "officer")
    elsewhere = browser.new_context().new_page()
    speak(elsewhere, house, "en")
    sign_in(elsewhere, house, "officer")
    page.goto(house.at("me/"))
    expect(page.locator("main")).to_contain_text("this one")
    page.get_by_role("button", name="End all other sessions").click()
    expect(page.locator(".messages")).to_contain_text("1 other session ended.")
    elsewhere.goto(house.at(f"accounts/number/{FRESH}/"))
    elsewhere.wait_for_url("**/account/login/?next=*")

    page.goto(house.at(f"act/freeze/?number={FRESH}"))
    access.revoke(cast["officer"], "officer", actor=cast["supervisor"], reason="moves to another desk")
    page.locator("form.act-form").evaluate("form => form.submit()")
    page.wait_for_url("**/account/login/?next=*")
    give_password(page, house.url, "officer", PASSWORD)
    expect(page.locator(".note-error").first).to_contain_text("not right")  # no role, no entry
