"""Reading numbers that people give: one, a pasted list, a file. domain.md §4, DESIGN §7.

Any malformed line refuses the whole list, and all of them are named with line and value.
"""

import csv
import io
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal

NUMBER_MIN = 10000
# Eleven digits that qqops/core/personal_data.py takes for a mobile number; never a number of ours.
LIKE_A_MOBILE = (13_000_000_000, 19_999_999_999)
_SHAPE = re.compile(r"[1-9][0-9]{4,10}")
_NOISE = re.compile(r"^qq\s*:?\s*|@qq\.com$", re.IGNORECASE)
# A space separates too: joining “12345 67890” would make somebody else's number of it.
_BETWEEN = re.compile(r"(?<!:)[\s,;\u3001]+")
DIGITS_MAX = 11
ENCODINGS = ("utf-8-sig", "gb18030")  # with or without BOM, else what a Chinese Excel saves
SHOWN_MAX = 50
HEADING_MAX = 10_000  # characters; a longer first line is numbers, all in one line


def parse(text: str) -> int:
    """Return the number; Invalid says what is wrong with it.

    Full-width digits and the usual noise (`QQ:`, `@qq.com`, spaces) are folded; Arabic-Indic and other digits,
    signs, exponents and leading zeros are not numbers.
    """
    cleaned = _NOISE.sub("", unicodedata.normalize("NFKC", text).strip())
    if not _SHAPE.fullmatch(cleaned):
        raise Invalid(
            _("“%(text)s” is not a number: 5 to 11 digits, not beginning with 0.") % {"text": _repeated(text)}
        )
    number = int(cleaned)
    if not NUMBER_MIN <= number <= settings.QQOPS_NUMBER_MAX:
        raise Invalid(
            _("%(number)d is out of range (%(low)d to %(high)d).")
            % {"number": number, "low": NUMBER_MIN, "high": settings.QQOPS_NUMBER_MAX}
        )
    return number


def _repeated(text: str) -> str:
    """As it was typed, so that it is found in a list; not what may be a person's."""
    return "…" if looks_personal(text) else text.strip()[:40]


def parse_list(lines: Iterable[str]) -> "array[int]":
    """Read numbers, one or several to a line (comma, semicolon, space or tab between); blank lines are nothing."""
    return gather((at, part) for at, line in enumerate(lines, 1) for part in parted(line))


def parted(text: str) -> Iterator[str]:
    return (part for part in _BETWEEN.split(unicodedata.normalize("NFKC", text)) if part.strip())


def gather(cells: Iterable[tuple[int | str, str | Invalid]]) -> "array[int]":
    """Parse every cell before refusing, so that one attempt names all that is wrong.

    Each comes with its place, the number of a line or the name of a cell, and may be known to be unreadable already.
    """
    numbers, wrong = array("q"), []
    for at, cell in cells:
        try:
            if isinstance(cell, Invalid):
                raise cell
            numbers.append(parse(cell))
        except Invalid as error:
            place = _("line %(line)d: %(error)s") if isinstance(at, int) else _("cell %(line)s: %(error)s")
            wrong.append(place % {"line": at, "error": error})
    if wrong:
        more = [_("… and %(n)d more") % {"n": len(wrong) - SHOWN_MAX}] if len(wrong) > SHOWN_MAX else []
        raise Invalid("\n".join([_("The list was refused; nothing was done:"), *wrong[:SHOWN_MAX], *more]))
    if not numbers:
        raise Invalid(_("The list holds no numbers."))
    return numbers


def read_file(path: Path) -> "array[int]":
    """Read a TXT or CSV list (a workbook too: intake/lists.py)."""
    try:
        with path.open("rb") as file:
            return read_open(file)
    except OSError as error:
        raise Invalid(_("Cannot read the list: %(error)s") % {"error": error}) from error


def read_bytes(content: bytes) -> "array[int]":
    """The same of what came through a pipe, which cannot be read twice."""
    return read_open(io.BytesIO(content))


def read_open(file: IO[bytes]) -> "array[int]":
    """Read a text line by line: a million of them cost little memory (see `read_lines`)."""
    for encoding in ENCODINGS:
        file.seek(0)
        lines = io.TextIOWrapper(file, encoding, newline="")
        try:
            return read_lines(lines)
        except UnicodeDecodeError:
            continue
        finally:
            lines.detach()  # or the file would be closed with it
    raise Invalid(_("The file is neither UTF-8 nor GB18030 text."))


def parse_text(text: str) -> "array[int]":
    return read_lines(io.StringIO(text, newline=""))


def read_lines(lines: Iterator[str]) -> "array[int]":
    """In a CSV whose first line names a column `number`, `qq` or 号码, that column counts; else every cell."""
    heading = next(lines, "")
    column = column_of(next(csv.reader([heading]), [])) if len(heading) <= HEADING_MAX else None
    return parse_list(chain([heading], lines)) if column is None else gather(_cells(lines, column))


def column_of(heading: Iterable[str]) -> int | None:
    """Which column a heading gives to the numbers; None: it is no heading."""
    names = [unicodedata.normalize("NFKC", name).strip().lower() for name in heading]
    return next((names.index(name) for name in ("number", "号码", "qq") if name in names), None)


def _cells(lines: Iterator[str], column: int) -> Iterator[tuple[int, str | Invalid]]:
    """The column of each row that is not blank; a row too short has an empty cell, which is no number."""
    rows = csv.reader(lines)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num + 1, row[column] if column < len(row) else ""  # the heading was line 1
    except csv.Error:
        why = _("The quotation marks do not match, or the line ends are mixed: what follows was not read.")
        yield rows.line_num + 1, Invalid(why)


def prefix_ranges(digits: str) -> list[tuple[int, int]]:
    """“Begins with” as ranges of the key, one for each length: answered by the primary key, unlike LIKE."""
    first = int(digits)
    spare = range(max(0, 5 - len(digits)), DIGITS_MAX - len(digits) + 1)
    return [(first * 10**n, (first + 1) * 10**n - 1) for n in spare] if first else []
