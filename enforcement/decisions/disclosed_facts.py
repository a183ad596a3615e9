"""What enforcement knows of a tenure when it is disclosed: the measures taken, by act, clause and time."""

from typing import Any

from django.utils import timezone

from accounts.disclosures.package import both_languages, provide
from accounts.disclosures.policy import Period
from accounts.models import DataClass, Tenure
from enforcement.models import Measure
from enforcement.policy import FreezeKind, Kind, Scope


def _measures(tenure: Tenure, period: Period) -> Any:
    """Those in force on any day of the period; never who decided, and never what others reported."""
    found = (
        Measure.objects.filter(number=tenure.number_id, tenure=tenure)
        .prefetch_related("decision__grounds__clause__version")
        .order_by("pk")
    )
    return [_one(measure) for measure in found if _meets(measure, period)]


def _meets(measure: Measure, period: Period) -> bool:
    ends = [end for end in (measure.ended_at, measure.until) if end is not None]
    last = timezone.localdate(min(ends)) if ends else None
    return period.meets(timezone.localdate(measure.starts_at), last)


def _one(measure: Measure) -> dict[str, Any]:
    return {
        "measure": both_languages(Kind(measure.kind).label),
        "freeze_kind": both_languages(FreezeKind(measure.freeze_kind).label) if measure.freeze_kind else None,
        "scopes": [both_languages(Scope(scope).label) for scope in measure.scopes],
        "grounds": [str(ground) for ground in measure.decision.grounds.all()],
        "starts_at": _moment(measure.starts_at),
        "until": _moment(measure.until),
        "ended_at": _moment(measure.ended_at),
    }


def _moment(at: Any) -> str | None:
    return None if at is None else timezone.localtime(at).isoformat(timespec="seconds")


provide(DataClass.MEASURES, _measures)
