"""The login feed (5.1): what it says of each tenure, in chunks by number, whatever the order of its lines.

First and last are the least and the greatest, so a line that comes late, or twice, does no harm, and a run that was
killed is run again from its file. The lines wait in a table of their own and leave it when all of them are recorded.
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
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lifecycle import L
from accounts.lists.feed import AHEAD, ZONE, Feed, Read, Wrong
from accounts.logins.queries import ACTIVATES, JUDGED, RECORDED, WITHDRAWS, covered_until, versions_by_time
from accounts.models import Number, Tenure
from accounts.quarantine.policy import CANCELLED
from accounts.quarantine.sweep import BY_KEY
from accounts.rights.queries import USED, kept_because
from qqops.alerts import watch
from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import looks_personal
from qqops.staff.models import Staff

WATCHED = "accounts.logins"
UNKNOWN_MIN, NAMED = 3, 20
ALWAYS = datetime.timedelta(days=36500)  # of what was told nothing is news when the file is run again
LOCK = 0x71716F70_6C6F6769  # one file at a time: lines do not say which they came from

# What is asked of a file as a whole; its services are few.
_SUMMARY = """
SELECT max(at), max(number), array_agg(service)
FROM (SELECT service, max(at) AS at, max(number) AS number FROM accounts_loginline GROUP BY service) s"""

_COPY = "COPY accounts_loginline (number, at, service) FROM STDIN (DELIMITER ',')"

# Line by line it would cost as much as half the import.
_CLEAR = "TRUNCATE accounts_loginline"

_COUNTED = "SELECT accounts_loginline_counted()"

# How many numbers, which of them nobody knows, and where each chunk of lines ends.
_KNOWN = """
SELECT count(*), array_agg(number ORDER BY number) FILTER (WHERE id IS NULL),
  array_agg(number ORDER BY number) FILTER (WHERE lines / %(size)s > (lines - n) / %(size)s)
FROM (
  SELECT l.number, l.n, k.id, sum(l.n) OVER (ORDER BY l.number ROWS UNBOUNDED PRECEDING) AS lines
  FROM (SELECT number, count(*)::int AS n FROM accounts_loginline GROUP BY number) l
  LEFT JOIN accounts_number k ON k.id = l.number) x"""

_SAID = f"""
  (SELECT count(*) FROM used WHERE {ACTIVATES}),
  (SELECT count(*) FROM used WHERE {WITHDRAWS}),
  ARRAY(SELECT number FROM used WHERE {ACTIVATES} OR {WITHDRAWS} ORDER BY number),
  ARRAY(SELECT tenure_id FROM used WHERE {ACTIVATES} OR {WITHDRAWS} ORDER BY number),
  ARRAY(SELECT last FROM used WHERE {ACTIVATES} OR {WITHDRAWS} ORDER BY number),
  ARRAY(SELECT tenure_id FROM accepting ORDER BY tenure_id),
  ARRAY(SELECT version FROM accepting ORDER BY tenure_id),
  ARRAY(SELECT at FROM accepting ORDER BY tenure_id),
  ARRAY(SELECT DISTINCT number FROM line WHERE why = '' AND lifecycle = '{L.TERMINATED}' ORDER BY number),
  (SELECT jsonb_agg(jsonb_build_array(why, n, numbers)) FROM (
    SELECT why, count(*) AS n, array_agg(DISTINCT number) AS numbers FROM line WHERE why <> '' GROUP BY why) s)"""

# A fact that is there is moved where it lies: ON CONFLICT would lock each before it is written. Nobody else writes
# facts of live tenures.
_FACTS = f"""
WITH {JUDGED},
seen AS MATERIALIZED (
  SELECT s.tenure_id, s.service, s.first_at, s.last_at, f.ctid AS place
  FROM (SELECT tenure_id, service, min(at) AS first_at, max(at) AS last_at FROM line WHERE why = '' GROUP BY 1, 2) s
  LEFT JOIN accounts_loginfact f ON f.tenure_id = s.tenure_id AND f.service = s.service),
moved AS (
  UPDATE accounts_loginfact f
  SET first_at = least(f.first_at, s.first_at), last_at = greatest(f.last_at, s.last_at)
  FROM seen s WHERE f.ctid = s.place AND (s.first_at < f.first_at OR s.last_at > f.last_at) RETURNING 1),
begun AS (
  INSERT INTO accounts_loginfact (tenure_id, service, first_at, last_at)
  SELECT tenure_id, service, first_at, last_at FROM seen WHERE place IS NULL ORDER BY tenure_id, service RETURNING 1)
