"""`manage.py register`: a file of the upstream system, each registration once."""

from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.declarations.services import declare, withdraw
from accounts.models import DeclaredNumber, Identity, Number, NumberRange, Registration, Tenure
from qqops.audit.models import Event
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.accounts.allocation.registering import AT, HEADING, NOON, PLAIN, Register, Supply, on_record, plain
from tests.accounts.allocation.test_command import HEADING as ITEMS
from tests.accounts.allocation.test_command import PEOPLE
from tests.accounts.allocation.wishes import WHY, first_of_cursor, wish
from tests.accounts.imports.files import csv_of, jsonl_of, put
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.terminal import Terminal


def test_registrations_open_tenures_once_and_a_second_run_finds_them_known(
    supply: Supply, register: Register, settings: LazySettings
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
    supply: Supply, register: Register
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


def test_every_fault_is_named_by_line_and_column_and_nothing_is_done(supply: Supply, register: Register) -> None:
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
    supply: Supply, register: Register, settings: LazySettings
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
    supply: Supply, register: Register, resources: Staff, place: str
) -> None:
    found = supply(203_164_000, 203_164_159, "test")
    rows, left = too_many(place)
    said = register(csv_of(rows, HEADING), "--apply")
    assert said.code == Exit.USAGE and f"at most {left} such numbers left: open another range. Reg" in said.error
    assert not Registration.objects.exists() and not Number.objects.exists()
    numbers = {one.number for one in allocate(wish(count=160), actor=resources, reason=WHY)}
    assert numbers == set(range(found.first, found.last + 1)) and broken() == []


def test_a_registration_that_is_known_is_left_as_it_is_however_long_ago_it_was(
    supply: Supply, register: Register
) -> None:
    supply(203_164_000, 203_164_999, "test")
    assert register(plain("R-1"), "--apply").json["new"] == 1
    with time_machine.travel(timezone.now() + 30 * DAY):
        assert register(plain("R-1"), "--apply").json["known"] == 1
        assert register(plain("R-1", "R-2"), "--apply").code == Exit.USAGE
    assert Tenure.objects.count() == 1


def test_on_a_number_that_comes_back_the_right_of_use_begins_when_it_is_handed_out(
    supply: Supply, register: Register
) -> None:
    supply(203_164_000, 203_164_999, "test")
    make_numbers([203_164_111, 203_164_222], "available")
    before = timezone.now()
    assert register(csv_of([("R-1", "203164111", *PLAIN[1:]), ("R-2", *PLAIN)], HEADING), "--apply").json["new"] == 2
    assert [t.started_at >= before for t in Tenure.objects.order_by("pk")] == [True, True]
    assert set(Registration.objects.values_list("registered_at", flat=True)) == {NOON}


def test_a_number_that_somebody_of_the_staff_declared_goes_out_another_way_than_by_a_file(
    supply: Supply, register: Register, cast: dict[str, Staff]
) -> None:
    supply(203_164_000, 203_164_999, "test")
    declare(cast["agent"], [203_164_115], "relative", actor=cast["agent"])
    content = csv_of([("R-1", "203164115", *PLAIN[1:]), ("R-2", "203164113", *PLAIN[1:])], HEADING)
    (said,) = register(content, "--apply").json["errors"]
    assert (said["line"], said["column"], "allocated by a person" in said["why"]) == (2, "number", True)
    assert not Tenure.objects.exists()
    withdraw(DeclaredNumber.objects.get(), actor=cast["supervisor"], reason="sold long ago")
    assert register(content, "--apply").json["new"] == 2
