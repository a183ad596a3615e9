"""Every kind of page in a browser: no axe violation, nothing on the console, no wider than a phone."""

import os
import re
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any, Literal

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, ViewportSize, expect
from time_machine import Traveller

from accounts.models import Number
from qqops.audit.models import Event
from qqops.staff.access import services as access
from qqops.staff.models import Staff
from qqops.web.pages.as_of import in_form
from tests.browser.axe import Walk
from tests.browser.conftest import FRESH, LIVED, OWN, PROTECTED, House, give_code, give_password, sign_in, speak
from tests.browser.factors import App, plug_in_key
from tests.story import Story
from tests.story.canary import ADULT

DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
WIDE = ViewportSize(width=1440, height=900)
SCREENS = os.environ.get("QQOPS_SCREENS")  # `make screens`: each page is kept as a picture, too


def previewed(page: Page, house: House) -> None:
    page.goto(house.at(f"act/freeze/?number={FRESH}&number=20003"))
    page.locator("[name=clauses][value='10.1']").check()
    page.locator("[name=term][value='7']").check()
    page.locator("[name=severity][value='serious']").check()
    for name in ("facts", "evidence", "reason"):
        page.locator(f"[name={name}]").fill("传播诈骗链接，截图已核对，附件编号七")
    page.locator("[name=step][value=preview]").click()
    expect(page.locator("[name=step][value=confirm]")).to_be_visible()


def every_page_of_the_door(page: Page, house: House, settings: Any, clock: Traveller) -> Iterator[str]:
    """Stand on each page of the sign-in in turn: those before the door, then one's own second factors."""
    account = f"{house.url}/account/"
    page.goto(f"{account}login/")
    yield "login"
    give_password(page, house.url, "officer2", "not the password")
    yield "login, refused"
    sysadmin, supervisor = Staff.objects.get(username="sysadmin"), Staff.objects.get(username="supervisor")
    asked = access.invite("newcomer", "officer", name="小新", actor=sysadmin, reason="新入职处置岗位")
    agreed = access.approve(asked, actor=supervisor, reason="已与其主管核实", content_hash=asked.content_hash)
    page.goto(house.url + agreed.link)
    yield "welcome"
    page.locator("[name=code]").fill(asked.code)
    page.locator("[name=new_password1]").fill("short")
    page.locator("[name=new_password2]").fill("shorter")
    with page.expect_navigation():
        page.locator("[name=new_password1]").press("Enter")
    yield "welcome, refused"
    page.goto(f"{account}welcome/MQ/spent/")
    yield "dead link"

    settings.QQOPS_SECOND_FACTOR = True
    give_password(page, house.url, "officer2")
    page.goto(f"{account}factors/")
    yield "factors, none yet"
    page.goto(f"{account}factors/passkeys/add/")
    yield "passkey instead"
    page.goto(f"{account}factors/app/")
    yield "enrolment"
    app = App(clock, page.locator("#secret").inner_text().replace(" ", ""))
    give_code(page, "000000")
    yield "enrolment, refused"
    give_code(page, app.code())
    expect(page.locator(".codes")).to_be_visible()
    yield "recovery codes"
    page.goto(f"{account}factors/codes/")
    yield "recovery codes, shown before"
    page.goto(f"{account}factors/app/remove/")
    yield "the only factor"
    page.goto(f"{account}factors/passkeys/")
    yield "no passkeys"
    page.goto(f"{account}factors/passkeys/add/")
    plug_in_key(page)
    yield "add a passkey"
    page.locator("#passkey").click()
    page.wait_for_url(f"{account}factors/")
    yield "factors"
    page.goto(f"{account}factors/passkeys/")
    yield "passkeys"
    page.locator(".keyring a").click()
    page.wait_for_url("**/remove/")
    yield "remove a passkey"
    for name, path in {
        "remove the app": "factors/app/remove/",
        "new codes": "factors/codes/new/",
        "proof by code": "code/proof/",
        "proof by passkey": "passkey/proof/",
    }.items():
        page.goto(account + path)
        yield name
    page.goto(f"{account}code/proof/")
    give_code(page, "000000")
    yield "proof, refused"
    page.context.clear_cookies(name="sessionid")
    give_password(page, house.url, "officer2")
    page.wait_for_url(f"{account}code/")
    yield "code"
    give_code(page, "000000")
    yield "code, refused"
    page.context.clear_cookies(name="sessionid")
    settings.QQOPS_SECOND_FACTOR = False


