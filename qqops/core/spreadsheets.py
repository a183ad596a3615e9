"""Tables that leave the house as files, row by row: however many there are, they take the memory of a few.

For spreadsheet programs: no cell is run as a formula, and a digit string stays the text that it is.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain, islice
from typing import Any

# What a spreadsheet may take for more than text: it skips what is not seen, and some read wide signs as plain ones.
FORMULA = re.compile(r"[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@]")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOGETHER = 1_000  # rows

CSV, XLSX = "csv", "xlsx"
MEDIA_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Sequence[Any]


@dataclass(frozen=True)
class Limits:
    """Of a worksheet, as spreadsheet programs read it. What is more goes on in the next sheet, and a cell is cut.

    Of bytes there are fewer than ZIP names in 32 bits: an entry that may be larger has to say so before it is written,
    and Excel calls a file broken that says so needlessly.
    """

    rows: int = 1_048_575  # below the heading
    bytes: int = 1 << 29
    cell: int = 32_767  # UTF-16 units


def disarmed(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if FORMULA.match(unicodedata.normalize("NFKC", text)) else text


def pieces(form: str, head: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """The file of this form, in pieces."""
    return as_xlsx(head, rows) if form == XLSX else as_csv(head, rows)


def as_csv(head: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """With a byte order mark, as a Chinese Excel wants it."""
    yield b"\xef\xbb\xbf"
    for some in _some(chain([head], rows)):
        out = io.StringIO()
        csv.writer(out).writerows([disarmed(cell) for cell in row] for row in some)
        yield out.getvalue().encode()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>%s</Types>'
)
_TYPE = f'<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="{_SHEET}.worksheet+xml"/>'
_ROOT = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>%s</sheets></workbook>'
_NAMED = '<sheet name="%d" sheetId="%d" r:id="rId%d"/>'
_RELATIONS = f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">%s</Relationships>'
_RELATION = f'<Relationship Id="rId%d" Type="{_OFFICE}/worksheet" Target="worksheets/sheet%d.xml"/>'


class _Pipe(io.RawIOBase):
    """What zipfile writes, until it is taken; it cannot go back, so zipfile does not."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._written.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        written, self._written = b"".join(self._written), []
        return written


def as_xlsx(head: Row, rows: Iterable[Row], limits: Limits = Limits()) -> Iterator[bytes]:
    """Every cell a text, in as many sheets as it takes, each with the heading."""
    out, left, sheets = _Pipe(), _Rows(rows), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        while not sheets or left:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{_row(head, limits)}'.encode())
                for lines in _sheet(left, limits):
                    sheet.write(lines)
                    if written := out.taken():
                        yield written
                sheet.write(b"</sheetData></worksheet>")
        for name, content in _parts(sheets).items():
            archive.writestr(name, content)
    yield out.taken()


class _Rows:
    """Rows that can be asked whether there are more."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self._next = list(islice(self._rows, 1))

    def __bool__(self) -> bool:
        return bool(self._next)

    def take(self, many: int) -> list[Row]:
        taken = list(islice(chain(self._next, self._rows), many))
        self._next = list(islice(self._rows, 1))
        return taken


def _sheet(rows: _Rows, limits: Limits) -> Iterator[bytes]:
    """The rows of one sheet, some at a time."""
    lines = size = 0
    while rows and lines < limits.rows and size < limits.bytes:
        some = rows.take(min(_TOGETHER, limits.rows - lines))
        told = "".join(_row(one, limits) for one in some).encode()
        lines, size = lines + len(some), size + len(told)
        yield told


def _parts(sheets: int) -> dict[str, str]:
    """What says which sheets there are. It comes last, as they are counted by then."""
    every = range(1, sheets + 1)
    return {
        "[Content_Types].xml": _TYPES % "".join(_TYPE % n for n in every),
        "_rels/.rels": _ROOT,
        "xl/workbook.xml": _BOOK % "".join(_NAMED % (n, n, n) for n in every),
        "xl/_rels/workbook.xml.rels": _RELATIONS % "".join(_RELATION % (n, n) for n in every),
    }


def _row(row: Row, limits: Limits) -> str:
    texts = (escape(cut(NOT_XML.sub("\ufffd", disarmed(cell)), limits.cell)) for cell in row)
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


def cut(text: str, most: int) -> str:
    """A text of at most so many UTF-16 units; of a longer one, its beginning and how many units are left out."""
    if len(text) <= most // 2:  # no sign is longer than two units
        return text
    units = text.encode("utf-16-le")
    many = len(units) // 2
    if many <= most:
        return text
    kept = most - len(f" … (+{many})")
    return f"{units[: 2 * kept].decode('utf-16-le', 'ignore')} … (+{many - kept})"


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while some := list(islice(source, _TOGETHER)):
        yield some
