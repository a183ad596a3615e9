"""Which events touched one thing: by the keys of the rows that they wrote, never by a scan of the trail."""

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
    """The condition that an event is one of these. As an array, so that the planner goes by the ids and never along
    the trail."""
    union = " UNION ALL ".join(select.sql for select in selects)
    params = [param for select in selects for param in select.params]
    return Q(ExpressionWrapper(RawSQL(f"audit_event.id = ANY(ARRAY({union}))", params), output_field=BooleanField()))


def about(subject: str, keys: Select) -> Select:
    """The events whose subject is one of these."""
    sql = "SELECT e.id FROM audit_event e WHERE e.subject_type = %s AND e.subject_id = ANY(ARRAY(SELECT k::text FROM"
    return Select(f"{sql} ({keys.sql}) AS keys(k)))", [subject, *keys.params])


def wrote(model: type[models.Model], keys: Select, *, skip: Sequence[str] = ()) -> Select:
    """The events that wrote a row of the record about one of these; `skip`: apps whose tables are left out."""
    quote = connection.ops.quote_name
    tables = [(table, column) for table, column in _tables(model) if table._meta.app_label not in skip]
    parts = [
        f"SELECT r.event FROM {quote(table._meta.db_table)} r WHERE r.{quote(column)} = ANY(ARRAY({keys.sql}))"
        for table, column in tables
    ]
    return Select(" UNION ALL ".join(parts), [*keys.params] * len(parts))


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


def _leads(table: type[models.Model], field: Any) -> bool:
    unique = [one.fields for one in table._meta.constraints if isinstance(one, models.UniqueConstraint)]
    several = [one.fields for one in table._meta.indexes] + unique
    return field.db_index or table._meta.pk_fields[0] is field or any(one and one[0] == field.name for one in several)
