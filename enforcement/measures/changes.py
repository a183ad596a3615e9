"""What a change did to measures (T11): each as it was, from the outcome, and what the decision makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from accounts.lifecycle import FOREVER
from enforcement.models import Decision, Measure, Outcome


@dataclass(frozen=True)
class Changed:
    """One measure: `was` as it stood before, then its end (None: without end) and its scopes afterwards."""

    was: Measure
    until: datetime | None
    scopes: Sequence[str]


def changed_by(decision: Decision, was: Measure) -> Changed:
    until = decision.until or was.until
    return Changed(was, None if until == FOREVER else until, decision.scopes or was.scopes)


def as_they_were(outcome: Outcome) -> list[Measure]:
    """The measures of one target as they were; not to be saved."""
    return [
        Measure(
            pk=term["id"],
            kind=term["kind"],
            freeze_kind=term["freeze_kind"],
            scopes=term["scopes"],
            until=parse_datetime(term["until"]) if term["until"] else None,
        )
        for term in (outcome.before or {})["terms"]
    ]
