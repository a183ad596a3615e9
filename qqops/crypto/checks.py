"""The check that `migrate` and `check --database` make: with the wrong keys nothing starts."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from qqops.crypto import keys
from qqops.crypto.models import SealingKey


def the_keys_fit(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            there = SealingKey._meta.db_table in connections[alias].introspection.table_names(cursor)
        if there:
            try:
                keys.check()
            except keys.UnfitKeys as problem:
                return [Error(str(problem), id="qqops.E001")]
    return []
