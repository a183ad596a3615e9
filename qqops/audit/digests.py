"""The SQL of row digests and of the hash of an event, written once and used by the pen, the chain and verify.

A row's digest is sha256 of its jsonb text without NULLs: a later migration that adds a nullable column
leaves old digests valid. What a column of JSON says is covered with its own nulls, which are content.
An event's digest covers, table by table in name order, its rows in primary-key order.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, models

NOTHING = "'\\x'::bytea"
# What the text of a row hangs on besides the row. Whoever computes a digest says it first, in his transaction: where a
# server, a role or a pool is set otherwise, the same row would look changed.
SETTINGS = (
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';"
    " SET LOCAL bytea_output = 'hex'"
)
Table = type[models.Model]


def row(model: Table, alias: str) -> str:
    """Expression: the digest of a row of the table."""
    told = f"jsonb_strip_nulls(to_jsonb({alias}))::text"  # strips those within a JSON too
    for column in sorted(str(f.column) for f in model._meta.concrete_fields if isinstance(f, models.JSONField)):
        told += f" || coalesce(',{column}:' || {alias}.{connection.ops.quote_name(column)}::text, '')"
    return f"sha256(convert_to({told}, 'UTF8'))"


def event(prev: str, e: str = "e") -> str:
    """Expression: what the hash of the event `e` must be, after a forerunner of that hash (an SQL expression).

    Verify and the trigger write it out: a call of the database's own function of it costs as much again, and who could
    put another in that one's place would be believed.
    """
    return f"""sha256(convert_to(jsonb_build_array(
    encode({prev}, 'hex'), {e}.seq, {e}.id, (extract(epoch FROM {e}.at) * 1000000)::bigint, {e}.actor_id,
    {e}.actor_label, {e}.verb, {e}.subject_type, {e}.subject_id, {e}.subject_label, {e}.decision_id, {e}.ticket,
    {e}.request_id, {e}.source, {e}.address, {e}.os_user, {e}.reason, {e}.facts, {e}.rows,
    encode({e}.rows_digest, 'hex'))::text, 'UTF8'))"""


def aggregate(model: Table) -> str:
    """Digest of a set of rows `r` of one table."""
    return _joined(row(model, "r"), _key(model))


def of_event(tables: Iterable[Table], event: str) -> str:
    """Expression: the digest of all rows that the event (an SQL expression) wrote into the tables."""
    parts = [
        f"coalesce((SELECT {aggregate(m)} FROM {_name(m)} r WHERE r.event = {event}), {NOTHING})"
        for m in _in_order(tables)
    ]
    return f"sha256({' || '.join(parts)})" if parts else NOTHING


def by_event(tables: Sequence[Table], chosen: str = "true") -> str:
    """Query: `event`, its digest `d` and the number of its `rows` by table, of every event that the rows name.

    `chosen` is a condition on the rows `r`. What is sorted are digests, not the rows that they are of.
    """
    parts = [
        f"SELECT event, {place} AS place, '{m._meta.db_table}' AS name, count(*) AS n,"
        f" {_joined('digest', _key(m))} AS d"
        # OFFSET 0 has the digests computed first.
        f" FROM (SELECT r.event, {_key(m)}, {row(m, 'r')} AS digest FROM {_name(m)} r WHERE {chosen} OFFSET 0) r"
        f" GROUP BY event"
        for place, m in enumerate(_in_order(tables))
    ]
    return (
        f"SELECT event, jsonb_object_agg(name, n) AS rows, {_joined('d', 'place')} AS d"
        f" FROM ({' UNION ALL '.join(parts)}) p GROUP BY event"
    )


def _joined(digest: str, key: str) -> str:
    """Aggregate: one digest of the digests of a set, in the order of a key."""
    return f"sha256(string_agg({digest}, {NOTHING} ORDER BY {key}))"


def _in_order(tables: Iterable[Table]) -> list[Table]:
    return sorted(tables, key=lambda m: m._meta.db_table)


def _key(model: Table) -> str:
    # DecisionTarget-like tables have a composite key; Django lists its parts in pk_fields.
    return ", ".join(f"r.{connection.ops.quote_name(str(f.column))}" for f in model._meta.pk_fields)


def _name(model: Table) -> str:
    return connection.ops.quote_name(model._meta.db_table)
