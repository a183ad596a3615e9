"""Login files of the tests."""

import datetime
from collections.abc import Iterable
from pathlib import Path

from django.utils import timezone

HOUR = datetime.timedelta(hours=1)


def ago(**delta: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**delta)


def logins(folder: Path, lines: Iterable[tuple[int, datetime.datetime, str]], name: str = "logins.csv") -> Path:
    """A file as the feed writes it."""
    path = folder / name
    path.write_text("".join(f"{number},{at.isoformat()},{service}\n" for number, at, service in lines))
    return path
