"""Paging: exact from any place, each number once a page, large events in parts, and no scan at any size."""

import itertools
import random
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections

from enforcement.feed import queries as feed
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, decide, head
from tests.enforcement.feed.gateway import known, lines, pages, true_states

pytestmark = pytest.mark.django_db
Many = Callable[..., list[int]]


@pytest.fixture
def story(numbers: Many, officer: Staff, officer2: Staff) -> list[int]:
    """Forty numbers, restricted one by one and together, some of them lifted again."""
    ids = numbers(40)
    for one in ids[:12]:
        decide(Kind.RESTRICT, [one], officer)
    decide(Kind.FREEZE, ids[5:30], officer)
    decide(Kind.LIFT, ids[10:20], officer2, lift_kinds=("freeze",))
    return ids


@pytest.mark.parametrize("limit", [1, 2, 7, 10, 25, 40, 1_000])
def test_whatever_a_page_holds_everything_is_told_and_the_end_is_the_head(story: list[int], limit: int) -> None:
    found = pages(0, limit=limit)
    told = [state for page in found for state in page.states]
    assert known(told) == true_states() and set(known(told)) == set(story)
    assert found[-1].upto == head() and feed.page(head(), limit=limit) == feed.Page([], head())
    assert [page.upto for page in found] == sorted(page.upto for page in found)
    for page in found:
        ids = [state["number"] for state in page.states]
        assert len(ids) == len(set(ids)) <= limit
        assert all(state["seq"] <= page.upto or page.after for state in page.states)


@pytest.mark.parametrize("limit", [3, 1_000])
def test_from_any_place_it_goes_on_and_ends_with_what_is_true(story: list[int], limit: int) -> None:
    changed = {state["number"]: state["seq"] for state in lines(0, limit=1)}
    for since in range(head(), -1, -4):
        told = lines(since, limit=limit)
        assert {state["number"] for state in told} == {n for n, seq in changed.items() if seq > since}
        assert known(told).items() <= true_states().items()
        assert all(state["seq"] > since for state in told)


def test_a_number_that_changed_often_stands_once_with_its_last_event(numbers: Many, officer: Staff) -> None:
    often, once = numbers(2)
    since = head()
    for days in (1, 2, 3):
        decide(Kind.RESTRICT, [often], officer, scopes=("mail",) if days == 1 else ("send_msg",), duration=days * DAY)
        if days == 1:
            decide(Kind.RESTRICT, [once], officer)
    (page,) = pages(since)
    last = [state["seq"] for state in lines(since, limit=1) if state["number"] == often][-1]
    assert [(state["number"], state["seq"]) for state in page.states] == [
        (once, page.states[0]["seq"]), (often, last),
    ]  # fmt: skip
    assert page.states[0]["seq"] < last <= page.upto == head()


def test_an_event_larger_than_a_page_comes_in_parts_and_counts_with_the_last(numbers: Many) -> None:
    numbers(1)
    since = head()
    ids = numbers(25)
    found = pages(since, limit=10)
    assert [(len(page.states), page.upto, bool(page.after)) for page in found] == [
        (10, since, True), (10, since, True), (5, since + 1, False),
    ]  # fmt: skip
    assert [state["number"] for page in found for state in page.states] == ids
    assert {state["seq"] for page in found for state in page.states} == {since + 1}
    exactly = pages(since, limit=25)
    assert [(len(page.states), page.upto, page.after) for page in exactly] == [(25, since + 1, 0)]


def test_what_changes_between_two_parts_is_told_again_and_ends_true(numbers: Many, officer: Staff) -> None:
    since = head()
    ids = numbers(9)
    told, at, after = list[Any](), since, 0
    for turn in itertools.count():
        page = feed.page(at, after, limit=4)
        if page.is_end(at):
            break
        told += page.states
        at, after = page.upto, page.after
        if turn < 2:  # one that was told already, one that was not
            decide(Kind.FREEZE, [ids[turn], ids[-1 - turn]], officer)
    assert known(told) == true_states()
    assert known(told)[ids[0]] == known(told)[ids[-1]] == "frozen"


def test_events_that_change_no_number_are_passed_over_page_by_page(setup_actor: Staff, numbers: Many) -> None:
    numbers(1)
    since = head()
    for _n in range(7):
        with recorder.act("demo.built", actor=setup_actor, reason="an event of a test", facts={"numbers": 0}):
            pass
    assert pages(since, limit=3) == [feed.Page([], since + 3), feed.Page([], since + 6), feed.Page([], since + 7)]
    (one,) = numbers(1)
    assert [state["number"] for state in lines(since, limit=3)] == [one]


def test_random_acts_and_random_pages_end_with_what_is_true(
    numbers: Many, officer: Staff, officer2: Staff, settings: Any
) -> None:
    """A gateway that is slower than the acts, with pages of any size, and sometimes begins again further back."""
    settings.QQOPS_DAILY_TARGETS = 10_000
    chance, ids = random.Random(6), numbers(20)
    at, after, mine = 0, 0, dict[int, str]()
    for _turn in range(40):
        some = chance.sample(ids, chance.randint(1, 6))
        kind = chance.choice((Kind.FREEZE, Kind.RESTRICT, Kind.LIFT))
        actor = officer if kind != Kind.LIFT else officer2
        with suppress(Invalid, Refused):  # so already, or no more of it for today
            decide(kind, some, actor)
        if chance.random() < 0.1:
            at, after = chance.randint(0, at), 0
        page = feed.page(at, after, limit=chance.choice((2, 3, 5)))
        mine |= known(page.states)
        at, after = page.upto, page.after
    while not (page := feed.page(at, after, limit=3)).is_end(at):
        mine |= known(page.states)
        at, after = page.upto, page.after
    assert mine == true_states()


@pytest.mark.django_db(transaction=True)  # ANALYZE is the owner's, who must see the rows
def test_a_page_reads_what_it_tells_by_key_and_nothing_else(
    numbers: Many, setup_actor: Staff, officer: Staff, settings: Any
) -> None:
    settings.QQOPS_DAILY_TARGETS = 10_000
    for _n in range(30):
        ids = numbers(200)
    for one in range(0, 200, 20):
        decide(Kind.FREEZE, ids[one : one + 20], officer)
    for _n in range(300):
        with recorder.act("demo.built", actor=setup_actor, reason="an event of a test", facts={"numbers": 0}):
            pass
    for _n in range(5):
        numbers(20)
    with connections["owner"].cursor() as owner:
        owner.execute("ANALYZE audit_event, accounts_number, accounts_historicalnumber, accounts_tenure")
        owner.execute("ANALYZE enforcement_measure")
    plans = list[str]()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "audit_event" in sql:
            # These tables are small enough to be scanned, whatever indexes there are.
            execute("SET enable_seqscan = off", None, False, context)
            execute(f"EXPLAIN {sql}", params, many, context)
            plans.append("\n".join(line for (line,) in context["cursor"].fetchall()))
            execute("RESET enable_seqscan", None, False, context)
        return execute(sql, params, many, context)

    at = head() - 5
    with connection.execute_wrapper(explain):
        assert len(feed.page(at, limit=100).states) == 100
        feed.lags()
    assert len(plans) == 3
    for plan in plans:
        assert set(re.findall(r"Seq Scan on (\w+)", plan)) <= {"enforcement_feedreader"}, plan
        assert re.search(r"Index Cond: \(+seq > ", plan), plan
