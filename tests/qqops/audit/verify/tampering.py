"""Whatever can be done to the rows of a protected table, generated from the catalogue of the database, and the names by
which verify must call it: by these and by no others.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qqops.audit import digests
from qqops.audit.history import UNTOLD
from qqops.audit.privileges import record_tables

CHAIN, DIGEST, DRIFT = "chain", "digest", "drift"
NOBODYS = "00000000-0000-4000-8000-00000000000f"  # an event that there is not
MANY = 1_000_000

# One that is another value, whatever it was; of some types two. A type that is new here raises: say how it is changed.
_INTEGER = ("coalesce({c}, 0) + 1",)
_TEXT = ("left(md5('' || coalesce({c}, '')), {n})",)
_ARRAY = ("array_append({c}, '7')", "array_append({c}[2:], '8')")
CHANGES: dict[str, tuple[str, ...]] = {
    "bigint": _INTEGER,
    "integer": _INTEGER,
    "smallint": _INTEGER,
    "boolean": ("NOT coalesce({c}, false)",),
    "character varying": _TEXT,
    "text": ("coalesce({c}, '') || ' '", "'also ' || coalesce({c}, '')"),
    "bytea": ("coalesce({c}, '') || '\\x00'::bytea",),
    "uuid": (f"'{NOBODYS}'::uuid",),
    "date": ("coalesce({c}, current_date) + 1",),
    "timestamp with time zone": ("coalesce({c}, now()) + interval '1 microsecond'",),
    "interval": ("coalesce({c}, interval '1 day') + interval '1 microsecond'",),
    "inet": ("coalesce({c}, '10.0.0.1') + 1", "set_masklen(coalesce({c}, '10.0.0.1'), 8)"),
    # A null within is content like any other.
    "jsonb": (
        "jsonb_build_array({c})",
        "CASE jsonb_typeof({c}) WHEN 'object' THEN {c} || '{{\"gone\": null}}'"
        " ELSE coalesce('[null]' || {c}, 'null') END",
    ),
    "int8range": ("int8range(lower({c}), coalesce(upper({c}), 1) + 1)",),
    "daterange": ("daterange(lower({c}), coalesce(upper({c}), '2999-01-01') + 1)",),
    "character varying[]": _ARRAY,
    "bigint[]": _ARRAY,
}

# What hinders a superuser in a table besides the keys that are its rows' names, and he takes away.
FETTERS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT IF EXISTS %%I CASCADE', conrelid::regclass, conname) FROM pg_constraint
WHERE conrelid = ANY(%(tables)s::regclass[]) AND contype IN ('c', 'u', 'x') AND conparentid = 0
UNION ALL
SELECT format('DROP INDEX IF EXISTS %%s', indexrelid::regclass) FROM pg_index
WHERE indrelid = ANY(%(tables)s::regclass[]) AND indisunique AND NOT indisprimary"""

COLUMNS = """
SELECT a.attname, regexp_replace(format_type(a.atttypid, a.atttypmod), '\\(\\d+\\)', ''), a.atttypmod - 4,
  NOT a.attnotnull, a.attnum = ANY(k.conkey)
FROM pg_attribute a JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""

Name = tuple[str, str, str]  # what, table, row


@dataclass(frozen=True)
class Tampering:
    how: str
    table: str
    column: str
    sql: str
    names: frozenset[Name]  # that verify must give it
    touched: frozenset[Name]  # the names of the rows that it is done to


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    length: int
    empties: bool
    key: bool

    def changes(self) -> Iterator[str]:
        for change in CHANGES[self.type]:
            yield change.format(c=f't."{self.name}"', n=self.length if self.length > 0 else 32)


@dataclass(frozen=True)
class Row:
    at: str  # where it lies
    name: str  # seq of its event; of a live row its key
    filled: frozenset[str] = frozenset()  # the columns that are not NULL


@dataclass(frozen=True)
class Table:
    """A protected table. `what`: which check must name its rows."""

    what: str
    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    _turn: Iterator[int] = field(default_factory=itertools.count, compare=False)

    def tamperings(self) -> Iterator[Tampering]:
        for column in self.held:
            for change in column.changes():
                yield self.changed(column, change)
            if column.empties and any(column.name in row.filled for row in self.rows):
                row = self.row(column)
                yield self.done("emptied", f'UPDATE {self.name} t SET "{column.name}" = NULL', [row], column=column)
        row = self.row()
        names = self.missed(row) if self.what == CHAIN else [self.called(row)]
        yield self.done("removed", f"DELETE FROM {self.name} t", [row], names)
        yield self.copied(self.row())
        yield self.exchanged("exchanged", [c.name for c in self.columns if not c.key and c.name != "seq"])
        if self.what == DIGEST:
            yield self.exchanged("another's", ["event"])

    @property
    def held(self) -> list[Column]:
        """The columns that a proof holds: all of a table of the record; of a live one what has a history."""
        untold = UNTOLD.get(self.name, []) if self.what == DRIFT else []
        return [column for column in self.columns if column.name not in untold]

    def row(self, column: Column | None = None) -> Row:
        """One whose column says something, if any; another each time, so that many are tampered with at once."""
        rows = [row for row in self.rows if column and column.name in row.filled] or self.rows
        return rows[next(self._turn) % len(rows)]

    def changed(self, column: Column, change: str) -> Tampering:
        row, names = self.row(column), []
        if column.name == "event" and self.what == DIGEST:
            names = [f"event {NOBODYS}"]
        elif column.name == "hash" and self.what == CHAIN:
            names = self.missed(row)
        elif column.key and self.what == DRIFT:
            change = str(int(row.name) + MANY)
            names = [change]
        elif column.key and column.type == "bigint":
            change = f't."{column.name}" + {MANY}'  # none that there is
        names.append(self.called(row))
        if column.name == "seq" and self.what == CHAIN:
            change = str(int(row.name) + MANY)
            names = [f"seq {change}", *self.missed(row)]
        return self.done("changed", f'UPDATE {self.name} t SET "{column.name}" = {change}', [row], names, column)

    def copied(self, row: Row) -> Tampering:
        """A row that differs from another by its key alone, as what was written last, or in another's place."""
        last = [column for column in self.columns if column.key][-1]
        given, names = {last.name: next(last.changes())}, [self.called(row)]
        if self.what == CHAIN:
            given = {"id": f"'{NOBODYS}'"}
        elif last.type in ("bigint", "integer"):
            newest = f'(SELECT max("{last.name}") + {MANY} FROM {self.name})'
            given = {last.name: newest}
        if self.what == DRIFT:
            given = {last.name: str(max(int(row.name) for row in self.rows) + 2 * MANY)}
            names = [given[last.name]]
        listed = ", ".join(f'"{c.name}"' for c in self.columns)
        values = ", ".join(given.get(c.name, f't."{c.name}"') for c in self.columns)
        return self.done(
            "copied", f"INSERT INTO {self.name} ({listed}) SELECT {values} FROM {self.name} t", [row], names
        )

    def exchanged(self, how: str, columns: list[str]) -> Tampering:
        """Between two rows. All but their keys: as if they were in another order."""
        one = self.row()
        two = next(row for row in self.rows if row.name != one.name)
        listed = ", ".join(f'"{column}"' for column in columns)
        other = f"{_at('o', one, two)} AND (o.tableoid, o.ctid) <> (t.tableoid, t.ctid)"
        names = [name for row in (one, two) for name in (self.called(row), *self.missed(row))]
        sql = f"UPDATE {self.name} t SET ({listed}) = (SELECT {listed} FROM {self.name} o WHERE {other})"
        return self.done(how, sql, [one, two], names)

    def done(
        self, how: str, sql: str, rows: list[Row], names: Iterable[str] = (), column: Column | None = None
    ) -> Tampering:
        rows_named = [self.called(row) for row in rows]
        sql = f"{sql} WHERE {_at('t', *rows)}"
        found, touched = (self.named(some) for some in (list(names) or rows_named, rows_named))
        return Tampering(how, self.name, column.name if column else "", sql, found, touched)

    def named(self, rows: Iterable[str]) -> frozenset[Name]:
        return frozenset((self.what, "record" if self.what == DIGEST else self.name, row) for row in rows)

    def called(self, row: Row) -> str:
        return row.name if self.what == DRIFT else f"seq {row.name}"

    def missed(self, row: Row) -> list[str]:
        """An event is missed by its follower."""
        return [f"seq {int(row.name) + 1}"] if self.what == CHAIN else []


