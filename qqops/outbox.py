"""What all outboxes share: messages that lie in a table until a worker has sent them.

At least once, and not more often than it must: what is taken has its `due_at` pushed ahead (a lease), so two workers
never hold the same one and no transaction is open while something is sent. A worker that dies between sending and
writing so leaves its messages to the next, which sends them again under the same id (in the webhook's body, as the
Message-ID of the mail), by which whoever receives it knows it for the same.
"""

import datetime
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.utils import timezone

from qqops.alerts.channels import NO_MAIL

CHUNK = 200
LEASE = datetime.timedelta(minutes=5)  # longer than a run and its last exchange take together
RUN = 50.0  # seconds; the worker's clock comes every minute
LONGEST_WAIT = datetime.timedelta(hours=1)
ATTEMPTS = 77  # 1 min, 2, 4 … 32, then every hour: three days
ALERT_EVERY = datetime.timedelta(days=1)  # of what was given up


def next_attempt(attempts: int) -> datetime.datetime | None:
    """When what has failed so often is tried again; None: it has been tried for long enough."""
    if attempts >= ATTEMPTS:
        return None
    return timezone.now() + min(LONGEST_WAIT, datetime.timedelta(minutes=2 ** min(attempts - 1, 10)))


@dataclass(frozen=True)
class Outbox:
    """A table with `state`, `due_at` and `attempts`; `ready` is SQL: which of those that are due may leave by now."""

    table: str
    key: str = "id"
    ready: str = "true"

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