def every_page(page: Page, house: House) -> Iterator[str]:
    """Stand on each page in turn."""
    sign_in(page, house, "supervisor")
    page.goto(f"{house.url}/account/proof/")
    yield "proof by password"
    event = Event.objects.latest("seq").pk
    made = Number.history.filter(id=LIVED).earliest("history_id").history_date
    paths = {
        "overview": "",
        "numbers": "accounts/number/",
        "number": f"accounts/number/{LIVED}/",
        "number's history": f"accounts/number/{LIVED}/history/",
        "number as it was": f"accounts/number/{LIVED}/as-of/",
        "act form": f"act/freeze/?number={FRESH}",
        "restrict form": f"act/restrict/?number={FRESH}",
        "decisions": "enforcement/decision/",
        "decision": f"enforcement/decision/{house.waiting.pk}/",
        "ruling": f"inbox/{house.waiting.pk}/",
        "inbox": "inbox/",
        "rules list": "accounts/ruleversion/",
        "alerts": "alerts/alert/",
        "alert": f"alerts/alert/{house.alert.pk}/",
        "alert to be seen": f"alerts/{house.alert.pk}/seen/",
        "events": "audit/event/",
        "event": f"audit/event/{event}/",
        "reports of the record": "reports/",
        "report": "reports/activity/",
        "report without a line": "reports/reveals/?from=2020-01-01&to=2020-01-02",
        "what somebody did and saw": f"activity/{house.asked.maker_id}/",
        "tokens": "tokens/",
        "my account": "me/",
        "staff": "staff/staff/",
        "member of staff": f"staff/staff/{house.asked.staff_id}/",
        "role to be ended": f"people/{house.asked.staff_id}/revoke/",
        "deactivation": f"people/{house.asked.staff_id}/deactivate/",
        "access requests": "staff/accessrequest/",
        "access request": f"staff/accessrequest/{house.asked.pk}/",
        "access ruling": f"access/{house.asked.pk}/",
        "access review": "access-report/",
        "emergency access": "emergency/",
        "emergency accesses": "emergency/list/",
        "emergency access to be reviewed": f"emergency/{house.taken.pk}/review/",
        "my numbers": "declared/",
        "declared numbers": "accounts/declarednumber/",
        "declared number": f"accounts/declarednumber/{house.declared}/",
        "declared number's history": f"accounts/declarednumber/{house.declared}/history/",
        "end of a declaration": f"declared/{house.declared}/end/",
        "protect form": f"protect/?number={FRESH}",
        "protected number": f"accounts/number/{PROTECTED}/",
        "number of one's own": f"accounts/number/{OWN}/",
        "protected numbers": "accounts/number/?protection=any",
        "password": "password/",
    }
    for name, path in paths.items():
        page.goto(house.at(path))
        yield name
    page.goto(house.at("accounts/ruleversion/"))
    page.locator(".lead a").first.click()
    page.wait_for_url("**/ruleversion/*/")
    yield "rules"
    page.goto(house.at(f"accounts/number/{LIVED}/as-of/?at=2026-01-01T00:00:00&against=2099-01-01T00:00"))
    yield "as it was, at no time"
    page.goto(house.at(f"accounts/number/{LIVED}/as-of/?at={in_form(made)}&against={in_form(timezone.now())}"))
    expect(page.locator("ul.diff")).to_be_visible()
    yield "as it was, compared"
    previewed(page, house)
    yield "act preview"
    page.context.clear_cookies(name="sessionid")
    sign_in(page, house, "auditor")
    page.goto(house.at("staff/staff/"))
    yield "staff"


def of_identities(story: Story) -> dict[str, list[tuple[str, list[Any]]]]:
    """The pages about people, by who looks at them: URL name and arguments."""
    people, cases = story.people, story.cases
    adult, minor, law, rights, shows = people.adult.pk, people.minor.pk, cases.law, cases.rights, cases.shows
    objects = {
        "identity": [adult, minor, people.imported.pk, people.leaving.pk],
        "correctiondemand": [people.demanded.pk],
        "reveal": [shows.reveal.pk],
        "revealrequest": [shows.waiting.pk],
        "disclosure": [law.released.pk, law.reviewed.pk, law.secret.pk, law.refused.pk, law.foreign.pk],
        "datarequest": [rights.waiting.pk, rights.copied.pk, rights.locked.pk, rights.refused.pk],
        "hold": [cases.hold.pk],
        "erasure": [rights.certificate.pk],
        "breach": [cases.breach.pk, cases.closed.pk],
    }
    looked_at: list[tuple[str, list[Any]]] = []
    for model, pks in objects.items():
        looked_at.append((f"accounts_{model}_changelist", []))
        looked_at += [(f"accounts_{model}_change", [pk]) for pk in pks]
        if model not in ("reveal", "erasure"):
            looked_at.append((f"accounts_{model}_history", [pks[0]]))
    return {
        "supervisor": [
            *looked_at,
            ("accounts_number_change", [story.numbers[0]]),
            ("people", []),
            ("answers", []),
            ("linked", [adult, "mobile"]),
            ("my_reveals", []),
            ("reveal_shown", [shows.reveal.pk]),
            ("disclosure_release", [law.reviewed.pk]),
            ("disclosure_open", [law.released.pk, "statement"]),
            ("data_request_carry_out", [rights.decided.pk]),
            ("lift_hold", [cases.hold.pk]),
            ("breach_people", [cases.breach.pk]),
        ],
        "privacy": [
            ("disclosure_review", [law.waiting.pk]),
            ("data_request_decide", [rights.waiting.pk]),
            ("data_request_statement", [rights.waiting.pk]),
            ("reveal_ruling", [shows.waiting.pk]),
            ("reveal", [minor, "holder", "name"]),
            ("breach_register", []),
            *((f"breach_{step}", [cases.breach.pk]) for step in ("assess", "report", "tell", "close")),
        ],
        "agent": [
            ("disclosure_kinds", []),
            ("disclosure_register", ["police"]),
            ("disclosure_register", ["foreign"]),
            ("disclosure_scan", [law.waiting.pk, "two_officers"]),
            ("identity_verify", [adult, "document"]),
            ("identity_demand", [adult, "document"]),
            ("correction_told", [people.demanded.pk]),
            ("correction_withdraw", [people.demanded.pk]),
            ("data_request", [adult]),
        ],
        "officer": [
            ("reveal", [adult, "holder", "mobile"]),
            ("reveal", [minor, "holder", "name"]),
            ("reveal_shown", [shows.reveal.pk]),
            ("my_reveals", []),
        ],
    }


