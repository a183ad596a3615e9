"""The preview of a reclaim (10.3) against the leanest SELECT by hand that counts the same, both in one server."""

import datetime
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

BY_HAND = """
SELECT CASE
    WHEN h.paid THEN 'paid'
    WHEN n.reclaim_exempt_reason <> '' THEN 'exempt'
    WHEN n.legal_hold THEN 'legal_hold'
    WHEN EXISTS (SELECT FROM accounts_datarequest q WHERE q.tenure_id = h.id AND q.state IN ('registered', 'reviewed')
      AND q.asked_by IN ('guardian', 'relative')) THEN 'request'
    WHEN EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = h.id AND k.lifted_at IS NULL
      AND (k.until IS NULL OR k.until > %(now)s)) THEN 'held'
    WHEN n.frozen_until > %(now)s OR n.restricted_until > %(now)s THEN 'measure' END, count(*)
FROM accounts_number n JOIN accounts_tenure h ON h.id = n.tenure_id
WHERE n.lifecycle = 'in_use' AND h.started_at <= %(since)s
  AND h.started_at >= %(first)s AND h.started_at < %(after)s
  AND NOT EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = h.id AND f.last_at > %(since)s)
GROUP BY 1"""


def preview(pairs: int, say: Callable[[str], None]) -> float:
    """How fast the preview is, as a share of the SELECT by hand. The same numbers, and both find the same of them."""
    from django.db import connection

    from enforcement import services
    from qqops.audit import origin

    policy, manager = _policy()
    ratios = []
    for pair in range(pairs):
        took: dict[str, float] = {}
        found: dict[str, dict[str | None, int]] = {}
        # Alternated, and the side that goes first changes.
        for side in ("product", "by hand") if pair % 2 else ("by hand", "product"):
            began = time.perf_counter()
            if side == "product":
                with origin.origin(origin.COMMAND):
                    due = services.look(policy, actor=manager, reason="bench of the preview")
                found[side] = {None: due.will}
                found[side].update(due.excluded.items())
            else:
                with connection.cursor() as cursor:
                    cursor.execute(BY_HAND, _moments())
                    found[side] = dict(cursor.fetchall())
            took[side] = time.perf_counter() - began
        if found["product"] != found["by hand"]:
            raise SystemExit(f"the two sides did not find the same: {found}")
        ratios.append(took["by hand"] / took["product"])
        times = ", ".join(f"{side} {seconds:.2f} s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {times}: {ratios[-1]:.2f}; due {sum(found['product'].values()):,}")
    return median(ratios)


def _moments() -> dict[str, Any]:
    """Given as values, as the planner knows them best."""
    now = datetime.datetime.now(datetime.UTC)
    first, after = (datetime.datetime(year, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai")) for year in (2000, 2100))
    return {"now": now, "since": now - datetime.timedelta(days=30), "first": first, "after": after}


def _policy() -> tuple[Any, Any]:
    """A policy that its three people have put in force; those due under it are a fifth of the seed."""
    from django.utils import timezone

    from accounts.dormancy import Terms
    from accounts.models import DormancyPolicy
    from accounts.services import resources
    from accounts.services.resources import policies
    from qqops.audit import origin
    from qqops.staff import services as staff
    from qqops.staff.backend import at_desk
    from qqops.staff.models import Staff
    from tests.supply import feed_covers

    logins = {"reclaim-manager": "resources", "reclaim-supervisor": "supervisor", "reclaim-privacy": "privacy"}
    with origin.origin(origin.COMMAND):
        setup = Staff.objects.system("system-setup")
        for login, role in logins.items():
            staff.join(login, role, password="", actor=setup, reason="bench")
        manager, *both = (at_desk().get(username=login) for login in logins)
        terms = Terms(
            "bench", "dormant", 30, timezone.localdate(), 30,
            registered_from=datetime.date(2000, 1, 1), registered_to=datetime.date(2099, 12, 31),
        )  # fmt: skip
        proposal = resources.propose(policies.wanted(terms), actor=manager, reason="policy of the bench")
        for one in both:
            seen = proposal.content_hash
            proposal = resources.approve(proposal, actor=one, reason="policy of the bench", content_hash=seen)
        feed_covers()
    return DormancyPolicy.objects.get(proposal=proposal), manager
