"""`manage.py register`: a file of the upstream system, each registration once."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.intake import REGISTRATIONS, File
from accounts.models import (
    Campaign,
    CampaignUse,
    DeclaredNumber,
    Identity,
    Number,
    NumberRange,
    Registration,
    RuleVersion,
    Tenure,
)
from accounts.rulebook.parser import parse
from accounts.rulebook.summaries import DOCUMENT
from accounts.services import rulebook
from accounts.services.allocation import register as registering
from accounts.services.allocation.allocate import allocate
from accounts.services.declared import declare, withdraw
from accounts.services.resources import campaigns
from qqops.audit.models import Event
from qqops.commands import Exit
from qqops.staff.backend import at_desk
from qqops.staff.models import Staff
from tests.accounts.allocation.test_command import HEADING as ITEMS
from tests.accounts.allocation.test_command import PEOPLE
from tests.accounts.allocation.wishes import WHY, first_of_cursor, terms, wish
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


def publish_rules(version: str, since: datetime.datetime) -> RuleVersion:
    """A text of the Rules that is in force from then on."""
    found = parse("甲规则\n\n【首部】\n\n导言。\n\n# 一、【甲】\n\n  * 1.1 号码可以冻结。\n")
    actor = at_desk().get(username="resources")
    said: dict[str, Any] = {"actor": actor, "reason": "notice of the law", "ticket": "", "source_sha256": "0" * 64}
    return rulebook.publish(DOCUMENT, found.title, version, since, found.clauses, **said)


def plain(*ids: str) -> bytes:
    return csv_of([(one, *PLAIN) for one in ids], HEADING)


def on_record() -> dict[str, int]:
    return dict(Registration.objects.values_list("registration_id", "tenure__number"))


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
    numbers = on_record()
    assert numbers == said.json["numbers"] and len(numbers) == 3
    tenure = Tenure.objects.earliest("pk")
    assert tenure.started_at == NOON
    before = head()
    said = register(plain("R-3", "R-4", "R-1"), "--apply")
    assert (said.json["new"], said.json["known"], Tenure.objects.count()) == (1, 2, 4)
    assert verbs(before) == ["number.registered"]
    # Whoever was interrupted learns from the next run which numbers the lines before got.
    assert said.json["numbers"] == {one: number for one, number in on_record().items() if one != "R-2"}
    assert register(content).json["numbers"] == numbers
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
    assert (said.code, said.json["new"], said.json["known"]) == (Exit.PARTLY, 4, 0)
    assert said.json["stopped"] == (
        "Lines 6 to 9 were not recorded: This pool has at most 2 such numbers left: open another range. Registrations"
        " of this file that are recorded and stay: 4. Run the command again with the same file to continue: none of"
        " them is recorded twice."
    )
    assert said.json["numbers"] == on_record() and list(on_record()) == ["R-0", "R-1", "R-2", "R-3"]
    # A chunk that is refused tells what is known of it, too.
    again = register(plain("R-3", "R-9", "R-10", "R-11"), "--apply")
    assert (again.code, again.json["numbers"]) == (Exit.PARTLY, {"R-3": on_record()["R-3"]})
    assert "recorded and stay: 1." in again.json["stopped"]
    nothing = register(plain("R-9", "R-10", "R-11"), "--apply")
    assert (nothing.code, nothing.out) == (Exit.USAGE, "") and "recorded and stay: 0." in nothing.error
    supply(203_165_000, 203_165_999, "test")
    said = register(content, "--apply")
    assert (said.code, said.json["new"], said.json["known"], said.json["stopped"]) == (Exit.DONE, 5, 4, "")
    assert said.json["numbers"] == on_record() and len(on_record()) == 9 and broken() == []


def test_what_stays_of_a_file_is_told_in_words_and_the_summary_comes_first(
    supply: Supply, terminal: Terminal, tmp_path: Path, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 4
    supply(203_164_010, 203_164_015, "test")
    said = terminal(None, "register", put(tmp_path, plain(*(f"R-{k}" for k in range(9)))), "--apply")
    _digest, summary, why = said.out.splitlines()
    assert (said.code, summary) == (Exit.PARTLY, "Recorded. Lines: 9, new: 4, known: 0.")
    assert why.startswith("Lines 6 to 9 were not recorded: This pool has")


def too_many(place: str) -> tuple[list[tuple[str, ...]], int]:
    """Lines that want more than the 160 numbers of a range, beside others that want 5 of them, or one of its digits;
    and how many those leave."""
    many: list[tuple[str, ...]] = [(f"B-{k}", "", "test", "web", *PLAIN[3:]) for k in range(200)]
    if place == "another channel":
        return [*((f"A-{k}", *PLAIN) for k in range(5)), *many], 155
    return [("A-0", str(first_of_cursor(NumberRange.objects.get(), 0)), *PLAIN[1:]), *many], 159


@pytest.mark.parametrize("place", ["another channel", "a number by its digits"])
def test_a_file_that_wants_too_much_moves_no_cursor_past_what_it_had_taken_itself(
    supply: Supply, register: Callable[..., Any], resources: Staff, place: str
) -> None:
    found = supply(203_164_000, 203_164_159, "test")
    rows, left = too_many(place)
    said = register(csv_of(rows, HEADING), "--apply")
    assert said.code == Exit.USAGE and f"at most {left} such numbers left: open another range. Reg" in said.error
    assert not Registration.objects.exists() and not Number.objects.exists()
    numbers = {one.number for one in allocate(wish(count=160), actor=resources, reason=WHY)}
    assert numbers == set(range(found.first, found.last + 1)) and broken() == []


SAID = dict(zip(HEADING, ("R-1", *PLAIN), strict=True))


def jsonl(**more: Any) -> bytes:
    return json.dumps(SAID | more).encode()


BAD_FILES = {
    "an unknown column": (csv_of([("R-1", *PLAIN, "x")], (*HEADING, "pigeon")), "no known column at place 8"),
    "a column twice": (csv_of([("R-1", *PLAIN, "x")], (*HEADING, "pool")), "names the column pool twice"),
    "no registrations": (csv_of([PLAIN], HEADING[1:]), "no column for the registration"),
    "semicolons": (csv_of([("R-1", *PLAIN)], HEADING).replace(b",", b";"), "separated by semicolons"),
    "nothing": (b"", "The file is empty"),
    "a heading alone": (csv_of([], HEADING), "nothing below the heading"),
    "an array": (b"[" + jsonl() + b"]", "one JSON array"),
    "no workbook": (b"PK\x03\x04 and nothing more", "workbook"),
    "neither UTF-8 nor GB18030": (csv_of([("R-1", *PLAIN)], HEADING) + b"\xff\xff\xff,", "neither UTF-8 nor GB18030"),
}
BAD_LINES = {
    "a list": (jsonl(channel=["client"]), "channel", "Write it as a text"),
    "a truth": (jsonl(number=True), "number", "Write it as a text"),
    "a fraction": (jsonl(number=203164115.5), "number", "Write it as a text"),
    "no object": (b'{"registration": "R-1"\n', "", "not one JSON object"),
    "a NUL in its name": (jsonl(registration="R-\0"), "registration", "Name the registration"),
    "half a character": (jsonl(registration="R-\ud800"), "registration", "Name the registration"),
    "a NUL in its campaign": (jsonl(channel="campaign", reference="a\0b"), "reference", "at most 80 characters"),
    "a NUL in the channel of a number": (jsonl(channel="a\0b", number="203164115"), "channel", "no such channel"),
    "a NUL in the rules": (jsonl(rules="a\0b"), "rules", "Not this version"),
    "half a name": (jsonl(name="王\ud800"), "name", ""),
    "before all rules": (jsonl(registered_at="0001-01-01 00:00"), "registered_at", ""),
    "quotation marks": (csv_of([("R-1", *PLAIN)], HEADING) + b'"R-2,,', "", "quotation marks do not match"),
    "fewer cells": (csv_of([("R-1", "", "test")], HEADING), "", "fewer cells than the heading"),
    "another number": (csv_of([("R-1", "", *PLAIN[1:]), ("R-1", "203164115", *PLAIN[1:])], HEADING), "registration",
                       "stands on line 2"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_file_that_is_none_is_refused_in_a_sentence(supply: Supply, register: Callable[..., Any], what: str) -> None:
    supply(203_164_000, 203_164_999, "test")
    content, why = BAD_FILES[what]
    before = head()
    for words in ((), ("--apply",)):
        said = register(content, *words)
        assert (said.code, said.out) == (Exit.USAGE, "") and why in said.error
    assert verbs(before) == [] and not Tenure.objects.exists()


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_line_that_is_none_is_refused_in_a_sentence(supply: Supply, register: Callable[..., Any], what: str) -> None:
    supply(203_164_000, 203_164_999, "test")
    content, column, why = BAD_LINES[what]
    before = head()
    for words in ((), ("--apply",)):
        said = register(content, *words)
        assert said.code == Exit.USAGE
        assert any(one["column"] == column and why in one["why"] for one in said.json["errors"]), said.json
    assert verbs(before) == [] and not Tenure.objects.exists()


def test_a_folder_or_a_file_that_is_not_there_is_no_file(terminal: Terminal, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        said = terminal(None, "register", path, "--apply")
        assert (said.code, said.error) == (Exit.USAGE, f"There is no file {path}.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_table_as_people_save_it_is_read(supply: Supply, register: Callable[..., Any], encoding: str) -> None:
    supply(203_164_000, 203_164_999, "test")
    heading = ("登记编号", "号码", "号池", "注册渠道", "渠道凭证", "接受方式", "登记时间")
    assert register(csv_of([("登记-1", *PLAIN)], heading, encoding), "--apply").json["new"] == 1
    assert Registration.objects.get().registration_id == "登记-1"


def test_a_heading_without_what_a_registration_needs_is_refused(register: Callable[..., Any], cast: Any) -> None:
    said = register(csv_of([("R-1", "web")], ("registration", "channel")))
    assert said.code == Exit.USAGE and "how the rules were accepted" in said.error


@pytest.fixture
def spring(supply: Supply, cast: dict[str, Staff]) -> Campaign:
    """A campaign of two days before now and a day after it, for three numbers."""
    supply(203_164_000, 203_164_999, "test")
    now = timezone.now()
    wanted = campaigns.wanted("spring", "Students' union", "letter 7", 3, now - 2 * DAY, now + DAY)
    carry_out(wanted, cast["resources"], cast["supervisor"])
    return Campaign.objects.get()


def of_campaign(*rows: tuple[str, datetime.datetime], code: str = "spring") -> list[tuple[str, ...]]:
    return [(one, "", "test", "campaign", code, "explicit", at.isoformat()) for one, at in rows]


def test_a_campaign_is_spent_by_the_file_for_registrations_of_its_time_only(
    spring: Campaign, register: Callable[..., Any]
) -> None:
    starts, moment = spring.starts_at, datetime.timedelta(microseconds=1)
    unknown = of_campaign(("R-2", starts), code="autumn")
    early = csv_of([*of_campaign(("R-1", starts - moment)), *unknown, *of_campaign(("R-3", starts))], HEADING)
    for words in ((), ("--apply",)):
        said = register(early, *words)
        assert (said.code, [(one["line"], one["column"], one["why"]) for one in said.json["errors"]]) == (
            Exit.USAGE,
            [(2, "reference", "Campaign spring was not running then."),
             (3, "reference", "There is no campaign “autumn”.")],
        )  # fmt: skip
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (0, 0)
    assert register(csv_of(of_campaign(("R-1", starts), ("R-2", starts)), HEADING), "--apply").json["new"] == 2
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (2, 2)
    assert broken() == []


def test_the_lines_of_a_file_count_together_against_a_quota_and_those_that_are_known_do_not(
    spring: Campaign, register: Callable[..., Any], settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    rows = of_campaign(*((f"R-{k}", timezone.now()) for k in range(5)))
    for words in ((), ("--apply",)):
        said = register(csv_of(rows, HEADING), *words)
        assert (said.code, [(one["line"], one["why"]) for one in said.json["errors"]]) == (
            Exit.USAGE, [(line, "Campaign spring has 3 numbers left of its quota.") for line in (5, 6)],
        )  # fmt: skip
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (0, 0)
    assert register(csv_of(rows[:2], HEADING), "--apply").json["new"] == 2
    assert register(csv_of(rows[:3], HEADING)).json["known"] == 2
    assert register(csv_of(rows[:3], HEADING), "--apply").json["new"] == 1
    (said,) = register(csv_of(rows[:4], HEADING)).json["errors"]
    assert (said["line"], said["why"]) == (5, "Campaign spring has 0 numbers left of its quota.")
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (3, 3)
    assert broken() == []


@pytest.mark.usefixtures("english")
def test_a_quota_that_others_spend_meanwhile_stops_the_file_and_it_is_said_what_stays(
    spring: Campaign, cast: dict[str, Staff], tmp_path: Path, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    rows = of_campaign(*((f"R-{k}", timezone.now()) for k in range(3)))
    with File(put(tmp_path, csv_of(rows, HEADING)), REGISTRATIONS) as file:
        checked = registering.check(file.rows())
        allocate(wish(terms=terms("campaign", reference="spring")), actor=cast["resources"], reason=WHY)
        before = head()
        done = registering.apply(file.rows(), checked, actor=Staff.objects.system("system-feed"), source=file.sha256)
    assert (done.known, dict(done.opened)) == ({}, on_record())
    assert done.stopped == (
        "Lines 4 to 4 were not recorded: Campaign spring has 0 numbers left of its quota. Registrations of this file"
        " that are recorded and stay: 2. Run the command again with the same file to continue: none of them is"
        " recorded twice."
    )
    assert verbs(before) == ["number.registered"]
    assert list(Registration.objects.order_by("pk").values_list("registration_id", flat=True)) == ["R-0", "R-1"]
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (3, 3) and broken() == []


def test_the_version_of_the_rules_that_a_line_names_was_in_force_then(
    supply: Supply, register: Callable[..., Any]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    publish_rules("2", NOON - 3 * DAY)
    publish_rules("3", NOON)
    heading = (*HEADING, "rules")
    before = (NOON - DAY / 24).isoformat()
    rows = [("R-1", *PLAIN[:5], before, "2"), ("R-2", *PLAIN, "3"), ("R-3", *PLAIN, "")]
    wrong = [("R-4", *PLAIN, "2"), ("R-5", *PLAIN[:5], before, "3"), ("R-6", *PLAIN, "9")]
    said = register(csv_of([*rows, *wrong], heading), "--apply")
    assert (said.code, [(one["line"], one["column"], one["why"]) for one in said.json["errors"]]) == (
        Exit.USAGE,
        [(line, "rules", f"Not this version of the rules was in force then, but {version}.")
         for line, version in ((5, "3"), (6, "2"), (7, "3"))],
    )  # fmt: skip
    assert not Tenure.objects.exists()
    assert register(csv_of(rows, heading), "--apply").json["new"] == 3
    assert list(Tenure.objects.order_by("pk").values_list("rules_version__version", flat=True)) == ["2", "3", "3"]
    # What is known was right when it was recorded, whatever has been published since for that time.
    publish_rules("2b", NOON - DAY)
    assert register(csv_of(rows, heading), "--apply").json["known"] == 3


@pytest.mark.usefixtures("english")
def test_a_version_that_is_published_during_a_file_counts_from_its_next_lines_on(
    supply: Supply, tmp_path: Path, settings: LazySettings, rulebook: RuleVersion
) -> None:
    settings.QQOPS_CHUNK = 1
    supply(203_164_000, 203_164_999, "test")
    rows = [(f"R-{k}", *PLAIN, named) for k, named in enumerate((rulebook.version, "", rulebook.version))]
    with File(put(tmp_path, csv_of(rows, (*HEADING, "rules"))), REGISTRATIONS) as file:
        checked = registering.check(file.rows())

        def publish(_lines: int) -> None:
            if Tenure.objects.count() == 1:
                publish_rules("2", NOON - DAY)

        feed = Staff.objects.system("system-feed")
        done = registering.apply(file.rows(), checked, actor=feed, source=file.sha256, step=publish)
    versions = list(Tenure.objects.order_by("pk").values_list("rules_version__version", flat=True))
    assert versions == [rulebook.version, "2"] and list(on_record()) == ["R-0", "R-1"]
    assert done.stopped.startswith(
        "Lines 4 to 4 were not recorded: Line 4 has changed since it was checked: Not this version of the rules was in"
        " force then, but 2. Registrations of this file"
    )
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
    [("1e999999", "2027-01-01", "price"), ("1", "9999-12-31", "paid_until"), ("1", "2027-02-30", "price")],
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
