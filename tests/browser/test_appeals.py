"""Appeals heard in a browser with scripts: from the queue to a decision in three clicks, then by keys alone."""

import pytest
from django.utils.translation import gettext as _
from django.utils.translation import override
from playwright.sync_api import Page, expect

from accounts.models import Number
from appeals.lifecycle import Outcome
from appeals.models import Appeal
from appeals.rulings.pages import DOES
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.appeals.heard import REASONS, STATEMENT, WHY, filed, objection
from tests.browser.conftest import House, sign_in, speak
from tests.enforcement.acts import decide

NONE = "Nothing waits for you: whatever is to be heard is in other hands, or not yours to hear."
COUNT = """() => {
  addEventListener("click", (event) => {
    if (event.isTrusted && event.detail) sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
  }, true);
}"""  # a key that presses a button makes no click of a mouse: its detail is 0


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_next_appeal_is_decided_in_three_clicks_from_the_queue_and_the_one_after_by_keys(
    page: Page, house: House, console: list[str], cast: dict[str, Staff], language: str
) -> None:
    frozen = decide(Kind.FREEZE, [20_010], cast["officer"])
    first = objection(Number.objects.get(pk=20_010), frozen, cast["agent"])
    second = filed(20_011, "enquiry", cast["agent"])
    Appeal.objects.filter(pk=second.pk).update(due_at="2099-01-01T00:00Z")
    page.add_init_script(f"({COUNT})()")
    speak(page, house, language)
    sign_in(page, house, "reviewer")
    page.goto(house.at("appeals/appeal/"))
    page.evaluate("() => sessionStorage.clear()")
    with override(language):
        ends, none = str(DOES[Kind.LIFT]), _(NONE)
        decided = _("%(receipt)s is decided: %(outcome)s.") % {
            "receipt": first.receipt, "outcome": Outcome.UPHELD.label
        }  # fmt: skip

    page.locator("button[data-key=n]").click()
    page.wait_for_url(house.at(f"appeals/appeal/{first.pk}/"))
    expect(page.locator("main")).to_contain_text(STATEMENT)
    page.keyboard.press("1")
    expect(page.locator("[name=outcome][value=upheld]")).to_be_checked()
    page.locator("[name=text]").fill(REASONS)
    page.locator("[name=reason]").fill(WHY)
    page.locator("[name=step][value=preview]").click()
    expect(page.locator("main")).to_contain_text(ends)
    page.locator("[name=step][value=next]").click()
    page.wait_for_url(house.at(f"appeals/appeal/{second.pk}/"))
    assert page.evaluate("() => Number(sessionStorage.clicks)") == 3
    expect(page.locator(".messages")).to_contain_text(decided)
    assert Measure.objects.get(number=20_010).end_reason == "voided"

    page.keyboard.press("1")
    page.locator("[name=text]").fill(REASONS)
    page.locator("[name=reason]").fill(WHY)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[name=step][value=next]")).to_be_focused()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(house.at("appeals/appeal/"))
    expect(page.locator(".messages")).to_contain_text(none)
    page.keyboard.press("n")
    expect(page.locator(".messages")).to_contain_text(none)
    assert page.evaluate("() => Number(sessionStorage.clicks)") == 3
    assert set(Appeal.objects.values_list("outcome", flat=True)) == {"upheld", "answered"}
    assert list(verify()) == []
