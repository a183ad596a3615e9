"""The meaning of each login for its number and tenure, as one SQL judgement of the lines of a file (5.1).

The dry run applies it to the whole file, the import to each chunk.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import DateTimeField, Max
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import USABLE, Lifecycle
from accounts.models import RuleVersion
from accounts.quarantine.policy import COOLING_OFF, RECLAIMED
from accounts.rulebook.queries import version_in_force
from accounts.rulebook.summaries import DOCUMENT
from qqops.audit.models import Event

RECORDED = "logins.file_recorded"
UNKNOWN, BEFORE = "unknown", "before"
# Why a login is skipped: unknown number, a state in which no one can log in, or a login before this tenure.
SKIPPED = {
    UNKNOWN: _("unknown number"),
    BEFORE: _("before this holder's time"),
    **{state.value: state.label for state in Lifecycle if state not in USABLE},
}

_USABLE = ", ".join(f"'{state}'" for state in USABLE)
_BEGAN = f"interval '{COOLING_OFF.days} days'"
# A login before a reclaim under 10.3 counts, in any file: the number may have to be restored (10.1).
_BEFORE_RECLAIM = (
    f"n.lifecycle = '{Lifecycle.TERMINATED}'"
    f" AND coalesce(n.terminated_under = '{RECLAIMED}' AND l.at < n.terminated_at, false)"
)
# The first login under a rulebook version accepts it (12.1), even if its line comes after a later login.
_ACCEPTS = "(place > accepted OR place = accepted AND at < accepted_at)"

# `line`: each line with the reason to skip it ('' if it counts), the place in `versions` of the version in force at the
# login, the place of the accepted version, and `accepted_at` if it was accepted by use. `used`: the tenures whose
# lifecycle or accepted version may change; for the others, only login facts change. Of the logins during a
# cancellation, the last one that is not after its end counts. Numbers and tenures have the same bounds as the lines, so
# that the planner reads a dense span in one scan instead of each row by key.
JUDGED = f"""
line AS MATERIALIZED (
  SELECT l.number, l.service, l.at, n.lifecycle, n.tenure_id, n.due_at,
    width_bucket(l.at, %(since)s::timestamptz[]) AS place,
    coalesce(array_position(%(versions)s::bigint[], t.rules_version_id), 0) AS accepted,
    CASE WHEN t.acceptance = 'by_use' THEN t.accepted_at END AS accepted_at,
    CASE WHEN n.id IS NULL THEN '{UNKNOWN}' WHEN n.lifecycle NOT IN ({_USABLE}) AND NOT ({_BEFORE_RECLAIM})
           THEN n.lifecycle
         WHEN l.at < t.started_at THEN '{BEFORE}' ELSE '' END AS why
  FROM accounts_loginline l
  LEFT JOIN accounts_number n ON n.id = l.number AND n.id > %(after)s AND n.id <= %(upto)s
  LEFT JOIN accounts_tenure t ON t.id = n.tenure_id AND t.number_id > %(after)s AND t.number_id <= %(upto)s
  WHERE l.number > %(after)s AND l.number <= %(upto)s),
used AS MATERIALIZED (
  SELECT number, tenure_id, lifecycle, due_at, max(place) AS place, max(at) FILTER (WHERE at <= due_at) AS last
  FROM line WHERE why = '' AND (lifecycle IN ('{Lifecycle.ALLOCATED}', '{Lifecycle.CANCEL_PENDING}') OR {_ACCEPTS})
  GROUP BY number, tenure_id, lifecycle, due_at),
accepting AS MATERIALIZED (
  SELECT tenure_id, (%(versions)s::bigint[])[place] AS version, min(at) AS at
  FROM (SELECT tenure_id, place FROM used) u JOIN line USING (tenure_id, place)
  WHERE why = '' AND {_ACCEPTS} GROUP BY 1, 2)"""

ACTIVATES = f"lifecycle = '{Lifecycle.ALLOCATED}'"
# A login within the cooling-off period withdraws the cancellation; an earlier login does not.
WITHDRAWS = f"lifecycle = '{Lifecycle.CANCEL_PENDING}' AND last > due_at - {_BEGAN} AND last <= due_at"


@dataclass(frozen=True)
class InForce:
    """The rulebook versions in force one after another, and the start of each. Use accepts a new version (12.1)."""

    since: Sequence[datetime.datetime]
    versions: Sequence[int]

    @property
    def params(self) -> dict[str, list[object]]:
        return {"since": list(self.since), "versions": list(self.versions)}


def versions_by_time() -> InForce:
    since: list[datetime.datetime] = []
    versions: list[int] = []
    moments = RuleVersion.objects.filter(document__code=DOCUMENT).values_list("effective_from", flat=True)
    for moment in sorted(set(moments)):
        found = version_in_force(moment)
        assert found is not None
        if versions[-1:] != [found.pk]:
            since.append(moment)
            versions.append(found.pk)
    return InForce(since, versions)


def covered_until() -> datetime.datetime | None:
    """Return the time up to which every login is known, or None.

    It is the latest `covers` of a completely recorded file. The lines cannot show it: the last login to one service
    says nothing about the others.
    """
    said = Cast(KeyTextTransform("covers", "facts"), DateTimeField())
    found: datetime.datetime | None = Event.objects.filter(verb=RECORDED).aggregate(until=Max(said))["until"]
    return found
