"""Measures that end, one run in a fresh process:
`python -m tests.benchmarks.ending undo|expire product|reference TARGETS [--verify]`.

A freeze is filed, agreed to and applied through the product on both sides. Then its undo, filed and agreed to through
the product too, is applied, or the sweep passes after its time: by the product, or by hand. Prints one JSON object.
"""

import argparse
import datetime
import json
import time
from pathlib import Path
from typing import Any

import django

django.setup()

import time_machine  # noqa: E402
from django.utils import timezone  # noqa: E402

from enforcement.measures.expiry import expire  # noqa: E402
from enforcement.models import Decision, Notice  # noqa: E402
from enforcement.runs.apply import apply  # noqa: E402
from enforcement.undo import services as undo_services  # noqa: E402
from enforcement.undo.services import undo_order  # noqa: E402
from qqops.audit import origin  # noqa: E402
from qqops.audit.verify import verify  # noqa: E402
from qqops.staff.models import Staff  # noqa: E402
from tests.benchmarks import ending_by_hand as by_hand  # noqa: E402
from tests.benchmarks.house import UNDO_APPROVER, UNDOER  # noqa: E402
from tests.benchmarks.subject import agree, count, numbers, propose  # noqa: E402

WRITTEN = (
    "enforcement_outcome",
    "enforcement_historicalmeasure",
    "accounts_historicalnumber",
    "enforcement_notice",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("undo", "expire"))
    parser.add_argument("side", choices=("product", "reference"))
    parser.add_argument("targets", type=Path)
    parser.add_argument("--verify", action="store_true")
    given = parser.parse_args()
    with origin.origin(origin.COMMAND):
        frozen = agree(propose(numbers(given.targets)))
        applied, _skipped = apply(frozen, actor=frozen.maker)
        frozen.refresh_from_db()
        end = _undo if given.what == "undo" else _expire
        took, ended = end(frozen, product=given.side == "product")
    assert ended == applied, (ended, applied)
    measured: dict[str, Any] = {"took": took, "targets": ended}
    if given.verify:
        broken = list(verify())
        assert not broken, broken[:3]
        measured["written"] = {table: count(table) for table in WRITTEN}
    print(json.dumps(measured))


def _undo(frozen: Decision, *, product: bool) -> tuple[float, int]:
    order = undo_order(frozen, clause="10.1", reason="bench: the list was wrong", in_error=True)
    undo = undo_services.undo(order, actor=Staff.objects.get(username=UNDOER)).decision
    undo = agree(undo, by=(UNDO_APPROVER,))
    began = time.perf_counter()
    ended = apply(undo, actor=undo.maker)[0] if product else by_hand.undo(undo)
    return time.perf_counter() - began, ended


def _expire(frozen: Decision, *, product: bool) -> tuple[float, int]:
    expiry = Staff.objects.system("system-expiry")
    Notice.objects.update(state=Notice.State.SENT)  # long before a measure ends, its holder was told of it
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        began = time.perf_counter()
        ended = expire(actor=expiry).measures if product else by_hand.expire(expiry)
        return time.perf_counter() - began, ended


if __name__ == "__main__":
    main()
