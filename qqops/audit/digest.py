"""The SQL of row digests, written once and used by the pen and by verify.

A row's digest is sha256 of its jsonb text without NULLs: a later migration that adds a nullable column
leaves old digests valid. An event's digest covers, table by table in name order, its rows in primary-key order.
"""

from django.db import connection, models

NOTHING = "'\\x'::bytea"


def row(alias: str) -> str:
    return f"sha256(convert_to(jsonb_strip_nulls(to_jsonb({alias}))::text, 'UTF8'))"


def _key(model: type[models.Model], alias: str) -> str:
    # DecisionTarget-like tables have a composite key; Django lists its parts in pk_fields.
    return ", ".join(f"{alias}.{connection.ops.quote_name(str(f.column))}" for f in model._meta.pk_fields)


def aggregate(model: type[models.Model], alias: str = "r") -> str:
    """Digest of a set of rows of one table."""
    return f"sha256(string_agg({row(alias)}, {NOTHING} ORDER BY {_key(model, alias)}))"


def of_event(tables: list[type[models.Model]], event: str) -> str:
    """Expression: the digest of all rows that the event (an SQL expression) wrote into the tables."""
    parts = [
        f"coalesce((SELECT {aggregate(m)} FROM {connection.ops.quote_name(m._meta.db_table)} r"
        f" WHERE r.event = {event}), {NOTHING})"
        for m in sorted(tables, key=lambda m: m._meta.db_table)
    ]
    return f"sha256({' || '.join(parts)})" if parts else NOTHING
