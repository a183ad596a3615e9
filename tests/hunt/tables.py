"""All that lies in the database: every cell of every table, unpacked where it is packed, and the dump of it."""

import os
import subprocess
from collections.abc import Iterator

from django.db import connection, connections

from tests.accounts.retention.test_drill import program
from tests.hunt.disguises import found_in, unpacked


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def cells(table: str, only: type = object) -> Iterator[tuple[str, bytes]]:
    """Column and content: bytes as they are, everything else as its text; of one type only, if it is named."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        columns = [column.name for column in cursor.description]
        for row in cursor.fetchall():
            for column, value in zip(columns, row, strict=True):
                if value is not None and isinstance(value, only):
                    yield column, bytes(value) if isinstance(value, bytes) else str(value).encode()


def found_in_tables() -> dict[str, set[str]]:
    """Table and column → the canary's values that stand there."""
    found: dict[str, set[str]] = {}
    for table in tables():
        there = list(cells(table))
        whole = b"\n".join(content for _column, content in there)
        if not found_in(whole, *unpacked(whole)):
            continue  # all of a table at once: a hundred thousand cells one by one take a minute
        for column, content in there:
            if values := found_in(content, *unpacked(content)):
                found.setdefault(f"{table}.{column}", set()).update(values)
    return found


def dump() -> bytes:
    owner = connections["owner"].settings_dict
    where = {"PGHOST": owner["HOST"], "PGPORT": owner["PORT"] or "5432", "PGUSER": owner["USER"]}
    env = os.environ | where | {"PGPASSWORD": owner["PASSWORD"], "PGDATABASE": owner["NAME"]}
    done = subprocess.run([program("pg_dump")], env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
