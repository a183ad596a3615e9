"""Reads of grounds that were struck out (12.7): what cites them, and whether it still stands on another."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.lifecycle import Lifecycle
from enforcement.cases.policy import CaseKind
from enforcement.citations.keys import CitationKey, key_sql
from enforcement.models import Case, Decision, Ground, StrikeOut
from enforcement.policy import Kind
from enforcement.runs.eligibility import IN_FORCE
from qqops.approvals.models import State

# What decision `d` still does: measures that run, numbers that are terminated by it and by nothing after it.
MEASURED = f"SELECT m.number_id, m.tenure_id FROM enforcement_measure m WHERE m.decision_id = d.id AND {IN_FORCE}"
TERMINATED = f"""
SELECT n.id, n.tenure_id FROM enforcement_outcome o
JOIN enforcement_target t ON t.decision_id = o.decision_id AND t.number_id = o.number_id
JOIN accounts_number n ON n.id = o.number_id AND n.tenure_id = t.tenure_id AND n.lifecycle = '{Lifecycle.TERMINATED}'
WHERE d.kind = '{Kind.TERMINATE}' AND o.decision_id = d.id AND o.why = '' AND NOT EXISTS (
  SELECT FROM enforcement_outcome later JOIN enforcement_decision x ON x.id = later.decision_id
  WHERE later.number_id = n.id AND later.why = '' AND x.kind = '{Kind.TERMINATE}' AND x.id > d.id)"""
_WAITS = (
    f"(d.state = '{State.APPROVED}' OR (d.state = '{State.PROPOSED}' AND"
    " (d.expires_at IS NULL OR d.expires_at > %(now)s)))"
)
_STANDS = f"({_WAITS} OR EXISTS ({MEASURED}) OR EXISTS ({TERMINATED}))"

_KEY = key_sql("{g}.citation")
_STRUCK = (
    "EXISTS (SELECT FROM enforcement_strikeout s WHERE s.clause_id = {g}.clause_id"
    f" OR ({{g}}.clause_id IS NULL AND s.clause_id IS NULL AND s.citation_key = {_KEY}))"
)
_CITES = (
    f"coalesce({{g}}.clause_id = %(clause)s, false) OR ({{g}}.clause_id IS NULL AND %(key)s <> '' AND {_KEY} = %(key)s)"
)
# Read once, when a ground is struck out: grounds have no index by their clause, as nothing else asks so.
_CITING = f"""
SELECT DISTINCT d.id, g.citation, EXISTS (SELECT FROM enforcement_ground other WHERE other.decision_id = d.id
  AND NOT ({_CITES.format(g="other")}) AND NOT {_STRUCK.format(g="other")})
FROM enforcement_ground g JOIN enforcement_decision d ON d.id = g.decision_id
WHERE ({_CITES.format(g="g")}) AND {_STANDS}
ORDER BY d.id"""


@dataclass
class Hit:
    """Decisions in force, or waiting, that cite a ground: those that stand on another, and those left with none; and of
    a document how it is cited in them."""

    standing: list[int] = field(default_factory=list)
    groundless: list[int] = field(default_factory=list)
    cited_as: dict[str, int] = field(default_factory=dict)  # each way of writing it → in how many


def citing(clause: int | None, key: str) -> Hit:
    """What striking this ground out would hit, or has hit: a clause, or a document by the key of its citation."""
    hit = Hit()
    with connection.cursor() as cursor:
        cursor.execute(_CITING, {"clause": clause, "key": key, "now": timezone.now()})
        for decision, citation, stands in cursor.fetchall():
            (hit.standing if stands else hit.groundless).append(decision)
            if citation:
                hit.cited_as[citation] = hit.cited_as.get(citation, 0) + 1
    return hit


def still_stands(decisions: list[int]) -> list[int]:
    """Which of these are still in force, or wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id FROM enforcement_decision d WHERE d.id = ANY(%(ids)s) AND {_STANDS} ORDER BY d.id",
            {"ids": decisions, "now": timezone.now()},
        )
        return [pk for (pk,) in cursor.fetchall()]


def grounds_of(decision: Decision) -> QuerySet[Any]:
    """Each with `struck`."""
    key = CitationKey(OuterRef("citation"))
    struck = StrikeOut.objects.filter(Q(clause=OuterRef("clause")) | Q(clause=None, citation_key=key))
    found = Ground.objects.filter(decision=decision).select_related("clause__version")
    return found.annotate(struck=Exists(struck)).order_by("pk")


def to_decide_on() -> list[int]:
    """The decisions that were left without a ground, as long as they stand and the case about them is open."""
    rows = Case.objects.filter(kind=CaseKind.REVIEW, state=Case.State.OPEN, details__has_key="strike_out")
    listed = {pk for details in rows.values_list("details", flat=True) for pk in details.get("decisions", ())}
    return still_stands(sorted(listed)) if listed else []


def struck_out() -> QuerySet[StrikeOut]:
    return StrikeOut.objects.select_related("clause__version")
