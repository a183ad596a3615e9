"""What goes wrong does not tell either: error pages, their headers, and what is logged of them."""

import re
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qqops.staff.models import Staff
from tests.hunt.conftest import Log, browser_of
from tests.hunt.crashing import FAULTS
from tests.hunt.disguises import found_in
from tests.hunt.languages import strays
from tests.hunt.pages import parts_of
from tests.story import Story
from tests.story.canary import ADULT

pytestmark = pytest.mark.django_db
STATUS = {"suspicious": 400, "sealed": 503}
FORM = {name: value for item, value in ADULT.items() for name in (item, "value", "reason", "q", item + "_x")}


def test_a_page_that_fails_with_the_values_in_hand(
    story: Story, cast: dict[str, Staff], settings: Any, log: Log
) -> None:
    settings.ROOT_URLCONF = "tests.hunt.crashing"
    for fault, language in product(FAULTS, ("zh-hans", "en")):
        browser = browser_of("privacy", cast, language)
        for method in ("get", "post"):
            answer = getattr(browser, method)(f"/fail/{fault}/{story.people.adult.pk}/", FORM)
            assert answer.status_code == (STATUS.get(fault) or int(fault))
            assert strays(answer.content.decode(), language, []) == set()
            assert reverse("admin:index") in answer.content.decode()  # each leads on
            # What was put into the address is in the address; the page says nothing of it.
            assert answer.content and (found_in(answer.content, str(answer.headers)) == set())
    assert log.lines and log.telling() == []


def test_a_form_without_its_token_or_to_a_page_that_takes_none(cast: dict[str, Staff], log: Log) -> None:
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.force_login(cast["agent"])
    for path, status in ((reverse("admin:people"), 403), (reverse("admin:jump"), 403)):
        answer = strict.post(path, FORM)
        assert answer.status_code == status and parts_of(answer) == set()
    answer = browser_of("agent", cast).post(reverse("admin:accounts_identity_changelist"), FORM)
    assert answer.status_code == 405 and parts_of(answer) == set()
    assert "未执行任何操作" in answer.content.decode() and strays(answer.content.decode(), "zh-hans", []) == set()
    assert log.telling() == []


def test_a_value_in_an_address_is_repeated_neither_on_the_page_nor_in_the_log(cast: dict[str, Staff], log: Log) -> None:
    """Somebody has typed it into the address itself: the page does not say it again."""
    browser = browser_of("privacy", cast)
    names = ("q", "value", "number", "name", "mobile", "after", "state")
    for path in (
        "/admin/no-such-page/",
        reverse("admin:people"),
        reverse("admin:answers"),
        reverse("admin:accounts_number_changelist"),
        reverse("admin:accounts_identity_changelist"),
        reverse("admin:accounts_disclosure_changelist"),
        reverse("admin:accounts_datarequest_changelist"),
        reverse("admin:accounts_reveal_changelist"),
        reverse("admin:accounts_hold_changelist"),
        reverse("admin:accounts_breach_changelist"),
        reverse("admin:place_hold"),
    ):
        for value in (ADULT["document"], ADULT["mobile"], ADULT["email"]):
            answer = browser.get(path, dict.fromkeys(names, value))
            # A field may keep what was typed into it; what leads back to the address as it is has the value anyway.
            page = re.sub(r"<input\b[^>]*>", "", answer.content.decode())
            page = re.sub(rf'href="(?:{path})?\?[^"]*"', "", page)
            assert found_in(page, str(answer.headers)) == set(), path
            assert answer.status_code in (200, 302, 400, 403, 404), path
    assert log.lines and log.telling() == []
