"""How far a run is, by its events; what came of each target."""

import csv
import datetime
import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation
from openpyxl import load_workbook

from enforcement.models import Decision
from enforcement.policy import Kind
from enforcement.runs import report as reports
from enforcement.runs import services as runs
from enforcement.runs.apply import apply
from enforcement.runs.queries import Run, progress_of
from enforcement.runs.services import stop_all
from qqops.audit.models import Event
from qqops.core import spreadsheets
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from qqops.staff.signin.throttle import LIMITS
from tests.enforcement.acts import approve, broken, decide, head, verbs

Many = Callable[..., list[int]]
WHY = "核对名单后再继续"


@pytest.fixture(autouse=True)
def _in_english() -> object:
    with translation.override("en"):
        yield


@pytest.fixture
def filed(numbers: Many, officer: Staff, supervisor: Staff, settings: Any, rulebook: Any) -> Callable[..., Decision]:
    """A freeze of 103 numbers in chunks of 40, agreed to and not begun; three are frozen already."""
    settings.QQOPS_CHUNK = 40

    def make() -> Decision:
        ids = numbers(103)
        decide(Kind.FREEZE, ids[:3], officer)
        decision = decide(Kind.FREEZE, ids, officer).decision
        approve(decision, supervisor, later=lambda _decision: None)
        return Decision.objects.get(pk=decision.pk)

    return make


def stop_after(chunks: int) -> Callable[[int], None]:
    left = iter(range(chunks - 1))

    def progress(_n: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return progress


def test_progress_is_summed_from_the_events_of_the_chunks_and_says_what_it_waits_for(
    filed: Callable[..., Decision], officer: Staff, supervisor: Staff
) -> None:
    decision, worker = filed(), Staff.objects.system("system-worker")
    assert (progress_of(decision).run, progress_of(decision).done) == (Run.WAITING, 0)
    with pytest.raises(KeyboardInterrupt):
        apply(decision, actor=worker, progress=stop_after(2))
    found = progress_of(decision)
    assert (found.run, found.applied, dict(found.skipped), found.done) == (Run.RUNNING, 77, {"already": 3}, 80)
    assert found.speed and found.left and not found.over
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=2)):
        assert (progress_of(decision).run, progress_of(decision).speed) == (Run.WAITING, None)
    stop_all(actor=officer, reason=WHY)
    assert progress_of(decision).run == Run.HALTED
    runs.go_on(actor=supervisor, reason=WHY, later=lambda _decision: None)
    runs.pause(decision, actor=officer, reason=WHY)
    assert progress_of(decision).run == Run.PAUSED
    runs.resume(decision, actor=officer, reason=WHY, later=lambda _decision: None)
    apply(decision, actor=worker)
    done = progress_of(Decision.objects.get(pk=decision.pk))
    assert (done.run, done.over, done.applied, done.done) == (Run.DONE, True, 100, 103)


def test_the_report_has_a_line_for_each_target_and_is_on_the_record(
    filed: Callable[..., Decision], officer: Staff, outsider: Staff
) -> None:
    decision, before = filed(), head()
    with pytest.raises(KeyboardInterrupt):
        apply(decision, actor=Staff.objects.system("system-worker"), progress=stop_after(1))
    rows = list(reports.report(decision, "csv", actor=officer))
    assert verbs(before) == ["decision.applied", "decision.reported"]
    event = Event.objects.latest("seq")
    assert (event.decision_id, event.facts) == (decision.pk, {"what": "csv", "targets": 103})
    assert [row[0] for row in rows] == list(decision.targets.order_by("number_id").values_list("number_id", flat=True))
    assert [row[1] for row in rows] == ["skipped"] * 3 + ["applied"] * 37 + ["not yet"] * 63
    assert rows[0][2] == "already so" and "" == rows[0][4] == rows[3][2]
    assert rows[3][3] == "in use" and rows[3][4][:2] == "20" and rows[50] == [rows[50][0], "not yet", "", "", ""]
    with pytest.raises(Refused):
        reports.report(decision, "csv", actor=outsider)
    assert verbs(before)[-1] == "audit.refused" and broken() == []


def test_only_so_many_files_leave_in_an_hour(filed: Callable[..., Decision], officer: Staff) -> None:
    decision = filed()
    for _n in range(LIMITS["export"].hits):
        reports.report(decision, "csv", actor=officer)
    with pytest.raises(Refused):
        reports.report(decision, "csv", actor=officer)


def test_both_files_hold_the_same_rows_and_no_cell_that_would_run() -> None:
    head_of, rows = (
        ["number", "why"],
        [[88812345, "=1+1"], [88812346, "<b>&\x00"], [88812347, "-2"], [1, "@x"], [2, "+1"]],
    )
    expected = [
        ["number", "why"], ["88812345", "'=1+1"], ["88812346", "<b>&\x00"], ["88812347", "'-2"], ["1", "'@x"],
        ["2", "'+1"],
    ]  # fmt: skip
    content = b"".join(spreadsheets.pieces("csv", head_of, rows))
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == expected
    book = load_workbook(io.BytesIO(b"".join(spreadsheets.pieces("xlsx", head_of, rows))))
    read = [list(row) for row in book.active.iter_rows(values_only=True)]  # type: ignore[union-attr]
    assert read == [[cell.replace("\x00", "\ufffd") for cell in row] for row in expected]


def test_a_file_is_handed_on_piece_by_piece_before_its_rows_are_all_there() -> None:
    asked = 0

    def rows() -> Any:
        nonlocal asked
        for n in range(50_000):
            asked += 1
            yield [n, "applied"]

    for form in ("csv", "xlsx"):
        asked, out = 0, spreadsheets.pieces(form, ["number", "result"], rows())
        first = [next(out), next(out)]
        assert all(first) and asked < 50_000
