"""Short words for the pages of appeals: their addresses, a step through both of its halves."""

from typing import Any

from django.urls import reverse

from appeals.models import Appeal, Ruling
from tests.appeals.heard import REASONS, WHY, seen
from tests.pages import confirm, preview, text

LIST, NEXT, INBOX = "/admin/appeals/appeal/", "/admin/appeals/next/", "/admin/appeals/rulings/"
RULED = {"outcome": "rejected", "text": REASONS, "reason": WHY, "clauses": "", "ticket": ""}
ANSWERED = RULED | {"outcome": "answered"}


def of(name: str, appeal: Appeal) -> str:
    return reverse(f"admin:appeals_{name}", args=[appeal.pk])


def page_of(appeal: Appeal) -> str:
    return reverse("admin:appeals_appeal_change", args=[appeal.pk])


def ruling_page(ruling: Ruling) -> str:
    return reverse("admin:appeals_ruling", args=[ruling.pk])


def both_steps(browser: Any, url: str, said: dict[str, Any]) -> Any:
    shown = preview(browser, url, said)
    assert shown.status_code == 200 and "token" in shown.context, text(shown)
    done = confirm(browser, url, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return done


def take(browser: Any, appeal: Appeal) -> None:
    assert browser.post(of("take", appeal))["Location"] == page_of(appeal)


def answer(browser: Any, ruling: Ruling, button: str, **more: str) -> Any:
    said = {"content_hash": seen(ruling), "reason": "已核对裁定与证据", button: "1"} | more
    return browser.post(ruling_page(ruling), said)


def counted(response: Any, url_name: str) -> tuple[int, bool]:
    """What the sidebar says of an item: how many, and whether one of them is late."""
    items = [item for _section, items in response.context["sections"] for item in items]
    return next((int(item["count"] or 0), item["overdue"]) for item in items if item["name"] == url_name)
