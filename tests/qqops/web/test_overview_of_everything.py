"""The overview of a house where everything waits: what is mine first, then how the house stands."""

import re
from collections.abc import Callable

from django.test import Client

from qqops.staff.models import Staff
from qqops.web import overview
from tests.pages import queries
from tests.permissions.addresses import Address
from tests.permissions.conftest import places, reader, spots
from tests.story.once import lasting, story, told

__all__ = ["lasting", "places", "reader", "spots", "story", "told"]

URL = "/admin/"


def test_nobodys_overview_costs_more_than_eight_queries_whatever_there_is(
    reader: Callable[[str], Client], cast: dict[str, Staff], places: list[Address]
) -> None:
    browsers = {login: reader(login) for login in cast if login != "outsider"}
    cost = {}
    for login, browser in browsers.items():
        with queries() as statements:
            page = browser.get(URL)
        assert page.status_code == 200
        cost[login] = len(statements)
    assert max(cost.values()) <= 8, cost
    assert "<svg" in browsers["supervisor"].get(URL).content.decode()


def test_what_waits_for_me_is_one_list_what_lapses_soonest_first(
    reader: Callable[[str], Client], cast: dict[str, Staff], places: list[Address]
) -> None:
    shown = {login: overview.work_for(staff) for login, staff in cast.items()}
    for waiting in shown.values():
        ends = [one.until for one in waiting if one.until]
        assert ends == sorted(ends) and all(one.until is None for one in waiting[len(ends) :])
    kinds = {re.sub(r"[\d/-]+", " ", one.url).strip() for waiting in shown.values() for one in waiting}
    assert len(kinds) >= 6, kinds
    for login in ("supervisor", "reviewer", "privacy"):
        browser = reader(login)
        for one in shown[login][: overview.SHOWN]:
            assert f'href="{one.url}"' in browser.get(URL).content.decode()
            assert browser.get(one.url).status_code == 200, one
    assert shown["outsider"] == []
