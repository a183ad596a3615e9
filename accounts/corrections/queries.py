"""Queries of correction demands (4.1(d)), including an annotation for the query of the number page."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.models import CorrectionDemand, Number, Tenure


@dataclass(frozen=True)
class Open:
    """An open demand, as a page shows it beside the item."""

    pk: int
    field: str
    due_at: datetime.datetime
    told: bool

    @property
    def is_overdue(self) -> bool:
        return self.due_at <= timezone.now()


def demands() -> QuerySet[CorrectionDemand]:
    return CorrectionDemand.objects.select_related("tenure", "maker")


def open_before(field: str) -> ArraySubquery:
    """Return an annotation with the open demands on the tenure that `field` refers to."""
    standing = CorrectionDemand.objects.filter(tenure=OuterRef(field), closed_at=None).order_by("pk")
    return ArraySubquery(standing.values(one=JSONObject(pk="pk", field="field", due_at="due_at", told_at="told_at")))


def open_of(number: Number) -> dict[str, Open]:
    """Return the open demands by item, from the annotation `open_demands` of the number; {} without it."""
    found: list[dict[str, Any]] = getattr(number, "open_demands", [])
    return {
        one["field"]: Open(
            one["pk"], one["field"], datetime.datetime.fromisoformat(one["due_at"]), one["told_at"] is not None
        )
        for one in found
    }


def open_on(tenure: Tenure) -> dict[str, Open]:
    found = CorrectionDemand.objects.filter(tenure=tenure, closed_at=None)
    return {one.field: Open(one.pk, one.field, one.due_at, one.told_at is not None) for one in found}
