"""The statements of one allocation, as a script of pgbench: `python -m tests.benchmarks.capturing COUNT`."""

import re
import sys
import uuid

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.allocation.services import Wish, allocate  # noqa: E402
from accounts.allocation.terms import Terms, rules_of  # noqa: E402
from qqops.audit import origin  # noqa: E402
from qqops.audit.models import Event  # noqa: E402
from qqops.staff.backend import at_desk  # noqa: E402
from tests.benchmarks.house import RESOURCES  # noqa: E402

# The 16 cursors in an order of chance, as the product asks for them.
SLOTS = "(SELECT array_agg((:slot + i) % 16) FROM generate_series(0, 15) i)::smallint[]"
EVENT = "lpad(to_hex(:event), 32, '0')::uuid"


def main() -> None:
    count = int(sys.argv[1])
    actor, rules = at_desk().get(username=RESOURCES), rules_of("", timezone.now())
    with origin.origin(origin.COMMAND), CaptureQueriesContext(connection) as captured:
        terms = Terms("client", "9.9", "explicit", rules, timezone.now())
        allocate(Wish(terms, pool="test", count=count), actor=actor, reason="bench of allocation")
    event = Event.objects.latest("seq").pk.hex
    lines = ["\\set event random(1, 9000000000000000000)", "\\set slot random(0, 15)"]
    for query in captured:
        lines.append(_statement(query["sql"].strip().rstrip(";"), event, count))
    print("\n".join(lines))


def _statement(sql: str, event: str, count: int) -> str:
    sql = re.sub(rf"'{event}'(::uuid)?", EVENT, sql.replace(str(uuid.UUID(event)), event))
    # One statement sent as several, as the pen sends its event.
    sql = re.sub(r"(SET CONSTRAINTS ALL \w+);", r"\1 \\;", sql).replace("; SET CONSTRAINTS", " \\; SET CONSTRAINTS")
    if "SKIP LOCKED" in sql and "accounts_rangecursor" in sql:
        sql = re.sub(r"unnest\('\{[0-9,]+\}'(::\w+\[\])?::smallint\[\]\)", f"unnest({SLOTS})", sql)
        sql = re.sub(r"unnest\(ARRAY\[[0-9,]+\](::\w+\[\])?::smallint\[\]\)", f"unnest({SLOTS})", sql)
        assert ":slot" in sql, sql
        return sql + " \\gset c_"
    if "UPDATE accounts_rangecursor" in sql:
        upto = f":c_next + {count + count // 2 + 4}"
        sql, n = re.subn(
            r"generate_series\(\d+::bigint, \d+::bigint - 1\)", f"generate_series(:c_next, {upto} - 1)", sql
        )
        sql, m = re.subn(r"WHERE c\.id = \d+", "WHERE c.id = :c_id", sql)
        sql, k = re.subn(r"ELSE \d+ END AS next", f"ELSE {upto} END AS next", sql)
        assert (n, m, k) == (1, 1, 1), sql
    return sql + ";"


if __name__ == "__main__":
    main()
