"""The command: the feed as JSON Lines, how far its readers have come, and the alarm for who stays behind."""

import datetime
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement import tasks
from enforcement.feed import queries as feed
from enforcement.feed import services
from enforcement.models import FeedReader
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, broken, decide, head, verbs
from tests.enforcement.feed.gateway import known, lines, true_states
from tests.terminal import Said, Terminal

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]
Many = Callable[..., list[int]]
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def system_feed(cast: dict[str, Staff]) -> Staff:
    return Staff.objects.system("system-feed")


def told(said: Said) -> list[dict[str, Any]]:
    assert said.code == 0, said
    return [json.loads(line) for line in said.out.splitlines()]


def moment(reader: FeedReader) -> str:
    assert reader.acknowledged_at is not None
    return reader.acknowledged_at.isoformat()


def test_the_export_is_one_object_a_line_and_says_after_each_page_where_to_resume(
    numbers: Many, officer: Staff, terminal: Terminal
) -> None:
    ids = numbers(5)
    for one in ids[:3]:
        decide(Kind.FREEZE, [one], officer)
    before = head()
    found = told(terminal(None, "export_states", "--since", 0, "--limit", 2))
    marks = [one["upto"] for one in found if set(one) == {"upto"}]
    states = [one for one in found if "number" in one]
    assert states == lines(0, limit=2) and known(states) == true_states()
    assert found[-1] == {"upto": head()} and marks == sorted(set(marks))
    for upto in marks:  # whoever was killed after any of these goes on with exactly the rest
        cut = found.index({"upto": upto}) + 1
        again = told(terminal(None, "export_states", "--since", upto, "--limit", 2))
        assert [one for one in again if "number" in one] == [one for one in found[cut:] if "number" in one]
    assert told(terminal(None, "export_states", "--since", head())) == [{"upto": head()}]
    assert head() == before  # to look leaves no trace: nothing of it is about a person


