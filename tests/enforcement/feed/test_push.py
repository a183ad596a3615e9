"""The webhook: signed pages in order, acknowledged by the answer, tried again after faults, never twice at once."""

import datetime
import json
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.db import connection, transaction
from django.utils import timezone

from enforcement import tasks
from enforcement.feed import queries as feed
from enforcement.feed import services
from enforcement.models import FeedReader
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.delivery import webhook
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide, head, verbs
from tests.enforcement.feed.gateway import Gateway, gateway, known, true_states
from tests.enforcement.runs.test_races import together

pytestmark = pytest.mark.django_db
Many = Callable[..., list[int]]
KEY = "a key that both ends know"
SECOND, MINUTE = datetime.timedelta(seconds=1), datetime.timedelta(minutes=1)


@pytest.fixture
def there(settings: Any, cast: dict[str, Staff]) -> Iterator[Gateway]:
    with gateway(KEY) as found:
        settings.QQOPS_STATES_WEBHOOK, settings.QQOPS_WEBHOOK_KEY = found.url, KEY
        yield found


def push(**more: Any) -> None:
    services.push(actor=Staff.objects.system("system-feed"), **more)


def reader() -> FeedReader:
    return FeedReader.objects.get(pk="webhook")


def spans(there: Gateway) -> list[tuple[int, int]]:
    return [(body["since"], body["upto"]) for body in there.came]


def small_pages(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    page = feed.page
    monkeypatch.setattr(feed, "page", lambda since, after=0: page(since, after, limit=limit))


def is_true(there: Gateway) -> bool:
    return {number: state["state"] for number, state in there.known.items()} == true_states()


def test_everything_is_posted_page_by_page_in_order_and_acknowledged(
    numbers: Many, officer: Staff, there: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, before = numbers(6), head()
    for one in ids[:4]:
        decide(Kind.FREEZE, [one], officer)
    small_pages(monkeypatch, 6)
    push()
    came = spans(there)
    assert len(came) >= 2 and came[0][0] <= before and all(one[1] == next_[0] for one, next_ in pairwise(came))
    assert all(set(body) == {"since", "upto", "states"} for body in there.came)
    assert is_true(there) and [body["states"] for body in there.came if body["states"] == []] == []
    last = reader()
    assert (last.acknowledged, last.attempts, last.due_at, last.fault) == (head(), 0, None, "")
    assert last.acknowledged_at is not None and verbs(before)[-1] == "feed.reader_began"
    push()
    assert spans(there) == came and broken() == []


def test_a_receiver_that_does_as_the_docs_say_knows_what_is_ours(numbers: Many, there: Gateway) -> None:
    numbers(1)
    push()
    headers, body = there.raw[-1]
    assert there.is_ours(headers, body, KEY)
    assert not there.is_ours(headers, body.replace(b"in_use", b"frozen"), KEY)
    assert not there.is_ours(headers, body, "another key")
    later = str(int(headers["X-Qqops-Time"]) + 1)
    assert not there.is_ours(headers | {"X-Qqops-Time": later}, body, KEY)
    assert not there.is_ours(headers | {"X-Qqops-Time": "²"}, body, KEY)
    assert not there.is_ours({}, body, KEY)
    with time_machine.travel(timezone.now() + 6 * MINUTE):
        assert not there.is_ours(headers, body, KEY)


def test_with_the_wrong_key_nothing_is_taken_over_nor_acknowledged(
    numbers: Many, there: Gateway, settings: Any
) -> None:
    numbers(1)
    settings.QQOPS_WEBHOOK_KEY = "not the key of the other end"
    push()
    assert there.known == {} and (reader().acknowledged, reader().fault) == (0, "HTTP 401")


def test_an_hour_of_500_loses_nothing_and_then_everything_comes_in_order(
    numbers: Many, officer: Staff, there: Gateway
) -> None:
    ids = numbers(60)
    push()
    healthy, start = reader().acknowledged, timezone.now()
    there.came.clear()
    there.status = 500
    waits = []
    for minute in range(60):
        with time_machine.travel(start + minute * MINUTE, tick=False):
            decide(Kind.FREEZE, [ids[minute]], officer)
            tried = len(there.came)
            tasks.push_states(0)
            due = reader().due_at
            assert due is not None
            if len(there.came) > tried:
                waits.append((due - timezone.now()).total_seconds())
    sick = reader()
    assert (sick.acknowledged, sick.fault) == (healthy, "HTTP 500") and sick.attempts == len(there.came) == len(waits)
    assert waits[:6] == [15, 30, 60, 120, 240, 300] and set(waits[5:]) == {300}
    assert {since for since, _upto in spans(there)} == {healthy}
    there.status = 200
    there.came.clear()
    with time_machine.travel(start + 66 * MINUTE, tick=False):
        tasks.push_states(0)
        assert is_true(there)
    told = [state for body in there.came for state in body["states"]]
    assert [state["number"] for state in told if state["number"] in ids] == ids
    assert [state["seq"] for state in told] == sorted(state["seq"] for state in told)
    well = reader()
    assert (well.attempts, well.fault, well.due_at, well.acknowledged) == (0, "", None, there.upto)


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (b"", "upto"),
        (b"thank you", "upto"),
        (b"[1]", "upto"),
        (b'{"ok": true}', "upto"),
        (b'{"acknowledged": %d}', "half"),
        (b'{"acknowledged": 999999999}', "upto"),
        (b'{"acknowledged": -5}', "nothing"),
        (b'{"acknowledged": 0}', "nothing"),
        (b'{"acknowledged": null}', "nothing"),
        (b'{"acknowledged": true}', "nothing"),
        (b'{"acknowledged": "7"}', "nothing"),
    ],
)
def test_an_answer_acknowledges_what_it_says_never_more_than_was_sent_nor_less_than_before(
    numbers: Many, there: Gateway, answer: bytes, taken: str
) -> None:
    for _n in range(3):
        numbers(1)
    half = head() - 1
    there.answer = answer % half if b"%d" in answer else answer
    push(seconds=0)
    push(seconds=0)
    if taken == "nothing":
        assert (reader().acknowledged, reader().fault, reader().attempts) == (0, "NotAcknowledged", 1)
        assert len(there.came) == 1  # the second was too early
    elif taken == "half":  # what comes after it is sent again, and is not taken over again
        assert spans(there)[:2] == [(0, there.came[0]["upto"]), (half, there.came[0]["upto"])]
        assert (reader().acknowledged, reader().fault) == (half, "NotAcknowledged")
    else:
        assert reader().acknowledged == there.came[0]["upto"] == head() and len(there.came) == 1


