"""Reading files that people give: every form of them, every fault with its line, and never a value."""

import datetime
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from openpyxl import Workbook, load_workbook

from accounts.imports.files import File
from accounts.lists import decoding as reading
from accounts.lists import workbook as books
from qqops.core.errors import Invalid
from tests.accounts.imports.files import HEADING, PERSON, csv_of, jsonl_of, put, xlsx_of

LINE = (88812345, *PERSON)
CELLS = dict(zip(HEADING, map(str, LINE), strict=True))
SECRET = "13987654321"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def read(folder: Path, content: bytes, name: str = "people.csv") -> list[tuple[int, dict[str, str]]]:
    with File(put(folder, content, name)) as file:
        rows = list(file.rows())
    assert [row.wrong for row in rows if row.wrong] == []
    return [(row.line, row.cells) for row in rows]


def faults(folder: Path, content: bytes) -> list[tuple[int, str, str]]:
    with File(put(folder, content)) as file:
        found = [(row.line, column, why) for row in file.rows() for column, why in row.wrong]
    assert SECRET not in str(found)
    return found


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(Invalid) as caught, File(put(folder, content)) as file:
        list(file.rows())
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        csv_of([LINE]),
        csv_of([LINE], encoding="utf-8-sig"),
        csv_of([LINE], encoding="gb18030"),
        csv_of([LINE]).replace(b"\r\n", b"\n"),
        csv_of([LINE], [name.upper() + " " for name in HEADING]),
        csv_of([LINE], ("号码", "姓名", "证件类型", "证件号码", "手机", "邮箱", "出生日期")),
        csv_of([LINE], ("QQ", "姓名", "证件类型", "证件号码", "手机号码", "电子邮箱", "出生日期"), "gb18030"),
        xlsx_of([LINE]),
        xlsx_of([[str(cell) for cell in LINE]]),
    ],
)
def test_a_table_is_read_whatever_its_dress(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == [(2, CELLS)]
    assert read(tmp_path, content, "renamed.dat") == [(2, CELLS)]


def test_the_columns_of_a_proof_have_chinese_names_too(tmp_path: Path) -> None:
    heading = ("号码", "手机号", "手机号核验方式", "手机核验时间", "mobile核验来源", "法律依据")
    proof = ("carrier", "2026-01-31", "billing system", "CSL 26")
    ((_line, cells),) = read(tmp_path, csv_of([(10001, "13987654321", *proof)], heading))
    assert cells == {
        "number": "10001", "mobile": SECRET, "mobile_verified_method": "carrier",
        "mobile_verified_at": "2026-01-31", "mobile_verified_source": "billing system", "basis": "CSL 26",
    }  # fmt: skip
    for wrong in ("核验方式", "号码核验方式", "微信核验方式"):
        assert "no known column at place 3" in refusal(tmp_path, csv_of([], ("号码", "手机", wrong)))


def test_json_lines_are_read_and_what_is_null_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + jsonl_of([LINE])) == [(1, CELLS)]
    assert read(tmp_path, b'{"number": 10001, "name": null, "mobile": ""}\n\n{"tenure": "10002/3"}') == [
        (1, {"number": "10001"}),
        (3, {"number": "10002/3"}),
    ]


