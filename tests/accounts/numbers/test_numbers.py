"""Reading numbers: what is folded, what is refused, and that every bad line of a list is named."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import translation

from accounts.numbers import parsing
from qqops.core.errors import Invalid


@pytest.fixture(autouse=True)
def _in_english() -> object:
    with translation.override("en"):
        yield


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(Invalid) as caught:
        read()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10000", 10000),
        ("99999999999", 99999999999),
        ("4294967295", 4294967295),
        ("4294967296", 4294967296),
        ("4294967297", 4294967297),
        (" 88812345 ", 88812345),
        ("\ufeff88812345", 88812345),
        ("８８８１２３４５", 88812345),
        ("QQ:88812345", 88812345),
        ("qq88812345", 88812345),
        ("QQ：８８８１２３４５", 88812345),
        ("88812345@qq.com", 88812345),
        ("88812345@QQ.com", 88812345),
    ],
)
def test_a_number_is_read_whatever_its_dress(text: str, number: int) -> None:
    assert list(parsing.read_bytes(text.encode())) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "04123",
        "0",
        "9999",
        "100000000000",
        "-12345",
        "+12345",
        "1e5",
        "12345.0",
        "12345x",
        "0x12345",
        "٨٨٨١٢٣٤٥",
        "१२३४५",
        "八八八一二三四五",
        "12345@example",
        "1_2345",
        "12'345",
    ],
)
def test_what_is_no_number_is_refused_by_its_own_name(text: str) -> None:
    assert f"line 1: “{text}” is not a number" in refusal(lambda: parsing.parse_list([text]))
    assert text in refusal(lambda: parsing.parse(text))


def test_every_bad_line_is_named_and_nothing_else() -> None:
    message = refusal(lambda: parsing.parse_list(["88812345", "04123", "", "12345678", "abc", "10001", "123"]))
    assert message.splitlines() == [
        "The list was refused; nothing was done:",
        "line 2: “04123” is not a number: 5 to 11 digits, not beginning with 0.",
        "line 5: “abc” is not a number: 5 to 11 digits, not beginning with 0.",
        "line 7: “123” is not a number: 5 to 11 digits, not beginning with 0.",
    ]


def test_a_wholly_wrong_list_is_named_up_to_a_page() -> None:
    lines = refusal(lambda: parsing.parse_list(["bad"] * 120)).splitlines()
    assert (len(lines), lines[-1]) == (1 + parsing.SHOWN_MAX + 1, "… and 70 more")


def test_spaces_and_signs_part_numbers_and_never_join_them() -> None:
    given = "12345 67890\t22222,33333;44444、55555;66666,77777\u300088888\u00a099999"
    assert list(parsing.parse_list([given])) == [
        12345, 67890, 22222, 33333, 44444, 55555, 66666, 77777, 88888, 99999,
    ]  # fmt: skip
    assert "1234" in refusal(lambda: parsing.parse_list(["1234 5678"]))  # not 12345678


def test_duplicates_are_kept_for_the_preview_to_count() -> None:
    assert list(parsing.parse_list(["12345", "12345"])) == [12345, 12345]


@pytest.mark.parametrize("lines", [[], [""], ["  ", "\t", ",;"]])
def test_an_empty_list_is_refused(lines: list[str]) -> None:
    assert refusal(lambda: parsing.parse_list(lines)) == "The list holds no numbers."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_of_any_chinese_excel_is_read_by_its_column(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes('备注,号码\r\n张三的号,"88812345"\r\n李四的号,88812346\r\n'.encode(encoding))
    assert list(parsing.read_file(file)) == [88812345, 88812346]


def test_the_lines_named_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("number,note\n88812345,a\n04123,b\n88812346,c\nxyz,d\n")
    message = refusal(lambda: parsing.read_file(file))
    assert [line.split(":")[0] for line in message.splitlines()[1:]] == ["line 3", "line 5"]


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    assert refusal(lambda: parsing.read_file(tmp_path / "none.txt")).startswith("Cannot read the list")
    assert refusal(lambda: parsing.read_bytes(b"\xff\xff\xff")) == "The file is neither UTF-8 nor GB18030 text."


def test_a_short_row_of_a_csv_is_named_not_dropped(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("note,number\nonly a note\nx,88812345\n")
    assert "line 2" in refusal(lambda: parsing.read_file(file))


def test_a_list_all_in_one_long_line_is_read_and_a_quotation_mark_that_never_ends_is_named() -> None:
    many = range(10_000_000, 10_020_000)
    for between in (" ", ","):
        assert list(parsing.parse_text(between.join(map(str, many)))) == list(many)
    endless = 'number,note\n88812345,fine\n88812346,"' + "x\n" * 100_000
    message = refusal(lambda: parsing.parse_text(endless)).splitlines()
    assert len(message) == 2 and "quotation marks do not match" in message[1]


def test_begins_with_is_asked_as_ranges_of_the_key() -> None:
    assert parsing.prefix_ranges("888")[0] == (88800, 88899)
    assert parsing.prefix_ranges("888")[-1] == (88800000000, 88899999999)
    assert parsing.prefix_ranges("12345678901") == [(12345678901, 12345678901)]
    assert parsing.prefix_ranges("0") == []


def test_a_quoted_comma_is_no_column_and_a_short_row_is_no_number() -> None:
    assert list(parsing.parse_text('note,number\n"see 3, 99999",88812345\n')) == [88812345]
    with pytest.raises(Invalid) as refused:
        parsing.parse_text("note,number\nfine,88812345\n55555\n")
    assert "3" in str(refused.value) and "55555" not in str(refused.value)
