"""The figures of a month as tables in words, for the page and the terminal alike."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from appeals.lifecycle import Kind, Outcome
from appeals.statistics.queries import AGES, Line, Quality, Rate
from enforcement.policy import FreezeKind
from enforcement.policy import Kind as DecisionKind


class Table(NamedTuple):
    title: str
    head: list[str]
    rows: list[list[Any]]
    note: str = ""


def tables(found: Quality) -> list[Table]:
    return [_open(found), _times(found), *_rates(found), transparency(found)]


def transparency(found: Quality) -> Table:
    """What may be told outside: no person, no number, no member of staff."""
    head = [_("Clause"), _("Appeal"), _("Measure"), _("Found by a rule"), _("Outcome"), _("Number of cases")]
    note = _("A decision on several clauses is counted under each.")
    return Table(_("Transparency report"), head, [_line(line) for line in found.lines], note)


def _line(line: Line) -> list[Any]:
    measure = FreezeKind(line.freeze_kind).label if line.freeze_kind else _act(line.act)
    return [line.clause, Kind(line.kind).label, measure, line.by_rule, Outcome(line.outcome).label, line.count]


def _act(act: str) -> Any:
    return DecisionKind(act).label if act else ""


def _rates(found: Quality) -> list[Table]:
    head = [_("Decided on the merits"), _("Overturned"), _("Rate")]
    of: Sequence[tuple[str, str, list[Rate]]] = (
        (_("Overturned, by clause"), _("Clause"), found.by_clause),
        (_("Overturned, by batch"), _("Decision"), [replace(one, of=f"#{one.of}") for one in found.by_batch]),
        (_("Overturned, by who decided first"), _("Officer"), found.by_officer),
        (_("Overturned, by who ruled"), _("Reviewer"), found.by_reviewer),
    )
    return [
        Table(title, [first, *head], [[one.of, one.decided, one.overturned, _percent(one)] for one in rates])
        for title, first, rates in of
    ]


def _percent(rate: Rate) -> str:
    return "" if rate.percent is None else f"{rate.percent}%"


def _times(found: Quality) -> Table:
    head = [_("Appeal"), _("Number of rulings"), _("Half of them within"), _("Nine of ten within")]
    rows = [[Kind(kind).label, count, hours(median), hours(most)] for kind, count, median, most in found.times]
    return Table(_("Time to decide"), head, rows)


def _open(found: Quality) -> Table:
    head = [_("Open since"), _("Open"), _("Overdue")]
    rows = [[AGES[code], count, late] for code, count, late in found.ages]
    return Table(_("Open now, by age"), head, rows)


def hours(length: datetime.timedelta) -> str:
    return _("%(n).1f hours") % {"n": length.total_seconds() / 3600}