def test_the_lines_are_numbered_as_an_editor_numbers_them(tmp_path: Path) -> None:
    content = b'number,name\r\n\r\n10001,"a\r\nb"\r\n10002,c\r\n , \r\n10003,d\r\n'
    assert [line for line, _cells in read(tmp_path, content)] == [3, 5, 7]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    with File(put(tmp_path, csv_of([LINE]))) as file:
        list(file.rows())
        assert file.sha256 == hashlib.sha256(csv_of([LINE])).hexdigest()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff\xfe" + "number,name\n".encode("utf-16-le") * 2, "neither UTF-8 nor GB18030"),
        (csv_of([LINE]).replace(b",", b";"), "separated by semicolons"),
        (csv_of([LINE]).replace(b",", b"\t"), "separated by tabs"),
        (csv_of([LINE], ["number", *PERSON]), "no known column at place 2"),
        (csv_of([LINE], [*HEADING[:-1], "name"]), "the column name twice"),
        (csv_of([LINE[1:]], HEADING[1:]), "no column for the number"),
        (csv_of([LINE[:1]], HEADING[:1]), "no column with an item"),
        (f"{SECRET},{PERSON[0]}\n".encode(), "no known column at place 1"),
        (f'[{{"number": "{SECRET}"}}]'.encode(), "one JSON array"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "locked with a password"),
        (b"PK\x03\x04" + b"\0" * 600, "cannot be read"),
        (xlsx_of([LINE])[:-200], "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv", Path("/dev/stdin")):
        with pytest.raises(Invalid, match="There is no file"):
            File(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"10001,{SECRET},x,more", "under no column, at place 4"),
        ("10001", "fewer cells than the heading"),
        (f'10001,"{SECRET}"x,', "quotation marks do not match"),
        (f'10001,"{SECRET}\n10002,x\n', "quotation marks do not match"),
        (f"10001,{SECRET}\r10002,x,", "line ends are mixed"),
        ("10001," + SECRET * 9000 + ",x", "too long"),
        (f'10001,"{SECRET}' + "\n1" * 70_000 + '",x', "quotation marks do not match"),
    ],
)
def test_a_line_that_is_no_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    found = faults(tmp_path, b"number,name,email\n10000,x,\n" + line.encode())
    assert [(at, column, said in why) for at, column, why in found] == [(3, "", True)]


def test_a_damaged_line_of_utf_8_is_named_and_not_taken_for_other_characters(tmp_path: Path) -> None:
    rows = "".join(f"1000{n},欧阳晓月\n" for n in range(5)).encode()
    damaged = b"number,name\n" + rows.replace("10003,欧阳晓月".encode(), "10003,欧阳晓月".encode()[:-1])
    assert faults(tmp_path, damaged)[0] == (5, "", "The line is not UTF-8 text.")


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("{", "", "not one JSON object"),
        ("[1]", "", "not one JSON object"),
        ("[" * 30_000, "", "not one JSON object"),
        ('{"number": ' + "9" * 5000 + "}", "", "not one JSON object"),
        (f'{{"number": 1}} {SECRET}', "", "not one JSON object"),
        (f'{{"number": 10001, "{SECRET}": 1}}', "", "no column of this name, at place 2"),
        ('{"number": 10001, "mobile": 1.3987654321E10}', "mobile", "as a text"),
        ('{"number": 10001, "mobile": true}', "mobile", "as a text"),
        (f'{{"number": 10001, "mobile": ["{SECRET}"]}}', "mobile", "as a text"),
        (f'{{"number": 10001, "mobile": {{"a": "{SECRET}"}}}}', "mobile", "as a text"),
        (f'{{"number": 10001, "mobile": "1", "手机": "{SECRET}"}}', "mobile", "there twice"),
    ],
)
def test_a_line_of_json_that_is_none_is_named(tmp_path: Path, line: str, column: str, said: str) -> None:
    found = faults(tmp_path, b'{"number": 10000}\n' + line.encode())
    assert [(at, name, said in why) for at, name, why in found] == [(2, column, True)]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (110101199003071233, "has lost digits"),
        (1.10101199003071e17, "has lost digits"),
        (13987654321.5, "has lost digits"),
        ("=A1", "holds a formula"),
        ("#N/A", "holds an error"),
        (True, "as a text"),
    ],
)
def test_a_cell_that_a_spreadsheet_changed_is_named(tmp_path: Path, cell: Any, said: str) -> None:
    found = faults(tmp_path, xlsx_of([LINE, (10001, "欧阳晓月", "resident", cell)]))
    assert [(at, column, said in why) for at, column, why in found] == [(3, "document", True)]


