"""What all outboxes share: messages that lie in a table until a worker has sent them.

At least once, and not more often than it must: what is taken has its `due_at` pushed ahead (a lease), so two workers
never hold the same one and no transaction is open while something is sent. A worker that dies between sending and
writing so leaves its messages to the next, which sends them again under the same id (in the webhook's body, as the
Message-ID of the mail), by which whoever receives it knows it for the same.
"""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection, models
from django.db.models import QuerySet
from django.utils import timezone

from qqops.alerts.channels import NO_MAIL
from qqops.alerts.services import raise_alert
from qqops.audit import recorder

CHUNK = 200
LEASE = datetime.timedelta(minutes=5)  # longer than a run and its last exchange take together
RUN = 50.0  # seconds; the worker's clock comes every minute
LONGEST_WAIT = datetime.timedelta(hours=1)
ATTEMPTS = 77  # 1 min, 2, 4 … 32, then every hour: three days
ALERT_EVERY = datetime.timedelta(days=1)  # of what was given up
SENT, PENDING = "sent", "pending"  # states that every outbox has
RESULT = {"state": "text", "channel": "text", "fault": "text", "due_at": "timestamptz"}  # columns, and their types


def next_attempt(attempts: int) -> datetime.datetime | None:
    """When what has failed so often is tried again; None: it has been tried for long enough."""
    if attempts >= ATTEMPTS:
        return None
    return timezone.now() + min(LONGEST_WAIT, datetime.timedelta(minutes=2 ** min(attempts - 1, 10)))


@dataclass(frozen=True)
class Result:
    """What came of one message; pending: it is tried again when it is due."""

    row: models.Model
    state: str
    channel: str = ""
    fault: str = ""
    due_at: datetime.datetime | None = None


class Written(NamedTuple):
    """What stands on the row of one message now."""

    state: str
    channel: str
    fault: str


@dataclass(frozen=True)
class Outbox:
    """A table with `state`, `channel`, `fault`, `due_at`, `attempts` and `sent_at`, and its `columns` besides of which
    a result tells, with their types. Two parts of SQL: `ready`, which of those that are due may leave by now (`x` the
    row), and `open_to`, which rows take a result (`r`).
    """

    table: str
    key: str = "id"
    ready: str = "true"
    open_to: str = "x.state = 'pending'"
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def locked(self) -> str:
        """`%(ids)s`, locked in key order, as whoever takes an act back withdraws its messages: the two cannot
        deadlock."""
        return (
            f"SELECT {self.key} AS id FROM {self.table} WHERE {self.key} = ANY(%(ids)s::bigint[])"
            f" ORDER BY {self.key} FOR NO KEY UPDATE"
        )

    def take(self, **more: Any) -> list[int]:
        """Lease the next that are due; `more` are the parameters of `ready`."""
        sql = f"""
WITH next AS (
  SELECT {self.key} AS id FROM {self.table} WHERE state = 'pending' AND due_at <= %(now)s AND ({self.ready})
  ORDER BY due_at LIMIT %(size)s FOR UPDATE SKIP LOCKED)
UPDATE {self.table} x SET due_at = %(now)s + %(lease)s, attempts = x.attempts + 1
FROM next WHERE x.{self.key} = next.id RETURNING next.id"""
        params: dict[str, Any] = {"now": timezone.now(), "size": CHUNK, "lease": LEASE} | more
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [pk for (pk,) in cursor.fetchall()]

    def give_back(self, ids: list[int]) -> None:
        """Of what was not reached in time: as if it had not been taken, also what was withdrawn meanwhile."""
        if not ids:
            return
        sql = f"""
WITH mine AS MATERIALIZED ({self.locked})
UPDATE {self.table} x SET due_at = %(now)s, attempts = x.attempts - 1
FROM mine WHERE x.{self.key} = mine.id AND x.state IN ('pending', 'withdrawn') AND x.attempts > 0"""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"now": timezone.now(), "ids": ids})

    def write(self, results: Sequence[Result], **more: list[Any]) -> list[Written]:
        """Say what came of each, unless somebody was faster; return those written. `more`: the values of `columns`, in
        the order of the results."""
        now, types = timezone.now(), RESULT | dict(self.columns)
        names = ", ".join(types)
        sql = f"""
WITH mine AS MATERIALIZED ({self.locked})
UPDATE {self.table} x SET {", ".join(f"{name} = r.{name}" for name in types)},
  sent_at = CASE WHEN r.state = '{SENT}' THEN %(now)s END
FROM unnest(%(ids)s::bigint[], {", ".join(f"%({name})s::{of}[]" for name, of in types.items())})
  AS r(id, {names}) JOIN mine USING (id)
WHERE x.{self.key} = r.id AND ({self.open_to})
RETURNING x.state, x.channel, x.fault"""
        params: dict[str, Any] = more | {
            "now": now,
            "ids": [result.row.pk for result in results],
            "state": [str(result.state) for result in results],
            "channel": [result.channel for result in results],
            "fault": [result.fault for result in results],
            "due_at": [result.due_at or now for result in results],
        }
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [Written(*row) for row in cursor.fetchall()]

    def try_again(self, rows: "QuerySet[Any]", **more: Any) -> int:
        """Have these tried anew, from the first attempt on; how many. In key order, as whoever withdraws them."""
        in_order = rows.order_by("pk").select_for_update(no_key=True).values("pk")
        anew = {"state": PENDING, "due_at": timezone.now(), "attempts": 0, "fault": ""} | more
        again: int = rows.model._default_manager.filter(pk__in=in_order).update(**anew)
        return again


