"""`manage.py register`: a file of the upstream system, each registration once."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import CampaignUse, Identity, Number, NumberRange, Registration, Tenure
from accounts.services.resources import campaigns
from qqops.audit.models import Event
from qqops.commands import Exit
from qqops.staff.models import Staff
from tests.accounts.allocation.test_command import HEADING as ITEMS
from tests.accounts.allocation.test_command import PEOPLE
from tests.accounts.intake.files import csv_of, jsonl_of, put
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.supply import carry_out
from tests.terminal import Terminal

Supply = Callable[..., NumberRange]
HEADING = ("registration", "number", "pool", "channel", "reference", "accepted", "registered_at")
PLAIN = ("", "test", "client", "9.9", "explicit", "2026-01-31 18:00")


def plain(*ids: str) -> bytes:
    return csv_of([(one, *PLAIN) for one in ids], HEADING)


@pytest.fixture
def register(terminal: Terminal, tmp_path: Path) -> Callable[..., Any]:
    def run(content: bytes, *words: str) -> Any:
        return terminal(None, "register", put(tmp_path, content), "--json", *words)

    return run


def test_registrations_open_tenures_once_and_a_second_run_finds_them_known(
    supply: Supply, register: Callable[..., Any], settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    supply(200_000_000, 200_000_999, "test")
    content = plain("R-1", "R-2", "R-3")
    said = register(content)
    assert (said.code, said.json["new"], Tenure.objects.count()) == (Exit.DRY_RUN, 3, 0)
    before = head()
    said = register(content, "--apply")
    assert (said.code, said.json["new"], said.json["known"]) == (Exit.DONE, 3, 0)
    assert verbs(before) == ["number.registered", "number.registered"]
    event = Event.objects.filter(verb="number.registered").earliest("seq")
    assert event.facts | {"sha256": ""} == {
        "n": 2, "channels": {"client": 2}, "pools": {"test": 2}, "sha256": ""
    }  # fmt: skip
    assert event.actor.username == "system-feed"
    numbers = dict(Registration.objects.values_list("registration_id", "tenure__number"))
    assert numbers == said.json["numbers"]
    tenure = Tenure.objects.earliest("pk")
    assert tenure.started_at.isoformat() == "2026-01-31T10:00:00+00:00"
    before = head()
    said = register(plain("R-3", "R-4", "R-1"), "--apply")
    assert (said.json["new"], said.json["known"], Tenure.objects.count()) == (1, 2, 4)
    assert verbs(before) == ["number.registered"]
    assert broken() == []


def test_numbers_that_are_named_are_those_opened_recycled_or_new_with_their_people(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(200_000_000, 200_000_999)
    make_numbers([200_000_111], "available")
    heading = (*HEADING, "order", "price", "paid_until", *ITEMS)
    rest = ("sms", "10690 carrier", "by_use", "2026-02-01")
    rows = [
        ("R-1", "200000111", "", *rest, "", "", "", *PEOPLE[0]),
        ("R-2", "200000113", "public", *rest, "O-1", "12.50", "2099-01-01", *PEOPLE[1]),
    ]
    said = register(jsonl_of(rows, heading), "--apply")
    assert said.code == Exit.DONE, said
    assert said.json["numbers"] == {"R-1": 200_000_111, "R-2": 200_000_113}
    assert Identity.objects.count() == 2
    tenure = Number.objects.get(pk=200_000_113).tenure
    assert tenure is not None and (tenure.paid, tenure.price, tenure.channel_ref) == (True, 1250, "10690 carrier")
    assert broken() == []


def test_every_fault_is_named_by_line_and_column_and_nothing_is_done(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(200_000_000, 200_000_999, "test")
    supply(200_001_000, 200_001_999)
    register(plain("R-0"), "--apply")
    other = (Registration.objects.get().tenure.number_id - 200_000_000 + 1) % 1000 + 200_000_000
    before = Tenure.objects.count()
    rows = [
        ("R-1", *PLAIN),
        ("R-1", *PLAIN),  # line 3: twice
        ("", *PLAIN),  # 4
        ("R-2", "0123", *PLAIN[1:]),  # 5
        ("R-3", "", "gold", *PLAIN[2:]),  # 6
        ("R-4", "", "test", "pigeon", *PLAIN[3:]),  # 7
        ("R-5", "", "test", "other", "", *PLAIN[4:]),  # 8
        ("R-6", "", "test", "client", "", "", PLAIN[5]),  # 9: not accepted
        ("R-7", *PLAIN[:5], "2999-01-01"),  # 10: the future
        ("R-8", "", "public", *PLAIN[2:]),  # 11: no identity
        ("R-0", str(other), *PLAIN[1:]),  # 12: known, with another number
        ("R-9", "300000001", "", *PLAIN[2:]),  # 13: in no range
        ("R-10", "", "reserved", *PLAIN[2:]),  # 14
    ]
    said = register(csv_of(rows, HEADING), "--apply")
    assert said.code == Exit.USAGE
    assert [(one["line"], one["column"]) for one in said.json["errors"]] == [
        (3, "registration"), (4, "registration"), (5, "number"), (6, "pool"), (7, "channel"), (8, "reference"),
        (9, "accepted"), (10, "registered_at"), (11, ""), (12, "number"), (13, "number"), (14, "pool"),
    ]  # fmt: skip
    assert Tenure.objects.count() == before


def test_what_a_range_cannot_give_stops_the_run_and_the_next_one_goes_on(
    supply: Supply, register: Callable[..., Any], settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 4
    supply(200_000_010, 200_000_015, "test")
    content = plain(*(f"R-{k}" for k in range(9)))
    said = register(content, "--apply")
    assert said.code == Exit.USAGE and "Lines 6 to 9:" in said.error and "at most 2 such numbers" in said.error
    assert Registration.objects.count() == 4
    supply(200_001_000, 200_001_999, "test")
    assert register(content, "--apply").json["known"] == 4
    assert Registration.objects.count() == 9 and broken() == []


def test_a_heading_without_what_a_registration_needs_is_refused(register: Callable[..., Any], cast: Any) -> None:
    said = register(csv_of([("R-1", "web")], ("registration", "channel")))
    assert said.code == Exit.USAGE and "how the rules were accepted" in said.error


def test_a_campaign_is_spent_by_the_file_for_registrations_of_its_time_only(
    supply: Supply, register: Callable[..., Any], cast: dict[str, Staff]
) -> None:
    supply(200_000_000, 200_000_999, "test")
    now = timezone.now()
    wanted = campaigns.wanted("spring", "Students' union", "letter 7", 2, now - 2 * DAY, now + DAY)
    carry_out(wanted, cast["resources"], cast["supervisor"])

    def told(*rows: tuple[str, datetime.timedelta]) -> bytes:
        lines = [(one, "", "test", "campaign", "spring", "explicit", (now - ago).isoformat()) for one, ago in rows]
        return csv_of(lines, HEADING)

    early = register(told(("R-1", DAY), ("R-2", 3 * DAY)), "--apply")
    assert early.code == Exit.USAGE and "was not running then" in early.error
    assert register(told(("R-1", DAY), ("R-2", DAY)), "--apply").json["new"] == 2
    assert "0 numbers left" in register(told(("R-3", DAY)), "--apply").error
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (2, 2)
    assert broken() == []