def test_an_event_larger_than_a_page_comes_in_parts_and_is_acknowledged_with_the_last(
    numbers: Many, there: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    push()
    since = reader().acknowledged
    there.came.clear()
    numbers(10)
    small_pages(monkeypatch, 4)
    there.answer = b'{"acknowledged": %d}' % head()
    push(seconds=0)
    assert spans(there) == [(since, since), (since, since), (since, since + 1)]
    assert [len(body["states"]) for body in there.came] == [4, 4, 2]
    assert reader().acknowledged == since + 1 and is_true(there)
    there.answer = b""
    numbers(10)
    there.came.clear()
    there.meanwhile = lambda: setattr(there, "status", 500) if len(there.came) == 1 else None
    push()
    assert (reader().acknowledged, reader().fault, len(there.came)) == (since + 1, "HTTP 500", 2)
    there.status, there.meanwhile = 200, lambda: None
    there.came.clear()
    with time_machine.travel(timezone.now() + MINUTE):
        push()
    assert [len(body["states"]) for body in there.came] == [4, 4, 2] and is_true(there)


def test_events_that_change_no_number_are_passed_over_unsent(
    numbers: Many, setup_actor: Staff, there: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(1)
    push()
    there.came.clear()
    small_pages(monkeypatch, 3)
    for _n in range(8):
        with recorder.act("demo.built", actor=setup_actor, reason="an event of a test", facts={"numbers": 0}):
            pass
    push()
    assert there.came == [] and reader().acknowledged == head()


def test_a_worker_killed_between_sending_and_noting_is_replaced_when_its_lease_is_over(
    numbers: Many, there: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(3)
    post = webhook.post

    def die(*given: Any, **more: Any) -> None:
        post(*given, **more)
        raise SystemExit

    monkeypatch.setattr(webhook, "post", die)
    with pytest.raises(SystemExit):
        push()
    monkeypatch.setattr(webhook, "post", post)
    assert len(there.came) == 1 and reader().acknowledged == 0
    push()
    assert len(there.came) == 1  # it may still be waiting for its answer
    with time_machine.travel(timezone.now() + services.LEASE + SECOND):
        push()
    assert there.came[1] == there.came[0] and reader().acknowledged == there.upto == head() and is_true(there)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_have_the_same_page_on_its_way(
    numbers: Many, there: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(8)
    small_pages(monkeypatch, 3)  # one event, three parts
    under_way, most, lock, pause = list[int](), list[int](), threading.Lock(), threading.Event()

    def meanwhile() -> None:
        with lock:
            under_way.append(1)
            most.append(len(under_way))
        with transaction.atomic():  # nobody holds the row meanwhile
            FeedReader.objects.select_for_update(nowait=True).get(pk="webhook")
        connection.close()
        pause.wait(0.05)
        with lock:
            under_way.pop()

    there.meanwhile = meanwhile
    together(*[lambda: push() or 1] * 3)  # type: ignore[func-returns-value]
    push()
    assert max(most) == 1 and is_true(there) and reader().acknowledged == head()
    told = [state["number"] for body in there.came for state in body["states"]]
    assert sorted(told) == sorted(set(told))


def test_a_lease_is_for_who_read_from_where_the_reader_stands_and_who_lost_it_says_nothing(
    numbers: Many, there: Gateway
) -> None:
    push()
    at = reader().acknowledged
    assert services._lease(at - 1, None) is None
    lease = services._lease(at, None)
    assert lease is not None and services._lease(at, None) is None
    with time_machine.travel(timezone.now() + services.LEASE + SECOND):
        other = services._lease(at, None)
        assert other is not None and services._lease(at, lease) is None
        services._failed(lease, TimeoutError())
        assert (reader().due_at, reader().fault) == (other, "")
        services._failed(other, TimeoutError())
        assert reader().fault == "TimeoutError"


@pytest.mark.parametrize(
    ("url", "key", "found"),
    [
        ("https://gateway.example.com/states", KEY, []),
        ("", "", []),
        ("https://gateway.example.com/states", "", ["enforcement.E002"]),
        ("http://gateway.example.com/states", KEY, ["enforcement.E001"]),
        ("http://gateway.example.com/states", "", ["enforcement.E001", "enforcement.E002"]),
    ],
)
def test_a_webhook_that_is_unsafe_or_unsigned_is_named_by_the_check_and_gets_nothing(
    numbers: Many, settings: Any, monkeypatch: pytest.MonkeyPatch, url: str, key: str, found: list[str]
) -> None:
    settings.QQOPS_STATES_WEBHOOK, settings.QQOPS_WEBHOOK_KEY = url, key
    assert [one.id for one in run_checks(tags=["security"]) if str(one.id).startswith("enforcement.")] == found
    sent = list[Any]()
    monkeypatch.setattr(webhook, "post", lambda *given, **more: sent.append(given))
    numbers(1)
    push()
    assert bool(sent) == bool(url and not found)
    assert FeedReader.objects.filter(pk="webhook").exists() == bool(url)  # hence the alarm, if nothing comes


def test_what_is_sent_is_what_is_asked_for(numbers: Many, officer: Staff, there: Gateway) -> None:
    ids = numbers(2)
    decide(Kind.FREEZE, ids, officer)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        push()
        asked = json.loads(json.dumps(feed.page(0).states))
    assert there.came[0]["states"] == asked and known(asked) == dict.fromkeys(ids, "frozen")
