"""A list of numbers as it came: what it is called, the hash of its bytes, and what is in it.

Text or a workbook, told by what it begins with; the law of accounts/numbers.py holds for both.
"""

import hashlib
import io
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from accounts.intake.files import COMPOUND, ZIP
from accounts.intake.workbook import xlsx_numbers
from accounts.numbers import gather, read_open
from qqops.audit.personal import looks_personal
from qqops.errors import Invalid

NAME_MAX = 200
BLOCK = 1 << 20


@dataclass(frozen=True)
class GivenList:
    name: str  # the base name of its file
    sha256: str
    numbers: "array[int]"


def read(file: IO[bytes], name: str) -> GivenList:
    """Read what can be read twice; Invalid names every line or cell that is no number, and nothing is taken."""
    base = Path(name.replace("\\", "/")).name.strip()[:NAME_MAX]
    if looks_personal(base):  # it goes on the record
        raise Invalid(_("The name of the file holds what looks like an ID number, mobile or e-mail: rename it."))
    before = _digest(file)
    file.seek(0)
    start = file.read(len(COMPOUND))
    if start.startswith(COMPOUND):
        raise Invalid(_("The workbook is locked with a password, or of the old kind (.xls): save it as XLSX."))
    numbers = gather(xlsx_numbers(file)) if start.startswith(ZIP) else read_open(file)
    if _digest(file) != before:
        raise Invalid(_("The file was changed while it was read. Nothing was done: give it again."))
    return GivenList(base, before, numbers)


def read_path(path: Path) -> GivenList:
    try:
        with path.open("rb") as file:
            return read(file if file.seekable() else io.BytesIO(file.read()), path.name)
    except OSError as error:
        raise Invalid(_("Cannot read the list: %(error)s") % {"error": error}) from error


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()
