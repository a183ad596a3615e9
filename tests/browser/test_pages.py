"""Every kind of page in a browser: no axe violation, nothing on the console, no wider than a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize, expect

from qqops.audit.models import Event
from tests.browser.conftest import FRESH, LIVED, House, sign_in, speak

RULES: dict[str, object] = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS: dict[str, object] = {"type": "rule", "values": ["color-contrast"]}  # all that a theme changes
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


def previewed(page: Page, house: House) -> None:
    page.goto(house.at(f"act/freeze/?number={FRESH}&number=20003"))
    page.locator("[name=clauses][value='10.1']").check()
    page.locator("[name=term][value='7']").check()
    for name in ("facts", "evidence", "reason"):
        page.locator(f"[name={name}]").fill("传播诈骗链接，截图已核对，附件编号七")
    page.locator("[name=step][value=preview]").click()
    expect(page.locator("[name=step][value=confirm]")).to_be_visible()


def every_page(page: Page, house: House) -> Iterator[str]:
    """Stand on each page in turn."""
    page.goto(house.at("login/"))
    yield "login"
    sign_in(page, house, "supervisor")
    event = Event.objects.latest("seq").pk
    paths = {
        "overview": "",
        "numbers": "accounts/number/",
        "number": f"accounts/number/{LIVED}/",
        "number's history": f"accounts/number/{LIVED}/history/",
        "act form": f"act/freeze/?number={FRESH}",
        "restrict form": f"act/restrict/?number={FRESH}",
        "decisions": "enforcement/decision/",
        "decision": f"enforcement/decision/{house.waiting.pk}/",
        "ruling": f"inbox/{house.waiting.pk}/",
        "inbox": "inbox/",
        "rules list": "accounts/ruleversion/",
        "events": "audit/event/",
        "event": f"audit/event/{event}/",
        "tokens": "tokens/",
        "password": "password/",
    }
    for name, path in paths.items():
        page.goto(house.at(path))
        yield name
    page.goto(house.at("accounts/ruleversion/"))
    page.locator(".lead a").first.click()
    page.wait_for_url("**/ruleversion/*/")
    yield "rules"
    previewed(page, house)
    yield "act preview"
    page.context.clear_cookies(name="sessionid")
    sign_in(page, house, "auditor")
    page.goto(house.at("staff/staff/"))
    yield "staff"


def violations(page: Page, rules: dict[str, object]) -> list[str]:
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules)["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} | {v['nodes'][0]['failureSummary'][:200]}" for v in found]


@pytest.mark.parametrize("language, themes", [("zh-hans", {"light": RULES, "dark": COLOURS}), ("en", {"light": RULES})])
def test_every_page_is_accessible_quiet_and_as_narrow_as_a_phone(
    page: Page, house: House, console: list[str], language: str, themes: dict[Any, dict[str, object]]
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    wrong: dict[str, object] = {}
    for name in every_page(page, house):
        assert page.evaluate("document.documentElement.lang") == language
        page.evaluate(AXE_SCRIPT)
        for theme, rules in themes.items():
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if found := violations(page, rules):
                wrong[f"{name}, {theme}"] = found
        page.set_viewport_size(PHONE)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            wrong[f"{name}, width"] = width
        page.set_viewport_size(DESK)
    assert wrong == {}
