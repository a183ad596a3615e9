"""Whole rows into a table, many at once: one array for each column; and a key before its row.

bulk_create writes a placeholder for each value; for 10,000 rows of 18 columns building and parsing that statement
costs several times what the database does with it.
"""

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from django.db import connection, models


def row(model: type[models.Model], **values: Any) -> Any:
    """What `write` inserts, by attnames, without the machinery of a model: that costs more than sealing does."""
    return SimpleNamespace(**(_defaults(model) | values))


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    return {f.attname: f.get_default() for f in model._meta.concrete_fields}


def write(model: type[models.Model], rows: Sequence[Any], *, update: Sequence[str] = ()) -> None:
    """Insert rows with their keys; columns of `update` (attnames) are written over where the key is there already.

    Values go as they are: for columns of plain types, and no array among them.
    """
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    names, arrays, said, once, each = list[str](), list[str](), list[str](), list[Any](), list[Any]()
    for f in fields:
        name, values = quote(str(f.column)), [getattr(row, f.attname) for row in rows]
        kind = f.rel_db_type(connection) if f.primary_key else f.db_type(connection)
        names.append(name)
        if not f.primary_key and values.count(values[0]) == len(values):  # the same in all rows is sent once
            said.append(f"%s::{kind}")
            once.append(values[0])
        else:
            said.append(f"g.{name}")
            arrays.append(f"%s::{kind}[]")
            each.append(values)
    given = ", ".join(name for name, way in zip(names, said, strict=True) if way.startswith("g."))
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(names)}) SELECT {', '.join(said)}"
        f" FROM unnest({', '.join(arrays)}) AS g({given})"
    )
    if update:
        key = ", ".join(quote(str(f.column)) for f in model._meta.pk_fields)
        by_name = {f.attname: quote(str(f.column)) for f in fields}
        sets = ", ".join(f"{by_name[name]} = excluded.{by_name[name]}" for name in update)
        sql += f" ON CONFLICT ({key}) DO UPDATE SET {sets}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*once, *each])


def next_pk(model: type[models.Model]) -> int:
    """Take the key of a row that is yet to be inserted: what is sealed in it is bound to its key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [model._meta.db_table])
        return int(cursor.fetchone()[0])


def next_pks(model: type[models.Model], n: int) -> list[int]:
    """As `next_pk`, for so many rows."""
    sql = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(sql, [model._meta.db_table, n])
        return [int(pk) for (pk,) in cursor.fetchall()]
