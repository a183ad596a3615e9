"""What the application role may do, table by table: the wall behind the triggers.

Migrations run as the owning role; after each `migrate` this grants the application role its rights anew, so a
new table gets them by its class: the record is SELECT and INSERT, kept rows are never deleted, the rest is free.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections, models

from qqops.audit.models import Event, Record

KEPT = ("accounts", "enforcement", "appeals", "staff")


def of(model: type[models.Model]) -> str:
    """The privileges of the application role on a model's table."""
    if append_only(model):
        return "SELECT, INSERT"
    if model._meta.app_label in KEPT and not model._meta.auto_created:
        return "SELECT, INSERT, UPDATE"
    return "SELECT, INSERT, UPDATE, DELETE"


def append_only(model: type[models.Model]) -> bool:
    return model is Event or issubclass(model, Record) or hasattr(model, "instance_type")


def record_tables() -> list[type[models.Model]]:
    """Every table whose rows belong to an event: insert-only tables and history."""
    return [m for m in apps.get_models() if append_only(m) and m is not Event]


def grant(using: str = "owner", **kwargs: Any) -> None:
    owner, role = connections[using], settings.DATABASES["default"]["USER"]
    if using != "owner" or role == settings.DATABASES["owner"]["USER"]:
        return  # one role for both (a foreign DATABASE_URL without DATABASE_OWNER_URL): triggers alone protect
    quote = owner.ops.quote_name
    tables = set(owner.introspection.table_names())
    statements = [f"GRANT USAGE ON SCHEMA public TO {quote(role)}"]
    statements.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}")
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in tables:
            statements.append(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}")
            statements.append(f"GRANT {of(model)} ON {quote(table)} TO {quote(role)}")
            columns = getattr(model, "changeable_columns", None)
            if columns:  # the content of a case file is fixed; only these columns move
                statements.append(f"REVOKE UPDATE ON {quote(table)} FROM {quote(role)}")
                names = ", ".join(map(quote, columns))
                statements.append(f"GRANT UPDATE ({names}) ON {quote(table)} TO {quote(role)}")
    statements += [f"GRANT SELECT ON {quote('django_migrations')} TO {quote(role)}"]
    with owner.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
