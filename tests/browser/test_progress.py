"""The panel of progress in a real browser: drawn anew by its script until the run is over, and then left alone."""

from playwright.sync_api import Page, expect

from enforcement.models import Decision
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.staff.models import Staff
from tests.browser.conftest import House, sign_in, speak
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide


def test_the_panel_follows_the_run_and_stops_with_it(
    page: Page, house: House, cast: dict[str, Staff], console: list[str]
) -> None:
    speak(page, house, "en")
    sign_in(page, house, "officer")
    ids = list(range(40_000, 40_103))
    make_numbers(ids)
    decision = decide(Kind.FREEZE, ids, cast["officer"]).decision
    approve(decision, cast["supervisor"], later=lambda _decision: None)
    page.goto(house.at(f"enforcement/decision/{decision.pk}/"))
    panel = page.locator(".run[aria-live]")
    expect(panel).to_contain_text("waiting for the worker")
    apply(Decision.objects.get(pk=decision.pk), actor=Staff.objects.system("system-worker"))
    expect(panel).to_contain_text("103 of 103", timeout=10_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_500)
    assert asked == []
