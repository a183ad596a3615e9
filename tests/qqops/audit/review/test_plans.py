"""Whatever the trail is looked through by, and however little of it matches, the rest of it is not read: plans, not
times. What matches lies under everything else, where whoever goes along the trail comes last."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.declarations.services import declare
from accounts.models import Number
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.audit.review import lookups
from qqops.core.errors import Refused
from qqops.staff import limits
from qqops.staff.models import Staff
from tests.appeals.heard import objection
from tests.enforcement.acts import decide
from tests.qqops.audit.review.searching import URL
from tests.qqops.audit.superuser import made_anew, superuser

EVENTS, LOOKED_AT = 60_000, 200  # of fewer, to read all costs little more than two hundred by key

# What others did since: none of it an act without ticket, a conflict, or done at a desk by night but for one.
OTHERS = """
INSERT INTO audit_event (id, seq, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, ticket,
  request_id, source, os_user, reason, facts, rows, rows_digest, prev_hash, hash)
SELECT gen_random_uuid(), head + g, CASE WHEN g = 1 THEN night ELSE clock_timestamp() END, %(actor)s, 'others',
  (ARRAY['number.declared', 'staff.signed_in', 'audit.refused'])[1 + g %% 3], 'accounts.number', g::text, g::text,
  CASE WHEN g %% 3 = 0 THEN 'T-' || g ELSE '' END, gen_random_uuid(),
  CASE WHEN g = 1 THEN 'command' WHEN g %% 3 = 1 THEN 'web' ELSE 'worker' END, '', '', '{"why": "No."}', '{}',
  '', '', ''
FROM generate_series(1, %(n)s) g, (SELECT max(seq) AS head FROM audit_event) e, (
  SELECT date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai' AS night) n"""

pytestmark = pytest.mark.django_db(transaction=True)  # ANALYZE is the owner's, who must see the rows


# What nothing here is of: it is looked for as the others of its kind are.
NONE = {
    "approvals", "auditor", "exports", "privacy", "reads", "resources", "reveals", "reviewer", "searches", "sysadmin"
}  # fmt: skip


def test_no_filter_of_the_review_reads_the_trail_for_the_few_that_match(
    desk: Callable[[str], Client], numbers: Callable[..., list[int]], cast: dict[str, Staff]
) -> None:
    officer, auditor = cast["officer"], desk("auditor")
    auditor.get(URL)
    own, other, *many = numbers(103)  # more than a hundred are a batch
    declare(officer, [own], "own", actor=officer)
    declare(cast["supervisor"], range(500_000_000, 500_000_200), "relative", actor=cast["supervisor"])
    with pytest.raises(Refused):
        decide(Kind.FREEZE, [own], officer)
    with pytest.raises(Refused):
        limits.spend("export", officer, many=10_000)
    with origin.origin(origin.WEB, address="10.1.2.3") as here:
        frozen = decide(Kind.FREEZE, [other], officer, ticket="T-R")
    decide(Kind.FREEZE, many, officer)
    appeal = objection(Number.objects.get(pk=other), frozen, cast["agent"])
    typed = {
        "staff": "officer", "from": "2026-01-01", "to": "2099-01-01", "verb": "decision.applied", "ticket": "T-R",
        "request": here.request_id, "address": "10.1.2.3", "decision": frozen.decision.pk, "clause": "10.1",
        "number": other, "tenure": f"{other}/1", "appeal": appeal.receipt,
    }  # fmt: skip
    with superuser() as cursor:
        cursor.execute(OTHERS, {"actor": cast["supervisor"].pk, "n": EVENTS})
    made_anew()
    asked = [(one.parameter, code) for one in lookups.FILTERS for code, _label, _q in one.choices]
    asked += [(one.parameter, str(typed[one.parameter])) for one in lookups.TYPED]
    costs, found = dict[Any, Counter[str]](), dict[Any, int]()
    for what in asked:
        with looked_at() as costs[what]:
            found[what] = len(auditor.get(URL, dict([what])).context["page"].rows)
    assert not {what: +cost for what, cost in costs.items() if cost.total() > LOOKED_AT}
    assert {code for (_parameter, code), n in found.items() if not n} == NONE
    assert found["look", "own"] == 1 and found["kind", "refusals"] == 60  # among many refusals the one


@contextmanager
def looked_at() -> Iterator[Counter[str]]:
    """How many events the page's query looks at, by the node of the plan that does."""
    found = Counter[str]()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and '"audit_event"."actor_label"' in sql:
            execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params, many, context)
            (plan,) = context["cursor"].fetchone()
            for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]):
                name = node.get("Index Name", node.get("Relation Name", ""))
                if name.startswith("audit_event") or node.get("Relation Name", "").startswith("audit_event"):
                    removed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
                    rows = (node["Actual Rows"] + removed) * node["Actual Loops"]
                    found[f"{node['Node Type']} {name}"] += round(rows)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
