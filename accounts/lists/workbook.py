"""Read XLSX workbooks.

A spreadsheet program keeps 15 digits of a numeric cell. A longer number may have lost digits and is refused.
"""

import datetime
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from accounts.imports.columns import Row, Sheet, row
from accounts.numbers.parsing import column_of, parted
from qqops.core.errors import Invalid

UNPACKED_MAX = 256 * 1024**2  # bytes; all shared strings are held in memory
ROWS_MAX = 1_048_576  # the limit of the format; a larger row number is forged
COLUMNS_MAX = 100  # far more than any list has; openpyxl creates all cells up to the last one of a row
EXACT = 10**15


def xlsx_rows(file: IO[bytes], sheet: Sheet) -> Iterator[Row]:
    _refuse_bombs(file)
    columns: list[str] = []
    for at, cells in enumerate(_cells(file), 1):
        wrong: list[tuple[str, str]] = []
        texts = [_text(cell, columns[i] if i < len(columns) else "", wrong) for i, cell in enumerate(cells)]
        if not wrong and not any(text.strip() for text in texts):
            continue
        if not columns:
            columns = sheet.heading(texts)
            continue
        found = row(at, columns, texts)
        found.wrong += wrong
        yield found


def xlsx_numbers(file: IO[bytes]) -> Iterator[tuple[str, str | Invalid]]:
    """Yield the cells of a list of numbers: the cell name (B3), and the text or an Invalid.

    As in a CSV, read the column of numbers that the first line names; without such a heading, read every cell.
    """
    _refuse_bombs(file)
    column, begun = None, False
    for at, cells in enumerate(_cells(file), 1):
        line = [(f"{get_column_letter(i)}{at}", _number_text(cell)) for i, cell in enumerate(cells, 1)]
        if not any(text for _place, text in line):
            continue
        if not begun:
            begun = True
            column = column_of(str(text) for _place, text in line)
            if column is not None:
                continue
        if column is not None:
            yield line[column] if column < len(line) else (f"{get_column_letter(column + 1)}{at}", "")
            continue
        for place, text in line:
            yield from ((place, part) for part in ([text] if isinstance(text, Invalid) else parted(text)))


def _number_text(cell: Any) -> str | Invalid:
    wrong: list[tuple[str, str]] = []
    text = _text(cell, "", wrong)
    return Invalid(wrong[0][1]) if wrong else text.strip()


def _refuse_bombs(file: IO[bytes]) -> None:
    """Raise Invalid if the declared sizes exceed UNPACKED_MAX. zipfile reads no more of a part than it declares."""
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _unreadable() from None
    if unpacked > UNPACKED_MAX:
        raise Invalid(_("The workbook is too large when unpacked: save it as CSV."))


def _unreadable() -> Invalid:
    return Invalid(_("The workbook cannot be read: save it anew as XLSX or CSV."))


def _cells(file: IO[bytes]) -> Iterator[Iterable[Any]]:
    """Yield the rows of the only sheet that is not empty. Raise Invalid if several are not.

    Warnings and errors of openpyxl are suppressed, because they may quote a cell.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, keep_links=False)
            sheets = [rows for rows in map(_rows, book.worksheets) if rows is not None]
            if len(sheets) > 1:
                raise Invalid(_("The workbook has several sheets with something on them: keep one."))
            for rows in sheets:
                yield from rows
        except (Invalid, GeneratorExit):
            raise
        except Exception:
            raise _unreadable() from None


def _rows(sheet: Any) -> Iterator[Iterable[Any]] | None:
    sheet.reset_dimensions()  # the size that the file declares is not trusted
    sheet._get_row = partial(_make_row, sheet._get_row)
    probe = sheet.iter_rows(max_row=ROWS_MAX)
    if next(probe, None) is None:
        return None
    found: Iterator[Iterable[Any]] = sheet.iter_rows(max_row=ROWS_MAX)
    return found


def _make_row(make: Callable[..., Iterable[Any]], cells: list[dict[str, Any]], *more: Any) -> Iterable[Any]:
    """Build the row from the cells within COLUMNS_MAX. Ignore empty cells beyond; raise Invalid for values there."""
    near = [cell for cell in cells if cell["column"] <= COLUMNS_MAX]
    if any(cell["value"] is not None for cell in cells if cell["column"] > COLUMNS_MAX):
        raise Invalid(_("The workbook has something to the right of %(n)d columns: take it away.") % {"n": COLUMNS_MAX})
    return make(near, *more)


def _text(cell: Any, column: str, wrong: list[tuple[str, str]]) -> str:
    value, why = cell.value, ""
    if value is None or isinstance(value, str) and cell.data_type == "s":
        return value or ""
    match cell.data_type, value:
        case "f", _any:
            why = _("The cell holds a formula: put its value in its place.")
        case "e", _any:
            why = _("The cell holds an error.")
        case "n", int() | float() if abs(value) < EXACT and value == int(value):
            return str(int(value))
        case "n", int() | float():
            why = _("The cell was kept as a number and has lost digits: format it as text and type it anew.")
        case "d", datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case "d", datetime.datetime() | datetime.date():
            return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat()
        case _other:
            why = _("Write it as a text.")
    wrong.append((column, why))
    return ""
