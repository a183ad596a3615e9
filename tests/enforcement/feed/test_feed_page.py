"""System → State feed: who follows it, how far, how far behind, and the last fault; for those who watch the house."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from enforcement.feed import services
from enforcement.models import FeedReader
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, decide, head
from tests.pages import queries, text

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60
URL = "/admin/state-feed/"


@pytest.mark.parametrize(
    ("login", "status"), [("sysadmin", 200), ("supervisor", 200), ("auditor", 200), ("officer", 403), ("agent", 403)]
)
def test_who_watches_the_house_sees_it_and_nobody_else(desk: Any, login: str, status: int) -> None:
    browser = desk(login)
    assert browser.get(URL).status_code == status
    assert ("State feed" in text(browser.get("/admin/"))) == (status == 200)
    assert browser.post(URL).status_code == 405


def test_it_says_who_is_behind_since_when_and_why(
    desk: Any, numbers: Callable[..., list[int]], officer: Staff, cast: Any
) -> None:
    browser, system = desk("sysadmin"), Staff.objects.system("system-feed")
    assert "Nobody follows the state feed" in text(browser.get(URL))
    ids = numbers(3)
    FeedReader.objects.create(name="webhook", acknowledged=head(), acknowledged_at=timezone.now())
    decide(Kind.FREEZE, ids, officer)
    services.acknowledge("gateway-1", head(), actor=system)
    due = timezone.now() + 6.5 * MINUTE
    FeedReader.objects.filter(pk="webhook").update(fault="HTTP 500", due_at=due, attempts=6)
    with time_machine.travel(timezone.now() + 3 * MINUTE, tick=False):
        shown = text(browser.get(URL)).replace("\xa0", " ")
    assert "more than 5 minutes" in shown
    ours, others = FeedReader.objects.order_by("-pk").values_list("acknowledged", flat=True)
    assert f"webhook {ours} 3 minutes ago 3 3 minutes ago HTTP 500 in 3 minutes" in shown
    assert f"gateway-1 {others} 3 minutes ago none — — —" in shown


def test_it_costs_the_same_with_one_reader_and_with_twenty(
    desk: Any, numbers: Callable[..., list[int]], cast: Any
) -> None:
    browser, system, costs = desk("sysadmin"), Staff.objects.system("system-feed"), []
    numbers(1)
    for readers in (range(1), range(1, 20)):
        for n in readers:
            services.acknowledge(f"gateway-{n}", 1, actor=system)
        with queries() as statements:
            assert browser.get(URL).status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 9
