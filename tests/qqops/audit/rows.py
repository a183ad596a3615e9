"""SQL as the tests say it, to the application's connection or the owner's."""

from typing import Any

from django.db import connections


def rows(sql: str, *params: Any, alias: str = "default") -> list[tuple[Any, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
