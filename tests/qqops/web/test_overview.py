"""The overview: what waits for me first, then how the house stands; for everybody in eight queries."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone, translation

from enforcement.policy import Kind
from qqops.staff.models import Staff
from qqops.web import overview
from tests.enforcement.acts import decide
from tests.pages import queries, text

URL = "/admin/"


def test_more_than_is_shown_is_said_and_the_maker_is_not_told_of_his_own(desk, numbers, officer) -> None:
    for n in numbers(overview.SHOWN + 1):
        decide(Kind.TERMINATE, [n], officer)
    page = desk("supervisor").get(URL)
    assert len(page.context["work"]) == overview.SHOWN + 1 and "There is more" in text(page)
    assert text(page).count("officer") >= overview.SHOWN
    assert "There is more" not in text(desk("officer").get(URL)) and desk("officer").get(URL).context["work"] == []


def test_what_waits_is_read_in_the_order_in_which_it_is_shown_and_no_further(supervisor: Staff) -> None:
    """Plans, not times: whether somebody has part in an appeal is asked of the rulings shown, not of all that wait."""
    with queries() as asked:
        overview.work_for(supervisor)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")  # as where there are many
        cursor.execute(f"EXPLAIN {asked[0]}")
        plan = " ".join(line for (line,) in cursor.fetchall())
    for index in ("ruling_waiting", "decision_waiting", "reveal_waiting"):
        assert f"using {index} " in plan, plan


@translation.override("en")
def test_figures_lead_to_lists_that_show_as_many(desk, number, officer) -> None:
    ending = number()  # of which two measures end, and which is one number
    for kind in (Kind.FREEZE, Kind.RESTRICT):
        decide(kind, ending, officer, duration=timedelta(hours=20))
    decide(Kind.FREEZE, number(), officer, duration=timedelta(days=6))
    browser = desk("auditor")
    figures = {str(one.label): one for one in browser.get(URL).context["counters"]}
    assert (figures["Frozen numbers"].value, figures["Ending within 24 hours"].value) == ("2", "1")
    for label, one in figures.items():
        page = browser.get(one.url)
        assert page.status_code == 200, label
        if label in ("Frozen numbers", "Ending within 24 hours", "Decisions waiting for approval"):
            assert len(page.context["page"].rows) == int(one.value), label
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        later = {str(one.label): one.value for one in desk("auditor").get(URL).context["counters"]}
    assert (later["Frozen numbers"], later["Ending within 24 hours"]) == ("1", "0")


def test_a_chart_says_in_words_what_it_draws(desk, number, officer) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        for _n in range(3):
            decide(Kind.RESTRICT, number(), officer)
    decide(Kind.RESTRICT, number(), officer)
    with time_machine.travel(timezone.now() - timedelta(days=20)):
        decide(Kind.RESTRICT, number(), officer)
    chart = overview.charts_for(officer)[0]
    assert [n for _day, n in chart.days] == [0] * 10 + [3, 0, 0, 1] and (chart.most, chart.total) == (3, 4)
    assert list(chart.bars)[9:] == [(91, 100, 0), (101, 0, 100), (111, 100, 0), (121, 100, 0), (131, 67, 33)]
    page = desk("officer").get(URL).content.decode()
    assert f"{chart.days[10][0]:%m-%d}: 3" in page and "4 in 14 days, 3 at most on one day" in page


@translation.override("en")
@pytest.mark.parametrize("login", ["agent", "sysadmin"])
def test_who_may_not_see_decisions_or_numbers_sees_no_figure_of_them(desk, login: str) -> None:
    labels = {str(one.label) for one in desk(login).get(URL).context["counters"]}
    assert ("Frozen numbers" in labels) == (login == "agent")
    assert "Changes the state feed has not delivered" not in labels or login == "sysadmin"
