"""The login feed (5.1): what it says of each tenure, in chunks by number, whatever the order of its lines.

First and last are the least and the greatest, so a line that comes late, or twice, does no harm, and a run that was
killed is run again from its file. The lines wait in a table of their own and leave it with the chunk they belong to.
"""

import datetime
import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.intake.feed import AHEAD, ZONE, Feed, Read, Wrong
from accounts.lifecycle import Lifecycle
from accounts.models import Number, Tenure
from accounts.queries.logins import ACTIVATES, JUDGED, WITHDRAWS, versions_by_time
from accounts.services.sweep import BY_KEY
from qqops.alerts import watch
from qqops.audit import pen
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff

WATCHED = "accounts.logins"
UNKNOWN_MIN, NAMED = 3, 20
LOCK = 0x71716F70_6C6F6769  # one file at a time: lines do not say which they came from

_COPY = "COPY accounts_loginline (number, at, service) FROM STDIN (DELIMITER ',')"

_KNOWN = """
SELECT count(*), array_agg(l.number ORDER BY l.number) FILTER (WHERE n.id IS NULL)
FROM (SELECT DISTINCT number FROM accounts_loginline) l LEFT JOIN accounts_number n ON n.id = l.number"""

_UPTO = """
SELECT max(number) FROM (SELECT number FROM accounts_loginline WHERE number > %s ORDER BY number LIMIT %s) l"""

# Only what may change: a fact hangs on its tenure, whatever becomes of the number meanwhile.
_LOCK = f"""
SELECT count(*) FROM (
  SELECT n.id FROM accounts_number n
  WHERE n.id = ANY(ARRAY(
      SELECT DISTINCT number FROM accounts_loginline WHERE number > %(after)s AND number <= %(upto)s))
    AND n.lifecycle IN ('{Lifecycle.ALLOCATED}', '{Lifecycle.CANCEL_PENDING}')
  ORDER BY n.id FOR NO KEY UPDATE) locked"""

_SAID = f"""
  ARRAY(SELECT number FROM used WHERE {ACTIVATES} ORDER BY number),
  ARRAY(SELECT number FROM used WHERE {WITHDRAWS} ORDER BY number),
  ARRAY(SELECT tenure_id FROM accepting ORDER BY tenure_id),
  ARRAY(SELECT version FROM accepting ORDER BY tenure_id),
  ARRAY(SELECT at FROM accepting ORDER BY tenure_id),
  (SELECT jsonb_agg(jsonb_build_array(why, n, numbers)) FROM (
    SELECT why, count(*) AS n, array_agg(DISTINCT number) AS numbers FROM line WHERE why <> '' GROUP BY why) s)"""

_FACTS = f"""
WITH {JUDGED},
fact AS (
  INSERT INTO accounts_loginfact AS f (tenure_id, service, first_at, last_at)
  SELECT tenure_id, service, min(at), max(at) FROM line WHERE why = '' GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (tenure_id, service) DO UPDATE
    SET first_at = least(f.first_at, EXCLUDED.first_at), last_at = greatest(f.last_at, EXCLUDED.last_at)
    WHERE EXCLUDED.first_at < f.first_at OR EXCLUDED.last_at > f.last_at
  RETURNING 1),
gone AS (DELETE FROM accounts_loginline WHERE number > %(after)s AND number <= %(upto)s)
SELECT (SELECT count(*) FROM line), (SELECT count(*) FROM fact),{_SAID}"""

_WOULD = f"""
WITH {JUDGED}
SELECT (SELECT count(*) FROM line),
  (SELECT count(*) FROM (SELECT DISTINCT tenure_id, service FROM line WHERE why = '') f),{_SAID}"""

_USE = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = 'in_use', due_at = NULL, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({history})
SELECT count(*) FROM number"""

_ACCEPT = """
WITH locked AS MATERIALIZED (
  SELECT t.id FROM accounts_tenure t WHERE t.id = ANY(%(tenures)s::bigint[]) ORDER BY t.id FOR NO KEY UPDATE),
tenure AS (
  UPDATE accounts_tenure t SET rules_version_id = a.version, acceptance = 'by_use', accepted_at = a.at
  FROM unnest(%(tenures)s::bigint[], %(accepted)s::bigint[], %(ats)s::timestamptz[]) a(id, version, at)
  JOIN locked ON locked.id = a.id
  WHERE t.id = a.id AND t.ended_at IS NULL RETURNING t.*),
history AS ({history})
SELECT count(*) FROM tenure"""


@dataclass
class Imported:
    lines: int = 0
    facts: int = 0  # begun or moved on
    activated: int = 0
    withdrawn: int = 0
    accepted: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # lines, by reason
    numbers: dict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))  # of these lines

    def counts(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "logins": self.facts,
            "activated": self.activated,
            "withdrawn": self.withdrawn,
            "accepted": self.accepted,
            "skipped": dict(self.skipped),
        }


class WrongLines(Invalid):
    """The file is refused, and says every line that is why."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(_("The file was refused, nothing was done. Wrong lines: %(n)d.") % {"n": len(wrong)})
        self.wrong = wrong


