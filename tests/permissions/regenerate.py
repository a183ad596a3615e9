"""`make permissions`: writes docs/permissions.md from what is met. No test: read its change, then keep it."""

from typing import Any

import pytest

from qqops.staff.models import Staff
from qqops.staff.signin.recent_auth import PROVED
from tests.permissions.addresses import Address
from tests.permissions.table import FILE, READERS, ROLES, Answers, written
from tests.permissions.test_commands import APART, FOR_NOBODY, code
from tests.permissions.test_pages import asks_again, met


def test_write_it_anew(
    places: list[Address],
    reader: Any,
    lines: Any,
    cast: dict[str, Staff],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    FILE.write_text(written(_pages(places, reader), _commands(lines, cast, monkeypatch)))


def _pages(places: list[Address], reader: Any) -> Answers:
    rows: Answers = {place.name: {"others": "", "proof": ""} for place in places}
    for who in READERS:
        browser = reader(who)
        for place in places:
            found = met(browser, place.url)
            row = rows[place.name]
            row[who] = found["cell"]
            row["others"] = "·".join(sorted({*filter(None, row["others"].split("·")), *found["others"].split("·")}))
        if who == "nobody":
            continue
        session = browser.session
        session[PROVED] -= 16 * 60
        session.save()
        for place in places:
            if asks_again(browser, place.url):
                rows[place.name]["proof"] = "proof"
    return rows


def _commands(words: Any, cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch) -> Answers:
    rows: Answers = {}
    for name, line in words.items():
        nobodys = name in APART or name.startswith(FOR_NOBODY)
        rows[name] = {who: "–" if nobodys else code(line, monkeypatch, cast[who]) for who in ROLES}
    monkeypatch.delenv("QQOPS_TOKEN")
    for name, line in words.items():
        if name in APART:
            rows[name]["shell"] = "runs"
        elif name.startswith(FOR_NOBODY):
            rows[name]["shell"] = code(line, monkeypatch, None)
        else:
            rows[name]["shell"] = code((*line, "--actor", "officer"), monkeypatch, None)
    return rows
