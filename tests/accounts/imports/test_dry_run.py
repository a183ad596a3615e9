"""An import that only looks is on the record, and what is recorded is what was looked at."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Identity, Number
from qqops.alerts.models import Alert
from qqops.staff.models import Staff
from qqops.staff.signin.throttle import LIMITS
from tests.accounts.imports.files import csv_of, put
from tests.accounts.imports.typed import Run, of, tried, verbs
from tests.enforcement.acts import broken, head
from tests.identities import ADULT, tell

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_what_is_only_tried_is_on_the_record_and_so_often_a_day(number: Make, run: Run, privacy: Staff) -> None:
    """A file would change nothing where it guessed right: nobody is looked up so, unseen and at will."""
    one = number()
    tell(one, privacy, **ADULT)
    before, guesses = head(), LIMITS["import"].hits
    for guess in range(guesses - 1):
        said = run(csv_of([(one.pk, f"1390000{guess:04d}")], ("number", "mobile")))
        assert (said.code, "changed: 1" in said.out) == (4, True)
    right = csv_of([(one.pk, ADULT["mobile"])], ("number", "mobile"))
    assert "same: 1" in run(right, "--apply").out
    assert len(tried(before)) == guesses
    before = head()
    for more in ((), ("--apply",)):
        said = run(right, *more)
        assert (said.code, said.out, "the limit" in said.error) == (5, "", True)
    assert verbs(before) == ["staff.limit_reached"]
    alert = Alert.objects.get(code="quota")
    assert "imports" in alert.sentence and of(one)["mobile"] == ADULT["mobile"]


@pytest.mark.parametrize(("change", "recorded"), [("another value", 1), ("shorter", 2), ("longer", 3)])
def test_only_what_was_checked_is_recorded(
    numbers: Many,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    change: str,
    recorded: int,
) -> None:
    """Whoever writes into the file between the two readings, and sets its times back, is told."""
    from accounts.imports import services as intake

    settings.QQOPS_CHUNK = 1
    heading, apply = ("number", "mobile"), intake.apply
    rows = [(n, "13711111111") for n in numbers(4)]
    others = {"another value": [rows[0], (rows[1][0], "13722222222"), rows[2]], "shorter": rows[:2], "longer": rows}

    def swapped(*args: Any, **more: Any) -> Any:
        path = tmp_path / "people.csv"
        stat = path.stat()
        path.write_bytes(csv_of(others[change], heading))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return apply(*args, **more)

    monkeypatch.setattr(intake, "apply", swapped)
    said = run(csv_of(rows[:3], heading), "--apply")
    assert (said.code, "was changed while it was read" in said.error) == (2, True)
    assert {of(n)["mobile"] for n in Identity.objects.values_list("tenure__number", flat=True)} == {"+8613711111111"}
    assert Identity.objects.count() == recorded and broken() == []


def test_a_file_changed_while_it_is_checked_is_not_recorded(
    number: Make, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.imports import services as intake

    one, check = number(), intake.check

    def checked(*args: Any, **more: Any) -> Any:
        put(tmp_path, csv_of([(one.pk, "13722222222")], ("number", "mobile")))
        return check(*args, **more)

    monkeypatch.setattr(intake, "check", checked)
    for more in ((), ("--apply",)):
        said = run(csv_of([(one.pk, "13711111111")], ("number", "mobile")), *more)
        assert (said.code, said.out, "was changed" in said.error) == (2, "", True)
    assert not Identity.objects.exists()
