"""A table as a workbook: what a sheet or a cell has no room for goes on elsewhere, or says that it was cut."""

import io
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook

from qqops.core import spreadsheets
from qqops.core.spreadsheets import Limits, as_xlsx, cut

HEAD = ["number", "why"]


def made(count: int, **limits: int) -> bytes:
    return b"".join(as_xlsx(HEAD, ([n, "x"] for n in range(count)), Limits(**limits)))


def sheets(content: bytes) -> list[list[list[Any]]]:
    book = load_workbook(io.BytesIO(content))
    return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_rows_that_a_sheet_has_no_room_for_go_on_in_the_next_under_the_same_heading(
    count: int, sizes: list[int]
) -> None:
    found = sheets(made(count, rows=3))
    assert [sheet[0] for sheet in found] == [HEAD] * len(sizes)
    assert [len(sheet) - 1 for sheet in found] == sizes
    assert [row for sheet in found for row in sheet[1:]] == [[str(n), "x"] for n in range(count)]


def test_no_sheet_grows_larger_than_a_file_of_the_plain_format_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which would be written in a format that Excel calls broken where it was not needed."""
    monkeypatch.setattr(spreadsheets, "_TOGETHER", 10)
    content = made(100, bytes=2_000)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [one for one in archive.infolist() if "sheets/sheet" in one.filename]
        assert all(one.file_size < 4_000 and one.extract_version < zipfile.ZIP64_VERSION for one in parts)
    assert len(parts) > 3 and sum(len(sheet) - 1 for sheet in sheets(content)) == 100
    assert Limits().bytes < zipfile.ZIP64_LIMIT


def test_a_cell_that_is_too_long_is_cut_where_everybody_sees_it() -> None:
    assert cut("a" * 20, 20) == "a" * 20
    assert cut("a" * 21, 20) == "a" * 12 + " … (+9)"
    for text in ("a" * 40_000, "𠮷" * 20_000, "a" + "𠮷" * 20_000, "=" * 32_767, "中" * 32_768):
        (found,) = sheets(b"".join(as_xlsx(HEAD, [[text, ""]])))
        cell = found[1][0]
        assert 32_700 < len(cell.encode("utf-16-le")) // 2 <= 32_767
        kept, _sign, left_out = cell.lstrip("'").rpartition(" … (+")
        assert text.startswith(kept) and int(left_out[:-1]) > 0
