"""How fast the record is verified: its chain and digests against one sequential `sha256` pass over the same rows, its
drift against one hash join by hand. On a copy of the seed with as many events more, in a process of its own."""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.benchmarks.house import House

MODULE = "tests.benchmarks.record"
SIDES = ("by hand", "one", "several")  # the product on one connection, and on as many as there are cores

EVENTS = """
INSERT INTO alerts_alert (event, at, code, level, subject_type, subject_id, subject_label, facts)
SELECT gen_random_uuid(), now(), 'late', 'critical', 'alerts.beat', g, 'bench ' || g, jsonb_build_object('n', g)
FROM generate_series(1, %s) g"""
ACTS = """
INSERT INTO audit_event (id, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, ticket,
  request_id, source, address, os_user, reason, facts, rows, rows_digest)
SELECT a.event, clock_timestamp(), (SELECT min(id) FROM staff_staff), 'bench', 'alert.late', '', '', '', '',
  gen_random_uuid(), 'worker', '10.0.0.1', 'bench', 'a reason as long as people give one', '{"name": "bench"}',
  '{"alerts_alert": 1}', %s FROM alerts_alert a WHERE subject_label LIKE 'bench %%'"""

DRIFT = """
SELECT count(*) FROM accounts_number n
JOIN (SELECT id, max(history_id) AS history_id FROM accounts_historicalnumber GROUP BY id) x ON x.id = n.id
JOIN accounts_historicalnumber h ON h.history_id = x.history_id AND h.id = x.id
WHERE (%s) IS DISTINCT FROM (%s)"""


def verifying(house: House, events: int, pairs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The rows that were read, and the ratios by what was measured."""
    with house.copy() as name:
        measured = house.run(name, str(events), str(pairs), module=MODULE)
    for line in measured["lines"]:
        say(f"  {line}")
    return measured


def main() -> None:
    import django

    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("events", type=int)
    parser.add_argument("pairs", type=int)
    given = parser.parse_args()
    rows = _fill(given.events)
    lines, ratios = [], dict[str, list[float]]()
    for pair in range(given.pairs):
        order = SIDES[pair % 3 :] + SIDES[: pair % 3]
        for what, by_hand in (("chain and digests", _hashes()), ("drift", _join())):
            took = {side: _timed(what, side, by_hand) for side in order}
            for side in SIDES[1:]:
                ratios.setdefault(f"{what}, {side}", []).append(took["by hand"] / took[side])
            times = ", ".join(f"{side} {took[side]:.1f} s" for side in SIDES)
            lines.append(f"pair {pair + 1}: {what}: {times}")
    print(json.dumps({"rows": rows, "lines": lines, "ratios": {what: median(one) for what, one in ratios.items()}}))


def _fill(events: int) -> int:
    from django.db import connection, transaction
    from psycopg import connect

    from qqops.alerts.models import Alert
    from qqops.audit import digests

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(EVENTS, [events])
        cursor.execute(ACTS.replace("%s", digests.of_event([Alert], "a.event")).replace("%%", "%"))
    place = connection.settings_dict
    given = {"host": place["HOST"], "port": place["PORT"], "dbname": place["NAME"], "user": "postgres"}
    with connect(**given, autocommit=True) as server:
        server.execute("VACUUM (ANALYZE, FREEZE)")
    with connection.cursor() as cursor:
        cursor.execute(_hashes())
        return sum(n for (n,) in cursor.fetchall())


def _tables() -> list[str]:
    from qqops.audit import privileges

    return ["audit_event", *(m._meta.db_table for m in privileges.record_tables())]


def _hashes() -> str:
    """Every row of the record hashed once, in the order in which it lies there."""
    each = "SELECT count(sha256(convert_to(to_jsonb(r)::text, 'UTF8'))) FROM {} r"
    return " UNION ALL ".join(map(each.format, _tables()))


def _join() -> str:
    from accounts.models import Number

    columns = [str(f.column) for f in Number._meta.concrete_fields]
    return DRIFT % (", ".join(f"n.{c}" for c in columns), ", ".join(f"h.{c}" for c in columns))


def _timed(what: str, side: str, by_hand: str) -> float:
    from django.db import connection

    from qqops.audit.verify import parts, snapshot

    wanted = {"chain and digests": ("chain", "digest"), "drift": ("drift",)}[what]
    jobs = snapshot.cores() if side == "several" else 1
    began = time.perf_counter()
    if side == "by hand":
        with connection.cursor() as cursor:
            cursor.execute(f"SET max_parallel_workers_per_gather = 0; SET work_mem = '{parts.MEMORY}'")
            cursor.execute(by_hand)
            cursor.fetchall()
        return time.perf_counter() - began
    with snapshot.snapshot(jobs=jobs) as shot:
        chosen = [p for p in shot.parts if p.what in wanted and (what != "drift" or p.table == "accounts_number")]
        began = time.perf_counter()
        broken = list(snapshot._together(shot.name, chosen, jobs, lambda rows: None))
        took = time.perf_counter() - began
    assert not broken, broken[:3]
    return took


if __name__ == "__main__":
    main()
