"""Signing in for real: from the link of the first day to a lost phone, with codes, passkeys and scripts off."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, Page, expect
from time_machine import Traveller

from accounts.models import Number
from enforcement.models import Decision
from qqops.audit.verify import verify
from qqops.staff.access import services as access
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import Staff
from qqops.staff.signin import services as signin
from tests.browser.axe import violations
from tests.browser.conftest import FRESH, give_code, give_password, sign_out
from tests.browser.factors import App, plug_in_key

NEW_PASSWORD = "a quiet harbour at noon"
A_WHILE = datetime.timedelta(minutes=16)  # longer than a proof is good for
CODE_NEEDED, ENROL, CODES = "**/account/code/", "**/account/factors/app/", "**/account/factors/codes/"


@pytest.fixture
def desk(live_server: Any, cast: dict[str, Staff], settings: Any) -> str:
    """The address of a desk where nobody works without a second factor."""
    settings.QQOPS_SECOND_FACTOR = True
    settings.LANGUAGE_CODE = "en"
    return str(live_server.url)


def inside(desk: str) -> str:
    return f"{desk}/admin/"


def excuse(console: list[str], pattern: str) -> None:
    """Drop what the browser says of an answer that was meant to be an error."""
    console[:] = [said for said in console if not re.search(pattern, said)]


def test_a_newcomer_enters_by_link_app_and_recovery_code(
    page: Page, desk: str, cast: dict[str, Staff], clock: Traveller, console: list[str]
) -> None:
    request = access.invite("newcomer", "officer", name="Ada", actor=cast["sysadmin"], reason="joins the team")
    agreed = "agreed with her lead"
    ruled = access.approve(request, actor=cast["supervisor"], reason=agreed, content_hash=request.content_hash)

    page.goto(desk + ruled.link)
    expect(page.locator("h1")).to_have_text("Welcome, Ada")
    page.get_by_label("Code").fill(request.code)
    page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New password confirmation").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/account/login/")
    expect(page.locator(".messages")).to_have_text("Your password is set. Sign in with it.")
    page.goto(desk + ruled.link)
    expect(page.locator("h1")).to_have_text("This link is no good any more")

    give_password(page, desk, "newcomer", NEW_PASSWORD)
    page.wait_for_url(ENROL)
    expect(page.locator(".enrol")).to_contain_text("nobody works at this desk with a password alone")
    page.goto(inside(desk))
    page.wait_for_url(ENROL)  # no way round it
    expect(page.locator("nav.side")).to_have_count(0)
    app = App(clock, page.locator("#secret").inner_text().replace(" ", ""))
    give_code(page, "000000")
    expect(page.locator(".note-error")).to_contain_text("The secret below is still the same.")
    assert page.locator("#secret").inner_text().replace(" ", "") == app.secret
    give_code(page, app.code())
    page.wait_for_url(CODES)
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    page.reload()
    expect(page.locator(".codes")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("You have 10 unused codes.")
    page.get_by_role("link", name="Number desk").click()
    page.wait_for_url(inside(desk))
    sign_out(page)

    code = app.code()
    give_password(page, desk, "newcomer", NEW_PASSWORD)
    page.wait_for_url(CODE_NEEDED)
    give_code(page, code)
    page.wait_for_url(inside(desk))
    sign_out(page)
    give_password(page, desk, "newcomer", NEW_PASSWORD)
    give_code(page, code)
    expect(page.locator(".errorlist")).to_have_text(
        "The code is not right, or was used already. Wait for the next one."
    )

    give_code(page, codes[0])
    page.wait_for_url(inside(desk))
    sign_out(page)
    give_password(page, desk, "newcomer", NEW_PASSWORD)
    give_code(page, codes[0])
    expect(page.locator(".errorlist")).to_be_visible()
    give_code(page, codes[1])
    page.wait_for_url(inside(desk))
    page.goto(f"{desk}/account/factors/")
    expect(page.locator("main")).to_contain_text("8 left")
    assert list(verify()) == []
    excuse(console, r"status of 404 .*/account/welcome/")


def test_a_passkey_lets_in_alone_proves_again_and_is_refused_once_removed(
    page: Page, desk: str, cast: dict[str, Staff], clock: Traveller, console: list[str]
) -> None:
    give_password(page, desk, "officer")
    page.wait_for_url(ENROL)
    page.get_by_role("link", name="Use a passkey instead").click()
    plug_in_key(page)
    page.get_by_label("Name of the passkey").fill("office laptop")
    page.get_by_label("Log in with this passkey alone").check()
    page.keyboard.press("Enter")
    page.wait_for_url(CODES)
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url(inside(desk))
    sign_out(page)

    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(inside(desk))
    clock.shift(A_WHILE)
    page.goto(f"{desk}/account/factors/passkeys/add/")
    page.wait_for_url("**/account/passkey/proof/?*")
    expect(page.get_by_role("link", name="use a code")).to_be_visible()  # for the day the passkey is lost
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/account/factors/passkeys/add/")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("alert")).to_have_text("This device holds a passkey of yours already.")
    page.goto(f"{desk}/account/factors/passkeys/")
    expect(page.locator(".keyring")).to_contain_text("office laptop")
    sign_out(page)

    give_password(page, desk, "officer")  # as a second factor too
    page.wait_for_url(CODE_NEEDED)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(inside(desk))
    sign_out(page)

    Authenticator.objects.filter(user=cast["officer"]).delete()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.locator(".messages .note-error")).to_be_visible()
    page.wait_for_url("**/account/login/")
    assert list(verify()) == []


def test_a_passkey_that_is_not_there_or_cannot_be_is_said_in_words(page: Page, desk: str, console: list[str]) -> None:
    page.goto(f"{desk}/account/login/")
    plug_in_key(page)  # an empty one
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    page.goto(f"{desk}/account/login/".replace("localhost", "127.0.0.1"))
    expect(page.get_by_role("button", name="Log in with a passkey")).to_have_count(0)
    expect(page.get_by_role("link", name=desk)).to_have_attribute("href", f"{desk}/account/login/")


def test_a_form_asks_for_the_code_first_and_keeps_what_was_typed_when_it_went_stale(
    page: Page,
    desk: str,
    cast: dict[str, Staff],
    rulebook: Any,
    number: Callable[..., Number],
    clock: Traveller,
    console: list[str],
) -> None:
    number(id=FRESH)
    app = App.of(cast["officer"], clock)
    form = f"{desk}/admin/act/freeze/?number={FRESH}"
    give_password(page, desk, "officer")
    give_code(page, app.code())
    page.wait_for_url(inside(desk))
    page.goto(form)  # a fresh sign-in counts
    expect(page.get_by_label("Reason")).to_be_visible()

    clock.shift(A_WHILE)
    page.goto(form)
    page.wait_for_url("**/account/code/proof/?next=*")
    give_code(page, app.code())
    page.wait_for_url(form)
    page.get_by_label("10.1", exact=True).check()
    page.get_by_label("7 days").check()
    page.get_by_label("serious", exact=True).check()
    page.get_by_label("Facts").fill("Sold forged tickets in two groups")
    page.get_by_label("Evidence", exact=True).fill("screenshot set 7")
    page.get_by_label("Reason").fill("fraud report upheld")
    clock.shift(A_WHILE)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".note-warning")).to_contain_text("Nothing was done, and what you wrote is still here.")
    expect(page.get_by_label("Facts")).to_have_value("Sold forged tickets in two groups")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Give it again in a new tab").click()
    give_code(opened.value, app.code())
    opened.value.wait_for_url(form)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("[name=step][value=confirm]")).to_be_visible()
    assert not Decision.objects.exists()
    excuse(console, r"status of 403 .*/act/freeze/")


def test_strangers_are_locked_out_the_colleague_is_not_and_a_supervisor_unlocks(
    page: Page, browser: Browser, desk: str, cast: dict[str, Staff], clock: Traveller
) -> None:
    app = App.of(cast["officer"], clock)
    give_password(page, desk, "officer")
    give_code(page, app.code())
    page.wait_for_url(inside(desk))
    sign_out(page)
    stranger = browser.new_context().new_page()
    for _guess in range(5):
        give_password(stranger, desk, "officer", "guess after guess")
        expect(stranger.get_by_role("alert")).to_contain_text("The login or the password is not right.")
    give_password(stranger, desk, "officer")
    expect(stranger.get_by_role("alert")).to_contain_text("Too many attempts.")

    give_password(page, desk, "officer")  # his own browser is known
    give_code(page, app.code())
    page.wait_for_url(inside(desk))
    signin.unlock("officer", actor=cast["supervisor"], reason="guessed at from outside")
    give_password(stranger, desk, "officer")
    stranger.wait_for_url(CODE_NEEDED)
    stranger.context.close()


def test_password_and_code_let_in_with_scripts_off(
    browser: Browser, desk: str, cast: dict[str, Staff], clock: Traveller
) -> None:
    app = App.of(cast["officer"], clock)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    give_password(page, desk, "officer")
    page.wait_for_url(CODE_NEEDED)
    give_code(page, app.code())
    page.wait_for_url(inside(desk))
    page.goto(f"{desk}/account/factors/passkeys/add/")
    expect(page.get_by_text("Passkeys need JavaScript, which is off in this browser.")).to_be_visible()
    expect(page.get_by_role("button", name="Add the passkey")).to_have_count(0)
    sign_out(page)
    expect(page.get_by_role("button", name="Log in with a passkey")).to_have_count(0)
    context.close()


def test_the_only_app_moves_to_a_new_phone(page: Page, desk: str, cast: dict[str, Staff], clock: Traveller) -> None:
    old = App.of(cast["officer"], clock)
    give_password(page, desk, "officer")
    give_code(page, old.code())
    page.wait_for_url(inside(desk))
    page.goto(f"{desk}/account/factors/app/remove/")
    expect(page.get_by_role("button", name="Remove the app")).to_have_count(0)
    page.get_by_role("link", name="Move to a new phone").click()
    expect(page.locator("h1")).to_have_text("Move to a new phone")
    assert violations(page) == []
    new = App(clock, page.locator("#secret").inner_text().replace(" ", ""))
    give_code(page, new.code())
    page.wait_for_url(CODES)  # he had none
    sign_out(page)
    give_password(page, desk, "officer")
    give_code(page, old.code())
    expect(page.locator(".errorlist")).to_be_visible()
    give_code(page, new.code())
    page.wait_for_url(inside(desk))


@pytest.mark.parametrize("wide", [390, 1440])
def test_emergency_access_is_given_back_from_its_badge(
    page: Page, desk: str, cast: dict[str, Staff], clock: Traveller, wide: int
) -> None:
    page.set_viewport_size({"width": wide, "height": 900})
    app = App.of(cast["officer"], clock)
    give_password(page, desk, "officer")
    give_code(page, app.code())
    page.wait_for_url(inside(desk))
    break_glass("supervisor", actor=cast["officer"], reason="no supervisor on the night shift")
    page.goto(f"{desk}/admin/me/")
    cell = page.get_by_role("cell", name="emergency access").first
    box = cell.bounding_box()
    assert box and box["height"] < 60  # not a letter a line
    for said in ("Until", "Given by"):
        expect(page.locator(f'td[data-label="{said}"]').first).to_be_in_viewport()
    badge = page.locator(".glass summary")
    badge.click()
    button = page.locator(".glass").get_by_role("button", name="Give it back now")
    expect(button).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    themes: tuple[Any, ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert violations(page) == []
    button.click()
    expect(page.locator(".messages")).to_contain_text("The emergency access is over.")
    expect(badge).to_have_count(0)
