"""However many numbers there are, a chunk of a batch reaches its own by key: plans, not times."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.utils import timezone

from accounts.allocation.renewal import renew
from accounts.declarations.services import declare
from accounts.models import Tenure
from enforcement.decisions.queries import inbox
from enforcement.models import Decision
from enforcement.notices.reclaim_notices import announce
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.staff.models import Staff
from qqops.staff.people.services import join
from tests.cast import PASSWORD
from tests.enforcement import acts
from tests.enforcement.reclaiming import adopt
from tests.supply import feed_covers

NUMBERS, TARGETS, CHUNK = 10_000, 300, 100
GROWING = {
    "accounts_loginfact",
    "accounts_number",
    "accounts_tenure",
    "accounts_historicalnumber",
    "enforcement_measure",
    "enforcement_historicalmeasure",
    "enforcement_target",
    "enforcement_outcome",
}
# Of a table that is kept by month: those to come are empty, and to read them is nothing.
THIS_MONTH = f"{timezone.localtime():_%Y_%m}"

pytestmark = pytest.mark.django_db(transaction=True)  # ANALYZE is the owner's, who must see the rows


def test_no_chunk_of_a_batch_scans_a_growing_table(
    numbers: Callable[..., list[int]],
    officer: Staff,
    officer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    settings: Any,
) -> None:
    ids = numbers(NUMBERS)
    acts.approve(acts.decide(Kind.RESTRICT, ids, officer), supervisor)  # so that no table is small
    _everybody_was_here()
    for person in (officer, officer2, supervisor, supervisor2):  # nobody's list is empty, none is reached
        declare(person, range(500_000_000, 500_000_020), "relative", actor=person)
    settings.QQOPS_CHUNK = CHUNK
    runs: list[tuple[Kind, Staff, Staff, dict[str, Any]]] = [
        (Kind.FREEZE, officer, supervisor, {}),
        (Kind.ADJUST, officer2, supervisor2, {"duration": acts.DAY}),
        (Kind.LIFT, officer2, supervisor2, {}),
    ]
    for kind, maker, agrees, more in runs:
        analyze()
        with scans() as found:
            decision = acts.decide(kind, ids[:: NUMBERS // TARGETS][:TARGETS], maker, **more).decision
            decision = acts.approve(decision, agrees, later=nothing).decision
            analyze()  # a planner that knows the length of the list must not think better of it
            applied, skipped = apply(decision, actor=maker)
        assert (applied, +skipped) == (TARGETS, {})
        assert found == set(), kind


def test_no_chunk_of_an_undo_scans_one(
    numbers: Callable[..., list[int]],
    officer: Staff,
    officer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    setup_actor: Staff,
    settings: Any,
) -> None:
    ids = numbers(NUMBERS)
    acts.approve(acts.decide(Kind.RESTRICT, ids, officer), supervisor)  # so that no table is small
    settings.QQOPS_CHUNK = CHUNK
    some = ids[:: NUMBERS // TARGETS][:TARGETS]
    batch = acts.decide(Kind.FREEZE, some, officer).decision
    acts.approve(batch, supervisor)
    others = ids[5 :: NUMBERS // TARGETS][:TARGETS]
    change = acts.decide(Kind.ADJUST, others, officer, lift_kinds=("restrict",), duration=acts.DAY).decision
    acts.approve(change, supervisor2)
    _everybody_was_here()
    third = join("supervisor3", "supervisor", password=PASSWORD, actor=setup_actor, reason="had no part in either")
    for wrong, agrees in ((batch, supervisor2), (change, third)):
        wrong.refresh_from_db()
        analyze()
        with scans() as found:
            decision = acts.approve(acts.undo(wrong, officer2), agrees, later=nothing).decision
            analyze()
            applied, skipped = apply(decision, actor=officer2)
        assert (applied, +skipped, found) == (TARGETS, {}, set())


def test_no_chunk_of_a_reclaim_scans_one_nor_do_its_notices(
    cast: dict[str, Staff], numbers: Callable[..., list[int]], rulebook: Any, settings: Any
) -> None:
    ids = numbers(NUMBERS * 2)
    acts.approve(acts.decide(Kind.RESTRICT, ids[1::2], cast["officer"]), cast["supervisor"])  # so that none is small
    _everybody_was_here()
    settings.QQOPS_CHUNK = CHUNK
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=2, reminder_days=1)
    feed_covers()
    wanted = ids[:: NUMBERS // TARGETS * 2][:TARGETS]
    analyze()
    with scans() as found:
        decision = acts.decide(Kind.TERMINATE, wanted, cast["resources"], clauses=("10.3",), policy=policy).decision
        acts.approve(decision, cast["supervisor"])
        acts.approve(decision, cast["privacy"], later=nothing)
        analyze()
        for days in (0, 1, 3):
            with time_machine.travel(timezone.now() + days * acts.DAY + acts.HOUR):
                told = announce(actor=cast["resources"])
                assert +told == {0: {"prior": TARGETS}, 1: {"reminder": TARGETS}}.get(days, {})
        with time_machine.travel(timezone.now() + 4 * acts.DAY):
            feed_covers()
            applied, skipped = apply(Decision.objects.get(pk=decision.pk), actor=cast["resources"])
    assert (applied, +skipped, found) == (TARGETS, {}, set())


def _everybody_was_here() -> None:
    """Once, long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_loginfact (tenure_id, service, first_at, last_at)"
            " SELECT id, 'im', started_at, started_at FROM accounts_tenure"
        )


