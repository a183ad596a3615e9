"""A page of the review on a short trail and on a long one: `python -m tests.benchmarks.reviewing`, which opens a page
for each line that it reads.

Both trails lie over the same 37 months. The events are made by SQL past the chain: what is measured is how they are
found. Each side is a process of its own, asked in turn with the other page by page, so that a machine which is slow for
a while is so for both.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.house import OFFICER, RESOURCES, House, Talk

MODULE = "tests.benchmarks.reviewing"
AUDITOR = "bench-auditor"
MONTHS = 36  # before this one
WARM = 3  # requests of each kind that are not counted
FEW = 40  # events of what is seldom, of whatever length the trail is: less than a page, from its beginning to its end
SELDOM = RESOURCES  # who did them
# Each is a page of sixty on both trails, or the same few on both.
ASKED = {
    "all": "",
    "staff": "staff=bench-officer",
    "staff, seldom": f"staff={SELDOM}",
    "act": "verb=decision.refused",
    "act, seldom": "verb=staff.limit_reached",
    "kind": "kind=refusals",
    "source, seldom": "source=command",
    "role": "role=officer",
    "role, seldom": "role=resources",
    "at night": "look=night",
    "without ticket": "look=ticketless",
    "own numbers": "look=own",
    "above quota": "look=quota",
    "batches": "look=batch",
    "clause": "clause=10.1",
    "clause, seldom": "clause=6.2",
    "clause, ruled on": "clause=11",
    "clause, ruled on, seldom": "clause=12.3",
    "clause, named": "clause=10.4",
    "clause, named, seldom": "clause=3.1",
    "decision": "decision=1",
    "number": "number={number}",
    "ticket": "ticket=T-R",
    "address": "address=10.9.9.9",
    "a month, two years ago": "from={first}&to={last}",
}

PARTS = """
DO $$
DECLARE m timestamptz; name text;
BEGIN
  SET LOCAL TimeZone = 'Asia/Shanghai';
  FOR m IN SELECT generate_series(date_trunc('month', now()) - %s * interval '1 month',
    date_trunc('month', now()) - interval '1 month', interval '1 month')
  LOOP
    name := 'audit_event' || to_char(m, '_YYYY_MM');
    EXECUTE format('CREATE TABLE %%I PARTITION OF audit_event FOR VALUES FROM (%%L) TO (%%L)', name, m,
      m + interval '1 month');
  END LOOP;
END $$"""

# Before all that the seed has, in one order with it; about all its numbers but one, a hundred thousand tickets and
# decisions. The few are all that is seldom at once: by whom, where from, about which number, ticket and decision.
EVENTS = """
INSERT INTO audit_event (id, seq, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest, prev_hash, hash)
SELECT gen_random_uuid(), g - %(n)s, since + (until - since) * (g::float8 / %(n)s),
  CASE WHEN few THEN seldom ELSE staff[1 + g %% array_length(staff, 1)] END, 'bench',
  CASE WHEN few THEN (ARRAY['audit.refused', 'staff.limit_reached'])[1 + g / (%(n)s / %(few)s) %% 2]
    WHEN g %% 200 = 0 THEN 'audit.refused' WHEN g %% 50 = 1 THEN 'decision.refused'
    WHEN g %% 50 = 2 THEN 'appeal.ruled' WHEN g %% 50 = 3 THEN 'number.purged' ELSE (
    ARRAY['decision.applied', 'decision.proposed', 'notice.sent', 'staff.signed_in', 'appeal.filed'])[1 + g %% 5] END,
  'accounts.number', number::text, number::text,
  CASE WHEN few THEN 1 WHEN g %% 3 = 0 THEN 2 + g %% 100000 END,
  CASE WHEN few THEN 'T-R' WHEN g %% 10 < 7 THEN 'T-' || g %% 100000 ELSE '' END, gen_random_uuid(),
  CASE WHEN few THEN 'command' ELSE (ARRAY['web', 'worker', 'system'])[1 + g %% 3] END,
  CASE WHEN few THEN '10.9.9.9' ELSE '10.0.0.7' END::inet, 'bench', 'a reason as long as people give one',
  CASE WHEN g %% 50 = 3
    THEN jsonb_build_object('clause', CASE WHEN (g - 3) %% (%(n)s / %(few)s) = 0 THEN '3.1' ELSE '10.4' END)
    ELSE jsonb_build_object('why', CASE WHEN few THEN %(own)s ELSE 'Your role may not do this.' END) END,
  '{}', '', '', ''
FROM generate_series(1, %(n)s) g, (
  SELECT date_trunc('month', now()) - %(months)s * interval '1 month' + interval '1 day' AS since,
    date_trunc('month', now()) - interval '1 day' AS until,
    (SELECT id FROM staff_staff WHERE username = %(seldom)s) AS seldom,
    (SELECT array_agg(id ORDER BY id) FROM staff_staff WHERE username LIKE 'bench-%%' AND username <> %(seldom)s)
      AS staff,
    (SELECT array_agg(id ORDER BY id) FROM accounts_number) AS numbers) them,
  LATERAL (SELECT g %% (%(n)s / %(few)s) = 0 AS few) f,
  LATERAL (SELECT numbers[CASE WHEN few THEN 1 ELSE 2 + g %% (array_length(numbers, 1) - 1) END] AS number) o"""
# What rests on a clause: the decisions that the events name, of which the first is the few's, and the rulings.
RESTS = """
INSERT INTO enforcement_ground (event, decision_id, basis, citation, clause_id)
SELECT gen_random_uuid(), d, number, '', c.id
FROM generate_series(1, 100001) d JOIN accounts_clause c ON c.number = CASE d WHEN 1 THEN '6.2' ELSE '10.1' END;
INSERT INTO appeals_historicalruling (id, event, history_date, history_type, state, approvers, content_hash,
  proposed_at, round, outcome, text, text_sha256, rule, reason, ticket)