SELECT (SELECT count(*) FROM line), (SELECT count(*) FROM moved) + (SELECT count(*) FROM begun),{_SAID}"""

_WOULD = f"""
WITH {JUDGED}
SELECT (SELECT count(*) FROM line),
  (SELECT count(*) FROM (SELECT DISTINCT tenure_id, service FROM line WHERE why = '') f),{_SAID}"""

# Locked in key order, as every act does, and judged again: these few may have changed meanwhile in a way that counts.
_STILL = f"""
SELECT n.id, n.lifecycle FROM accounts_number n
JOIN unnest(%(numbers)s::bigint[], %(tenures)s::bigint[], %(lasts)s::timestamptz[]) g(id, tenure_id, last)
  ON n.id = g.id AND n.tenure_id = g.tenure_id
WHERE {ACTIVATES} OR {WITHDRAWS} ORDER BY n.id FOR NO KEY UPDATE OF n"""

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
    over: list[int] = field(default_factory=list)  # used before their holders' right ended for not using them

    def counts(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "logins": self.facts,
            "activated": self.activated,
            "withdrawn": self.withdrawn,
            "accepted": self.accepted,
            "skipped": dict(self.skipped),
        }

    def add(self, other: "Imported") -> None:
        self.lines += other.lines
        self.facts += other.facts
        self.activated += other.activated
        self.withdrawn += other.withdrawn
        self.accepted += other.accepted
        self.skipped += other.skipped
        self.over += other.over
        for why, numbers in other.numbers.items():
            self.numbers[why].extend(numbers)


class WrongLines(Invalid):
    """The file is refused, and says every line that is why."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(_("The file was refused, nothing was done. Wrong lines: %(n)d.") % {"n": len(wrong)})
        self.wrong = wrong


def import_logins(
    feed: Feed,
    *,
    actor: Staff,
    apply: bool,
    covers: datetime.datetime | None = None,
    step: Callable[[int], None] = lambda n: None,
) -> Imported:
    """Record the logins of a file; without `apply`, say what that would do.

    `covers`: with the files before it, it holds every successful login of every service up to then. Only whoever writes
    the feed knows; an empty file may say so too: nobody logged in."""
    if covers and covers > timezone.now():
        raise Invalid(
            _("Nobody knows yet who logs in until %(time)s: it lies in the future. Nothing was done.")
            % {"time": timezone.localtime(covers).isoformat(" ", "seconds")}
        )
    with recorder.refusals(actor=actor, facts={"act": "import_logins"}), _alone() as alone:
        with transaction.atomic():
            ends = _take(feed, may_be_empty=covers is not None)
            if not apply:
                found = Imported()
                _judge(_WOULD, found, {"after": 0, "upto": settings.QQOPS_NUMBER_MAX, **versions_by_time().params})
                transaction.set_rollback(True)
                return found
        found = _record(ends, actor, step)
        with alone.cursor() as cursor:  # else another run may have thrown lines of this file away
            cursor.execute("SELECT")
        with connection.cursor() as cursor:
            cursor.execute(_CLEAR)
        before = covered_until()
        said = covers and covers.astimezone(datetime.UTC).isoformat()
        with recorder.act(
            RECORDED, actor=actor, reason="", facts={**found.counts(), "sha256": feed.sha256, "covers": said}
        ):
            pass
    if covers and (before is None or covers > before):
        watch.beat(WATCHED)
    return found


@contextmanager
def _alone() -> Iterator[BaseDatabaseWrapper]:
    """A file is many transactions, and what a session holds is anybody's behind a pooler (DESIGN §8): the lock is held
    by a transaction of its own, on a connection of its own. It ends with the process, however that ends."""
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', '0', true), pg_try_advisory_xact_lock(%s)",
                [LOCK],
            )
            if not cursor.fetchone()[1]:
                raise Refused(gettext_noop("Another login file is being recorded. Run this one when it is done."))
        yield own
    finally:
        own.rollback()  # a connection that is only closed may hold its lock for a moment longer
        own.close()