def test_no_chunk_of_a_renewal_scans_one(
    cast: dict[str, Staff], numbers: Callable[..., list[int]], settings: Any
) -> None:
    ids = numbers(NUMBERS, paid=True)
    settings.QQOPS_CHUNK = CHUNK
    until = timezone.now() + acts.DAY
    Tenure.objects.update(paid_until=until - 2 * acts.DAY)
    analyze()
    wanted = dict.fromkeys(ids[:: NUMBERS // TARGETS][:TARGETS], until)
    with scans() as found:
        assert renew(wanted, actor=Staff.objects.system("system-feed"), apply=True).renewed == TARGETS
    assert found == set()


def test_an_inbox_reaches_the_decisions_on_declared_numbers_by_key(
    numbers: Callable[..., list[int]], officer: Staff, supervisor: Staff
) -> None:
    ids = numbers(NUMBERS)
    acts.approve(acts.decide(Kind.RESTRICT, ids, officer), supervisor)
    declare(supervisor, ids[:5], "relative", actor=supervisor)  # few, or a scan is the shorter way
    acts.decide(Kind.FREEZE, ids[:3], officer, indefinite=True)
    acts.decide(Kind.FREEZE, ids[-3:], officer, indefinite=True)
    analyze()
    (plan,) = json.loads(inbox(supervisor).explain(format="json"))
    assert scanned(plan["Plan"]) == set()
    assert [d.target_count for d in inbox(supervisor)] == [3]


def test_the_watch_sees_a_scan(numbers: Callable[..., list[int]]) -> None:
    numbers(2)
    with scans() as found, connection.cursor() as cursor:
        cursor.execute("WITH n AS (SELECT tier FROM accounts_number) SELECT count(*) FROM n")
    assert {table for table, _sql in found} == {"accounts_number"}


def nothing(decision: Decision) -> None:
    """Leave the run for later."""


def analyze() -> None:
    with connections["owner"].cursor() as cursor:
        # All of them: what is known of the others may be of an earlier test, as autovacuum met it.
        cursor.execute("ANALYZE")


@contextmanager
def scans() -> Iterator[set[tuple[str, str]]]:
    """Explain every batch statement just before it runs, in its own transaction and settings; the tables scanned."""
    found: set[tuple[str, str]] = set()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        batch = sql.removeprefix("SET CONSTRAINTS ALL IMMEDIATE; ").removesuffix("; SET CONSTRAINTS ALL DEFERRED")
        if batch.lstrip().startswith(("WITH", "INSERT INTO audit_event", 'INSERT INTO "audit_event"')):
            execute(f"EXPLAIN (FORMAT JSON) {batch}", params, many, context)
            (plan,) = context["cursor"].fetchone()
            plan = json.loads(plan) if isinstance(plan, str) else plan
            found.update((table, sql[:200]) for table in scanned(plan[0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def scanned(node: dict[str, Any]) -> set[str]:
    here = {node["Relation Name"].removesuffix(THIS_MONTH)} & GROWING if node["Node Type"] == "Seq Scan" else set()
    return here.union(*(scanned(child) for child in node.get("Plans", ())))
