"""Scenario 5: an uploaded list had its last digits cut off and hit other people; noticed midway, it is put right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Number
from enforcement import tasks
from enforcement.models import Decision, Measure, Notice, Outcome
from enforcement.policy import Kind
from enforcement.runs.apply import Held, apply
from qqops.approvals.models import State
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.desk import desk
from tests.enforcement.acts import approve, broken, decide
from tests.pages import decision_url, rule, text
from tests.terminal import Terminal

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]

MEANT = range(888_120_000, 888_123_000, 10)  # 300 numbers of nine digits, each ending in 0
HIT = [n // 10 for n in MEANT]  # what is left of them when the last digit is cut off: other people's
FREEZE = (
    "--clause", "8.1", "--fact", "registered by one device", "--evidence", "device log", "--severity", "serious",
    "--departure", "a cluster is frozen alike", "--for", "30d", "--reason", "malicious registration",
)  # fmt: skip
WHY = ("--reason", "the last digits were cut off")


def file_of(folder: Path, numbers: Any) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "list.txt"
    file.write_text("\n".join(map(str, numbers)))
    return file


@pytest.fixture
def applied_by_half(
    terminal: Terminal, cast: dict[str, Staff], desk: Callable[[str], Client], tmp_path: Path, settings: Any
) -> Decision:
    """The wrong batch: filed and agreed to, begun, and paused by a colleague after 120."""
    settings.QQOPS_CHUNK = 40
    make_numbers([*MEANT, *HIT])
    filed = terminal("officer", "enforce", "freeze", "--numbers", file_of(tmp_path, HIT), *FREEZE, "--apply", "--json")
    assert filed.code == 6, filed
    batch = Decision.objects.get(pk=filed.json["decision"])
    approve(batch, cast["supervisor"], later=lambda decision: None)
    chunks: list[int] = []

    def noticed(n: int) -> None:
        chunks.append(n)
        if len(chunks) == 3:
            held = terminal("officer2", "decisions", "pause", batch.pk, *WHY, "--apply")
            assert held.code == 0, held

    batch.refresh_from_db()
    with pytest.raises(Held):
        apply(batch, actor=Staff.objects.system("system-worker"), progress=noticed)
    assert Measure.objects.count() == 120
    return batch


def test_a_list_that_mostly_hits_nobody_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    make_numbers([*MEANT, *HIT[:10]])
    refused = terminal("officer", "enforce", "freeze", "--numbers", file_of(tmp_path, HIT), *FREEZE, "--apply")
    assert refused.code == 2 and "290 of 300 numbers are unknown" in refused.error
    assert not Decision.objects.exists()


def test_it_is_stopped_undone_and_apologised_for_and_what_changed_since_is_listed(
    applied_by_half: Decision, terminal: Terminal, cast: dict[str, Staff], desk: Callable[[str], Client]
) -> None:
    batch = applied_by_half
    page = text(desk("officer2").get(decision_url(batch)))
    assert "Paused" in page
    # Meanwhile one is frozen for itself as well, and one was lifted for its holder.
    decide(Kind.FREEZE, [HIT[5]], cast["officer2"], clauses=("6.2",), freeze_kind="security")
    approve(decide(Kind.LIFT, [HIT[7]], cast["officer2"], lift_of=batch.pk), cast["supervisor2"])

    undo = ("decisions", "undo", batch.pk, "--clause", "10.1", "--in-error", *WHY)
    assert "stop it for good first" in terminal("officer2", *undo).error
    assert terminal("officer2", "decisions", "stop", batch.pk, *WHY, "--apply").code == 0
    looked = terminal("officer2", *undo, "--json")
    assert (looked.code, looked.json["would_apply"], looked.json["skipped"]) == (4, 118, {"conflict": 1, "voided": 1})
    filed = terminal("officer2", *undo, "--apply", "--json")
    assert filed.code == 6
    taken_back = Decision.objects.get(pk=filed.json["decision"])

    barred = text(desk("supervisor").get(f"/admin/inbox/{taken_back.pk}/"))
    assert "You took part in what this undoes" in barred
    assert rule(desk("supervisor2"), taken_back).status_code == 302

    tasks.apply_decision(taken_back.pk)
    taken_back.refresh_from_db()
    assert taken_back.state == State.APPLIED
    frozen = set(Number.objects.filter(frozen_until__isnull=False).values_list("pk", flat=True))
    assert frozen == {HIT[5]}  # by its own security freeze, beside the wrong one
    conflicts = Outcome.objects.filter(decision=taken_back, why="conflict").values_list("number_id", flat=True)
    assert list(conflicts) == [HIT[5]]
    # What was lifted meanwhile stays as it is, and does not count against its holder any more.
    assert Outcome.objects.get(decision=taken_back, number=HIT[7]).why == "voided"
    page = text(desk("auditor").get(decision_url(taken_back)))
    assert "changed since that decision" in page and f"#{batch.pk}" in page
    assert "yes: it never counts, and the holders have an apology" in page

    # Nobody had heard of it yet: what waited to be sent is not, and each of the 119 has the apology.
    told = Notice.objects.filter(decision=batch).values_list("state", flat=True)
    assert sorted(told) == ["pending"] + ["withdrawn"] * 119
    assert Notice.objects.filter(decision=taken_back, state="pending").count() == 119
    assert not Measure.objects.filter(decision=batch).exclude(end_reason__in=("voided", "")).exists()
    assert broken() == []
