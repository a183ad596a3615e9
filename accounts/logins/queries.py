"""What a login means for the number it was made with, as one SQL judgement of the lines of a file (5.1, T5, T15).

Asked by the dry run of the whole file, and of each chunk once its numbers are locked.
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
# Why a login is passed over: nobody's number, somebody's whose right has ended, or a former holder's login.
SKIPPED = {
    UNKNOWN: _("unknown number"),
    BEFORE: _("before this holder's time"),
    **{state.value: state.label for state in Lifecycle if state not in USABLE},
}

_USABLE = ", ".join(f"'{state}'" for state in USABLE)
_BEGAN = f"interval '{COOLING_OFF.days} days'"
# What he did before his right ended for not using it counts, in whatever file it comes: it may be restored (10.1).
_BEFORE_RECLAIM = (
    f"n.lifecycle = '{Lifecycle.TERMINATED}'"
    f" AND coalesce(n.terminated_under = '{RECLAIMED}' AND l.at < n.terminated_at, false)"
)
# The first login under a version accepts it, also where it comes after a later one (12.1).
_ACCEPTS = "(place > accepted OR place = accepted AND at < accepted_at)"

# `line`: each line with why it is passed over ('' where it counts), and the place in `versions` of what was in force
# then; `accepted_at` where that was by use. `used`: the tenures that something begins or ends for, whatever else is in
# the file; the others have facts only. Of a cancellation the last login counts that is not after its end. Numbers and
# tenures are held to the same stretch as the lines: a dense one is read in one go then, and not each by its key.
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
# Withdrawn by a login within the cooling-off; one from before the holder cancelled says nothing (T15).
WITHDRAWS = f"lifecycle = '{Lifecycle.CANCEL_PENDING}' AND last > due_at - {_BEGAN} AND last <= due_at"


@dataclass(frozen=True)
class InForce:
    """The versions that were in force one after another, and since when each; a new one is accepted by use (12.1)."""

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
    """Up to when every login is known: the latest moment that a file, recorded to its end, was said to cover. None
    where none has said so. Never guessed from the lines: the last of one service says nothing of the others."""
    said = Cast(KeyTextTransform("covers", "facts"), DateTimeField())
    found: datetime.datetime | None = Event.objects.filter(verb=RECORDED).aggregate(until=Max(said))["until"]
    return found
