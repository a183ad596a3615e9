"""A page of the review on a short trail and on a long one: `python -m tests.benchmarks.reviewing REQUESTS`.

Both trails lie over the same 37 months. The events are made by SQL past the chain: what is measured is how they are
found. Each side runs in a process of its own, in turn with the other.
"""

import argparse
import json
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.house import House

MODULE = "tests.benchmarks.reviewing"
AUDITOR = "bench-auditor"
MONTHS = 36  # before this one
WARM = 3  # requests of each kind that are not counted
# Each is a page of sixty but where so few match.
ASKED = {
    "all": "",
    "staff": "staff=bench-officer",
    "act": "verb=decision.refused",
    "kind": "kind=refusals",
    "at night": "look=night",
    "without ticket": "look=ticketless",
    "number": "number={number}",
    "ticket": "ticket=T-17",
    "a day, two years ago": "from={day}&to={day}",
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

# Before all that the seed has, in one order with it; about all its numbers, a hundred thousand tickets and decisions.
EVENTS = """
INSERT INTO audit_event (id, seq, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest, prev_hash, hash)
SELECT gen_random_uuid(), g - %(n)s, since + (until - since) * (g::float8 / %(n)s),
  staff[1 + g %% array_length(staff, 1)], 'bench',
  CASE WHEN g %% 200 = 0 THEN 'audit.refused' WHEN g %% 50 = 1 THEN 'decision.refused' ELSE (
    ARRAY['decision.applied', 'decision.proposed', 'notice.sent', 'staff.signed_in', 'appeal.filed'])[1 + g %% 5] END,
  'accounts.number', (numbers[1 + g %% array_length(numbers, 1)])::text,
  (numbers[1 + g %% array_length(numbers, 1)])::text,
  CASE WHEN g %% 3 = 0 THEN g %% 100000 END, CASE WHEN g %% 10 < 7 THEN 'T-' || g %% 100000 ELSE '' END,
  gen_random_uuid(), (ARRAY['web', 'command', 'worker', 'system'])[1 + g %% 4], '10.0.0.7', 'bench',
  'a reason as long as people give one', '{"n": 1}', '{}', '', '', ''
FROM generate_series(1, %(n)s) g, (
  SELECT date_trunc('month', now()) - %(months)s * interval '1 month' + interval '1 day' AS since,
    date_trunc('month', now()) - interval '1 day' AS until,
    (SELECT array_agg(id ORDER BY id) FROM staff_staff WHERE username LIKE 'bench-%%') AS staff,
    (SELECT array_agg(id ORDER BY id) FROM accounts_number) AS numbers) them"""


def pages(house: House, few: int, many: int, pairs: int, requests: int, say: Callable[[str], None]) -> dict[str, float]:
    """By what is asked: the median page on the long trail ÷ that on the short one."""
    names = {few: "bench_short", many: "bench_long"}
    ratios: dict[str, list[float]] = {what: [] for what in ASKED}
    with house.copy(names[few]), house.copy(names[many]):
        for n, name in names.items():
            _fill(house, name, n)
        for pair in range(pairs):
            took = {
                n: house.run(names[n], str(requests), module=MODULE) for n in ((few, many) if pair % 2 else (many, few))
            }
            for what, found in ratios.items():
                found.append(took[many][what] / took[few][what])
            told = ", ".join(f"{what} {took[many][what] * 1e3:.0f} ms {ratios[what][-1]:.2f}" for what in ASKED)
            say(f"  pair {pair + 1}: {told}; statements {took[many]['statements']}")
    return {what: median(found) for what, found in ratios.items()}


def _fill(house: House, name: str, n: int) -> None:
    with psycopg.connect(house.place(name), autocommit=True) as connection:
        connection.execute(PARTS % MONTHS)
        connection.execute("SET session_replication_role = replica")
        connection.execute(EVENTS, {"n": n, "months": MONTHS})
        connection.execute("VACUUM (ANALYZE, FREEZE)")
        connection.execute("CHECKPOINT")


def main() -> None:
    import django

    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", type=int)
    given = parser.parse_args()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from accounts.models import Number
    from qqops.audit import origin
    from qqops.staff import services
    from qqops.staff.models import Staff

    with origin.origin(origin.COMMAND):
        if not Staff.objects.filter(username=AUDITOR).exists():
            setup = Staff.objects.system("system-setup")
            services.join(AUDITOR, "auditor", password="", actor=setup, reason="bench")
    desk = Client(headers={"host": "localhost"})
    desk.force_login(Staff.objects.get(username=AUDITOR))
    day = f"{timezone.localdate() - timedelta(days=730):%Y-%m-%d}"
    known = {"number": Number.objects.order_by("pk").values_list("pk", flat=True)[17], "day": day}
    measured: dict[str, Any] = {}
    for what, query in ASKED.items():
        times = []
        for n in range(WARM + given.requests):
            began = time.perf_counter()
            page = desk.get(f"/admin/audit/event/?{query.format(**known)}")
            took = time.perf_counter() - began
            assert page.status_code == 200 and page.context["page"].rows, what
            times += [took] if n >= WARM else []
        measured[what] = median(times)
    with CaptureQueriesContext(connection) as statements:
        desk.get("/admin/audit/event/")
    print(json.dumps(measured | {"statements": len(statements)}))


if __name__ == "__main__":
    main()