def test_who_follows_hears_what_comes_later_and_of_each_place_once(
    numbers: Many, officer: Staff, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = numbers(1)
    start, waits = head(), iter((lambda: None, lambda: decide(Kind.FREEZE, [one], officer)))

    def wait(_seconds: float) -> None:
        happens = next(waits, None)
        if happens is None:
            raise KeyboardInterrupt
        happens()

    monkeypatch.setattr(time, "sleep", wait)
    found = told(terminal(None, "export_states", "--since", start, "--follow"))
    assert [one.get("state") or one["upto"] for one in found] == [start, "frozen", head()]


@pytest.mark.parametrize("since", [-1, 1_000_000_000, 2**70])
def test_what_the_record_does_not_reach_is_refused_and_not_taken_for_nothing_new(
    number: Make, terminal: Terminal, since: int
) -> None:
    number()
    said = terminal(None, "export_states", f"--since={since}")
    assert (said.code, said.out) == (2, "") and f"from 0 to {head()}" in said.error
    assert terminal(None, "export_states", "--since", 0).code == 0


@pytest.mark.parametrize("limit", [0, 100_001])
def test_a_page_of_nothing_or_of_too_much_is_refused(number: Make, terminal: Terminal, limit: int) -> None:
    number()
    assert terminal(None, "export_states", "--since", 0, "--limit", limit).code == 2
    assert terminal(None, "export_states", "--since", 0, "--limit", 100_000).code == 0


def test_an_acknowledgement_moves_forward_only_and_takes_apply(number: Make, terminal: Terminal) -> None:
    number()
    start = head()

    def say(seq: int, *more: str) -> Said:
        return terminal(None, "export_states", "--reader", "gateway-1", "--acknowledge", seq, *more)

    said = say(start)
    assert (said.code, said.out) == (4, f"Dry run: would acknowledge up to {start}.\n")
    assert not FeedReader.objects.exists() and head() == start
    assert say(start - 1, "--apply").code == 0
    assert verbs(start) == ["feed.reader_began"]
    event = Event.objects.latest("seq")
    assert (event.actor.username, event.facts, event.source) == ("system-feed", {"reader": "gateway-1"}, "system")
    said = say(start, "--apply", "--json")
    assert said.json == {"applied": True, "reader": "gateway-1", "acknowledged": start, "moved": True}
    at = FeedReader.objects.get().acknowledged_at
    for seq in (start, start - 1, 0):
        said = say(seq, "--apply")
        assert (said.code, said.out) == (
            0, f"{seq} is not more than what was acknowledged already. Nothing was done.\n",
        )  # fmt: skip
    reader = FeedReader.objects.get()
    assert (reader.acknowledged, reader.acknowledged_at, head()) == (start, at, start + 1)
    assert broken() == []


@pytest.mark.parametrize(
    ("reader", "beyond", "why"),
    [
        ("gateway-1", 1, "was not sent and cannot be acknowledged"),
        ("gateway-1", -1_000_000, "was not sent and cannot be acknowledged"),
        ("gateway 1", 0, "A reader's name is"),
        ("欧阳晓月", 0, "A reader's name is"),
        ("g" * 41, 0, "A reader's name is"),
        ("", 0, "Say which reader"),
        ("webhook", 0, "what it never had would be skipped"),
    ],
)
def test_what_can_be_no_acknowledgement_is_refused_and_makes_no_reader(
    number: Make, terminal: Terminal, reader: str, beyond: int, why: str
) -> None:
    number()
    for more in ((), ("--apply",)):
        said = terminal(None, "export_states", f"--reader={reader}", f"--acknowledge={head() + beyond}", *more)
        assert said.code == 2 and why in said.error
    assert not FeedReader.objects.exists()
    assert terminal(None, "export_states", "--reader", "g" * 40, "--acknowledge", head(), "--apply").code == 0


def test_the_readers_are_listed_with_how_far_behind_each_is(
    numbers: Many, officer: Staff, system_feed: Staff, terminal: Terminal
) -> None:
    assert terminal(None, "export_states", "--readers").out == "Nobody follows the feed.\n"
    ids = numbers(4)
    services.acknowledge("slow", head() - 1, actor=system_feed)
    decide(Kind.FREEZE, ids[:2], officer)
    services.acknowledge("quick", head(), actor=system_feed)
    slow, quick = FeedReader.objects.get(pk="slow"), FeedReader.objects.get(pk="quick")
    said = terminal(None, "export_states", "--readers", "--json").json
    oldest = Event.objects.filter(seq__gt=slow.acknowledged).earliest("seq").at
    rest = {"more": False, "fault": ""}
    assert said == {
        "head": head(),
        "readers": [
            {"reader": "quick", "acknowledged": quick.acknowledged, "changes": 0, "since": None, **rest,
             "acknowledged_at": moment(quick)},
            {"reader": "slow", "acknowledged": slow.acknowledged, "changes": 6, "since": oldest.isoformat(), **rest,
             "acknowledged_at": moment(slow)},
        ],
    }  # fmt: skip
    shown = terminal(None, "export_states", "--readers").out
    assert f"slow: up to {slow.acknowledged}; not acknowledged: 6 changes, since {oldest.isoformat()}" in shown


def test_what_is_not_acknowledged_is_counted_no_further_than_it_is_shown(
    numbers: Many, system_feed: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.acknowledge("slow", head(), actor=system_feed)
    for _n in range(3):
        numbers(2)
    assert feed.lags()["slow"][:2] == (6, False)
    monkeypatch.setattr(feed, "_LAGS", feed._LAGS.replace(f"LIMIT {feed.CAP}", "LIMIT 2"))
    monkeypatch.setattr(feed, "CAP", 2)
    assert feed.lags()["slow"][:2] == (4, True)


def test_who_leaves_a_change_for_too_long_raises_an_alert_once_an_hour_until_he_has_come(
    numbers: Many, officer: Staff, system_feed: Staff
) -> None:
    (one,) = numbers(1)
    for name in ("slow", "quick"):
        services.acknowledge(name, head(), actor=system_feed)
    tasks.push_states(0)
    assert not Alert.objects.exists()
    decide(Kind.FREEZE, [one], officer)
    services.acknowledge("quick", head(), actor=system_feed)
    since, before = feed.lags()["slow"].since, head()
    assert since is not None
    for after, alerts in ((4, 0), (6, 1), (30, 1), (65, 1), (67, 2)):
        with time_machine.travel(since + after * MINUTE, tick=False):
            tasks.push_states(0)
        assert Alert.objects.count() == alerts, after
    assert verbs(before) == ["feed.behind"] * 2
    alert = Alert.objects.earliest("pk")
    assert (alert.code, alert.level, alert.subject_type, alert.subject_id) == (
        "feed_behind", "critical", "enforcement.feedreader", "slow",
    )  # fmt: skip
    assert alert.facts == {"reader": "slow", "since": since.isoformat()}
    minute = timezone.localtime(since).strftime("%Y-%m-%d %H:%M")
    assert alert.sentence.startswith(f"slow has not acknowledged the state feed since {minute}")
    services.acknowledge("slow", head(), actor=system_feed)
    with time_machine.travel(since + 200 * MINUTE):
        tasks.push_states(0)
    assert Alert.objects.count() == 2 and broken() == []


def test_what_changes_no_number_leaves_nobody_behind(number: Make, setup_actor: Staff, system_feed: Staff) -> None:
    number()
    services.acknowledge("slow", head(), actor=system_feed)
    services.acknowledge("other", head(), actor=system_feed)  # an event of its own
    with time_machine.travel(timezone.now() + HOUR):
        services.alarm(actor=system_feed)
    assert head() > FeedReader.objects.get(pk="slow").acknowledged and not Alert.objects.exists()


def test_a_reader_that_is_no_more_is_given_up_and_rings_no_more(
    number: Make, terminal: Terminal, system_feed: Staff
) -> None:
    services.acknowledge("gone", head(), actor=system_feed)
    number()
    before = head()
    said = terminal(None, "export_states", "--reader", "gone", "--forget")
    assert (said.code, said.out) == (4, "Dry run: would give up “gone”.\n") and FeedReader.objects.exists()
    assert terminal(None, "export_states", "--reader", "gone", "--forget", "--apply").code == 0
    assert verbs(before) == ["feed.reader_forgotten"] and not FeedReader.objects.exists()
    for more in ((), ("--apply",)):
        said = terminal(None, "export_states", "--reader", "gone", "--forget", *more)
        assert said.code == 2 and "There is no reader “gone”." in said.error
    with pytest.raises(Invalid):
        services.forget("gone", actor=system_feed)
    with time_machine.travel(timezone.now() + HOUR):
        services.alarm(actor=system_feed)
    assert not Alert.objects.exists() and head() == before + 1 and broken() == []


def test_where_nobody_follows_the_feed_an_alert_says_so_once_a_day(
    number: Make, officer: Staff, system_feed: Staff, settings: Any
) -> None:
    one, before = number(), head()

    def alarm_after(wait: datetime.timedelta) -> list[str]:
        with time_machine.travel(timezone.now() + wait):
            services.alarm(actor=system_feed)
        return list(Alert.objects.values_list("code", flat=True))

    assert alarm_after(HOUR) == []  # nothing is frozen here
    decide(Kind.FREEZE, one, officer)
    assert alarm_after(2 * MINUTE) == []
    assert alarm_after(6 * MINUTE) == alarm_after(23 * HOUR) == ["feed_unfollowed"]
    assert alarm_after(25 * HOUR) == ["feed_unfollowed"] * 2
    assert verbs(before).count("feed.unfollowed") == 2
    alert = Alert.objects.latest("pk")
    assert alert.level == "critical" and alert.sentence.startswith("Nobody follows the state feed")
    services.acknowledge("gateway", head(), actor=system_feed)
    assert alarm_after(60 * HOUR) == ["feed_unfollowed"] * 2 and broken() == []


def test_in_production_it_says_so_before_anything_is_frozen(number: Make, system_feed: Staff, settings: Any) -> None:
    number()
    services.alarm(actor=system_feed)
    assert not Alert.objects.exists()
    settings.PRODUCTION = True
    services.alarm(actor=system_feed)
    assert Alert.objects.get().code == "feed_unfollowed"
