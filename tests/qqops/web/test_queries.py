"""How many statements a page costs. The ceilings are the issue's; none of the counts grows with the rows."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.declarations.services import declare
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.enforcement.acts import decide
from tests.pages import FREEZE, SAID, act_url, confirm, number_url, preview, queries, ruling_url, text

LISTS = ("/admin/accounts/number/", "/admin/enforcement/decision/", "/admin/audit/event/", "/admin/inbox/",
         "/admin/accounts/ruleversion/")  # fmt: skip


def cost(request: Callable[..., Any], *given: Any, status: int = 200) -> int:
    with queries() as statements:
        response = request(*given)
    assert response.status_code == status, text(response)
    return len(statements)


def filed(numbers: list[int], officer: Any) -> None:
    for n in numbers:
        decide(Kind.TERMINATE, [n], officer)


@pytest.mark.parametrize("url", LISTS)
def test_a_list_costs_the_same_with_one_row_and_with_sixty(desk, numbers, officer, settings, url):
    settings.QQOPS_DAILY_TARGETS = 10_000
    browser = desk("supervisor")
    filed(numbers(1), officer)
    few = cost(browser.get, url)
    filed(numbers(59), officer)
    assert Decision.objects.count() == 60 < Event.objects.count()
    assert cost(browser.get, url) == few <= 9


def test_the_lists_of_declared_numbers_cost_the_same_with_one_row_and_with_sixty(desk, cast):
    def declared(numbers: Any) -> None:
        for person in (cast["supervisor"], cast["officer"]):
            declare(person, numbers, "own", actor=person)

    browser, costs = desk("supervisor"), []
    for numbers in (range(90_000, 90_001), range(90_001, 90_060)):
        declared(numbers)
        costs.append([cost(browser.get, url) for url in ("/admin/declared/", "/admin/accounts/declarednumber/")])
    assert costs[0] == costs[1] and max(costs[0]) <= 9


def test_a_number_page_costs_eleven_at_most_with_three_entries_and_with_thirty(desk, number, officer, officer2):
    n = number()
    browsers = [desk(login) for login in ("officer", "supervisor", "privacy", "auditor")]

    def rounds(times: int) -> None:
        for _round in range(times):
            decide(Kind.RESTRICT, n, officer)
            decide(Kind.LIFT, n, officer2)

    rounds(1)
    few = [cost(b.get, number_url(n.pk)) for b in browsers]
    assert len(browsers[0].get(number_url(n.pk)).context["timeline"]) == 5
    rounds(9)
    many = [cost(b.get, number_url(n.pk)) for b in browsers]
    assert len(browsers[0].get(number_url(n.pk)).context["timeline"]) == 41
    assert many == few and max(many) <= 11


@pytest.mark.parametrize("said", [FREEZE, FREEZE | {"term": "30"}])
def test_a_freeze_is_previewed_in_seven_and_confirmed_in_twelve_for_one_number_and_for_sixty(desk, numbers, said):
    ids, browser = numbers(61), desk("officer")
    costs = []
    for targets in (ids[:1], ids[1:]):
        url = act_url("freeze", *targets)
        form = cost(browser.get, url)
        seen = cost(preview, browser, url, said)
        token = preview(browser, url, said).context["token"]
        done = cost(confirm, browser, url, said, token, status=302)
        costs.append((form, seen, done))
    assert costs[0] == costs[1]
    form, seen, done = costs[0]
    assert form <= 7 and seen <= 7 and done <= 12


def test_a_waiting_act_and_its_ruling_page_cost_the_same_for_one_number_and_for_sixty(desk, numbers):
    ids, officer, supervisor = numbers(61), desk("officer"), desk("supervisor")
    costs = []
    for targets in (ids[:1], ids[1:]):
        url = act_url("terminate", *targets)
        token = preview(officer, url, SAID).context["token"]
        done = cost(confirm, officer, url, SAID, token, status=302)
        decision = Decision.objects.latest("pk")
        costs.append((done, cost(supervisor.get, ruling_url(decision))))
    assert costs[0] == costs[1] and costs[0][0] <= 12 and costs[0][1] <= 12


def test_the_overview_costs_the_same_with_one_decision_and_with_sixty(desk, numbers, officer):
    browser = desk("supervisor")
    filed(numbers(1), officer)
    few = cost(browser.get, "/admin/")
    filed(numbers(59), officer)
    assert cost(browser.get, "/admin/") == few <= 8