def import_logins(feed: Feed, *, actor: Staff, apply: bool, step: Callable[[int], None] = lambda n: None) -> Imported:
    """Record the logins of a file; without `apply`, say what that would do."""
    with pen.refusals(actor=actor, facts={"act": "import_logins"}), _alone():
        with transaction.atomic():
            covers = _take(feed)
            if not apply:
                found = Imported()
                _judge(_WOULD, found, {"after": 0, "upto": settings.QQOPS_NUMBER_MAX, **versions_by_time().params})
                transaction.set_rollback(True)
                return found
        found = _record(actor, step)
        facts = {**found.counts(), "sha256": feed.sha256, "covers": covers.isoformat()}
        with pen.act("logins.file_recorded", actor=actor, reason="", facts=facts):
            pass
    watch.beat(WATCHED)
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """Of the session, as a file is many transactions; it ends with the process, however that ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Refused(gettext_noop("Another login file is being recorded. Run this one when it is done."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _take(feed: Feed) -> datetime.datetime:
    """Copy the lines in, or refuse the file; the moment of the last login."""
    read = Read()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_loginline")  # of a run that was killed
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [ZONE])
        with cursor.copy(_COPY) as copy:
            for block in feed.blocks(read):
                copy.write(block)
        cursor.execute(f"{BY_KEY}, set_config('TimeZone', 'UTC', true)")
        cursor.execute("SELECT max(at), max(number) FROM accounts_loginline")
        last, largest = cursor.fetchone()
        late = last is not None and last > timezone.now() + AHEAD
        if read.wrong or late or (largest or 0) > settings.QQOPS_NUMBER_MAX:
            again = Read()
            for _block in feed.blocks(again, patient=True):
                pass
            raise WrongLines(again.wrong or read.wrong)
        if last is None:
            raise Invalid(_("The file is empty."))
        cursor.execute(_KNOWN)
        numbers, unknown = cursor.fetchone()
    if len(unknown or ()) > max(UNKNOWN_MIN, numbers // 100):
        named = ", ".join(map(str, unknown[:NAMED])) + (" …" if len(unknown) > NAMED else "")
        raise Invalid(
            _("Too many unknown numbers: %(n)d of %(all)d (%(numbers)s). The file was refused, nothing was done.")
            % {"n": len(unknown), "all": numbers, "numbers": named}
        )
    return last


def _record(actor: Staff, step: Callable[[int], None]) -> Imported:
    found, after, versions = Imported(), 0, versions_by_time().params
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BY_KEY)
            cursor.execute(_UPTO, [after, settings.QQOPS_CHUNK])
            (upto,) = cursor.fetchone()
            if upto is None:
                return found
            span = {"after": after, "upto": upto}
            cursor.execute(_LOCK, span)
            step(_chunk(found, span | versions, actor))
        after = upto


def _chunk(found: Imported, params: dict[str, Any], actor: Staff) -> int:
    with pen.act("logins.imported", actor=actor, reason="") as act:
        this = Imported()
        activated, withdrawn, accepted = _judge(_FACTS, this, params)
        if activated:
            _use("number.activated", activated, actor, clause="5.1")
        if withdrawn:
            _use("number.cancellation_withdrawn", withdrawn, actor, clause="12.1", cause="login")
        if accepted["tenures"]:
            this.accepted = _write(act, Tenure, _ACCEPT, accepted)
        act.facts.update(this.counts())
    for name in ("lines", "facts", "activated", "withdrawn", "accepted"):
        setattr(found, name, getattr(found, name) + getattr(this, name))
    found.skipped.update(this.skipped)
    for why, numbers in this.numbers.items():
        found.numbers[why].extend(numbers)
    return this.lines


def _judge(sql: str, found: Imported, params: dict[str, Any]) -> tuple[list[int], list[int], dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found.lines, found.facts, activated, withdrawn, tenures, versions, ats, skipped = cursor.fetchone()
    found.activated, found.withdrawn, found.accepted = len(activated), len(withdrawn), len(tenures)
    for why, lines, numbers in json.loads(skipped or "[]"):
        found.skipped[why] = lines
        found.numbers[why].extend(numbers)
    return activated, withdrawn, {"tenures": tenures, "accepted": versions, "ats": ats}


def _use(verb: str, numbers: list[int], actor: Staff, **facts: Any) -> None:
    """T5, T15: what its holder uses is in use."""
    subject = Number(pk=numbers[0]) if len(numbers) == 1 else None
    with pen.act(verb, actor=actor, reason="", subject=subject, facts=facts | {"numbers": len(numbers)}) as act:
        _write(act, Number, _USE, {"numbers": numbers})


def _write(act: pen.Act, model: type[Number] | type[Tenure], sql: str, params: dict[str, Any]) -> int:
    history = pen.history_insert(model, pen.CHANGED, source=f"{model._meta.model_name} live")
    with connection.cursor() as cursor:
        cursor.execute(sql.format(history=history), act.params | params)
        (rows,) = cursor.fetchone()
    act.wrote(pen.history_model(model), rows=rows)
    return int(rows)
