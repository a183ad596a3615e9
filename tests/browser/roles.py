"""A morning at the desk of each role, as docs/roles tells it: the pages in their order, with the names of pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import Number
from qqops.audit.models import Event
from qqops.staff.models import Staff
from qqops.staff.signin import throttle
from tests.browser.conftest import FRESH, LIVED, House
from tests.browser.test_pages import previewed
from tests.cast import make_numbers
from tests.permissions.samples import dormant
from tests.story.cases import cases
from tests.story.enforcing import enforcing
from tests.story.hearing import hearing_room
from tests.story.people import People, people
from tests.supply import open_range

FIRST, RANGE = 284_190_000, 284_917_000
REASON = "按规则办理，材料已核对"
ANSWER = "经核查举报截图与登录记录，处置所依据的事实成立。"


@dataclass(frozen=True)
class Desk:
    page: Page
    house: House
    cast: dict[str, Staff]

    def open(self, path: str) -> None:
        self.page.goto(self.house.at(path))

    def named(self, name: str, *arguments: Any, query: str = "") -> None:
        self.page.goto(self.house.url + reverse(f"admin:{name}", args=arguments) + query)

    def press(self, step: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(f"[name=step][value={step}]").click()


Morning = Iterator[str]  # after each page: how its picture is called, or nothing where it is only read


def officer(desk: Desk) -> Morning:
    told = enforcing(desk.cast, FIRST)
    desk.open("")
    yield "overview"
    desk.open(f"accounts/number/{LIVED}/")
    yield ""
    desk.open(f"act/freeze/?number={FRESH}")
    yield ""
    previewed(desk.page, desk.house)
    desk.page.evaluate("scrollTo(0, 0)")  # the button to confirm has the focus, far below
    yield "preview"
    for path in ("batch/", f"enforcement/decision/{told.waits.pk}/", f"enforcement/decision/{told.ended.pk}/"):
        desk.open(path)
        yield ""
    desk.open("enforcement/case/")
    yield ""


def supervisor(desk: Desk) -> Morning:
    desk.open("")
    yield "overview"
    desk.open(f"enforcement/decision/{desk.house.waiting.pk}/")
    yield ""
    desk.open(f"inbox/{desk.house.waiting.pk}/")
    yield "ruling"
    desk.open(f"alerts/alert/{desk.house.alert.pk}/")
    yield ""


def reviewer(desk: Desk) -> Morning:
    heard = hearing_room(desk.cast, FIRST)
    desk.open("")
    yield "overview"
    desk.named("appeals_appeal_change", heard.filed.pk)
    yield ""
    desk.named("appeals_read", heard.filed.pk)
    with desk.page.expect_navigation():
        desk.page.locator("[data-send]").click()
    desk.named("appeals_appeal_changelist")
    yield ""
    with desk.page.expect_navigation():
        desk.page.keyboard.press("n")
    desk.page.locator("[name=outcome][value=rejected]").check()
    desk.page.locator("[name=text]").fill(ANSWER)
    desk.page.locator("[name=reason]").fill(REASON)
    yield ""
    desk.press("preview")
    yield "preview"
    desk.named("appeals_appeal_change", heard.in_hand.pk)
    yield "appeal"


def agent(desk: Desk) -> Morning:
    known = _people(desk)
    hearing_room(desk.cast, FIRST)
    desk.open("")
    yield "overview"
    number = known.adult.tenure.number_id
    desk.open(f"accounts/number/{number}/")
    yield ""
    desk.named("file_appeal", query=f"?number={number}")
    yield "appeal"
    desk.named("accounts_identity_change", known.adult.pk)
    yield "identity"


def resources(desk: Desk) -> Morning:
    policy = dormant(desk.cast)
    opened = open_range(desk.cast, RANGE, RANGE + 999, price=888, channels=("web", "sms"), plan="每日一百个")
    open_range(desk.cast, 20_000_000_000, 29_999_999_999, "premium", state="reserved")
    make_numbers(range(RANGE, RANGE + 420))
    desk.open("")
    desk.page.get_by_role("heading", name="号码池使用情况").scroll_into_view_if_needed()
    yield "overview"
    desk.open("accounts/numberrange/")
    yield "ranges"
    desk.open(f"accounts/numberrange/{opened.pk}/")
    yield ""
    desk.named("open_range")
    yield ""
    desk.open("accounts/dormancypolicy/")
    yield ""
    desk.named("accounts_dormancypolicy_change", policy.pk)
    yield ""
    desk.named("reclaim", policy.pk)
    desk.page.locator("[name=reason]").fill(REASON)
    desk.press("preview")
    yield "reclaim"


def privacy(desk: Desk) -> Morning:
    found = cases(desk.cast, _people(desk))
    desk.open("")
    yield "overview"
    desk.named("accounts_disclosure_change", found.law.waiting.pk)
    yield ""
    desk.named("disclosure_review", found.law.waiting.pk)
    yield "review"
    desk.named("accounts_datarequest_change", found.rights.waiting.pk)
    yield ""
    desk.named("data_request_decide", found.rights.waiting.pk)
    yield ""
    desk.named("accounts_revealrequest_change", found.shows.waiting.pk)
    yield ""
    desk.open("accounts/breach/")
    yield ""


def auditor(desk: Desk) -> Morning:
    desk.open("")
    yield "overview"
    desk.open("audit/event/")
    yield "events"
    desk.open(f"audit/event/{Event.objects.filter(verb='decision.applied').latest('seq').pk}/")
    yield ""
    desk.open(f"accounts/number/{LIVED}/")
    yield ""
    desk.open(f"accounts/number/{LIVED}/history/")
    yield "history"
    desk.open(f"staff/staff/{desk.cast['officer'].pk}/")
    yield ""


def sysadmin(desk: Desk) -> Morning:
    desk.open("")
    yield "overview"
    desk.open("staff/staff/")
    yield ""
    desk.named("staff_invite")
    yield ""
    for name, said in (("login", "lin.xiaohe"), ("name", "林小荷"), ("reason", "新入职处置岗位")):
        desk.page.locator(f"[name={name}]").fill(said)
    desk.page.locator("[name=role]").select_option("officer")
    desk.press("preview")
    yield "invite"
    desk.open(f"staff/staff/{desk.cast['officer'].pk}/")
    yield "person"
    for _guess in range(throttle.LIMITS["sign-in"].hits):
        throttle.hit("sign-in", "officer2", "strangers")
    desk.open(f"staff/staff/{desk.cast['officer2'].pk}/")
    yield ""


def _people(desk: Desk) -> People:
    ids = list(range(FIRST, FIRST + 4))
    make_numbers(ids)
    return people(desk.cast, list(Number.objects.filter(pk__in=ids).select_related("tenure").order_by("pk")))


MORNINGS: dict[str, Callable[[Desk], Morning]] = {
    one.__name__: one for one in (agent, reviewer, officer, supervisor, resources, privacy, auditor, sysadmin)
}
LOGINS = {role: role for role in MORNINGS} | {"reviewer": "reviewer2"}  # who has an appeal in hand
