"""The erasure list: a file outside the database with one signed line for each erasure and no personal data.

A restored backup brings destroyed keys back; `reapply` erases again what this list names. Lines are appended after each
commit, and the daily run adds missing ones. A line counts only with the operator's signature, so write access to the
file is not enough to get anything erased.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import Erasure
from qqops.core.errors import Invalid
from qqops.crypto import keys

NAMED = 50
SIGNED_AS = b"qqops-erasure/1\n"  # a prefix of its own, because the same key signs other texts


@dataclass(frozen=True)
class Line:
    certificate: int
    number: int
    seq: int
    at: str

    @property
    def signature(self) -> str:
        return hmac.digest(keys.house_key(keys.PROOF), SIGNED_AS + json.dumps(vars(self)).encode(), "sha256").hex()

    @property
    def signed(self) -> dict[str, Any]:
        return vars(self) | {"signature": self.signature}

    def __str__(self) -> str:
        return json.dumps(self.signed)


def lines(erasures: QuerySet[Erasure] | None = None) -> Iterator[Line]:
    """Yield a line for each of these erasures (default: all in the database), the oldest first."""
    rows = (Erasure.objects.all() if erasures is None else erasures).order_by("pk")
    for pk, number, seq, at in rows.values_list("pk", "tenure__number_id", "tenure__seq", "at").iterator():
        yield Line(pk, number, seq, at.isoformat())


def note(pks: Collection[int]) -> None:
    """Append the lines of these certificates. Do nothing if QQOPS_ERASURE_LIST is not set."""
    if settings.QQOPS_ERASURE_LIST:
        with _os_errors_as_invalid():
            _append(Path(settings.QQOPS_ERASURE_LIST), lines(Erasure.objects.filter(pk__in=pks)))


def write_list() -> int:
    """Append the missing lines, all of them if there is no list yet. Return how many.

    Only signed lines count as present. Raises Invalid naming the others, after the missing lines have been written.
    """
    if not settings.QQOPS_ERASURE_LIST:
        return 0
    path, known, bad = Path(settings.QQOPS_ERASURE_LIST), set[tuple[int, int, str]](), list[int]()
    with _os_errors_as_invalid():
        if path.exists():
            for n, line in _numbered_lines(path):
                if line is None:
                    bad.append(n)
                else:
                    # Without the certificate number, which differs in a restored database.
                    known.add((line.number, line.seq, line.at))
        written = _append(path, (line for line in lines() if (line.number, line.seq, line.at) not in known))
    _require_none_bad(bad)
    return written


@contextmanager
def _os_errors_as_invalid() -> Iterator[None]:
    """Turn an OSError into Invalid, so that the terminal and the worker report a sentence."""
    try:
        yield
    except OSError as error:
        raise Invalid(_("The erasure list cannot be written: %(error)s") % {"error": error}) from error


def _append(path: Path, new: Iterable[Line]) -> int:
    written = 0
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with open(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if (end := file.seek(0, os.SEEK_END)) and os.pread(descriptor, 1, end - 1) != b"\n":
            file.write(b"\n")  # end a line that a crash cut off; `write_list` writes it again
        for line in new:
            file.write(f"{line}\n".encode())
            written += 1
        file.flush()
        os.fsync(descriptor)
    return written


def read(path: Path) -> Iterator[Line]:
    """Yield the signed lines of a list, then raise Invalid if others are damaged or unsigned.

    Raises Invalid if the file cannot be read.
    """
    bad = []
    try:
        for n, line in _numbered_lines(path):
            if line is None:
                bad.append(n)
            else:
                yield line
    except OSError as error:
        raise Invalid(_("The list cannot be read: %(error)s") % {"error": error}) from error
    _require_none_bad(bad)


def _require_none_bad(bad: list[int]) -> None:
    if bad:
        named = ", ".join(map(str, bad[:NAMED])) + (" …" if len(bad) > NAMED else "")
        sentence = _("Damaged, or not signed by this house, so no line of its erasure list: line %(lines)s.")
        raise Invalid(sentence % {"lines": named})


def _numbered_lines(path: Path) -> Iterator[tuple[int, Line | None]]:
    """Yield (line number, line), with None for a line that the operator did not sign. Skip empty lines."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for n, text in enumerate(file, 1):
            if text.strip():
                yield n, _line(text)


def _line(text: str) -> Line | None:
    try:
        data = json.loads(text)
        line = Line(*(data[name] for name in ("certificate", "number", "seq", "at")))
        whole = all(type(count) is int for count in (line.certificate, line.number, line.seq))
        genuine = hmac.compare_digest(data["signature"].encode(), line.signature.encode())
        at = parse_datetime(line.at)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return line if whole and genuine and at is not None and at.tzinfo is not None else None
