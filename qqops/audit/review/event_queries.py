"""Which events touched one thing: by their subject and by the keys of the rows that they wrote, never by a scan of the
trail. Events are told by their numbers in the sequence; rows know only the ids of theirs (`with_ids`).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.expressions import RawSQL

from qqops.audit import privileges


class Select(NamedTuple):
    """A query of one column, and its parameters."""

    sql: str
    params: Sequence[Any]


def one(key: int) -> Select:
    return Select("SELECT %s::bigint", [key])


def among(*selects: Select) -> Q:
    """The condition that an event is one of these. As an array, so that the planner goes by the numbers and never along
    the trail."""
    seqs = _together(selects)
    sql = f"audit_event.seq = ANY(ARRAY({seqs.sql}))"
    return Q(ExpressionWrapper(RawSQL(sql, seqs.params), output_field=BooleanField()))


def with_ids(*selects: Select) -> Select:
    """The events of these ids."""
    ids = _together(selects)
    return Select(f"SELECT e.seq FROM audit_event e WHERE e.id = ANY(ARRAY({ids.sql}))", ids.params)


def _together(selects: Sequence[Select]) -> Select:
    params = [param for select in selects for param in select.params]
    return Select(" UNION ALL ".join(select.sql for select in selects), params)


def about(subject: str, keys: Select) -> Select:
    """The events whose subject is one of these."""
    # The index is of those that have a subject; of keys that are only found as it runs nothing is known.
    sql = (
        "SELECT e.seq FROM audit_event e WHERE e.subject_type = %s AND e.subject_id <> ''"
        " AND e.subject_id = ANY(ARRAY(SELECT k::text FROM"
    )
    return Select(f"{sql} ({keys.sql}) AS keys(k)))", [subject, *keys.params])


def wrote(model: type[models.Model], keys: Select, *, skip: Sequence[str] = ()) -> Select:
    """The ids of the events that wrote a row of the record about one of these; `skip`: apps whose tables are left
    out."""
    return Select(f"SELECT w.event FROM ({rows(model, skip=skip)}) w WHERE w.key = ANY(ARRAY({keys.sql}))", keys.params)


def wrote_within(model: type[models.Model], keys: Select, whole: type[models.Model], key: Select) -> Select:
    """As `wrote`, by the tables that have an index of what each of these is part of (a tenure: of its number), and
    none of them."""
    quote = connection.ops.quote_name
    parts = [
        f"SELECT r.event FROM {quote(table._meta.db_table)} r WHERE r.{quote(outer)} = ANY(ARRAY({key.sql}))"
        f" AND r.{quote(inner)} = ANY(ARRAY({keys.sql}))"
        for table, inner, outer in _tables_within(model, whole)
    ]
    return Select(" UNION ALL ".join(parts), [*key.params, *keys.params] * len(parts))


def rows(model: type[models.Model], *, skip: Sequence[str] = ()) -> str:
    """Query of each row of the record that names one of the model: its `key`, the `event` that wrote the row, and `who`
    did, where the row knows."""
    quote = connection.ops.quote_name
    parts = []
    for table, column in _tables(model):
        who = "r.history_user_id" if hasattr(table, "instance_type") else "NULL::bigint"
        if table._meta.app_label not in skip:
            parts.append(f"SELECT r.{quote(column)} AS key, r.event, {who} AS who FROM {quote(table._meta.db_table)} r")
    return " UNION ALL ".join(parts)


@cache
def _tables(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """The tables of the record that name it, each with its column; only where an index begins with that."""
    found = []
    for table in privileges.record_tables():
        key = model._meta.pk
        if getattr(table, "instance_type", None) is model and key is not None:
            found.append((table, str(key.column)))
        for field in table._meta.concrete_fields:
            if field.related_model is model and _leads(table, field):
                found.append((table, str(field.column)))
    return sorted(found, key=lambda one: (one[0]._meta.db_table, one[1]))


@cache
def _tables_within(model: type[models.Model], whole: type[models.Model]) -> list[tuple[type[models.Model], str, str]]:
    """The others that name it beside what it is part of, each with both columns."""
    led = {table for table, _column in _tables(model)}
    found = []
    for table in set(privileges.record_tables()) - led:
        columns = {field.related_model: field for field in table._meta.concrete_fields if field.related_model}
        inner, outer = columns.get(model), columns.get(whole)
        if inner is not None and outer is not None and _leads(table, outer):
            found.append((table, str(inner.column), str(outer.column)))
    return sorted(found, key=lambda one: one[0]._meta.db_table)


def _leads(table: type[models.Model], field: Any) -> bool:
    """Does an index of all rows begin with it? One of some rows serves only who asks for those."""
    unique = [one for one in table._meta.constraints if isinstance(one, models.UniqueConstraint)]
    whole = [one.fields for one in (*table._meta.indexes, *unique) if one.condition is None]
    return field.db_index or table._meta.pk_fields[0] is field or any(one and one[0] == field.name for one in whole)
