"""Is the record whole? Recompute the chain and the digests, and hold live rows against their history.

Everything is computed in SQL from the rows as they are now; whatever was changed, removed, added or re-ordered
behind the application's back is named.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from qqops.audit import digest, privileges

NAMED = 1000  # broken rows named per check


@dataclass(frozen=True)
class Broken:
    what: str  # chain, digest, drift; an app adds its own
    table: str
    row: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


_further: list[tuple[str, str, str]] = []


def also(what: str, table: str, sql: str) -> None:
    """Add an app's own check: a query whose rows name what is broken, ordered."""
    _further.append((what, table, sql))


def verify() -> Iterator[Broken]:
    """Yield every broken row, in one consistent snapshot of the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Text of timestamps depends on the session; the snapshot must not move between checks.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET LOCAL TimeZone = 'UTC'")
        yield from checks(cursor)


def checks(cursor: Any) -> Iterator[Broken]:
    """Every check, in the transaction of the cursor."""
    yield from _chain(cursor)
    yield from _digests(cursor)
    for model in apps.get_models():
        if hasattr(model, "history"):
            yield from _drift(cursor, model)
    for what, table, sql in _further:
        yield from _rows(cursor, sql, what, table)


def _rows(cursor: Any, sql: str, what: str, table: str) -> Iterator[Broken]:
    cursor.execute(f"{sql} LIMIT {NAMED}")
    for (row,) in cursor.fetchall():
        yield Broken(what, table, str(row))


def _chain(cursor: Any) -> Iterator[Broken]:
    """Each event's hash fits its content, its prev_hash is its forerunner's, and no seq is missing."""
    yield from _rows(
        cursor,
        """
SELECT 'seq ' || seq FROM (
  SELECT e.seq, e.hash = audit_event_hash(e, e.prev_hash) AS fits,
         e.prev_hash = lag(e.hash, 1, ''::bytea) OVER w AND e.seq = lag(e.seq, 1, 0::bigint) OVER w + 1 AS follows
  FROM audit_event e WINDOW w AS (ORDER BY e.seq)) c
WHERE NOT (fits AND follows) ORDER BY seq""",
        "chain",
        "audit_event",
    )


def _digests(cursor: Any) -> Iterator[Broken]:
    """Each event's digest is that of its rows; no row of the record names an event that did not write it."""
    quote, tables = connection.ops.quote_name, privileges.record_tables()
    parts = []
    for model in tables:
        table = model._meta.db_table
        parts.append(
            f"SELECT r.event, '{table}' AS name, count(*) AS n, {digest.aggregate(model)} AS d"
            f" FROM {quote(table)} r GROUP BY r.event"
        )
    found = " UNION ALL ".join(parts)
    yield from _rows(
        cursor,
        f"""
WITH found AS MATERIALIZED ({found}),
written AS (
  SELECT event, jsonb_object_agg(name, n) AS rows, sha256(string_agg(d, ''::bytea ORDER BY name COLLATE "C")) AS d
  FROM found GROUP BY event)
SELECT coalesce('seq ' || e.seq, 'event ' || w.event) || ' rows ' || coalesce(w.rows::text, '{{}}')
FROM audit_event e FULL JOIN written w ON w.event = e.id
WHERE e.id IS NULL
   OR NOT (jsonb_path_query_array(e.rows, '$.keyvalue() ? (@.value > 0).key') <@
           coalesce((SELECT jsonb_agg(k) FROM jsonb_object_keys(w.rows) k), '[]'))
   OR EXISTS (SELECT FROM jsonb_each(coalesce(w.rows, '{{}}')) x WHERE e.rows -> x.key IS DISTINCT FROM x.value)
   OR (w.event IS NOT NULL AND e.rows_digest <> w.d)
ORDER BY e.seq""",
        "digest",
        "record",
    )


def _drift(cursor: Any, model: type[models.Model]) -> Iterator[Broken]:
    """Each live row equals its latest history row, and neither stands without the other."""
    quote = connection.ops.quote_name
    history: Any = model.history.model  # type: ignore[attr-defined]  # simple-history has no types
    kept = {f.attname for f in history._meta.concrete_fields}
    columns = [str(f.column) for f in model._meta.concrete_fields if f.attname in kept]
    pk = model._meta.pk
    assert pk is not None
    assert pk.column is not None
    key = quote(pk.column)
    same = " AND ".join(f"live.{quote(c)} IS NOT DISTINCT FROM h.{quote(c)}" for c in columns)
    yield from _rows(
        cursor,
        f"""
SELECT coalesce(live.{key}, h.{key}) FROM {quote(model._meta.db_table)} live
FULL JOIN (SELECT DISTINCT ON ({key}) * FROM {quote(history._meta.db_table)} ORDER BY {key}, history_id DESC) h
  ON h.{key} = live.{key}
WHERE live.{key} IS NULL OR h.{key} IS NULL OR NOT ({same}) ORDER BY 1""",
        "drift",
        model._meta.db_table,
    )
