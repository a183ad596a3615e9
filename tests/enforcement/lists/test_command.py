"""`enforce --numbers FILE`: the dry run shows what to look over, and --expect lets nothing else through."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import LoginFact, Tenure
from enforcement.models import Decision
from tests.cast import make_numbers
from tests.enforcement.decisions.test_commands import GROUNDS
from tests.terminal import Terminal

Many = Callable[..., list[int]]
pytestmark = pytest.mark.usefixtures("rulebook")


def test_a_file_is_recorded_by_kind_and_hash_and_one_that_changed_since_the_dry_run_is_refused(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    ids, file = [*numbers(10), *numbers(2, paid=True)], tmp_path / "list.csv"
    now = timezone.now()
    LoginFact.objects.create(tenure=Tenure.objects.get(number=ids[0]), service="mail", first_at=now, last_at=now)
    file.write_text("number\n" + "".join(f"{n}\n" for n in [*ids[:11], ids[0]]))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    words = ("enforce", "freeze", "--numbers", file, *GROUNDS, "--for", "7d")
    dry = terminal("officer", *words)
    assert dry.code == 4 and sha256 in dry.out and "digits: 8: 11" in dry.out and "duplicates: 1" in dry.out
    assert "paid for, with no end on file: 1" in dry.out and "signed in during the last 90 days: 1 (mail: 1)" in dry.out
    assert "are lost after" not in dry.out and "not counted here (10.4)" in dry.out  # a freeze ends no right of use
    assert "a sample: " + ", ".join(map(str, ids[:11])) in dry.out
    seen = terminal("officer", *words, "--json").json
    assert (seen["losses"]["paid_open"], seen["losses"]["services"]) == (1, {"mail": 1})
    assert (seen["list"], seen["sha256"], seen["digits"], seen["minors"]) == ("CSV", sha256, {"8": 11}, 0)

    was = file.read_text()
    file.write_text(was + f"{ids[11]}\n")
    changed = terminal("officer", *words, "--expect", sha256, "--apply")
    assert changed.code == 2 and "not the one of the dry run" in changed.error and not Decision.objects.exists()
    file.write_text(was)
    assert terminal("officer", *words, "--expect", sha256, "--apply").code == 0
    decision = Decision.objects.get()
    assert (decision.source_name, decision.source_sha256, decision.target_count) == ("CSV", sha256, 11)
    alone = terminal("officer", "enforce", "freeze", ids[11], *GROUNDS, "--for", "7d", "--expect", sha256, "--apply")
    assert alone.code == 2 and Decision.objects.count() == 1


def test_who_agrees_at_the_terminal_sees_the_dry_run_as_it_was_filed(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    ids, file = [*numbers(99), *numbers(2, paid=True)], tmp_path / "list.csv"
    file.write_text("number\n" + "".join(f"{n}\n" for n in [*ids, ids[0], 77777]))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    words = ("enforce", "terminate", "--numbers", file, *GROUNDS, "--expect", sha256, "--apply")
    assert terminal("officer", *words).code == 6
    decision = Decision.objects.get()
    said = ("--reason", "seen and agreed")
    lines = terminal("supervisor", "approve", decision.pk, *said).out
    for part in (
        "as filed at ", f"list: CSV, SHA-256: {sha256}", "terminate: 101 of 103 numbers", "duplicates: 1",
        "unknown: 1", "premium: 0, paid: 2", "are lost after the grace period", "with no end on file: 2",
        "not counted here (10.4)", "digits: 5: 1, 8: 101", "minors: 0", "a sample: ",
    ):  # fmt: skip
        assert part in lines, part
    assert "77777" not in lines
    assert "as filed at " in terminal("", "decisions", "show", decision.pk).out
    approving = terminal("supervisor", "approve", decision.pk, *said, "--json").json
    shown = terminal("", "decisions", "show", decision.pk, "--json").json
    assert approving["dry_run"] == shown["dry_run"]
    figures = shown["dry_run"]
    assert (figures["list"], figures["sha256"], figures["given"], figures["duplicates"], figures["unknown_lines"]) == (
        "CSV", sha256, 103, 1, 1,
    )  # fmt: skip
    assert (figures["minors"], figures["losses"]["paid_open"], len(figures["sample"])) == (0, 2, 50)
    assert terminal("officer", "enforce", "freeze", ids[0], *GROUNDS, "--for", "7d", "--apply").code == 0
    few = Decision.objects.latest("pk")
    assert terminal("", "decisions", "show", few.pk, "--json").json["dry_run"] is None
    assert "as filed at" not in terminal("", "decisions", "show", few.pk).out


def test_of_a_list_too_long_the_terminal_says_that_losses_are_not_counted(
    numbers: Many, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["enforcement.decisions.preview"]  # the package has the act of that name
    monkeypatch.setattr(module, "COUNTED_MAX", 2)
    ids, file = numbers(3), tmp_path / "list.csv"
    file.write_text("".join(f"{n}\n" for n in ids))
    dry = terminal("officer", "enforce", "freeze", "--numbers", file, *GROUNDS, "--for", "7d").out
    assert "losses: not counted: more than 2 numbers" in dry and "not counted here (10.4)" in dry
    assert "losses" not in terminal("officer", "enforce", "freeze", ids[0], *GROUNDS, "--for", "7d").out


def test_a_list_with_its_last_digits_cut_off_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    ids, file = list(range(88_900_007, 88_900_407, 10)), tmp_path / "cut.txt"
    make_numbers(ids)
    make_numbers([n // 10 for n in ids[:10]])  # other people's: only half of the cut ones are unknown
    file.write_text("".join(f"{n // 10}\n" for n in ids[:20]) + "".join(f"{n}\n" for n in ids[20:]))
    said = terminal("officer", "enforce", "freeze", "--numbers", file, *GROUNDS, "--for", "7d", "--apply")
    assert said.code == 2 and "are unknown" in said.error and not Decision.objects.exists()
