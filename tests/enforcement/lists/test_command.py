"""`enforce --numbers FILE`: the dry run shows what to look over, and --expect lets nothing else through."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import LoginFact, Tenure
from enforcement.models import Decision
from tests.cast import make_numbers
from tests.enforcement.test_commands import GROUNDS
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


def test_a_list_with_its_last_digits_cut_off_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    ids, file = list(range(88_900_007, 88_900_407, 10)), tmp_path / "cut.txt"
    make_numbers(ids)
    make_numbers([n // 10 for n in ids[:10]])  # other people's: only half of the cut ones are unknown
    file.write_text("".join(f"{n // 10}\n" for n in ids[:20]) + "".join(f"{n}\n" for n in ids[20:]))
    said = terminal("officer", "enforce", "freeze", "--numbers", file, *GROUNDS, "--for", "7d", "--apply")
    assert said.code == 2 and "are unknown" in said.error and not Decision.objects.exists()
