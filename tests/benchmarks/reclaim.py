"""A reclaim (10.3) against SQL by hand, both in one server: its preview against the leanest SELECT that counts the
same, and its decision against the same rows written by reclaim_by_hand.py."""

import datetime
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from tests.benchmarks.house import House

CODE, MANAGER, APPROVERS = "bench", "reclaim-manager", ("reclaim-supervisor", "reclaim-privacy")

KEPT = """CASE
    WHEN h.paid THEN 'paid'
    WHEN n.reclaim_exempt_reason <> '' THEN 'exempt'
    WHEN n.legal_hold THEN 'legal_hold'
    WHEN EXISTS (SELECT FROM accounts_datarequest q WHERE q.tenure_id = h.id AND q.state IN ('registered', 'reviewed')
      AND q.asked_by IN ('guardian', 'relative')) THEN 'request'
    WHEN EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = h.id AND k.lifted_at IS NULL
      AND (k.until IS NULL OR k.until > %(now)s)) THEN 'held'
    WHEN n.frozen_until > %(now)s OR n.restricted_until > %(now)s THEN 'measure' END"""

DORMANT = """n.lifecycle = 'in_use' AND h.started_at <= %(since)s
  AND h.started_at >= %(first)s AND h.started_at < %(after)s
  AND NOT EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = h.id AND f.last_at > %(since)s)"""

RESTORED = """EXISTS (SELECT FROM enforcement_outcome o JOIN enforcement_decision d ON d.id = o.decision_id
    JOIN audit_event e ON e.id = o.event
    WHERE o.number_id = n.id AND o.why = '' AND d.kind = 'restore' AND e.at > %(since)s)"""

FOUND = f"""
FROM accounts_number n JOIN accounts_tenure h ON h.id = n.tenure_id
WHERE {DORMANT} AND NOT {RESTORED}"""

BY_HAND = f"SELECT {KEPT}, count(*) {FOUND} GROUP BY 1"


def preview(pairs: int, say: Callable[[str], None]) -> float:
    """How fast the preview is, as a share of the SELECT by hand. The same numbers, and both find the same of them."""
    from django.db import connection

    from enforcement.reclaim import services as reclaim
    from qqops.audit import origin

    policy, manager = in_force()
    ratios = []
    for pair in range(pairs):
        took: dict[str, float] = {}
        found: dict[str, dict[str | None, int]] = {}
        # Alternated, and the side that goes first changes.
        for side in ("product", "by hand") if pair % 2 else ("by hand", "product"):
            began = time.perf_counter()
            if side == "product":
                with origin.origin(origin.COMMAND):
                    due = reclaim.look(policy, actor=manager, reason="bench of the preview")
                found[side] = {None: due.will}
                found[side].update(due.excluded.items())
            else:
                with connection.cursor() as cursor:
                    cursor.execute(BY_HAND, moments())
                    found[side] = dict(cursor.fetchall())
            took[side] = time.perf_counter() - began
        if found["product"] != found["by hand"]:
            raise SystemExit(f"the two sides did not find the same: {found}")
        ratios.append(took["by hand"] / took["product"])
        times = ", ".join(f"{side} {seconds:.2f} s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {times}: {ratios[-1]:.2f}; due {sum(found['product'].values()):,}")
    return median(ratios)


def moments() -> dict[str, Any]:
    """Given as values, as the planner knows them best."""
    now = datetime.datetime.now(datetime.UTC)
    first, after = (datetime.datetime(year, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")) for year in (2000, 2100))
    return {"now": now, "since": now - datetime.timedelta(days=30), "first": first, "after": after}


def decision(house: House, pairs: int, say: Callable[[str], None]) -> tuple[int, float, float]:
    """How many are due under the policy, how fast what was agreed to is applied, and how fast they are filed, agreed
    to by two and reclaimed, as shares of the same by hand; each on a fresh copy of the same database."""
    from django.db import connections

    in_force()
    connections.close_all()  # who copies the seed must be alone with it
    applying: list[float] = []
    ratios: list[float] = []
    done: list[dict[str, Any]] = []
    for pair in range(pairs):
        took: dict[str, float] = {}
        applied: dict[str, float] = {}
        for side in ("product", "by hand") if pair % 2 else ("by hand", "product"):
            with house.copy() as name:
                options = () if pair else ("--verify",)
                measured = house.run(name, side, *options, module="tests.benchmarks.reclaiming")
            took[side] = measured["file"] + measured["approve"] + measured["apply"]
            applied[side] = measured["apply"]
            parts = ", ".join(
                f"{part} {measured[part] / measured['targets'] * 1e6:.0f}" for part in ("file", "approve", "apply")
            )
            say(f"  {side}: {measured['targets']:,} reclaimed; µs a row: {parts}")
            done += [{key: measured[key] for key in ("targets", "written")}] if options else []
        ratios.append(took["by hand"] / took["product"])
        applying.append(applied["by hand"] / applied["product"])
        say(f"  pair {pair + 1}: applied {applying[-1]:.2f}, in all {ratios[-1]:.2f}")
    if done[0] != done[1]:
        raise SystemExit(f"the two sides did not do the same work: {done}")
    return done[0]["targets"], median(applying), median(ratios)


def in_force() -> tuple[Any, Any]:
    """The policy of the bench and its manager, put in force by its three people when first asked for; about three in
    ten numbers of the seed are due under it."""
    from django.utils import timezone

    from accounts.dormancy import services as policies
    from accounts.dormancy.policy import Terms
    from accounts.models import DormancyPolicy
    from accounts.resources import services as resources
    from qqops.audit import origin
    from qqops.staff.backend import at_desk
    from qqops.staff.models import Staff
    from qqops.staff.people import services as people
    from tests.supply import feed_covers

    if known := DormancyPolicy.objects.filter(code=CODE).first():
        return known, at_desk().get(username=MANAGER)
    logins = {MANAGER: "resources", **dict(zip(APPROVERS, ("supervisor", "privacy"), strict=True))}
    with origin.origin(origin.COMMAND):
        setup = Staff.objects.system("system-setup")
        for login, role in logins.items():
            people.join(login, role, password="", actor=setup, reason="bench")
        manager, *both = (at_desk().get(username=login) for login in logins)
        terms = Terms(
            CODE, "dormant", 30, timezone.localdate(), 30,
            registered_from=datetime.date(2000, 1, 1), registered_to=datetime.date(2099, 12, 31),
        )  # fmt: skip
        proposal = resources.propose(policies.wanted(terms), actor=manager, reason="policy of the bench")
        for one in both:
            seen = proposal.content_hash
            proposal = resources.approve(proposal, actor=one, reason="policy of the bench", content_hash=seen)
        feed_covers()
    return DormancyPolicy.objects.get(proposal=proposal), manager