def _at(alias: str, *rows: Row) -> str:
    return f"({alias}.tableoid, {alias}.ctid) IN ({', '.join(row.at for row in rows)})"


def table_of(cursor: Any, model: Any, what: str) -> Table:
    """As the catalogue describes it, and its rows; the last event is nobody's, as it has no follower to miss it."""
    name = model._meta.db_table
    cursor.execute(COLUMNS, [name])
    columns = tuple(Column(*one) for one in cursor.fetchall())
    called, join = "e.seq", "JOIN audit_event e ON e.id = t.event"
    if what == CHAIN:
        called, join = "t.seq", "WHERE t.seq > 1 AND t.seq < (SELECT max(seq) FROM audit_event)"
    if what == DRIFT:
        called, join = f't."{model._meta.pk.column}"', ""
    filled = "(SELECT array_agg(key) FROM jsonb_each(to_jsonb(t)) WHERE value <> 'null')"
    cursor.execute(
        f"SELECT format('(%%s::oid, %%L::tid)', t.tableoid::oid, t.ctid), {called}::text, {filled}"
        f" FROM {name} t {join} ORDER BY {called} DESC, t.ctid",
        [],
    )
    rows = tuple(Row(at, of, frozenset(full)) for at, of, full in cursor.fetchall())
    return Table(what, name, columns, rows)


def unfetter(cursor: Any, tables: list[str]) -> None:
    """Take away whatever would refuse a value."""
    cursor.execute(FETTERS, {"tables": tables})
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)


def at_once(tamperings: Iterable[Tampering], most: int) -> list[list[Tampering]]:
    """Sets of so many at most that may be done together, as no row has a part in two of a set."""
    sets: list[tuple[list[Tampering], set[Name]]] = []
    for one in tamperings:
        part = one.names | one.touched
        for chosen, names in sets:
            if len(chosen) < most and not names & part:
                chosen.append(one)
                names |= part
                break
        else:
            sets.append(([one], set(part)))
    return [chosen for chosen, _names in sets]


def redigest(seq: int) -> str:
    """Make the event fit the rows that name it."""
    return f"""
UPDATE audit_event e SET rows = w.rows, rows_digest = w.d
FROM ({digests.by_event(record_tables())}) w WHERE e.id = w.event AND e.seq = {seq}"""


def rehash(since: int) -> str:
    """Make every number, forerunner and hash anew, from an event on."""
    return f"""
DO $$ DECLARE one audit_event; before bytea; n bigint := {since - 1}; BEGIN
  SELECT hash INTO before FROM audit_event WHERE seq = n;
  FOR one IN SELECT * FROM audit_event WHERE seq >= {since} ORDER BY seq LOOP
    n := n + 1;
    one.seq := n; one.prev_hash := before; before := audit_event_hash(one, before);
    UPDATE audit_event SET seq = n, prev_hash = one.prev_hash, hash = before WHERE id = one.id;
  END LOOP;
END $$"""
