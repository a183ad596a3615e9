"""Read a feed: lines of a number, a moment and a service, as CSV or JSON Lines (5.1, 5.2; docs/commands.md).

A million lines arrive every day. A whole block that matches one pattern is passed on unparsed. Only other blocks are
parsed line by line, with tolerance for the variations that people and spreadsheets produce.
"""

import csv
import datetime
import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lists.decoding import BOM
from accounts.numbers.parsing import ENCODINGS, parse
from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal

BLOCK = 1 << 20
LINE_LENGTH = 35  # bytes of a typical line
AHEAD = datetime.timedelta(minutes=5)  # tolerated clock difference
FIRST = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)  # before any number
ZONE = "Asia/Shanghai"  # of a moment without an offset
HOUSE = ZoneInfo(ZONE)
LOGINS, CLEARANCES = ("number", "time", "service"), ("number", "service", "time")
NAMES = {
    "number": "number", "qq": "number", "号码": "number",
    "time": "time", "at": "time", "时间": "time",
    "service": "service", "服务": "service",
}  # fmt: skip

_DAY = (
    rb"(?:1999|20[0-9][0-9])-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    rb"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_CLOCK = rb"[ t](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?(?:z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_SERVICE = rb"[a-z][a-z0-9_.-]{0,39}"
# Atomic and possessive, so that the engine keeps no backtracking state for a long block.
_LINE = rb"(?>[1-9][0-9]{4,10}," + _DAY + _CLOCK + rb"," + _SERVICE + rb"\n)"
_ONE, _ALL = re.compile(_LINE), re.compile(rb"(?:" + _LINE + rb")*+")
_CODE = re.compile(_SERVICE.decode())


@dataclass(frozen=True)
class Wrong:
    line: int
    why: str


@dataclass
class Read:
    """The result of reading a feed: the number of lines, and the faults."""

    lines: int = 0
    wrong: list[Wrong] = field(default_factory=list)


class Feed:
    """An open feed file. Each call of `blocks` reads it from the start."""

    def __init__(self, path: Path, columns: tuple[str, ...] = LOGINS, services: Collection[str] = ()) -> None:
        if not path.is_file():  # it may be read twice, which a pipe does not allow
            raise Invalid(_("There is no file %(file)s.") % {"file": path})
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Invalid(_("Cannot read %(file)s: %(error)s") % {"file": path, "error": error.strerror}) from error
        self._columns, self._services, self._at = columns, services, 0
        self.sha256 = hashlib.file_digest(self._file, "sha256").hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()

    def about(self) -> int:
        """Return the approximate number of lines, for a progress display."""
        self._file.seek(0, 2)
        return self._file.tell() // LINE_LENGTH

    def blocks(self, read: Read, *, patient: bool = False) -> Iterator[bytes]:
        """Yield lines for COPY, in the column order of LOGINS, up to the first fault.

        Reads all lines and adds their counts and faults to `read`. With `patient`, parses each line by itself, which
        also reports moments in the future; the block pattern accepts them.
        """
        columns = self._heading()
        quick = not patient and columns == LOGINS and not self._services
        latest = timezone.now() + AHEAD
        for block in self._pieces():
            if quick:
                folded = block.replace(b"\r\n", b"\n").lower()
                if _ALL.fullmatch(folded):
                    read.lines += folded.count(b"\n")
                    self._at += folded.count(b"\n")
                    if not read.wrong:
                        yield folded
                    continue
            good = self._line_by_line(block, columns, read, latest, quick)
            if good and not read.wrong:
                yield good

    def _pieces(self) -> Iterator[bytes]:
        """Yield the rest of the file in pieces of whole lines. Raises Invalid if a line is longer than BLOCK."""
        rest = b""
        while piece := self._file.read(BLOCK):
            whole, end, left = (rest + piece).rpartition(b"\n")
            if not end and len(left) > BLOCK:
                raise Invalid(_("The file is no text with lines."))
            rest = left
            if end:
                yield whole + end
        if rest.strip():
            yield rest + b"\n"

    def _heading(self) -> tuple[str, ...]:
        """Read the heading, if there is one, and return the columns of a line; return () for JSON Lines."""
        self._file.seek(0)
        start = self._file.readline(BLOCK)
        begin = len(BOM) if start.startswith(BOM) else 0
        self._file.seek(begin)
        self._at = 0
        text = _decoded(start[begin:]) or ""
        if text.lstrip().startswith("{"):
            return ()
        names = [NAMES.get(cell, "") for cell in _cells(text.lower())]
        if sum(map(bool, names)) < 2:  # one name alone may be a service code
            return self._columns
        if sorted(name for name in names if name) != sorted(self._columns):
            raise Invalid(_("The heading must name these columns: %(names)s.") % {"names": ", ".join(self._columns)})
        self._file.seek(len(start))
        self._at = 1
        return tuple(names)

    def _line_by_line(
        self, block: bytes, columns: tuple[str, ...], read: Read, latest: datetime.datetime, quick: bool
    ) -> bytes:
        good = []
        for raw in block.splitlines(keepends=True):
            self._at += 1
            if not raw.strip():
                continue
            read.lines += 1
            if quick and _ONE.fullmatch(folded := raw.replace(b"\r\n", b"\n").lower()):
                good.append(folded)
                continue
            try:
                good.append(self._line(raw, columns, latest))
            except Invalid as error:
                read.wrong.append(Wrong(self._at, str(error)))
        return b"".join(good)

    def _line(self, raw: bytes, columns: tuple[str, ...], latest: datetime.datetime) -> bytes:
        text = _decoded(raw)
        if text is None:
            raise Invalid(_("The line is neither UTF-8 nor GB18030 text."))
        given = _named(text, columns) if columns else _object(text)
        if sorted(given) != sorted(LOGINS):
            raise Invalid(_("A line has a number, a time and a service."))
        at = moment(given["time"])
        if at > latest:
            raise Invalid(_("%(time)s lies in the future.") % {"time": _repeated(given["time"])})
        service = given["service"].lower()
        known = service in self._services if self._services else _CODE.fullmatch(service)
        if not known or looks_personal(service):
            raise Invalid(_("“%(text)s” is not a service.") % {"text": _repeated(given["service"])})
        return f"{parse(given['number'])},{at.isoformat()},{service}\n".encode()


def _decoded(raw: bytes) -> str | None:
    for encoding in ENCODINGS:
        try:
            return unicodedata.normalize("NFKC", raw.decode(encoding)).strip("\ufeff \t\r\n")
        except UnicodeDecodeError:
            continue
    return None


def _cells(text: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True), [])]
    except csv.Error:
        return []


def _named(text: str, columns: tuple[str, ...]) -> dict[str, str]:
    cells = _cells(text)
    if len(cells) != len(columns):
        return {}
    return {name: cell for name, cell in zip(columns, cells, strict=True) if name}


def _object(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Invalid(_("The line is not one JSON object."))
    return {NAMES.get(str(name).lower(), str(name)): str(value).strip() for name, value in found.items()}


def moment(text: str) -> datetime.datetime:
    """Parse an ISO 8601 moment, in the Shanghai time zone if it has no offset. Raises Invalid."""
    try:
        found = datetime.datetime.fromisoformat(text) if ":" in text else None
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("“%(text)s” is not a time such as 2026-05-01 12:30:00.") % {"text": _repeated(text)})
    if found.tzinfo is None:
        found = found.replace(tzinfo=HOUSE)
    if found < FIRST:
        raise Invalid(_("%(time)s lies before the first number.") % {"time": _repeated(text)})
    return found


def _repeated(text: str) -> str:
    return "…" if looks_personal(text) else text[:40]