SELECT seq + %(n)s, id, at, '+', 'applied', '{}', '', at, 1, 'rejected', '', '', '', 'bench', '' FROM audit_event
WHERE verb = 'appeal.ruled';
INSERT INTO appeals_rulingground (event, ruling_id, clause_id)
SELECT h.event, h.id, c.id FROM appeals_historicalruling h JOIN accounts_clause c
  ON c.number = '11' OR c.number = '12.3' AND (h.id - 2) %% (%(n)s / %(few)s) = 0"""
# All but those of its constraints.
INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = 'audit_event'::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)"""
# The one of the seldom person, and 299 that were never handed out.
DECLARED = """
INSERT INTO accounts_declarednumber (staff_id, number, relation, declared_at)
SELECT s.id, n, 'own', '2000-01-01' FROM staff_staff s, (
  SELECT min(id) AS n FROM accounts_number UNION ALL SELECT 90000000000 + g FROM generate_series(1, 299) g) n
WHERE s.username = %s"""


def pages(house: House, few: int, many: int, pairs: int, requests: int, say: Callable[[str], None]) -> dict[str, float]:
    """By what is asked: the median page on the long trail ÷ that on the short one."""
    short, long = "bench_short", "bench_long"
    ratios: dict[str, list[float]] = {what: [] for what in ASKED}
    with house.copy(short), house.copy(long):
        _fill(house, short, few)
        _fill(house, long, many)
        for pair in range(pairs):
            with house.talk(short, MODULE) as one, house.talk(long, MODULE) as other:
                told = []
                for what, found in ratios.items():
                    took = _in_turn(what, one, other, requests)
                    found.append(took[1] / took[0])
                    told.append(f"{what} {took[1] * 1e3:.0f} ms {found[-1]:.2f}")
            say(f"  pair {pair + 1}: {', '.join(told)}")
    return {what: median(found) for what, found in ratios.items()}


def _in_turn(what: str, one: Talk, other: Talk, requests: int) -> list[float]:
    """The median page of each, in seconds."""
    times: list[list[float]] = [[], []]
    for n in range(WARM + requests):
        asked = list(enumerate((one, other)))
        pages = {at: side(what) for at, side in (reversed(asked) if n % 2 else asked)}
        if pages[0]["rows"] != pages[1]["rows"] or pages[0]["rows"] < FEW // 2:
            raise SystemExit(f"{what}: not as many are found on both: {pages[0]['rows']}, {pages[1]['rows']}")
        if n >= WARM:
            for at, page in pages.items():
                times[at].append(page["took"])
    return [median(taken) for taken in times]


def _fill(house: House, name: str, n: int) -> None:
    from accounts.declarations.services import OWN_NUMBER

    with psycopg.connect(house.place(name), autocommit=True) as connection:
        connection.execute(PARTS % MONTHS)
        connection.execute("SET session_replication_role = replica")
        given = {"n": n, "months": MONTHS, "few": FEW, "seldom": SELDOM, "own": OWN_NUMBER}
        with _without_indexes(connection):
            connection.execute(EVENTS, given)
        for statement in RESTS.split(";"):
            connection.execute(statement, given)
        connection.execute(DECLARED, [SELDOM])
        connection.execute("UPDATE staff_holding SET since = '2000-01-01'")
        connection.execute("VACUUM (ANALYZE, FREEZE)")
        connection.execute("CHECKPOINT")


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Ten million events are inserted in minutes, and their indexes are made again as they were."""
    made = connection.execute(INDEXES).fetchall()
    for name, _definition in made:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET maintenance_work_mem = '1GB'")
    for _name, definition in made:
        connection.execute(definition.replace(" ON ONLY ", " ON "))  # of each month, too


def main() -> None:
    import django

    django.setup()
    from django.test import Client
    from django.utils import timezone

    from accounts.models import Number
    from enforcement.models import Decision
    from enforcement.policy import Kind
    from qqops.audit import origin
    from qqops.staff.models import Staff
    from qqops.staff.people import services as people
    from tests.enforcement.acts import decide

    with origin.origin(origin.COMMAND):
        if not Staff.objects.filter(username=AUDITOR).exists():
            setup = Staff.objects.system("system-setup")
            people.join(AUDITOR, "auditor", password="", actor=setup, reason="bench")
        numbers = list(Number.objects.filter(lifecycle="in_use").order_by("pk").values_list("pk", flat=True)[1:102])
        if not Decision.objects.exists():  # the first, which the few events name: a batch
            decide(Kind.FREEZE, numbers, Staff.objects.get(username=OFFICER))
    desk = Client(headers={"host": "localhost"})
    desk.force_login(Staff.objects.get(username=AUDITOR))
    first, last = (f"{timezone.localdate() - timedelta(days=days):%Y-%m-%d}" for days in (730, 700))
    number = Number.objects.order_by("pk").values_list("pk", flat=True)[0]
    known = {"number": number, "first": first, "last": last}
    for line in sys.stdin:
        url = f"/admin/audit/event/?{ASKED[line.strip()].format(**known)}"
        began = time.perf_counter()
        page = desk.get(url)
        took = time.perf_counter() - began
        print(json.dumps({"took": took, "rows": page.content.count(b"<tr data-row")}), flush=True)


if __name__ == "__main__":
    main()