def test_whole_numbers_and_dates_of_a_workbook_are_read_as_they_are_shown(tmp_path: Path) -> None:
    line = (10001.0, "", "", "", 1.3987654321e10, "", datetime.date(1990, 3, 7))
    assert read(tmp_path, xlsx_of([line])) == [(2, {"number": "10001", "mobile": SECRET, "born": "1990-03-07"})]


def test_a_workbook_has_one_sheet_with_something_on_it(tmp_path: Path) -> None:
    book = load_workbook(io.BytesIO(xlsx_of([LINE])))
    second, out = book.create_sheet(), io.BytesIO()
    book.save(out)
    assert read(tmp_path, out.getvalue()) == [(2, CELLS)]
    second["A1"] = "number"
    out = io.BytesIO()
    book.save(out)
    assert "several sheets" in refusal(tmp_path, out.getvalue())
    Workbook().save(out := io.BytesIO())
    assert read(tmp_path, out.getvalue()) == []


def test_a_workbook_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(9):
            archive.writestr(f"xl/{n}.xml", b"0" * 32 * 1024**2)
    assert len(bomb.getvalue()) < 1_000_000
    assert "too large when unpacked" in refusal(tmp_path, bomb.getvalue())
    monkeypatch.setattr(books, "UNPACKED_MAX", 100)
    assert "too large when unpacked" in refusal(tmp_path, xlsx_of([LINE]))


def _with_sheet(xml: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx_of([LINE]))) as source, zipfile.ZipFile(out, "w") as target:
        for part in source.infolist():
            found = source.read(part)
            target.writestr(part, xml.encode() if part.filename == "xl/worksheets/sheet1.xml" else found)
    return out.getvalue()


def test_a_made_up_workbook_is_refused_or_read_and_never_waited_for(tmp_path: Path) -> None:
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    far = f'<worksheet {space}><sheetData><row r="99999999999"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
    assert read(tmp_path, _with_sheet(far)) == []
    right = "".join(f'<row r="{n}"><c r="XFD{n}" s="0"/></row>' for n in range(2, 20_000))
    head = '<row r="1"><c r="A1" t="str"><v>number</v></c><c r="B1" t="str"><v>name</v></c></row>'
    with File(
        put(tmp_path, _with_sheet(f"<worksheet {space}><sheetData>{head}{right}</sheetData></worksheet>"))
    ) as file:
        assert list(file.rows()) == []
    there = f'<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>{SECRET}</v></c></row>'
    assert "to the right of 100 columns" in refusal(
        tmp_path, _with_sheet(f"<worksheet {space}><sheetData>{head}{there}</sheetData></worksheet>")
    )
    secret = (
        f'<worksheet {space}><sheetData><row r="1"><c r="A1" t="s"><v>{SECRET}</v></c></row></sheetData></worksheet>'
    )
    assert "cannot be read" in refusal(tmp_path, _with_sheet(secret))
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    entities = (
        f"<!DOCTYPE w [{laughs}]><worksheet {space}><sheetData><row><c><v>&l11;</v></c></row></sheetData></worksheet>"
    )
    assert "cannot be read" in refusal(tmp_path, _with_sheet(entities))


def test_a_file_changed_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = put(tmp_path, csv_of([LINE]))
    with File(path) as file:
        file.must_be_the_same()
        path.write_bytes(csv_of([LINE, LINE]))
        with pytest.raises(Invalid, match="was changed"):
            file.must_be_the_same()


def test_a_long_line_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    rows = (b"10001," + b"x" * reading.LINE_MAX * 40 + b"\n") + b"10002,y\n"
    with File(put(tmp_path, b"number,name\n" + rows)) as file:
        found = list(file.rows())
    assert [(row.line, bool(row.wrong)) for row in found] == [(2, True), (3, False)]
