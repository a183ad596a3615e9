"""What is computed, part by part: each is one query whose rows name what is broken."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from qqops.audit import digests, privileges
from qqops.audit.checkpoints.models import Checkpoint
from qqops.audit.models import Event
from qqops.audit.verify import guards

FETCHED = 1000  # rows at a time: of what is broken all is named, and little is held
RANGE = 200_000  # events of a part of the chain
_NAME = re.compile(r"\w+")
MEMORY = "64MB"  # of a sort or a hash table, for each connection

# Names depend on where the session looks for them. A cursor is planned for all its rows.
SESSION = (
    f"{digests.SETTINGS}; SET LOCAL search_path = public, pg_temp; SET LOCAL cursor_tuple_fraction = 1;"
    f" SET LOCAL work_mem = '{MEMORY}'; SET LOCAL jit = off"
)


@dataclass(frozen=True)
class Broken:
    what: str  # table, guard, chain, digest, drift, checkpoint; an app adds its own
    table: str
    row: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Part:
    what: str
    table: str
    sql: str
    rows: int = 1  # about how many it reads


@dataclass(frozen=True)
class Extent:
    """How far to go: from the event of a checkpoint (0: from the beginning) to the head, in so many shares."""

    since: int = 0
    head: int = 0
    shares: int = 1


MISSING = "table"  # what is said of a table of the record, or of a column of it, that is not there

_MISSING = """
SELECT DISTINCT w.name, CASE WHEN to_regclass(w.name) IS NULL THEN 'is missing' ELSE w.lacks || ' is missing' END
FROM unnest(%s::text[], %s::text[]) w(name, lacks)
WHERE NOT EXISTS (SELECT FROM pg_attribute a
  WHERE a.attrelid = to_regclass(w.name) AND a.attname = w.lacks AND a.attnum > 0 AND NOT a.attisdropped)
ORDER BY 1, 2"""


def missing(cursor: Any) -> list[Broken]:
    """The tables that this looks at, and their columns, that the database has not: somebody dropped or renamed them."""
    looked_at: list[type[models.Model]] = [Event, Checkpoint, *privileges.record_tables()]
    looked_at += [model for model in apps.get_models() if hasattr(model, "history")]
    columns = [(model._meta.db_table, str(f.column)) for model in looked_at for f in model._meta.concrete_fields]
    cursor.execute(_MISSING, [list(names) for names in zip(*columns, strict=True)])
    return [Broken(MISSING, name, row) for name, row in cursor.fetchall()]


def can_look(gone: Sequence[Broken]) -> bool:
    """Are the trail and its checkpoints there? Without them there is no head to hold anything against."""
    return not {Event._meta.db_table, Checkpoint._meta.db_table}.intersection(one.table for one in gone)


_further: list[tuple[str, str, str]] = []


def also(what: str, table: str, sql: str) -> None:
    """Add an app's own check: a query whose rows name what is broken, ordered."""
    _further.append((what, table, sql))


def every(
    extent: Extent = Extent(), sizes: dict[str, int] | None = None, gone: Sequence[Broken] = ()
) -> Iterator[Part]:
    """`sizes`: about how many rows each table has; `gone`: what was missing, and cannot be looked at."""
    absent = {one.table for one in gone}
    return (part for part in _every(extent, sizes or {}, absent) if not absent.intersection(_NAME.findall(part.sql)))


def _every(extent: Extent, size: dict[str, int], absent: set[str]) -> Iterator[Part]:
    tables = [m for m in privileges.record_tables() if m._meta.db_table not in absent]
    for sql in guards.queries([Event, *tables]):
        yield Part("guard", "record", sql)
    yield from _chain(extent)
    yield from _digests(extent, tables, size)
    for model in apps.get_models():
        if hasattr(model, "history"):
            yield _drift(model, size)
    for what, table, sql in _further:
        yield Part(what, table, sql, size.get(table, 0) or 1)


def named(cursor: Any, part: Part) -> Iterator[Broken]:
    """Run a part in the transaction of the cursor, set as SESSION says, and yield what it names."""
    cursor.execute(f"DECLARE broken NO SCROLL CURSOR FOR {part.sql}")
    rows = True
    while rows:
        cursor.execute(f"FETCH {FETCHED} FROM broken")
        rows = cursor.fetchall()
        for (row,) in rows:
            yield Broken(part.what, part.table, str(row))
    cursor.execute("CLOSE broken")