@dataclass(frozen=True)
class Told:
    """How an outbox is told of on the record: its verbs, the alert for a state in which it gives up, and a state of
    which the record says why, by the fault."""

    sent: str
    unsent: str
    alerts: Mapping[str, str]
    why_of: str = ""

    def record(self, written: Sequence[Written], *, actor: models.Model, **about: Any) -> Counter[str]:
        """One event for all that were sent and one for all that were given up, with how many and how: no 50,000
        events. Returns how many by state; `about` is what both events are about."""
        by_state = Counter(one.state for one in written)
        by_way = Counter(one.channel for one in written if one.state == SENT)
        why = Counter(one.fault for one in written if one.state == self.why_of)
        given_up = {state: n for state, n in by_state.items() if state not in (SENT, PENDING)}
        if by_way:
            facts = {"n": by_way.total(), "sent_by": dict(by_way)}
            with recorder.act(self.sent, actor=actor, reason="", facts=facts, **about):
                pass
        if given_up:
            facts = {"n": sum(given_up.values()), "unsent": given_up} | ({"why": dict(why)} if why else {})
            with recorder.act(self.unsent, actor=actor, reason="", facts=facts, **about) as act:
                for state, code in self.alerts.items():
                    if n := given_up.get(state):
                        raise_alert(act, code, once=ALERT_EVERY, n=n)
        return by_state


class Mail:
    """The line to the mail server, opened once for all that leaves in a run."""

    def __init__(self) -> None:
        self._line = get_connection() if settings.EMAIL_BACKEND != NO_MAIL else None

    def __enter__(self) -> "Mail":
        return self

    def __exit__(self, *error: object) -> None:
        self.hang_up()

    @property
    def is_there(self) -> bool:
        return self._line is not None

    def send(self, subject: str, text: str, to: str, *, name: str) -> None:
        """Send it now; whatever goes wrong raises. `name` is the same each time this message is sent."""
        assert self._line is not None
        _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
        headers = {"Message-ID": f"<{name}@{sender.rpartition('@')[2] or 'qqops'}>"}
        message = EmailMessage(subject, text, to=[to], headers=headers, connection=self._line)
        try:
            self._line.open()
            message.send()
        except Exception:
            self.hang_up()  # the next one opens a line of its own
            raise

    def hang_up(self) -> None:
        if self._line is not None:
            with suppress(Exception):  # it was broken already
                self._line.close()