def _take(feed: Feed, *, may_be_empty: bool) -> list[int]:
    """Copy the lines in, or refuse the file; the numbers at which chunks end."""
    read = Read()
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR)  # of a run that was killed
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [ZONE])
        with cursor.copy(_COPY) as copy:
            for block in feed.blocks(read):
                copy.write(block)
        cursor.execute(f"{BY_KEY}, set_config('TimeZone', 'UTC', true), set_config('work_mem', '64MB', true)")
        cursor.execute(_COUNTED)
        cursor.execute(_SUMMARY)
        last, largest, services = cursor.fetchone()
        late = last is not None and last > timezone.now() + AHEAD
        personal = any(map(looks_personal, services or ()))
        if read.wrong or late or personal or (largest or 0) > settings.QQOPS_NUMBER_MAX:
            again = Read()
            for _block in feed.blocks(again, patient=True):
                pass
            raise WrongLines(again.wrong or read.wrong)
        if last is None:
            if may_be_empty:
                return []
            raise Invalid(_("The file is empty."))
        cursor.execute(_KNOWN, {"size": settings.QQOPS_CHUNK})
        numbers, unknown, ends = cursor.fetchone()
    if len(unknown or ()) > max(UNKNOWN_MIN, numbers // 100):
        named = ", ".join(map(str, unknown[:NAMED])) + (" …" if len(unknown) > NAMED else "")
        raise Invalid(
            _("Too many unknown numbers: %(n)d of %(all)d (%(numbers)s). The file was refused, nothing was done.")
            % {"n": len(unknown), "all": numbers, "numbers": named}
        )
    return [*(ends or ()), largest]


def _record(ends: list[int], actor: Staff, step: Callable[[int], None]) -> Imported:
    found, after, versions = Imported(), 0, versions_by_time().params
    for upto in ends:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(BY_KEY)
            lines = _chunk(found, {"after": after, "upto": upto, **versions}, actor) if upto > after else 0
        step(lines)
        after = upto
    return found


def _chunk(found: Imported, params: dict[str, Any], actor: Staff) -> int:
    with recorder.act("logins.imported", actor=actor, reason="") as act:
        this = Imported()
        using, accepted = _judge(_FACTS, this, params)
        still = _still(using)
        this.activated = _use("number.activated", still[L.ALLOCATED], actor, clause="5.1")
        withdrawn = still[L.CANCEL_PENDING]
        this.withdrawn = _use("number.cancellation_withdrawn", withdrawn, actor, clause=CANCELLED, cause="login")
        if accepted["tenures"]:
            this.accepted = _write(act, Tenure, _ACCEPT, accepted)
        act.facts.update(this.counts())
        this.over = _tell_of_used(act, this.over)
    found.add(this)
    return this.lines


def _judge(sql: str, found: Imported, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whose number begins to be used, again or at last, and who accepts which version; `found` has the counts."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found.lines, found.facts, found.activated, found.withdrawn, *said, skipped = cursor.fetchone()
    using = dict(zip(("numbers", "tenures", "lasts"), said[:3], strict=True))
    accepted = dict(zip(("tenures", "accepted", "ats"), said[3:6], strict=True))
    found.over = said[6]
    found.accepted = len(accepted["tenures"])
    for why, lines, numbers in json.loads(skipped or "[]"):
        found.skipped[why] = lines
        found.numbers[why].extend(numbers)
    return using, accepted


def _tell_of_used(act: recorder.Act, numbers: list[int]) -> list[int]:
    """Which of these were reclaimed though they were used. Nobody looks at a number that is over: an alert says so, and
    a human decides (10.1)."""
    tenures = dict(Number.objects.filter(pk__in=numbers).values_list("tenure", "pk"))
    if found := sorted(tenures[tenure] for tenure in kept_because(USED, tenures)):
        named = ", ".join(map(str, found[:NAMED])) + (" …" if len(found) > NAMED else "")
        raise_alert(act, "reclaimed_though_used", once=ALWAYS, once_key=named, n=len(found), numbers=named)
    return found


def _still(using: dict[str, Any]) -> dict[str, list[int]]:
    """Which of these, locked from now on, a login does begin the use of; by the state that it ends."""
    found: dict[str, list[int]] = {L.ALLOCATED: [], L.CANCEL_PENDING: []}
    if using["numbers"]:
        with connection.cursor() as cursor:
            cursor.execute(_STILL, using)
            for number, lifecycle in cursor.fetchall():
                found[lifecycle].append(number)
    return found


def _use(verb: str, numbers: list[int], actor: Staff, **facts: Any) -> int:
    """T5, T15: what its holder uses is in use."""
    if not numbers:
        return 0
    subject = Number(pk=numbers[0]) if len(numbers) == 1 else None
    with recorder.act(verb, actor=actor, reason="", subject=subject, facts=facts) as act:
        facts["numbers"] = _write(act, Number, _USE, {"numbers": numbers})
        return int(facts["numbers"])


def _write(act: recorder.Act, model: type[Number] | type[Tenure], sql: str, params: dict[str, Any]) -> int:
    history = recorder.history_insert(model, recorder.CHANGED, source=f"{model._meta.model_name} live")
    with connection.cursor() as cursor:
        cursor.execute(sql.format(history=history), act.params | params)
        (rows,) = cursor.fetchone()
    act.wrote(recorder.history_model(model), rows=rows)
    return int(rows)
