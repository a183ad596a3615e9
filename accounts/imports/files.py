"""A file with information about people, told by what is in it and not by its name."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from django.utils.translation import gettext as _

from accounts.imports.columns import IDENTITY, Row, Sheet
from accounts.lists.decoding import BOM, csv_rows, encoding_of, json_rows
from accounts.lists.workbook import xlsx_rows
from qqops.core.errors import Invalid

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class File:
    """Held open from the check to the end: another that takes its name is not what was checked."""

    def __init__(self, path: Path, sheet: Sheet = IDENTITY) -> None:
        if not path.is_file():  # it is read twice, which nothing that comes through a pipe can be
            raise Invalid(_("There is no file %(file)s.") % {"file": path})
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise Invalid(_("Cannot read %(file)s: %(error)s") % {"file": path, "error": error.strerror}) from error
        self.sha256 = self._digest()
        self._sheet = sheet
        self._encoding = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """The lines below the heading; Invalid when they are not to be had."""
        self._file.seek(0)
        start = self._file.read(512)
        if not start.strip():
            raise Invalid(_("The file is empty."))
        if start.startswith(COMPOUND):
            raise Invalid(_("The workbook is locked with a password, or of the old kind (.xls): save it as XLSX."))
        if start.startswith(ZIP):
            return xlsx_rows(self._file, self._sheet)
        self._encoding = self._encoding or encoding_of(self._file)
        first = start.removeprefix(BOM).lstrip()[:1]
        if first == b"[":
            raise Invalid(_("The file is one JSON array: write one object to a line."))
        read = json_rows if first == b"{" else csv_rows
        return read(self._file, self._encoding, self._sheet)

    def must_be_the_same(self) -> None:
        if self._digest() != self.sha256:
            raise changed()

    def _digest(self) -> str:
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()


def changed() -> Invalid:
    return Invalid(_("The file was changed while it was read. What is recorded stays; run the command again."))
