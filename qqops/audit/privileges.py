"""What the application role may do, table by table: the wall behind the triggers.

Migrations run as the owning role; after each `migrate` this grants the application role its rights anew, so a
new table gets them by its class: the record is SELECT and INSERT, kept rows are never deleted, the rest is free.
A month of the record is reached through its table alone: nothing is granted on it.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models, transaction

from qqops.audit.models import Event, Record

KEPT = ("accounts", "enforcement", "appeals", "staff", "alerts", "vault")


# Django's own lists of what exists: the application only reads them (what a role may do is code, roles.py). And its
# admin's log, which would be a second one beside the trail.
READ_ONLY = ("auth.group", "auth.permission", "auth.group_permissions", "contenttypes.contenttype", "admin.logentry")


def of(model: type[models.Model]) -> str:
    """The privileges of the application role on a model's table."""
    if model._meta.label_lower in READ_ONLY:
        return "SELECT"
    if append_only(model):
        return "SELECT, INSERT"
    if getattr(model, "passing", False):  # lines on their way through, thrown away whole
        return "SELECT, INSERT, TRUNCATE"
    if getattr(model, "fleeting", False):  # says nothing of what happened: sessions, counters
        return "SELECT, INSERT, UPDATE, DELETE"
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
    if using != "owner":
        return
    if role == settings.DATABASES["owner"]["USER"]:
        if settings.PRODUCTION:
            raise ImproperlyConfigured("Set DATABASE_OWNER_URL: the application's role must not own the record.")
        return  # one role for both (a foreign DATABASE_URL without DATABASE_OWNER_URL): triggers alone protect
    quote = owner.ops.quote_name
    tables = set(owner.introspection.table_names())
    database = quote(owner.settings_dict["NAME"])
    statements = [f"GRANT USAGE ON SCHEMA public TO {quote(role)}"]
    # A temporary table could stand in front of one of the record for whatever names it without its schema.
    statements.append(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {quote(role)}")
    statements.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}")
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in tables:
            statements.append(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}")
            statements.append(f"GRANT {of(model)} ON {quote(table)} TO {quote(role)}")
            columns = getattr(model, "changeable_columns", None)
            if columns is not None:  # the content of a case file is fixed; only these columns move
                statements.append(f"REVOKE UPDATE ON {quote(table)} FROM {quote(role)}")
            if columns:
                names = ", ".join(map(quote, columns))
                statements.append(f"GRANT UPDATE ({names}) ON {quote(table)} TO {quote(role)}")
    statements += [f"GRANT SELECT ON {quote('django_migrations')} TO {quote(role)}"]
    if Event._meta.db_table in tables:  # what the owner made for it beside the tables (sql.py)
        months = "record_months(), record_months_ahead()"
        statements.append(f"GRANT SELECT ON audit_event_lately TO {quote(role)}")
        statements.append(f"REVOKE EXECUTE ON FUNCTION {months} FROM PUBLIC")
        statements.append(f"GRANT EXECUTE ON FUNCTION {months} TO {quote(role)}")
    with transaction.atomic(using), owner.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
