"""`manage.py register`: a file of the upstream system, each registration once."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import CampaignUse, DeclaredNumber, Identity, Number, NumberRange, Registration, Tenure
from accounts.services.declared import declare, withdraw
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
NOON = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) - DAY
AT = f"{NOON:%Y-%m-%d %H:%M}"  # yesterday
PLAIN = ("", "test", "client", "9.9", "explicit", AT)


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
    supply(203_164_000, 203_164_999, "test")
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
    assert tenure.started_at == NOON
    before = head()
    said = register(plain("R-3", "R-4", "R-1"), "--apply")
    assert (said.json["new"], said.json["known"], Tenure.objects.count()) == (1, 2, 4)
    assert verbs(before) == ["number.registered"]
    assert broken() == []


def test_numbers_that_are_named_are_those_opened_recycled_or_new_with_their_people(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999)
    make_numbers([203_164_111], "available")
    heading = (*HEADING, "order", "price", "paid_until", *ITEMS)
    rest = ("sms", "10690 carrier", "by_use", AT)
    until = timezone.localdate() + 365 * DAY
    rows = [
        ("R-1", "203164111", "", *rest, "", "", "", *PEOPLE[0]),
        ("R-2", "203164113", "public", *rest, "O-1", "12.50", until.isoformat(), *PEOPLE[1]),
    ]
    said = register(jsonl_of(rows, heading), "--apply")
    assert said.code == Exit.DONE, said
    assert said.json["numbers"] == {"R-1": 203_164_111, "R-2": 203_164_113}
    assert Identity.objects.count() == 2
    tenure = Number.objects.get(pk=203_164_113).tenure
    assert tenure is not None and (tenure.paid, tenure.price, tenure.channel_ref) == (True, 1250, "10690 carrier")
    assert broken() == []


def test_every_fault_is_named_by_line_and_column_and_nothing_is_done(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    supply(203_165_000, 203_165_999)
    register(plain("R-0"), "--apply")
    other = (Registration.objects.get().tenure.number_id - 203_164_000 + 1) % 1000 + 203_164_000
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
        ("R-11", *PLAIN[:5], (timezone.now() - 8 * DAY).isoformat()),  # 15: too long ago
    ]
    said = register(csv_of(rows, HEADING), "--apply")
    assert said.code == Exit.USAGE
    assert [(one["line"], one["column"]) for one in said.json["errors"]] == [
        (3, "registration"), (4, "registration"), (5, "number"), (6, "pool"), (7, "channel"), (8, "reference"),
        (9, "accepted"), (10, "registered_at"), (11, ""), (12, "number"), (13, "number"), (14, "pool"),
        (15, "registered_at"),
    ]  # fmt: skip
    assert Tenure.objects.count() == before


def test_what_a_range_cannot_give_stops_the_run_and_the_next_one_goes_on(
    supply: Supply, register: Callable[..., Any], settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 4
    supply(203_164_010, 203_164_015, "test")
    content = plain(*(f"R-{k}" for k in range(9)))
    said = register(content, "--apply")
    assert said.code == Exit.USAGE and "Lines 6 to 9:" in said.error and "at most 2 such numbers" in said.error
    assert Registration.objects.count() == 4
    supply(203_165_000, 203_165_999, "test")
    assert register(content, "--apply").json["known"] == 4
    assert Registration.objects.count() == 9 and broken() == []


def test_a_heading_without_what_a_registration_needs_is_refused(register: Callable[..., Any], cast: Any) -> None:
    said = register(csv_of([("R-1", "web")], ("registration", "channel")))
    assert said.code == Exit.USAGE and "how the rules were accepted" in said.error


def test_a_campaign_is_spent_by_the_file_for_registrations_of_its_time_only(
    supply: Supply, register: Callable[..., Any], cast: dict[str, Staff]
) -> None:
    supply(203_164_000, 203_164_999, "test")
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


def test_what_happened_before_the_law_wanted_names_is_not_registered_now_without_one(
    supply: Supply, register: Callable[..., Any], cast: dict[str, Staff]
) -> None:
    supply(203_164_000, 203_164_999)
    heading = (*HEADING, "mobile")

    def told(at: str) -> Any:
        return register(csv_of([("R-1", "", "public", *PLAIN[2:5], at, "13987654321")], heading), "--apply")

    (long_ago,) = told("2016-01-01 10:00").json["errors"]
    assert (long_ago["column"], "within 7 days" in long_ago["why"]) == ("registered_at", True)
    (bare,) = told(AT).json["errors"]
    assert "lacks: name, document" in bare["why"] and not Tenure.objects.exists()


def test_a_registration_that_is_known_is_left_as_it_is_however_long_ago_it_was(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    assert register(plain("R-1"), "--apply").json["new"] == 1
    with time_machine.travel(timezone.now() + 30 * DAY):
        assert register(plain("R-1"), "--apply").json["known"] == 1
        assert register(plain("R-1", "R-2"), "--apply").code == Exit.USAGE
    assert Tenure.objects.count() == 1


def test_on_a_number_that_comes_back_the_right_of_use_begins_when_it_is_handed_out(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    make_numbers([203_164_111, 203_164_222], "available")
    before = timezone.now()
    assert register(csv_of([("R-1", "203164111", *PLAIN[1:]), ("R-2", *PLAIN)], HEADING), "--apply").json["new"] == 2
    assert [t.started_at >= before for t in Tenure.objects.order_by("pk")] == [True, True]
    assert set(Registration.objects.values_list("registered_at", flat=True)) == {NOON}


def test_a_number_that_somebody_of_the_staff_declared_goes_out_another_way_than_by_a_file(
    supply: Supply, register: Callable[..., Any], cast: dict[str, Staff]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    declare(cast["agent"], [203_164_115], "relative", actor=cast["agent"])
    content = csv_of([("R-1", "203164115", *PLAIN[1:]), ("R-2", "203164113", *PLAIN[1:])], HEADING)
    (said,) = register(content, "--apply").json["errors"]
    assert (said["line"], said["column"], "allocated by a person" in said["why"]) == (2, "number", True)
    assert not Tenure.objects.exists()
    withdraw(DeclaredNumber.objects.get(), actor=cast["supervisor"], reason="sold long ago")
    assert register(content, "--apply").json["new"] == 2


@pytest.mark.parametrize(
    ("price", "until", "column"),
    [("1e999999", "2027-01-01", "price"), ("1", "9999-12-31", "price"), ("1", "9998-12-31", "paid_until")],
)
def test_a_price_or_a_day_beyond_all_bounds_is_a_fault_of_its_line(
    supply: Supply, register: Callable[..., Any], price: str, until: str, column: str
) -> None:
    supply(203_164_000, 203_164_999, "test")
    rows = [("R-1", *PLAIN, "O-1", price, until), ("R-2", "203164113", *PLAIN[1:], "O-2", price, until)]
    said = register(csv_of(rows, (*HEADING, "order", "price", "paid_until")))
    assert said.code == Exit.USAGE and [one["column"] for one in said.json["errors"]] == [column, column]


def test_each_line_pays_the_price_of_the_range_that_it_is_handed_out_of(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999, "test", price=1_000)
    until = timezone.localdate() + 365 * DAY
    heading = (*HEADING, "order", "price", "paid_until")
    rows = [("R-1", *PLAIN, "O-1", "12", until), ("R-2", "203164113", *PLAIN[1:], "O-2", "10", until)]
    cheap = ("R-3", "203164115", *PLAIN[1:], "O-3", "9.99", until)
    (said,) = register(csv_of([*rows, cheap], heading), "--apply").json["errors"]
    assert (said["line"], said["column"]) == (4, "number")
    cheap = ("R-4", *PLAIN, "O-4", "9", until)
    assert "No range of this pool is open" in register(csv_of([cheap], heading), "--apply").error
    assert register(csv_of(rows, heading), "--apply").json["new"] == 2
