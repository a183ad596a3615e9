"""The overview of a small house and of a large one, for each role: `python -m tests.benchmarks.overview`, which opens a
page for each role that it reads.

The large one has a hundred times as much of everything, of what waits too. The rows are made by SQL past the pen: what
is measured is how they are found. Each side is a process of its own, asked in turn with the other page by page.
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.house import OFFICER, House, Talk
from tests.benchmarks.reviewing import MONTHS, PARTS

MODULE = "tests.benchmarks.overview"
URL = "/admin/"
WARM = 3  # pages of each role that are not counted

# What a column holds of which nothing is said, by its type.
ANY = {
    "bigint": "1", "integer": "0", "smallint": "0", "boolean": "false", "jsonb": "'{}'", "bytea": "''",
    "uuid": "gen_random_uuid()", "timestamp with time zone": "now() - interval '9 days'",
}  # fmt: skip
LONG_AGO = "now() - (g - 1)::float8 / n * interval '1000 days'"  # over the years; the first row is the latest
SOON = "now() + (g % 90000) * interval '30 seconds'"  # over a month
ON_ONE = {"number_id": "9999 + g", "tenure_id": "g"}


def one_in(often: int, yes: str, no: str) -> str:
    return f"CASE WHEN g % {often} = 1 THEN {yes} ELSE {no} END"


def proposed(often: int, right: str) -> dict[str, str]:
    """One in so many waits for whoever has the right."""
    return {
        "maker_id": "maker", "reason": "'bench'", "state": one_in(often, "'proposed'", "'applied'"),
        "approvers": f"'{{{right}}}'", "proposed_at": LONG_AGO, "expires_at": f"{SOON} + interval '1 hour'",
    }  # fmt: skip


def case(prefix: str) -> dict[str, str]:
    return {"receipt": f"'{prefix}' || g", "maker_id": "maker", "state": one_in(100, "'registered'", "'refused'")}


# Model, how many numbers there are for each row of it, and what is in the rows: by `g` from 1 to `n`.
ROWS: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("accounts.Tenure", 1, {"number_id": "9999 + g", "seq": "1", "channel": "'client'", "acceptance": "'by_use'"}),
    ("accounts.Number", 1, {
        "id": "9999 + g", "tenure_id": "g", "lifecycle": one_in(50, "'allocated'", "'in_use'"),
        "frozen_until": f"CASE WHEN g % 200 = 10 THEN {SOON} END",
        "restricted_until": f"CASE WHEN g % 200 = 110 THEN {SOON} END",
    }),
    ("enforcement.Measure", 100, {
        "number_id": "9909 + g * 100", "tenure_id": "g * 100 - 90", "decision_id": "g", "until": SOON,
        "kind": "(ARRAY['freeze', 'restrict'])[1 + g % 2]",
    }),
    ("enforcement.Target", 100, ON_ONE | {"decision_id": "g"}),
    ("enforcement.Decision", 100, proposed(300, "enforcement.approve_decision") | {
        "kind": "'terminate'", "facts": "'bench'", "target_count": "1",
    }),
    ("appeals.Appeal", 50, ON_ONE | {
        "receipt": "'A' || g", "maker_id": "maker", "filed_at": LONG_AGO, "state": one_in(2, "'filed'", "'closed'"),
        "kind": one_in(4, "'objection'", "'recovery'"), "decision_id": one_in(4, "g", "NULL"), "round": "1",
        "outcome": one_in(2, "''", "'rejected'"), "closed_at": one_in(2, "NULL", LONG_AGO),
        "due_at": f"{SOON} - interval '1 day'", "escalate_at": f"{SOON} - interval '2 days'",
    }),
    ("appeals.Ruling", 100, proposed(300, "appeals.approve_ruling") | {
        "appeal_id": "g * 2 - 1", "round": "1", "outcome": "'rejected'", "ruled_at": one_in(300, "NULL", "now()"),
    }),
    ("audit.Event", 10, {
        "seq": "g - n", "actor_id": "maker", "verb": "'decision.applied'",
        "at": "date_trunc('month', now()) - (1.001 - g::float8 / n) * interval '1000 days'",
        "rows": one_in(5, """'{"accounts_historicalnumber": 1}'::jsonb""", "'{}'"),
    }),
    ("alerts.Alert", 1000, {
        "at": "now() - (1 - g::float8 / n) * interval '1000 days'", "code": "'late'", "level": "'warning'",
    }),
    ("alerts.AlertSeen", 1010, {"alert_id": "g", "staff_id": "maker"}),  # all but the last
    ("accounts.RevealRequest", 1000, proposed(100, "accounts.approve_reveal")),
    ("accounts.DataRequest", 1000, case("D") | {"tenure_id": "g"}),
    ("accounts.Disclosure", 10_000, case("O") | {"asked_by": "'court'"}),
    ("accounts.ResourceProposal", 10_000, proposed(10, "accounts.approve_resources") | {"kind": "'tier'"}),
    ("staff.AccessRequest", 10_000, proposed(10, "staff.approve_access") | {
        "staff_id": "maker + 1", "kind": "'reset'",
    }),
    ("enforcement.Case", 1000, {
        "kind": "'finder'", "maker_id": "maker", "state": one_in(20, "'open'", "'closed'"),
        "closed_at": one_in(20, "NULL", "now()"), "conclusion": "''",
    }),
)  # fmt: skip
# Whoever is asked has declared numbers, and the reviewer hears appeals; one reader of the state feed is behind.
DESKS = """
INSERT INTO accounts_declarednumber (staff_id, number, relation, declared_at)
SELECT s.id, 9999 + s.id * 100 + g, 'own', now()
FROM staff_staff s, generate_series(1, 20) g WHERE s.username LIKE 'desk-%';
INSERT INTO appeals_lease (appeal_id, staff_id, until) SELECT g * 2 - 1, s.id, now() + interval '1 day'
FROM staff_staff s, generate_series(1, 20) g WHERE s.username = 'desk-reviewer';
INSERT INTO enforcement_feedreader (name, acknowledged, attempts, fault)
SELECT 'bench', min(seq) / 100, 0, '' FROM audit_event"""


def pages(
    house: House, few: int, many: int, pairs: int, requests: int, say: Callable[[str], None]
) -> tuple[int, float]:
    """The most queries that anybody's overview of the large house takes; the median page of a role there ÷ that of the
    small house, of the role for which that is the most."""
    from qqops.staff.policy import ROLES

    _desks(list(ROLES))
    small, large = "bench_small", "bench_large"
    ratios: dict[str, list[float]] = {role: [] for role in ROLES}
    queries = 0
    with house.copy(small), house.copy(large):
        _fill(house, small, few)
        _fill(house, large, many)
        say("  filled")
        for pair in range(pairs):
            told = []
            with house.talk(small, MODULE) as one, house.talk(large, MODULE) as other:
                for role, found in ratios.items():
                    took, asked = _in_turn(role, one, other, requests)
                    queries = max(queries, asked)
                    found.append(took[1] / took[0])
                    told.append(f"{role} {asked} queries, {took[1] * 1e3:.0f} ms {found[-1]:.2f}")
            say(f"  pair {pair + 1}: {', '.join(told)}")
    return queries, max(median(found) for found in ratios.values())


def _in_turn(role: str, one: Talk, other: Talk, requests: int) -> tuple[list[float], int]:
    """The median page of each, in seconds, and the queries of the other."""
    times: list[list[float]] = [[], []]
    queries = 0
    for n in range(WARM + requests):
        sides = list(enumerate((one, other)))
        told = {at: side(role) for at, side in (reversed(sides) if n % 2 else sides)}
        queries = max(queries, told[1]["queries"])
        if n >= WARM:
            for at, page in told.items():
                times[at].append(page["took"])
    return [median(taken) for taken in times], queries


def _desks(roles: list[str]) -> None:
    """One at the desk of each role, in the seed."""
    from django.db import connections

    from qqops.audit import origin
    from qqops.staff.models import Staff
    from qqops.staff.people import services as people

    with origin.origin(origin.COMMAND):
        setup = Staff.objects.system("system-setup")
        for role in roles:
            people.join(f"desk-{role}", role, password="", actor=setup, reason="bench")
    connections.close_all()


def _fill(house: House, name: str, numbers: int) -> None:
    with psycopg.connect(house.place(name), autocommit=True) as connection:
        connection.execute(PARTS % MONTHS)
        connection.execute("SET session_replication_role = replica")
        for model, share, given in ROWS:
            connection.execute(_insert(model, numbers // share, given))
        connection.execute(DESKS)
        connection.execute("VACUUM (ANALYZE, FREEZE)")
        connection.execute("CHECKPOINT")


def _insert(model: str, n: int, given: dict[str, str]) -> str:
    """So many rows of a model; a column of which nothing is said holds whatever its type lets it hold."""
    from django.apps import apps
    from django.db import connection

    meta, values = apps.get_model(model)._meta, {}
    for field in meta.concrete_fields:
        kind = field.db_type(connection) or ""
        key = field.primary_key and kind == "bigint"
        empty = "g" if key else "NULL" if field.null else ANY.get(kind, "'{}'" if kind.endswith("[]") else "''")
        values[f'"{field.column}"'] = given.get(field.column, empty)
    return (
        f"INSERT INTO {meta.db_table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM generate_series(1, {n}) g, (SELECT {n} AS n, id AS maker FROM staff_staff"
        f" WHERE username = '{OFFICER}') m"
    )


def main() -> None:
    import django

    django.setup()
    from django.test import Client

    from qqops.staff.models import Staff
    from qqops.staff.policy import ROLES
    from tests.pages import queries

    desks: dict[str, Any] = {}
    for role in ROLES:
        desks[role] = Client(headers={"host": "localhost"})
        desks[role].force_login(Staff.objects.get(username=f"desk-{role}"))
    for line in sys.stdin:
        desk = desks[line.strip()]
        began = time.perf_counter()
        with queries() as statements:
            page = desk.get(URL)
        took = time.perf_counter() - began
        assert page.status_code == 200, page.status_code
        print(json.dumps({"took": took, "queries": len(statements)}), flush=True)


if __name__ == "__main__":
    main()
