"""How appeals are decided: what was overturned, how long it took, how old the open ones are.

Counted from rulings in force in a month of Beijing, each round by itself and from when it was asked for; what ended in
it without a ruling is told with its outcome, and decides nothing. Of whom the appeals are, nothing is told.
"""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appeals.lifecycle import LIVE, Outcome, State

_LIVE = ", ".join(f"'{state}'" for state in LIVE)
_DAY = datetime.timedelta(days=1)
AGES = {
    "day": _("up to a day"),
    "three_days": _("1 to 3 days"),
    "week": _("3 to 7 days"),
    "older": _("more than 7 days"),
}

_BY_RULE = "(d.detected_by IS NOT NULL OR d.policy_id IS NOT NULL)"
# When this round began: it was filed, or the second review asked for.
_BEGAN = """CASE WHEN {round} = 1 THEN a.filed_at ELSE (
    SELECT min(h.history_date) FROM appeals_historicalappeal h WHERE h.id = a.id AND h.round = {round}) END"""

# On the merits: what was not heard, or was no longer in force, says nothing of who decided first.
_DECIDED = f"""
WITH decided AS MATERIALIZED (
  SELECT a.kind, a.decision_id, r.outcome, r.maker_id AS reviewer,
    r.ruled_at - {_BEGAN.format(round="r.round")} AS took,
    d.maker_id AS officer, d.kind AS act, d.freeze_kind, d.target_count,
    {_BY_RULE} AS by_rule,
    r.outcome IN ('{Outcome.UPHELD}', '{Outcome.PARTLY}') AS overturned,
    r.outcome IN ('{Outcome.UPHELD}', '{Outcome.PARTLY}', '{Outcome.REJECTED}') AS merits
  FROM appeals_ruling r JOIN appeals_appeal a ON a.id = r.appeal_id
    LEFT JOIN enforcement_decision d ON d.id = a.decision_id
  WHERE r.state = 'applied' AND r.ruled_at >= %(since)s AND r.ruled_at < %(until)s)"""

_RATE = "count(*) FILTER (WHERE merits), count(*) FILTER (WHERE overturned)"
_OBJECTIONS = "FROM decided WHERE decision_id IS NOT NULL"

_BY_CLAUSE = f"""{_DECIDED}
SELECT g.basis, {_RATE} FROM decided JOIN enforcement_ground g USING (decision_id) GROUP BY 1 ORDER BY 1"""
_BY_BATCH = f"{_DECIDED} SELECT decision_id, {_RATE} {_OBJECTIONS} AND target_count > 1 GROUP BY 1 ORDER BY 3 DESC, 1"
_BY_OFFICER = f"""{_DECIDED}
SELECT s.username, {_RATE} FROM decided JOIN staff_staff s ON s.id = officer GROUP BY 1 ORDER BY 1"""
_BY_REVIEWER = f"""{_DECIDED}
SELECT s.username, {_RATE} FROM decided JOIN staff_staff s ON s.id = reviewer
WHERE decision_id IS NOT NULL GROUP BY 1 ORDER BY 1"""
_TIMES = f"""{_DECIDED}
SELECT kind, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
  percentile_cont(0.9) WITHIN GROUP (ORDER BY took)
FROM decided GROUP BY 1 ORDER BY 1"""

# What may be told outside: no person, no number, no member of staff. What was declined when it was filed, withdrawn or
# left unanswered has no ruling.
_TRANSPARENCY = f"""{_DECIDED},
told AS (
  SELECT kind, decision_id, outcome, act, freeze_kind, by_rule FROM decided
  UNION ALL
  SELECT a.kind, a.decision_id, a.outcome, d.kind, d.freeze_kind, {_BY_RULE}
  FROM appeals_appeal a LEFT JOIN enforcement_decision d ON d.id = a.decision_id
  WHERE a.closed_at >= %(since)s AND a.closed_at < %(until)s
    AND (a.why <> '' OR a.outcome IN ('{Outcome.WITHDRAWN}', '{Outcome.ABANDONED}')))
SELECT coalesce(g.basis, ''), kind, coalesce(act, ''), coalesce(freeze_kind, ''), coalesce(by_rule, false), outcome,
  count(*)
FROM told LEFT JOIN enforcement_ground g USING (decision_id) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"""

_OPEN = f"""
SELECT CASE WHEN age <= interval '1 day' THEN 'day' WHEN age <= interval '3 days' THEN 'three_days'
  WHEN age <= interval '7 days' THEN 'week' ELSE 'older' END, count(*), count(*) FILTER (WHERE late)
FROM (SELECT %(now)s - {_BEGAN.format(round="a.round")} AS age,
        state IN ('{State.FILED}', '{State.RULED}') AND due_at <= %(now)s AS late
      FROM appeals_appeal a WHERE state IN ({_LIVE})) a GROUP BY 1"""


@dataclass(frozen=True)
class Rate:
    """Of what was decided on the merits, how much was overturned."""

    of: str
    decided: int
    overturned: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.overturned / self.decided) if self.decided else None


@dataclass(frozen=True)
class Line:
    """One line of the transparency report."""

    clause: str
    kind: str
    act: str
    freeze_kind: str
    by_rule: bool
    outcome: str
    count: int


@dataclass
class Quality:
    """The figures of one month, and of what is open now."""

    month: datetime.date
    by_clause: list[Rate] = field(default_factory=list)
    by_batch: list[Rate] = field(default_factory=list)
    by_officer: list[Rate] = field(default_factory=list)
    by_reviewer: list[Rate] = field(default_factory=list)
    times: list[tuple[str, int, datetime.timedelta, datetime.timedelta]] = field(default_factory=list)  # median, 90 %
    ages: list[tuple[str, int, int]] = field(default_factory=list)  # code, open, overdue
    lines: list[Line] = field(default_factory=list)


def quality(month: datetime.date) -> Quality:
    """The figures of the month that this day lies in."""
    first = month.replace(day=1)
    params = {"since": _begins(first), "until": _begins(_next(first)), "now": timezone.now()}
    open_now = {code: (count, late) for code, count, late in _rows(_OPEN, params)}
    return Quality(
        month=first,
        by_clause=_rates(_BY_CLAUSE, params),
        by_batch=_rates(_BY_BATCH, params),
        by_officer=_rates(_BY_OFFICER, params),
        by_reviewer=_rates(_BY_REVIEWER, params),
        times=[(kind, count, median, most) for kind, count, median, most in _rows(_TIMES, params)],
        ages=[(code, *open_now.get(code, (0, 0))) for code in AGES],
        lines=[Line(*row) for row in _rows(_TRANSPARENCY, params)],
    )


def _rates(sql: str, params: dict[str, Any]) -> list[Rate]:
    return [Rate(str(of), decided, overturned) for of, decided, overturned in _rows(sql, params)]


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _begins(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))


def _next(first: datetime.date) -> datetime.date:
    return (first + 32 * _DAY).replace(day=1)
