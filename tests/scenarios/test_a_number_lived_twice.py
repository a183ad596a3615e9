"""A number's whole life, twice, with two holders: opened, registered, activated, frozen, terminated, purged, cleared,
quarantined, released, registered again. The second sees nothing of the first, nor the first of the second."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Number, NumberRange, Tenure
from accounts.quarantine.policy import Service
from tests.accounts.allocation.test_command import HEADING as ITEMS
from tests.accounts.allocation.test_command import PEOPLE
from tests.accounts.imports.files import csv_of, put
from tests.accounts.logins.files import logins
from tests.accounts.quarantine.steps import history
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import number_url, text
from tests.terminal import Terminal

__all__ = ["desk"]  # a fixture of the web tests, used here

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
ONE = 284_170_433
GROUND = (
    "--clause", "10.1", "--fact", "sold forged tickets", "--evidence", "screenshot 7", "--severity", "grave",
    "--departure", "he sold them in two groups",
)  # fmt: skip
BECAUSE = ("--reason", "fraud report upheld")
AGREED = ("--reason", "the evidence is enough")
HEAD = ("registration", "number", "pool", "channel", "accepted", "registered_at", *ITEMS)
FIRST, SECOND = PEOPLE
OF_THE_FIRST = ("fraud report", "R-1", "欧阳", "139****4321")
OF_THE_SECOND = ("R-2", "张*", "138****5678")


def registration(name: str, person: tuple[str, ...]) -> bytes:
    now = timezone.localtime().strftime("%Y-%m-%d %H:%M")
    return csv_of([(name, str(ONE), "", "client", "explicit", now, *person)], HEAD)


def register(terminal: Terminal, folder: Path, name: str, person: tuple[str, ...]) -> None:
    file = put(folder, registration(name, person), f"{name}.csv")
    said = terminal(None, "register", file, "--apply", "--json")
    assert said.code == 0 and said.json["new"] == 1, said


def logs_in(terminal: Terminal, folder: Path) -> None:
    feed = logins(folder, [(ONE, timezone.now(), "qq")])
    assert terminal(None, "import_logins", feed, "--apply").code == 0


def terminated(terminal: Terminal) -> None:
    said = terminal("officer", "enforce", "terminate", ONE, *GROUND, *BECAUSE, "--apply", "--json")
    assert said.code == 6
    assert terminal("supervisor", "approve", said.json["decision"], *AGREED, "--apply").code == 0


def cleared(terminal: Terminal, folder: Path) -> None:
    file = folder / "cleared.csv"
    file.write_text("".join(f"{ONE},{service},{timezone.now().isoformat()}\n" for service in Service.values))
    assert terminal(None, "purge", "confirm", file, "--apply").code == 0


def state() -> str:
    return Number.objects.get(pk=ONE).lifecycle


def everything_shown(terminal: Terminal, browser: Client, tenure: Tenure) -> str:
    """What staff see of the number, of this tenure and of its person, by page and by command."""
    pages = [
        number_url(ONE),
        reverse("admin:accounts_number_history", args=[ONE]),
        reverse("admin:accounts_tenure_change", args=[tenure.pk]),
        reverse("admin:accounts_tenure_history", args=[tenure.pk]),
        reverse("admin:accounts_identity_change", args=[tenure.pk]),
        reverse("admin:accounts_identity_history", args=[tenure.pk]),
    ]
    seen = []
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 200, page
        seen.append(text(answer))
    command = terminal(None, "number", ONE, "--json")
    return "\n".join([*seen, json.dumps(command.json, ensure_ascii=False), terminal(None, "number", ONE).out])


def on(terminal: Terminal, day: datetime.date) -> list[dict[str, Any]]:
    said = terminal("agent", "holder", ONE, "--on", day, "--reason", "a complaint about that day", "--json")
    found: list[dict[str, Any]] = said.json["answers"]
    return found


def test_two_holders_one_after_the_other_and_neither_meets_the_other(
    terminal: Terminal, desk: Callable[..., Client], supply: Callable[..., NumberRange], tmp_path: Path
) -> None:
    begin = timezone.now()
    supply(284_170_000, 284_170_999)
    register(terminal, tmp_path, "R-1", FIRST)
    logs_in(terminal, tmp_path)
    assert state() == "in_use"
    first = Tenure.objects.get(number=ONE)
    said = terminal("officer", "enforce", "freeze", ONE, *GROUND, *BECAUSE, "--for", "1d", "--apply")
    assert said.code == 0
    terminated(terminal)
    shown = everything_shown(terminal, desk("agent"), first)
    assert [part for part in OF_THE_FIRST if part not in shown] == []

    with time_machine.travel(begin + datetime.timedelta(days=31)):
        assert terminal(None, "purge", "--apply").code == 0
        assert state() == "quarantined"
        waits = terminal(None, "release", "--json")
        assert state() == "quarantined" and waits.code == 4
        cleared(terminal, tmp_path)
        assert terminal(None, "release", "--apply").code == 0
        assert state() == "quarantined"  # its time is not over

    with time_machine.travel(begin + datetime.timedelta(days=31 + 181)):
        assert terminal(None, "release", "--apply").code == 0
        assert state() == "available"
        register(terminal, tmp_path, "R-2", SECOND)
        logs_in(terminal, tmp_path)
        second = Tenure.objects.get(number=ONE, ended_at=None)
        assert (second.seq, state()) == (2, "in_use")
        browser = desk("agent")
        now = everything_shown(terminal, browser, second)
        assert [part for part in OF_THE_SECOND if part not in now] == []
        assert [part for part in (*OF_THE_FIRST, *GROUND[3::2]) if part in now] == []
        before = text(browser.get(reverse("admin:accounts_tenure_change", args=[first.pk])))
        assert "fraud report" in before
        assert [part for part in OF_THE_SECOND if part in before] == []
        (then,), (today,) = on(terminal, timezone.localdate(begin)), on(terminal, timezone.localdate())
        assert (then["tenure"], then["registrant"]["name"]) == (1, "欧阳**")
        assert (today["tenure"], today["registrant"]["name"]) == (2, "张**")
        assert on(terminal, timezone.localdate(begin) + datetime.timedelta(days=100)) == []

        # The second life ends as the first did, and the number comes back once more.
        terminated(terminal)
    with time_machine.travel(begin + datetime.timedelta(days=31 + 181 + 31)):
        assert terminal(None, "purge", "--apply").code == 0
        cleared(terminal, tmp_path)
    with time_machine.travel(begin + datetime.timedelta(days=31 + 181 + 31 + 181)):
        assert terminal(None, "release", "--apply").code == 0
    life = ["allocated", "in_use", "terminated", "purged", "quarantined", "available"]
    assert [one for one, before in zip(history(ONE), [None, *history(ONE)], strict=False) if one != before] == 2 * life
    assert broken() == []
