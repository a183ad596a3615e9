"""Read an uploaded list of numbers: its kind, the hash of its bytes, and its numbers.

The first bytes distinguish text from a workbook. The rules of accounts/numbers/parsing.py apply to both.
"""

import hashlib
import io
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _

from accounts.imports.files import COMPOUND, ZIP
from accounts.lists.workbook import xlsx_numbers
from accounts.numbers.parsing import gather, read_open
from qqops.core.errors import Invalid

BLOCK = 1 << 20


@dataclass(frozen=True)
class GivenList:
    name: str  # the kind (TXT, CSV, XLSX), never the file name: it is recorded, and may contain a person's name
    sha256: str
    numbers: "array[int]"


def read(file: IO[bytes], name: str) -> GivenList:
    """Read a list from a seekable file. Raise Invalid if it has malformed entries, or changes while it is read."""
    before = _digest(file)
    file.seek(0)
    start = file.read(len(COMPOUND))
    if start.startswith(COMPOUND):
        raise Invalid(_("The workbook is locked with a password, or of the old kind (.xls): save it as XLSX."))
    workbook = start.startswith(ZIP)
    numbers = gather(xlsx_numbers(file)) if workbook else read_open(file)
    if _digest(file) != before:
        raise Invalid(_("The file was changed while it was read. Nothing was done: give it again."))
    kind = "XLSX" if workbook else "CSV" if name.lower().endswith(".csv") else "TXT"
    return GivenList(kind, before, numbers)


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
