"""`make acts`: writes docs/acts.md from what is left behind. No test: read its change, then keep it."""

from typing import Any

import pytest

from qqops.staff.models import Staff
from tests.doors import clocks, commands, pages
from tests.doors.table import FILE, PARTS, written
from tests.doors.words import First, Variants
from tests.permissions.addresses import Address


def test_write_it_anew(
    places: list[Address],
    reader: Any,
    lines: Any,
    cast: dict[str, Staff],
    said: Variants,
    first: First,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = (
        pages.done(places, reader, said),
        pages.refused(places, reader),
        commands.done(lines, cast, first, monkeypatch),
        commands.refused(lines, cast, monkeypatch),
        clocks.done(),
    )
    FILE.write_text(written(dict(zip(PARTS, parts, strict=True))))