def _chain(extent: Extent) -> Iterator[Part]:
    """Each event's hash fits its content, its prev_hash is that of the event before it, and no seq is missing.

    A range begins with the forerunner of its first event, which it takes for right: the range before it says whether it
    is. The first and the last are open, for whatever was put there. After a checkpoint too it begins with the first
    event: that the last one is the signed one says of those before it only that nobody made their hashes anew.
    """
    starts = list(range(0, max(extent.head, 1), RANGE)) if extent.shares > 1 else [0]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        within = [f"e.seq >= {start}"] if start else []
        within += [f"e.seq <= {end}"] if end is not None else []
        yield Part(
            "chain",
            "audit_event",
            f"""
SELECT 'seq ' || seq FROM (
  SELECT e.seq, e.hash = {digests.event("e.prev_hash")} AS fits,
         e.prev_hash = lag(e.hash, 1, ''::bytea) OVER w AND e.seq = lag(e.seq, 1, 0::bigint) OVER w + 1 AS follows
  FROM audit_event e {"WHERE " + " AND ".join(within) if within else ""} WINDOW w AS (ORDER BY e.seq)) c
WHERE (fits AND follows) IS NOT TRUE AND seq {f"> {start}" if start else "IS NOT NULL"} ORDER BY seq""",
            RANGE if end else max(extent.head - start, 1),
        )
    # Of no range, where somebody took away that there is always a number.
    yield Part("chain", "audit_event", "SELECT 'event ' || id FROM audit_event WHERE seq IS NULL ORDER BY id")


def _digests(extent: Extent, tables: list[type[models.Model]], size: dict[str, int]) -> Iterator[Part]:
    """Each event's digest is that of its rows; no row of the record names an event that did not write it.

    Shares of the ids of events, which are random. After a checkpoint: of whatever no event up to it claims.
    """
    for share in range(extent.shares):
        events, theirs = [], []
        if extent.since:
            events.append(f"e.seq > {extent.since}")
            theirs.append(f"NOT EXISTS (SELECT FROM audit_event o WHERE o.id = r.event AND o.seq <= {extent.since})")
        for sign, at in ((">=", share), ("<", share + 1)):
            if 0 < at < extent.shares:
                bound = f"{sign} '{(at << 128) // extent.shares:032x}'::uuid"
                for column, chosen in (("e.id", events), ("r.event", theirs)):
                    # The first takes what names none too, where somebody took away that there is always one.
                    chosen.append(f"({column} {bound} OR {column} IS NULL)" if at > share else f"{column} {bound}")
        yield Part(
            "digest",
            "record",
            f"""
WITH written AS ({digests.by_event(tables, " AND ".join(theirs) or "true")})
SELECT coalesce('seq ' || e.seq, 'event ' || w.event, 'no event') || ' rows ' || coalesce(w.rows::text, '{{}}')
FROM (SELECT id, seq, rows, rows_digest FROM audit_event e WHERE {" AND ".join(events) or "true"}) e
FULL JOIN written w ON w.event = e.id
WHERE e.id IS NULL OR CASE
  WHEN e.rows = w.rows THEN e.rows_digest <> w.d
  ELSE NOT (jsonb_path_query_array(e.rows, '$.keyvalue() ? (@.value > 0).key') <@
            coalesce((SELECT jsonb_agg(k) FROM jsonb_object_keys(w.rows) k), '[]'))
    OR EXISTS (SELECT FROM jsonb_each(coalesce(w.rows, '{{}}')) x WHERE e.rows -> x.key IS DISTINCT FROM x.value)
    OR (w.event IS NOT NULL AND e.rows_digest <> w.d) END
ORDER BY e.seq""",
            max(sum(size.get(m._meta.db_table, 0) for m in tables) // extent.shares, 1),
        )


def _drift(model: type[models.Model], size: dict[str, int]) -> Part:
    """Each live row equals its latest history row, and neither stands without the other."""
    quote = connection.ops.quote_name
    history: Any = model.history.model  # type: ignore[attr-defined]  # simple-history has no types
    kept = {f.attname for f in history._meta.concrete_fields}
    columns = [str(f.column) for f in model._meta.concrete_fields if f.attname in kept]
    pk = model._meta.pk
    assert pk is not None
    assert pk.column is not None
    key, table, told = quote(pk.column), quote(model._meta.db_table), quote(history._meta.db_table)
    same = " AND ".join(f"live.{quote(c)} IS NOT DISTINCT FROM h.{quote(c)}" for c in columns)
    return Part(
        "drift",
        model._meta.db_table,
        f"""
SELECT coalesce(live.{key}, h.{key}) FROM {table} live FULL JOIN (
  SELECT h.* FROM {told} h JOIN (
    SELECT {key}, max(history_id) AS history_id FROM {told} GROUP BY {key}) newest USING ({key}, history_id)) h
  ON h.{key} = live.{key}
WHERE live.{key} IS NULL OR h.{key} IS NULL OR NOT ({same}) ORDER BY 1""",
        size.get(model._meta.db_table, 0) + size.get(history._meta.db_table, 0) or 1,
    )
