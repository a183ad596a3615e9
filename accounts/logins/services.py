"""Import the login feed (5.1): the first and last login of each tenure and service, in chunks by number.

First and last are minimum and maximum, so lines may come late, twice or in any order, and an interrupted import is run
again with the same file. Lines wait in a staging table, which is cleared when all of them are recorded.
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
ALWAYS = datetime.timedelta(days=36500)  # running a file again must not repeat an alert
LOCK = 0x71716F70_6C6F6769  # one file at a time: staged lines do not say which file they came from

# Checks on a whole file. Group by service first: there are few services.
_SUMMARY = """
SELECT max(at), max(number), array_agg(service)
FROM (SELECT service, max(at) AS at, max(number) AS number FROM accounts_loginline GROUP BY service) s"""

_COPY = "COPY accounts_loginline (number, at, service) FROM STDIN (DELIMITER ',')"

# DELETE would cost as much as half the import.
_CLEAR = "TRUNCATE accounts_loginline"

_COUNTED = "SELECT accounts_loginline_counted()"

# The count of numbers, the unknown ones, and the number at which each chunk of lines ends.
_KNOWN = """
SELECT count(*), array_agg(number ORDER BY number) FILTER (WHERE id IS NULL),
  array_agg(number ORDER BY number) FILTER (WHERE lines / %(size)s > (lines - n) / %(size)s)
FROM (
  SELECT l.number, l.n, k.id, sum(l.n) OVER (ORDER BY l.number ROWS UNBOUNDED PRECEDING) AS lines
  FROM (SELECT number, count(*)::int AS n FROM accounts_loginline GROUP BY number) l
  LEFT JOIN accounts_number k ON k.id = l.number) x"""

_RESULTS = f"""
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

# Existing facts are updated by ctid: ON CONFLICT would lock each row before writing it. No other code writes facts of
# live tenures.
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
SELECT (SELECT count(*) FROM line), (SELECT count(*) FROM moved) + (SELECT count(*) FROM begun),{_RESULTS}"""

_DRY_RUN = f"""
WITH {JUDGED}
SELECT (SELECT count(*) FROM line),
  (SELECT count(*) FROM (SELECT DISTINCT tenure_id, service FROM line WHERE why = '') f),{_RESULTS}"""

# Lock in key order, as every act does, and re-evaluate: these numbers may have changed since the judgement.
_RECHECK = f"""
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
    facts: int = 0  # login facts inserted or updated
    activated: int = 0
    withdrawn: int = 0
    accepted: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # lines, by reason
    numbers: dict[str, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))  # by reason
    over: list[int] = field(default_factory=list)  # reclaimed for lack of use, though used before

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
    """Raised when a file is refused. `wrong` has every wrong line."""

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
    """Record the logins of a file; without `apply`, return what that would do.

    `covers` states that this file and the earlier ones hold every successful login to every service up to that time.
    Only the producer of the feed knows it. An empty file may state it too, when no one logged in. Raises Refused while
    another file is recorded.
    """
    if covers and covers > timezone.now():
        raise Invalid(
            _("Nobody knows yet who logs in until %(time)s: it lies in the future. Nothing was done.")
            % {"time": timezone.localtime(covers).isoformat(" ", "seconds")}
        )
    with recorder.refusals(actor=actor, facts={"act": "import_logins"}), _import_lock() as lock_connection:
        with transaction.atomic():
            ends = _load(feed, may_be_empty=covers is not None)
            if not apply:
                found = Imported()
                _judge(_DRY_RUN, found, {"after": 0, "upto": settings.QQOPS_NUMBER_MAX, **versions_by_time().params})
                transaction.set_rollback(True)
                return found
        found = _record(ends, actor, step)
        # Fails if the lock is lost: another run may have cleared lines of this file.
        with lock_connection.cursor() as cursor:
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
def _import_lock() -> Iterator[BaseDatabaseWrapper]:
    """Hold the lock of the import during the block. Raise Refused if another import holds it.

    A file takes many transactions, and behind a pooler a session lock may pass to another client. So a transaction on a
    connection of its own holds the lock. The lock ends with the process.
    """
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
        own.rollback()  # close() alone may release the lock a moment later
        own.close()


def _load(feed: Feed, *, may_be_empty: bool) -> list[int]:
    """Copy the lines into the staging table, or raise Invalid. Return the numbers at which chunks end."""
    read = Read()
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR)  # lines of an interrupted run
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
        current = _lock_and_recheck(using)
        this.activated = _bring_into_use("number.activated", current[L.ALLOCATED], actor, clause="5.1")
        withdrawn = current[L.CANCEL_PENDING]
        this.withdrawn = _bring_into_use(
            "number.cancellation_withdrawn", withdrawn, actor, clause=CANCELLED, cause="login"
        )
        if accepted["tenures"]:
            this.accepted = _write(act, Tenure, _ACCEPT, accepted)
        act.facts.update(this.counts())
        this.over = _alert_about_used(act, this.over)
    found.add(this)
    return this.lines


def _judge(sql: str, found: Imported, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the judgement and write its counts to `found`.

    Return the numbers that come into use (activation, or withdrawal of a cancellation), and the accepted versions.
    """
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


def _alert_about_used(act: recorder.Act, numbers: list[int]) -> list[int]:
    """Return those of these numbers that were reclaimed though they were used, and raise an alert about them.

    No one looks at a terminated number, so the alert asks a person to decide (10.1).
    """
    tenures = dict(Number.objects.filter(pk__in=numbers).values_list("tenure", "pk"))
    if found := sorted(tenures[tenure] for tenure in kept_because(USED, tenures)):
        named = ", ".join(map(str, found[:NAMED])) + (" …" if len(found) > NAMED else "")
        raise_alert(act, "reclaimed_though_used", once=ALWAYS, once_key=named, n=len(found), numbers=named)
    return found


def _lock_and_recheck(using: dict[str, Any]) -> dict[str, list[int]]:
    """Lock these numbers. Return those that a login still brings into use, by their lifecycle before it."""
    found: dict[str, list[int]] = {L.ALLOCATED: [], L.CANCEL_PENDING: []}
    if using["numbers"]:
        with connection.cursor() as cursor:
            cursor.execute(_RECHECK, using)
            for number, lifecycle in cursor.fetchall():
                found[lifecycle].append(number)
    return found


def _bring_into_use(verb: str, numbers: list[int], actor: Staff, **facts: Any) -> int:
    """Set the lifecycle of these numbers to in use, with the event `verb`. Return how many."""
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
