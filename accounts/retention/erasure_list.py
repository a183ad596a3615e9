"""The erasure list: kept outside the database, one line for each erasure, signed, and nothing personal on it.

A backup that is restored brings the keys back; what this list names is then erased again (`reapply`). Lines are
appended as erasures are committed; the daily run adds what is missing. Whoever can write to the file cannot have
anything erased by it: a line counts only with the signature of this house.
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
SIGNED_AS = b"qqops-erasure/1\n"  # the same key signs other things, which begin otherwise


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
    """What the database knows, oldest first."""
    rows = (Erasure.objects.all() if erasures is None else erasures).order_by("pk")
    for pk, number, seq, at in rows.values_list("pk", "tenure__number_id", "tenure__seq", "at").iterator():
        yield Line(pk, number, seq, at.isoformat())


def note(pks: Collection[int]) -> None:
    """Append the lines of these certificates, if a list is kept at all."""
    if settings.QQOPS_ERASURE_LIST:
        with _told():
            _append(Path(settings.QQOPS_ERASURE_LIST), lines(Erasure.objects.filter(pk__in=pks)))


def write_list() -> int:
    """Append what the list lacks; return how many lines that were. All of them when there is no list yet.

    What is no line of this house's is told, after all that was missing has been written: only lines that are signed
    count as there.
    """
    if not settings.QQOPS_ERASURE_LIST:
        return 0
    path, known, bad = Path(settings.QQOPS_ERASURE_LIST), set[tuple[int, int, str]](), list[int]()
    with _told():
        if path.exists():
            for n, line in _told_lines(path):
                if line is None:
                    bad.append(n)
                else:
                    # A restored database numbers its certificates anew; the rest stays the same.
                    known.add((line.number, line.seq, line.at))
        written = _append(path, (line for line in lines() if (line.number, line.seq, line.at) not in known))
    _none_bad(bad)
    return written


@contextmanager
def _told() -> Iterator[None]:
    """What keeps the list from being written is a sentence, at the terminal and to the worker alike."""
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
            file.write(b"\n")  # a line that a crash cut off stays apart, and is written whole below
        for line in new:
            file.write(f"{line}\n".encode())
            written += 1
        file.flush()
        os.fsync(descriptor)
    return written


def read(path: Path) -> Iterator[Line]:
    """The lines of a list; Invalid names every one that is none, or not signed by this house, after the others."""
    bad = []
    try:
        for n, line in _told_lines(path):
            if line is None:
                bad.append(n)
            else:
                yield line
    except OSError as error:
        raise Invalid(_("The list cannot be read: %(error)s") % {"error": error}) from error
    _none_bad(bad)


def _none_bad(bad: list[int]) -> None:
    if bad:
        named = ", ".join(map(str, bad[:NAMED])) + (" …" if len(bad) > NAMED else "")
        sentence = _("Damaged, or not signed by this house, so no line of its erasure list: line %(lines)s.")
        raise Invalid(sentence % {"lines": named})


def _told_lines(path: Path) -> Iterator[tuple[int, Line | None]]:
    """Each line by its number; None where it is none of this house's. Empty ones are passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for n, text in enumerate(file, 1):
            if text.strip():
                yield n, _line(text)


def _line(text: str) -> Line | None:
    try:
        told = json.loads(text)
        line = Line(*(told[name] for name in ("certificate", "number", "seq", "at")))
        whole = all(type(count) is int for count in (line.certificate, line.number, line.seq))
        genuine = hmac.compare_digest(told["signature"].encode(), line.signature.encode())
        at = parse_datetime(line.at)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None
    return line if whole and genuine and at is not None and at.tzinfo is not None else None
