"""Someone above every trigger and privilege: PostgreSQL's superuser, as whom the record is tampered with."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connections


@contextmanager
def superuser() -> Iterator[psycopg.Cursor]:
    """A cursor with all triggers off, in one transaction; committed when left without an error.

    A database given by DATABASE_URL has no superuser for us: there its owner switches the triggers off.
    """
    params = connections["owner"].get_connection_params()
    given = {k: params[k] for k in ("dbname", "user", "password", "host", "port") if params.get(k)}
    if settings.EMBEDDED_DATABASE:
        given["user"] = "postgres"
    with psycopg.connect(**given) as connection, connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        if settings.EMBEDDED_DATABASE:
            cursor.execute("SET session_replication_role = replica")
            yield cursor
            return
        tables = {m._meta.db_table for m in apps.get_models() if m._meta.managed}
        for table in sorted(tables):
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        yield cursor
        for table in sorted(tables):
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


def made_anew() -> None:
    """Let tables and indexes be as if nothing had ever been taken back: what tests before left in them would be looked
    at, or make an index look dearer than to read all.

    Twice: only the first, which is not FULL, sees past the transactions of other databases, where other tests run.
    """
    with connections["owner"].cursor() as cursor:
        for how in ("INDEX_CLEANUP ON", "FULL, ANALYZE"):
            cursor.execute(f"VACUUM ({how})")
