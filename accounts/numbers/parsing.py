"""Parse numbers that people type: one number, a pasted list, or a text file.

A malformed entry refuses the whole list. The error lists the malformed entries with their lines.
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
# Eleven digits that qqops/core/personal_data.py takes for a mobile number. No number lies among them.
LIKE_A_MOBILE = (13_000_000_000, 19_999_999_999)
_SHAPE = re.compile(r"[1-9][0-9]{4,10}")
_NOISE = re.compile(r"^qq\s*:?\s*|@qq\.com$", re.IGNORECASE)
# A space separates numbers: joining “12345 67890” would make another holder's number of it.
_BETWEEN = re.compile(r"(?<!:)[\s,;\u3001]+")
DIGITS_MAX = 11
ENCODINGS = ("utf-8-sig", "gb18030")  # with or without BOM, or the encoding that a Chinese Excel saves
SHOWN_MAX = 50
HEADING_MAX = 10_000  # characters; a longer first line is a list of numbers, not a heading


def parse(text: str) -> int:
    """Return the number, or raise Invalid with the reason.

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
    """Return the text as typed, to help find it in a list, or “…” if it looks like personal data."""
    return "…" if looks_personal(text) else text.strip()[:40]


def parse_list(lines: Iterable[str]) -> "array[int]":
    """Read numbers, one or several to a line (comma, semicolon, space or tab between); skip blank lines."""
    return gather((at, part) for at, line in enumerate(lines, 1) for part in parted(line))


def parted(text: str) -> Iterator[str]:
    return (part for part in _BETWEEN.split(unicodedata.normalize("NFKC", text)) if part.strip())


def gather(cells: Iterable[tuple[int | str, str | Invalid]]) -> "array[int]":
    """Parse all cells, then raise one Invalid that lists the first SHOWN_MAX faults.

    Each cell comes with its place: a line number, or the name of a spreadsheet cell. A cell that could not be read
    comes as an Invalid.
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
    """Read a TXT or CSV list. For workbooks see accounts/lists/given_list.py."""
    try:
        with path.open("rb") as file:
            return read_open(file)
    except OSError as error:
        raise Invalid(_("Cannot read the list: %(error)s") % {"error": error}) from error


def read_bytes(content: bytes) -> "array[int]":
    """Read a list that came through a pipe, which cannot be rewound."""
    return read_open(io.BytesIO(content))


def read_open(file: IO[bytes]) -> "array[int]":
    """Read a list line by line, so that a million lines need little memory (see `read_lines`)."""
    for encoding in ENCODINGS:
        file.seek(0)
        lines = io.TextIOWrapper(file, encoding, newline="")
        try:
            return read_lines(lines)
        except UnicodeDecodeError:
            continue
        finally:
            lines.detach()  # otherwise the wrapper closes the file
    raise Invalid(_("The file is neither UTF-8 nor GB18030 text."))


def parse_text(text: str) -> "array[int]":
    return read_lines(io.StringIO(text, newline=""))


def read_lines(lines: Iterator[str]) -> "array[int]":
    """Read the column that the first line names `number`, `qq` or 号码; without such a heading, read every cell."""
    heading = next(lines, "")
    column = column_of(next(csv.reader([heading]), [])) if len(heading) <= HEADING_MAX else None
    return parse_list(chain([heading], lines)) if column is None else gather(_cells(lines, column))


def column_of(heading: Iterable[str]) -> int | None:
    """Return the index of the column of numbers, or None if the line is no heading."""
    names = [unicodedata.normalize("NFKC", name).strip().lower() for name in heading]
    return next((names.index(name) for name in ("number", "号码", "qq") if name in names), None)


def _cells(lines: Iterator[str], column: int) -> Iterator[tuple[int, str | Invalid]]:
    """Yield the column of each row that is not blank. A row that is too short yields an empty cell, an error."""
    rows = csv.reader(lines)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num + 1, row[column] if column < len(row) else ""  # the heading was line 1
    except csv.Error:
        why = _("The quotation marks do not match, or the line ends are mixed: what follows was not read.")
        yield rows.line_num + 1, Invalid(why)


def prefix_ranges(digits: str) -> list[tuple[int, int]]:
    """Return the key ranges of the numbers that begin with these digits, one for each length.

    The primary key index serves them; it does not serve LIKE.
    """
    first = int(digits)
    spare = range(max(0, 5 - len(digits)), DIGITS_MAX - len(digits) + 1)
    return [(first * 10**n, (first + 1) * 10**n - 1) for n in spare] if first else []
