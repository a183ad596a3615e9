"""The ladder of graduated measures (10.1(c)), as a table: severity and what the tenure has had → what is suggested.

A suggestion binds nobody; whoever departs from it says why. What was found wrong never counts, what is old counts less.
"""

import datetime
from dataclasses import dataclass

from enforcement.policy import DAY, FreezeKind, Kind, Severity

# Of measures for a violation only: a security freeze is no sanction.
CLAUSES = ("8.1", "8.2", "9.4", "10.1", "contract")

# How much an earlier measure counts by its age, counted from its start; older ones count nothing.
DECAY = ((180 * DAY, 1.0), (365 * DAY, 0.5))


@dataclass(frozen=True)
class Step:
    """`length` None: without end; of a termination there is none."""

    kind: Kind
    length: datetime.timedelta | None = None

    @property
    def code(self) -> str:
        return f"{self.kind}:{self.length // DAY}" if self.length else str(self.kind.value)


R, F, T = Kind.RESTRICT, Kind.FREEZE, Kind.TERMINATE
LADDER: dict[Severity, tuple[Step, ...]] = {
    Severity.MINOR: (Step(R, 3 * DAY), Step(R, 7 * DAY), Step(F, 3 * DAY), Step(F, 7 * DAY), Step(F, 30 * DAY)),
    Severity.SERIOUS: (Step(F, 7 * DAY), Step(F, 30 * DAY), Step(F, 90 * DAY), Step(F)),
    Severity.GRAVE: (Step(F, 30 * DAY), Step(F), Step(T)),
}


def step(severity: str, counted: float) -> Step:
    """What is suggested for a tenure whose earlier measures count so much."""
    steps = LADDER[Severity(severity)]
    return steps[min(int(counted), len(steps) - 1)]


def by_code(code: str) -> Step:
    kind, _colon, days = code.partition(":")
    return Step(Kind(kind), int(days) * DAY if days else None)


def is_graduated(kind: str, freeze_kind: str, clauses: tuple[str, ...]) -> bool:
    """Is this an act that the ladder speaks of?"""
    sanction = kind in (R, T) or (kind == F and freeze_kind == FreezeKind.VIOLATION)
    return sanction and bool(set(clauses) & set(CLAUSES))


def follows(code: str, kind: str, length: datetime.timedelta | None) -> bool:
    """Is the act what this step suggests? A termination has no length; of the others it must be the same."""
    wanted = by_code(code)
    return kind == wanted.kind and (kind == T or length == wanted.length)
