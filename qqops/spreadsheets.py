"""Tables that leave the house as files, row by row: however many there are, they take the memory of a few.

For spreadsheet programs: no cell is run as a formula, and a digit string stays the text that it is.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain, islice
from typing import Any

# What a spreadsheet may take for more than text: it skips what is not seen, and some read wide signs as plain ones.
FORMULA = re.compile(r"[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@]")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ROWS_MAX = 1_048_575  # below the heading: a worksheet has no more
_TOGETHER = 1_000  # rows

CSV, XLSX = "csv", "xlsx"
MEDIA_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Sequence[Any]


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
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET}.worksheet+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


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


def as_xlsx(head: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    """One sheet with every cell a text. At most ROWS_MAX rows below the heading."""
    out = _Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _PARTS.items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for some in _some(chain([head], rows)):
                sheet.write("".join(map(_row, some)).encode())
                if written := out.taken():
                    yield written
            sheet.write(b"</sheetData></worksheet>")
    yield out.taken()


def _row(row: Row) -> str:
    texts = (escape(NOT_XML.sub("\ufffd", disarmed(cell))) for cell in row)
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while some := list(islice(source, _TOGETHER)):
        yield some
