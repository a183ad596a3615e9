"""Writers at the same moment, each on a connection of its own: the feed tells all of it, in the order of commits."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import transaction

from accounts.models import Number
from enforcement.feed import queries as feed
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import decide, head
from tests.enforcement.feed.gateway import known, pages, true_states
from tests.enforcement.runs.test_races import together
from tests.enforcement.waiting import _until_one_waits

pytestmark = pytest.mark.django_db(transaction=True)
Many = Callable[..., list[int]]


def seen(since: int) -> feed.Page:
    """As a gateway sees it, which is in nobody's transaction."""
    (page,) = together(lambda: feed.page(since))
    assert isinstance(page, feed.Page)
    return page


def test_who_began_first_and_commits_last_is_not_passed_over(numbers: Many, officer: Staff, officer2: Staff) -> None:
    slow, quick = numbers(2)
    since = head()
    with (
        transaction.atomic(),
        recorder.act("demo.built", actor=officer, reason="a slow act", facts={"numbers": 1}) as act,
    ):
        Number.objects.filter(pk=slow).update(tier=1)
        act.history(Number, [slow])  # its row of history is the older one
        together(lambda: decide(Kind.FREEZE, [quick], officer2))
        page = seen(since)
        assert [state["number"] for state in page.states] == [quick]
    rows = Number.history.order_by("-history_id").values_list("id", flat=True)[:2]
    assert list(rows) == [quick, slow]
    then = seen(page.upto)
    assert [(state["number"], state["seq"]) for state in then.states] == [(slow, head())]


def test_who_waits_for_the_chain_is_told_after_who_holds_it(numbers: Many, officer: Staff, officer2: Staff) -> None:
    first, second = numbers(2)
    since = head()
    thread = threading.Thread(target=lambda: together(lambda: decide(Kind.FREEZE, [second], officer2)))
    with transaction.atomic():
        decide(Kind.FREEZE, [first], officer)  # its events have their place, and nobody sees them yet
        thread.start()
        _until_one_waits()
        assert seen(since) == feed.Page([], since)
    thread.join(timeout=30)
    assert [state["number"] for page in pages(since, limit=1) for state in page.states] == [first, second]


def test_a_gateway_that_reads_while_three_write_ends_with_what_is_true(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    ids = numbers(8)
    each = ((officer, "mail"), (officer2, "add_friend"), (supervisor, "send_msg"))
    mine, done = dict[int, str](), threading.Event()

    def follow() -> int:
        since = after = 0
        while True:
            last = done.is_set()
            page = feed.page(since, after, limit=5)
            if page.is_end(since) and last:
                return since
            mine.update(known(page.states))
            since, after = page.upto, page.after

    def write(actor: Staff, scope: str) -> int:
        for one in ids:
            with suppress(Invalid):  # another was quicker
                decide(Kind.RESTRICT, [one], actor, scopes=(scope,))
        return 1

    def all_write() -> list[int]:
        try:
            return together(*[lambda a=a, s=s: write(a, s) for a, s in each])
        finally:
            done.set()

    end, _written = together(follow, all_write)
    assert end == head() == Event.objects.count() and mine == true_states()
