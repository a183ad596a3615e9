"""The erasure list: kept outside the database, one line for each erasure, and nothing personal on it.

A backup that is restored brings the keys back; what this list names is then erased again (`reapply`). Lines are
appended as erasures are committed; the daily run adds what is missing.
"""

import datetime
import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import Erasure
from qqops.errors import Invalid

MARGIN = datetime.timedelta(days=1)  # a line may be older than the one before it: acts are committed out of turn
NAMED = 50


@dataclass(frozen=True)
class Line:
    certificate: int
    number: int
    seq: int
    at: str

    @property
    def key(self) -> tuple[int, int, str]:
        """A restored database numbers its certificates anew; this stays the same."""
        return self.number, self.seq, self.at

    def __str__(self) -> str:
        return json.dumps(vars(self))


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
    """Append what the list lacks; return how many lines that were. All of them when there is no list yet."""
    if not settings.QQOPS_ERASURE_LIST:
        return 0
    path = Path(settings.QQOPS_ERASURE_LIST)
    with _told():
        last = max((_moment(line) for line in _whole_lines(path)), default=None) if path.exists() else None
        missing = Erasure.objects.all()
        known: set[tuple[int, int, str]] = set()
        if last:
            since = last - MARGIN
            missing = missing.filter(at__gte=since)
            known = {line.key for line in _whole_lines(path) if _moment(line) >= since}
        return _append(path, (line for line in lines(missing) if line.key not in known))


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


def _whole_lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                yield _line(text)
            except (ValueError, TypeError, KeyError):
                continue


def read(path: Path) -> Iterator[Line]:
    """The lines of a list; Invalid names every one that is none. One that a crash cut off is written again later."""
    bad = []
    try:
        with path.open(encoding="utf-8") as file:
            for n, text in enumerate(file, 1):
                if not text.strip():
                    continue
                try:
                    yield _line(text)
                except (ValueError, TypeError, KeyError):
                    bad.append(n)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(_("The list cannot be read: %(error)s") % {"error": error}) from error
    if bad:
        more = " …" if len(bad) > NAMED else ""
        named = ", ".join(map(str, bad[:NAMED])) + more
        raise Invalid(_("Not a line of an erasure list: line %(lines)s.") % {"lines": named})


def _line(text: str) -> Line:
    told = json.loads(text)
    line = Line(int(told["certificate"]), int(told["number"]), int(told["seq"]), str(told["at"]))
    _moment(line)
    return line


def _moment(line: Line) -> datetime.datetime:
    at = parse_datetime(line.at)
    if at is None or at.tzinfo is None:
        raise ValueError(line.at)
    return at