def every_page_of_people(page: Page, house: House, story: Story) -> Iterator[str]:
    number = story.numbers[0]
    for login, places in of_identities(story).items():
        page.context.clear_cookies(name="sessionid")
        sign_in(page, house, login)
        for name, arguments in places:
            page.goto(house.url + reverse(f"admin:{name}", args=arguments))
            yield f"{name} {arguments}, {login}"
    page.goto(house.at(f"holds/place/?number={number}"))
    yield "place a hold"
    page.goto(house.at(f"answers/?number={number}&day=2026-06-01"))
    yield "who answers, answered"
    page.goto(house.at("people/"))
    page.locator("[name=value]").fill(ADULT["mobile"])
    page.locator("[data-send]").click()
    expect(page.locator("main table")).to_be_visible()
    yield "people, found"


Theme = Literal["light", "dark"]


in_both = pytest.mark.parametrize("language, theme", [("zh-hans", "light"), ("en", "dark")])
"""Each language in one theme: what one of them changes, the other does not."""


MEASURE = """() => {
  const own = performance.getEntriesByType("resource").filter((one) => !one.name.includes("/static/admin/"));
  return {
    html: performance.getEntriesByType("navigation")[0].decodedBodySize,
    assets: own.reduce((sum, one) => sum + one.decodedBodySize, 0),
  };
}"""
MOST = {"html": 60_000, "assets": 150_000}  # bytes, without Django's own files


def faults(page: Page, pages: Iterator[str], language: str, theme: Theme) -> dict[str, object]:
    """What is wrong with each page, for readers of all kinds and on a phone; and what is too heavy."""
    wrong: dict[str, object] = {}
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    walk = Walk(page)
    for name in pages:
        assert page.evaluate("document.documentElement.lang") == language
        if found := walk.violations():
            wrong[name] = found
        measured = page.evaluate(MEASURE)
        wrong |= {f"{name}, {what}": much for what, much in measured.items() if much > MOST[what]}
        page.set_viewport_size(PHONE)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            wrong[f"{name}, width"] = width
        keep(page, name, f"{language}-{theme}")
        page.set_viewport_size(DESK)
    return wrong


def keep(page: Page, name: str, looks: str) -> None:
    """Two pictures of it, for those who want to see every page with their own eyes."""
    if SCREENS:
        before = page.viewport_size or DESK
        for size in (WIDE, PHONE):
            page.set_viewport_size(size)
            file = f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.png"
            page.screenshot(path=Path(SCREENS) / f"{looks}-{size['width']}" / file, full_page=True)
        page.set_viewport_size(before)


LINES = """(n) => {
  const all = document.querySelector(".counters"), cards = all.children;
  while (cards.length > n) cards[0].remove();
  while (cards.length < n) all.append(cards[0].cloneNode(true));
  const lines = Map.groupBy(cards, (card) => card.offsetTop);
  return [...lines.values()].map((line) => [line.length, Math.round(line.at(-1).getBoundingClientRect().right)]);
}"""


def test_the_figures_of_the_overview_stand_in_even_lines(page: Page, house: House) -> None:
    sign_in(page, house, "supervisor")
    page.goto(house.url + "/admin/")
    uneven = []
    for size, n in product((WIDE, DESK, PHONE), range(1, 13)):
        page.set_viewport_size(size)
        lines, ends = zip(*page.evaluate(LINES, n), strict=True)
        if max(lines) - min(lines) > 1 or (size == PHONE and len(set(ends)) > 1):
            uneven.append((size["width"], n, lines))
    assert uneven == []


@in_both
def test_every_page_is_accessible_quiet_and_as_narrow_as_a_phone(
    page: Page, house: House, settings: Any, clock: Traveller, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    pages = chain(every_page_of_the_door(page, house, settings, clock), every_page(page, house))
    assert faults(page, pages, language, theme) == {}
    console[:] = [said for said in console if "/account/welcome/" not in said]  # a dead link is a 404


@in_both
def test_so_is_every_page_about_people(
    page: Page, house: House, story: Story, console: list[str], language: str, theme: Theme
) -> None:
    speak(page, house, language)
    page.set_viewport_size(DESK)
    assert faults(page, every_page_of_people(page, house, story), language, theme) == {}
    # What another may not see of a person is a 403, with a page that says why.
    console[:] = [said for said in console if "403" not in said or "/reveal" not in said]
