"""Import the confirmations of services that they cleared the data of a former holder (5.2, 10.4)."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.lifecycle import L
from accounts.lists.feed import Feed, Read
from accounts.logins.queries import UNKNOWN
from accounts.logins.services import WrongLines
from accounts.models import Clearance
from accounts.quarantine.sweep import BY_KEY
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

EARLY, AGAIN = "early", "again"

# A line counts for the last tenure, and only if its time is not before the end of the right of use: an earlier line is
# about a previous holder.
_JUDGED = f"""
line AS MATERIALIZED (
  SELECT g.number, g.service, min(g.at) AS at
  FROM unnest(%(numbers)s::bigint[], %(services)s::text[], %(ats)s::timestamptz[]) g(number, service, at)
  GROUP BY 1, 2),
judged AS MATERIALIZED (
  SELECT l.number, l.service, l.at, t.id AS tenure_id, CASE
    WHEN n.id IS NULL THEN '{UNKNOWN}' WHEN n.lifecycle <> '{L.QUARANTINED}' OR t.id IS NULL THEN n.lifecycle
    WHEN l.at < coalesce(n.terminated_at, t.ended_at) THEN '{EARLY}'
    WHEN EXISTS (SELECT FROM accounts_clearance c WHERE c.tenure_id = t.id AND c.service = l.service) THEN '{AGAIN}'
    ELSE '' END AS why
  FROM line l LEFT JOIN accounts_number n ON n.id = l.number
  LEFT JOIN LATERAL (
    SELECT t.id, t.ended_at FROM accounts_tenure t WHERE t.number_id = n.id ORDER BY t.seq DESC LIMIT 1) t ON true)"""

_COUNT = "SELECT why, count(*), array_agg(DISTINCT number) FROM judged GROUP BY why"
_RECORD = f"""
WITH {_JUDGED},
clearance AS (
  INSERT INTO accounts_clearance (event, tenure_id, service, cleared_at)
  SELECT %(pen_event)s, tenure_id, service, at FROM judged WHERE why = '' ORDER BY tenure_id, service
  ON CONFLICT (tenure_id, service) DO NOTHING RETURNING 1)
SELECT why, count(*), array_agg(DISTINCT number), (SELECT count(*) FROM clearance) FROM judged GROUP BY why"""


@dataclass
class Cleared:
    lines: int = 0
    recorded: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, list[int]] = field(default_factory=dict)


def confirm(feed: Feed, *, actor: Staff, apply: bool) -> Cleared:
    """Record the lines of a file: number, service, time. Skip lines recorded already. Without `apply`, only count.

    Raises WrongLines with all wrong lines, before anything is written; Invalid if the file is empty.
    """
    read = Read()
    for _lines in feed.blocks(read):  # collects the wrong lines
        pass
    if read.wrong:
        raise WrongLines(read.wrong)
    if not read.lines:
        raise Invalid(_("The file is empty."))
    found = Cleared(lines=read.lines)
    lines = (line for block in feed.blocks(Read()) for line in block.decode().splitlines())
    while chunk := sorted(line.split(",") for line in islice(lines, settings.QQOPS_CHUNK)):
        numbers, ats, services = (list(column) for column in zip(*chunk, strict=True))
        given = {"numbers": numbers, "services": services, "ats": ats}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BY_KEY)
            if apply:
                _record(found, given, actor, feed.sha256)
            else:
                cursor.execute(f"WITH {_JUDGED} {_COUNT}", given)
                _count(found, cursor.fetchall())
    return found


def _record(found: Cleared, given: dict[str, Any], actor: Staff, sha256: str) -> None:
    facts: dict[str, Any] = {"lines": len(given["numbers"]), "sha256": sha256}
    with (
        recorder.act("number.cleared", actor=actor, reason="", facts=facts) as act,
        connection.cursor() as cursor,
    ):
        cursor.execute(_RECORD, act.params | given)
        rows = cursor.fetchall()
        recorded = rows[0][3] if rows else 0
        act.wrote(Clearance, rows=recorded)
        facts["skipped"] = {why: lines for why, lines, _numbers, _n in rows if why}
        facts["recorded"] = recorded
        _count(found, [row[:3] for row in rows])


def _count(found: Cleared, rows: list[tuple[str, int, list[int]]]) -> None:
    for why, lines, numbers in rows:
        if why:
            found.skipped[why] += lines
            found.numbers.setdefault(why, []).extend(numbers)
        else:
            found.recorded += lines
