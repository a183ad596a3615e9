"""One measured run in a fresh process: `python -m tests.benchmarks.subject product|reference TARGETS [--verify]`.

Both file the same decision and have it approved through the product; then one applies it as the product does, the
other by the hand-written reference. With `--dry-run` the product first reads the list from a CSV and looks at it, as
whoever files it does. Prints one JSON object.
"""

import argparse
import datetime
import json
import re
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from accounts.numbers.parsing import read_file  # noqa: E402
from enforcement.approval import services as approval_services  # noqa: E402
from enforcement.decisions.order import Order  # noqa: E402
from enforcement.decisions.preview import preview  # noqa: E402
from enforcement.decisions.services import decide  # noqa: E402
from enforcement.models import Decision  # noqa: E402
from enforcement.policy import FreezeKind, Kind, Severity  # noqa: E402
from enforcement.runs.apply import apply  # noqa: E402
from qqops.audit import origin  # noqa: E402
from qqops.audit.verify import verify  # noqa: E402
from qqops.staff.models import Staff  # noqa: E402
from tests.benchmarks import reference  # noqa: E402
from tests.benchmarks.house import OFFICER, SUPERVISORS  # noqa: E402

# Compared between the two sides: the same work leaves the same number of rows.
WRITTEN = (
    "enforcement_outcome",
    "enforcement_measure",
    "enforcement_historicalmeasure",
    "accounts_historicalnumber",
    "enforcement_notice",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("product", "reference"))
    parser.add_argument("targets", type=Path)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--dry-run", type=Path, metavar="CSV")
    given = parser.parse_args()
    marks = [time.perf_counter()]
    with origin.origin(origin.COMMAND):
        if given.dry_run:  # typed twice: looked at, then filed
            preview(order(), read_file(given.dry_run), actor=Staff.objects.get(username=OFFICER))
            decision = propose(read_file(given.dry_run))
        else:
            decision = propose(numbers(given.targets))
        marks.append(time.perf_counter())
        decision = agree(decision)
        marks.append(time.perf_counter())
        if given.side == "product":
            applied, skipped = apply(decision, actor=decision.maker)
            assert not skipped, skipped
        else:
            applied = reference.apply(decision)
        marks.append(time.perf_counter())
    assert applied == decision.target_count, applied
    filing, approval, applying = (b - a for a, b in zip(marks, marks[1:], strict=False))
    measured: dict[str, Any] = {
        "targets": applied,
        "file": filing,
        "approve": approval,
        "apply": applying,
        "peak_mb": peak_mb(),
    }
    if given.verify:
        broken = list(verify())
        assert not broken, broken[:3]
        measured["written"] = {table: count(table) for table in WRITTEN}
    print(json.dumps(measured))


def numbers(targets: Path) -> Iterator[int]:
    """As a stream: what the caller holds is not what the service holds."""
    with targets.open("rb") as words:
        while block := array("q", words.read(8 * 1000)):
            yield from block


def propose(numbers: Iterable[int]) -> Decision:
    return decide(order(), numbers, actor=Staff.objects.get(username=OFFICER)).decision


def order() -> Order:
    return Order(
        Kind.FREEZE,
        ("8.1",),
        "bench: registered in bulk",
        ("bench: device log",),
        "bench: freeze a batch",
        freeze_kind=FreezeKind.VIOLATION,
        duration=datetime.timedelta(days=30),
        severity=Severity.SERIOUS,
        departure="bench: a batch of one length",
    )


def agree(decision: Decision, by: Sequence[str] = SUPERVISORS) -> Decision:
    for login in by[: len(decision.approvers)]:
        decision = approval_services.approve(
            decision,
            actor=Staff.objects.get(username=login),
            reason="bench: agreed",
            content_hash=decision.content_hash,
            later=_not_yet,
        ).decision
    return decision


def _not_yet(decision: Decision) -> None:
    """Where the web queues a job: applying is measured by itself."""


def peak_mb() -> float:
    # Not ru_maxrss: that one remembers the process which started this one.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
