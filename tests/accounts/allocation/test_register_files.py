"""`manage.py register`: a file, or a line of it, that is none is refused in a sentence, and nothing is done."""

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Registration, Tenure
from qqops.core.commands import Exit
from tests.accounts.allocation.registering import HEADING, PLAIN, Register, Supply
from tests.accounts.imports.files import csv_of
from tests.enforcement.acts import head, verbs
from tests.terminal import Terminal

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
def test_a_file_that_is_none_is_refused_in_a_sentence(supply: Supply, register: Register, what: str) -> None:
    supply(203_164_000, 203_164_999, "test")
    content, why = BAD_FILES[what]
    before = head()
    for words in ((), ("--apply",)):
        said = register(content, *words)
        assert (said.code, said.out) == (Exit.USAGE, "") and why in said.error
    assert verbs(before) == [] and not Tenure.objects.exists()


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_line_that_is_none_is_refused_in_a_sentence(supply: Supply, register: Register, what: str) -> None:
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
def test_a_table_as_people_save_it_is_read(supply: Supply, register: Register, encoding: str) -> None:
    supply(203_164_000, 203_164_999, "test")
    heading = ("登记编号", "号码", "号池", "注册渠道", "渠道凭证", "接受方式", "登记时间")
    assert register(csv_of([("登记-1", *PLAIN)], heading, encoding), "--apply").json["new"] == 1
    assert Registration.objects.get().registration_id == "登记-1"


def test_a_heading_without_what_a_registration_needs_is_refused(register: Register, cast: Any) -> None:
    said = register(csv_of([("R-1", "web")], ("registration", "channel")))
    assert said.code == Exit.USAGE and "how the rules were accepted" in said.error


@pytest.mark.parametrize(
    ("price", "until", "column"),
    [("1e999999", "2027-01-01", "price"), ("1", "9999-12-31", "paid_until"), ("1", "2027-02-30", "price")],
)
def test_a_price_or_a_day_beyond_all_bounds_is_a_fault_of_its_line(
    supply: Supply, register: Register, price: str, until: str, column: str
) -> None:
    supply(203_164_000, 203_164_999, "test")
    rows = [("R-1", *PLAIN, "O-1", price, until), ("R-2", "203164113", *PLAIN[1:], "O-2", price, until)]
    said = register(csv_of(rows, (*HEADING, "order", "price", "paid_until")))
    assert said.code == Exit.USAGE and [one["column"] for one in said.json["errors"]] == [column, column]
