"""The schema that the tests begin with: migrated once for each state of the migrations, and copied for each worker.

Migrating takes half a minute of work, a copy less than a second.
"""

import gc
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connections
from django.db.utils import OperationalError
from django.utils import timezone
from psycopg import sql

from qqops.boot.database import BASE_DIR

# What `migrate` made and no test changes.
_LEFT = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
_PREFIX = "qqops_template_"


def schema() -> str:
    """The name of a database of the embedded engine with all tables as the migrations make them, empty."""
    name = f"{_PREFIX}{_state()}"
    with connections["owner"]._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [_PREFIX])  # of two workers, one makes it
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_PREFIX])
        present = {found for (found,) in cursor.fetchall()}
        if name not in present:
            for one in present:
                with suppress(OperationalError):  # another run of the tests copies it just now
                    cursor.execute(f'DROP DATABASE "{one}"')
            draft = f"{name}_draft"  # renamed when whole
            cursor.execute(f'CREATE DATABASE "{draft}"')
            _migrate(draft)
            cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return name


def _state() -> str:
    """Changes with every migration, with the SQL that some take from elsewhere, the packages that bring some, the
    privileges that are granted after them, and the month: the tables by month are made from it on.
    """
    files = [*BASE_DIR.glob("*/migrations/*.py"), *BASE_DIR.glob("*/*/migrations/*.py"), BASE_DIR / "requirements.txt"]
    files += [BASE_DIR / "qqops/audit" / one for one in ("triggers.py", "digests.py", "privileges.py")]
    files += [BASE_DIR / "qqops/staff/exclusion_sql.py", BASE_DIR / "appeals/hearing/conflicts_of_interest.py"]
    told = hashlib.sha256(f"{timezone.localtime():%Y-%m}\n".encode())
    for path in sorted(files):
        told.update(f"{path.relative_to(BASE_DIR)}\n".encode() + path.read_bytes())
    return told.hexdigest()[:16]


def _migrate(name: str) -> None:
    places = [one.settings_dict for one in connections.all()]
    before = [place["NAME"] for place in places]
    try:
        for place in places:
            place["NAME"] = name
        gc.disable()  # each state of the models is many objects that live on to the end: a sixth of the time
        call_command("migrate", verbosity=0, interactive=False, database="owner", run_syncdb=True)
        call_command("createcachetable", verbosity=0, database="owner")
        with superuser(connections["owner"]) as server:
            empty(server, connections["owner"])
    finally:
        gc.enable()
        connections.close_all()
        for place, was in zip(places, before, strict=True):
            place["NAME"] = was


@contextmanager
def superuser(connection: Any) -> Iterator[psycopg.Connection]:
    """Past the triggers and the foreign keys; in one transaction."""
    place = connection.settings_dict
    with psycopg.connect(host=place["HOST"], port=place["PORT"], dbname=place["NAME"], user="postgres") as server:
        server.execute("SET session_replication_role = replica")
        yield server


def changing(connection: Any) -> Sequence[str]:
    """The tables that tests fill; those of procrastinate are unmanaged, so that Django does not know them."""
    known = connection.introspection.django_table_names(only_existing=True, include_views=False)
    jobs = [table for table in connection.introspection.table_names() if table.startswith("procrastinate_")]
    return sorted({*known, *jobs} - _LEFT)


def filled(server: psycopg.Connection, connection: Any) -> list[tuple[str, int]]:
    """Which of them have rows, and their sizes in bytes."""
    each = (
        "SELECT {0}, coalesce((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree({0})), pg_relation_size({0}))"
        " WHERE EXISTS (SELECT FROM {1})"
    )
    asked = [sql.SQL(each).format(t, sql.Identifier(t)) for t in changing(connection)]
    return server.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall()


def empty(server: psycopg.Connection, connection: Any) -> None:
    """Of some 130 tables a test fills twenty: just these."""
    for table, size in filled(server, connection):
        # A large one is cut off, which costs files, so that the next test does not read it over.
        way = sql.SQL("TRUNCATE {} CASCADE") if size > 1 << 23 else sql.SQL("DELETE FROM {}")
        server.execute(way.format(sql.Identifier(table)))
