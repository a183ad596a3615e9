"""Rows as they were at a moment, out of their history: one query for each table, however many rows are asked for."""

import datetime
from typing import Any

from django.db import models

from qqops.audit import recorder

DELETED = "-"


def row_at(model: type[models.Model], pk: Any, at: datetime.datetime) -> Any:
    """The latest history row of one object at a moment; None before the first. It may be that of its deletion."""
    return _until(model, at).filter(**{_key(model): pk}).order_by("-history_date", "-history_id").first()


def rows_at(model: type[models.Model], at: datetime.datetime, **about: Any) -> list[Any]:
    """The latest history row of every object at a moment, without those that had been deleted by then.

    `about` chooses by columns that never change (whose tenure, which decision): by another one, an older row of an
    object that has left the choice would be taken for its latest.
    """
    key = _key(model)
    latest = _until(model, at).filter(**about).order_by(key, "-history_date", "-history_id").distinct(key)
    return [row for row in latest if row.history_type != DELETED]


def first_row(model: type[models.Model], pk: Any) -> Any:
    """The oldest history row of one object."""
    history: Any = recorder.history_model(model)
    return history.objects.filter(**{_key(model): pk}).order_by("history_date", "history_id").first()


def _until(model: type[models.Model], at: datetime.datetime) -> models.QuerySet[Any]:
    history: Any = recorder.history_model(model)
    found: models.QuerySet[Any] = history.objects.filter(history_date__lte=at)
    return found


def _key(model: type[models.Model]) -> str:
    pk = model._meta.pk
    assert pk is not None
    return pk.attname
