"""One reclaim in a fresh process: `python -m tests.benchmarks.reclaiming "product"|"by hand" [--verify]`.

Filed under the policy of the bench, agreed to by its two approvers, applied. Prints one JSON object.
"""

import argparse
import json
import time
from typing import Any

import django

django.setup()

from accounts.models import DormancyPolicy  # noqa: E402
from enforcement.approval import services as approval_services  # noqa: E402
from enforcement.reclaim import services as reclaim  # noqa: E402
from enforcement.runs.apply import apply  # noqa: E402
from qqops.audit import origin  # noqa: E402
from qqops.audit.verify import verify  # noqa: E402
from qqops.staff.backend import at_desk  # noqa: E402
from tests.benchmarks import reclaim_by_hand as by_hand  # noqa: E402
from tests.benchmarks.reclaim import APPROVERS, CODE, MANAGER  # noqa: E402
from tests.benchmarks.subject import count  # noqa: E402

# Compared between the two sides: the same work leaves the same number of rows.
WRITTEN = (
    "enforcement_decision",
    "enforcement_historicaldecision",
    "enforcement_ground",
    "enforcement_evidence",
    "enforcement_target",
    "enforcement_approval",
    "enforcement_outcome",
    "enforcement_notice",
    "accounts_historicalnumber",
    "audit_event",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("product", "by hand"))
    parser.add_argument("--verify", action="store_true")
    given = parser.parse_args()
    policy = DormancyPolicy.objects.get(code=CODE)
    people = {one.username: one for one in at_desk().filter(username__in=(MANAGER, *APPROVERS))}
    manager, approvers = people[MANAGER], [people[login] for login in APPROVERS]
    product = given.side == "product"
    marks = [time.perf_counter()]
    with origin.origin(origin.COMMAND):
        if product:
            decision = reclaim.reclaim(policy, actor=manager, reason=by_hand.WHY).decision
        else:
            decision = by_hand.file(policy, manager)
        marks.append(time.perf_counter())
        for approver in approvers:
            if product:
                decision = approval_services.approve(
                    decision, actor=approver, reason=by_hand.AGREED, content_hash=decision.content_hash, later=_not_yet
                ).decision
            else:
                by_hand.approve(decision, approver)
        marks.append(time.perf_counter())
        applied = apply(decision, actor=manager)[0] if product else by_hand.apply(decision, manager)
        marks.append(time.perf_counter())
    assert applied == decision.target_count, applied
    filing, approval, applying = (b - a for a, b in zip(marks, marks[1:], strict=False))
    measured: dict[str, Any] = {"targets": applied, "file": filing, "approve": approval, "apply": applying}
    if given.verify:
        broken = list(verify())
        assert not broken, broken[:3]
        measured["written"] = {table: count(table) for table in WRITTEN}
    print(json.dumps(measured))


def _not_yet(decision: object) -> None:
    """Where the web queues a job: applying is measured by itself."""


if __name__ == "__main__":
    main()
