"""What is being applied is paused, slowed, stopped, and taken up again where it was; one switch stops everything."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from accounts.models import Number
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from enforcement.runs import services as runs
from enforcement.runs.apply import Held, apply
from enforcement.runs.services import stop_all
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, broken, decide, head, undo, verbs

pytestmark = pytest.mark.usefixtures("english")
Many = Callable[..., list[int]]
WHY = "核对名单后再继续"


@pytest.fixture(autouse=True)
def _small_chunks(settings: Any) -> Iterator[None]:
    settings.QQOPS_CHUNK = 40
    yield


@pytest.fixture
def approved(numbers: Many, officer: Staff, supervisor: Staff) -> Decision:
    """120 numbers to freeze, agreed to and not begun."""
    batch = decide(Kind.FREEZE, numbers(120), officer)
    return approve(batch, supervisor, later=lambda decision: None).decision


def run(decision: Decision, worker: Staff, *, after_first: Callable[[], object] = lambda: None) -> int:
    """Apply it, and do something after the first chunk; how many were applied before it was held or done."""
    done: list[int] = []

    def step(n: int) -> None:
        done.append(n)
        if len(done) == 1:
            after_first()

    with suppress(Held):
        apply(Decision.objects.get(pk=decision.pk), actor=worker, progress=step)
    return Measure.objects.filter(decision=decision).count()


@pytest.fixture
def worker(cast: Any) -> Staff:
    return Staff.objects.system("system-worker")


def test_a_paused_run_stops_at_its_next_chunk_and_goes_on_there(
    approved: Decision, officer: Staff, agent: Staff, worker: Staff
) -> None:
    later: list[int] = []
    with pytest.raises(Refused):
        runs.pause(approved, actor=agent, reason=WHY)
    at = head()
    assert run(approved, worker, after_first=lambda: runs.pause(approved, actor=officer, reason=WHY)) == 40
    assert run(approved, worker) == 40  # and nothing begins while it is paused
    runs.resume(approved, actor=officer, reason=WHY, later=lambda d: later.append(d.pk))
    assert later == [approved.pk]
    assert run(approved, worker) == 120
    assert Decision.objects.get(pk=approved.pk).state == State.APPLIED
    chunks = ["decision.applied"] * 2
    assert verbs(at) == ["decision.applied", "run.paused", "run.resumed", *chunks, "decision.finished"]
    assert broken() == []


def test_a_stopped_run_is_over_and_what_it_did_can_be_undone(
    approved: Decision, officer: Staff, officer2: Staff, supervisor2: Staff, worker: Staff
) -> None:
    with pytest.raises(Invalid, match="stop it for good first"):
        undo(approved, officer2)
    assert run(approved, worker, after_first=lambda: runs.stop(approved, actor=officer, reason=WHY)) == 40
    assert run(approved, worker) == 40
    with pytest.raises(Invalid, match="not approved and unfinished"):
        runs.resume(approved, actor=officer, reason=WHY, later=lambda d: None)
    back = approve(undo(approved, officer2), supervisor2)
    assert (back.applied, Number.objects.filter(frozen_until__isnull=False).count(), broken()) == (40, 0, [])


def test_a_rate_makes_it_slow_from_the_next_chunk_on(approved: Decision, officer: Staff, worker: Staff) -> None:
    with pytest.raises(Invalid):
        runs.limit(approved, 0, actor=officer, reason=WHY)
    runs.limit(approved, 60, actor=officer, reason=WHY)
    began = time.monotonic()
    assert run(approved, worker) == 120
    assert time.monotonic() - began >= 1.5  # 40 + 40 + 40 at 60 a second, the last wait aside


def test_one_switch_stops_every_run_and_a_supervisor_lets_them_go_on(
    approved: Decision, officer: Staff, supervisor: Staff, agent: Staff, numbers: Many, worker: Staff
) -> None:
    with pytest.raises(Refused):
        stop_all(actor=agent, reason=WHY)
    later: list[int] = []
    at = head()
    assert run(approved, worker, after_first=lambda: stop_all(actor=officer, reason=WHY)) == 40
    with pytest.raises(Invalid, match="already"):
        stop_all(actor=officer, reason=WHY)
    with pytest.raises(Refused):
        runs.go_on(actor=officer, reason=WHY, later=lambda d: None)
    assert decide(Kind.FREEZE, numbers(2), officer).applied == 2  # a click is no run
    assert runs.go_on(actor=supervisor, reason=WHY, later=lambda d: later.append(d.pk)) == 1
    assert (later, run(approved, worker)) == ([approved.pk], 120)
    assert [v for v in verbs(at) if v.startswith("run.")] == ["run.all_stopped", "run.all_resumed"]
    assert broken() == []
