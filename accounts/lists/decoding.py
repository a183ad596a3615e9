"""Decode text files: the encoding, CSV, and JSON Lines. A line longer than LINE_MAX is skipped and reported."""

import csv
import json
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _

from accounts.imports.columns import Row, Sheet, row
from accounts.numbers.parsing import ENCODINGS
from qqops.core.errors import Invalid

LINE_MAX = 64 * 1024  # bytes
BOM = b"\xef\xbb\xbf"
UTF_8, GB18030 = ENCODINGS


def raw_lines(file: IO[bytes]) -> Iterator[bytes | None]:
    """Yield each line, or None for a line that is too long."""
    file.seek(0)
    while piece := file.readline(LINE_MAX):
        if len(piece) < LINE_MAX or piece.endswith(b"\n"):
            yield piece
            continue
        while piece and not piece.endswith(b"\n"):
            piece = file.readline(LINE_MAX)
        yield None


def encoding_of(file: IO[bytes]) -> str:
    """Return the encoding that fits the most lines. Raise Invalid if it is neither UTF-8 nor GB18030.

    A UTF-8 file with a damaged line must not be read as GB18030, which decodes nearly any bytes.
    """
    good, bad, strange, first = 0, 0, False, True
    for raw in raw_lines(file):
        if first and raw and raw.startswith(BOM):
            return UTF_8
        first = False
        if raw is None or raw.isascii():
            continue
        if _decoded(raw, UTF_8) is not None:
            good += 1
        else:
            bad += 1
            strange = strange or _decoded(raw, GB18030) is None
    if good >= bad:
        return UTF_8
    if strange:
        raise Invalid(_("The file is neither UTF-8 nor GB18030 text."))
    return GB18030


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


class Text:
    """The decoded lines of a text file. `wrong` collects those that cannot be decoded; each yields an empty line."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self.at = 0
        self.wrong: list[Row] = []
        self._raw, self._encoding = raw_lines(file), encoding

    def __iter__(self) -> Iterator[str]:
        for raw in self._raw:
            self.at += 1
            text = None if raw is None else _decoded(raw, self._encoding)
            if text is None:
                why = _("The line is too long.") if raw is None else _("The line is not UTF-8 text.")
                self.wrong.append(Row(self.at, wrong=[("", why)]))
            yield text or "\n"

    def unread(self) -> Iterator[Row]:
        yield from self.wrong
        self.wrong.clear()


def csv_rows(file: IO[bytes], encoding: str, sheet: Sheet) -> Iterator[Row]:
    text = Text(file, encoding)
    rows = csv.reader(text, strict=True)
    columns: list[str] = []
    while True:
        begun = text.at + 1
        try:
            cells = next(rows, None)
        except csv.Error:
            why = _("The quotation marks do not match, or the line ends are mixed: what follows was not read.")
            yield Row(begun, wrong=[("", why)])
            return
        yield from text.unread()
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _csv_heading(cells, sheet)
            continue
        found = row(begun, columns, cells)
        if len(cells) < len(columns):
            found.wrong.append(("", _("The line has fewer cells than the heading.")))
        yield found


def _csv_heading(cells: list[str], sheet: Sheet) -> list[str]:
    for separator, name in ((";", _("semicolons")), ("\t", _("tabs"))):
        if len(cells) == 1 and any(sheet.column(part) for part in cells[0].split(separator)[1:]):
            raise Invalid(_("The columns are separated by %(name)s: save the file with commas.") % {"name": name})
    return sheet.heading(cells)


class _Object(list[tuple[str, Any]]):
    """A JSON object as a list of pairs, which keeps duplicate keys."""


def json_rows(file: IO[bytes], encoding: str, sheet: Sheet) -> Iterator[Row]:
    text = Text(file, encoding)
    for line in text:
        yield from text.unread()
        if line.strip():
            yield _json_row(text.at, line, sheet)


def _json_row(at: int, line: str, sheet: Sheet) -> Row:
    try:
        found = json.loads(line, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, _Object):
        return Row(at, wrong=[("", _("The line is not one JSON object."))])
    done = Row(at)
    for place, (key, value) in enumerate(found, 1):
        name = sheet.column(key)
        if not name:
            done.wrong.append(("", _("There is no column of this name, at place %(n)d.") % {"n": place}))
        elif name in done.cells:
            done.wrong.append((name, _("The column is there twice.")))
        elif isinstance(value, str):
            done.cells[name] = value.strip()
        elif isinstance(value, int) and not isinstance(value, bool):
            done.cells[name] = str(value)
        elif value is not None:
            done.wrong.append((name, _("Write it as a text, between quotation marks.")))
    done.cells = {name: value for name, value in done.cells.items() if value}
    return done
