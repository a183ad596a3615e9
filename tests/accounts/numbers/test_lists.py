"""Lists of numbers as files: text or workbook, and everything wrong with one named by line or cell."""

import hashlib
import io
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from openpyxl import Workbook

from accounts.lists import given_list, workbook
from accounts.numbers.parsing import read_open
from qqops.core.errors import Invalid


@pytest.fixture(autouse=True)
def _in_english() -> object:
    with translation.override("en"):
        yield


def xlsx(*rows: Any) -> bytes:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(out)
    return out.getvalue()


def numbers_in(content: bytes, name: str = "list.xlsx") -> list[int]:
    return list(given_list.read(io.BytesIO(content), name).numbers)


def refusal(content: bytes, name: str = "list.xlsx") -> list[str]:
    with pytest.raises(Invalid) as caught:
        numbers_in(content, name)
    return str(caught.value).splitlines()


def test_a_workbook_is_read_by_its_column_or_whole_and_exact_floats_are_the_numbers_they_are() -> None:
    assert numbers_in(xlsx(["note", "号码"], ["a", 88812345], ["b", "QQ:88812346"], [], ["c", 88812347.0])) == [
        88812345, 88812346, 88812347,
    ]  # fmt: skip
    assert numbers_in(xlsx([88812345, "88812346 88812347"], [None, 88812345])) == [
        88812345, 88812346, 88812347, 88812345,
    ]  # fmt: skip


def test_what_a_spreadsheet_has_lost_is_named_cell_by_cell() -> None:
    wrong = refusal(
        xlsx(
            ["number", "note"], [88812345, ""], ["8.88E+07", ""], [88812345.5, ""], [1234567890123456789, ""],
            ["=A2+1", ""], [True, ""], ["", "no number in this line"], ["04123", ""],
        )
    )  # fmt: skip
    assert wrong[0] == "The list was refused; nothing was done:"
    assert [line.split(":")[0] for line in wrong[1:]] == [f"cell A{n}" for n in range(3, 10)]
    assert "“8.88E+07” is not a number" in wrong[1] and "has lost digits" in wrong[2] and "has lost digits" in wrong[3]
    assert "formula" in wrong[4]


def test_a_workbook_that_is_a_bomb_locked_or_broken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "of the old kind (.xls)" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))[0]
    assert "cannot be read" in refusal(b"PK\x03\x04" + bytes(100))[0]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(1_000_000))
    monkeypatch.setattr(workbook, "UNPACKED_MAX", 999_999)
    assert refusal(bomb.getvalue()) == ["The workbook is too large when unpacked: save it as CSV."]


def test_a_list_is_known_by_the_hash_of_its_bytes_and_by_its_kind_never_by_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "涉诈名单.csv"
    file.write_bytes("号码\n88812345\n".encode("gb18030"))
    found = given_list.read_path(file)
    assert (found.name, list(found.numbers)) == ("CSV", [88812345])
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert given_list.read(io.BytesIO(b"12345"), "C:\\lists\\张伟民 13800138000.txt").name == "TXT"
    assert given_list.read(io.BytesIO(xlsx([88812345])), "list.csv").name == "XLSX"


def test_a_file_that_changes_while_it_is_read_is_refused() -> None:

    def meanwhile(given: Any) -> Any:
        found = read_open(given)
        given.seek(0)
        given.write(b"88812346\n")
        return found

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Invalid, match="changed while it was read"):
        patch.setattr("accounts.lists.given_list.read_open", meanwhile)
        given_list.read(io.BytesIO(b"88812345\n"), "list.txt")


def test_a_pipe_is_read_though_it_cannot_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=("号码\n88812345\n".encode("gb18030"),))
    writer.start()
    assert list(given_list.read_path(pipe).numbers) == [88812345]
    writer.join()
