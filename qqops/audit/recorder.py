"""The pen: the one writer of the record.

`act` opens (or joins) a transaction, lets the service change rows and write their history, and last of all
inserts the event with the digest of those rows. The event's insert takes the chain lock (migration 0002), so
everything heavy is done before it. Events of nested acts wait for the outermost one to finish.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from psycopg.types.json import Jsonb

from qqops.audit import digests, event_catalogue, origin
from qqops.audit.history import current_event
from qqops.audit.models import Event
from qqops.core.errors import Refused
from qqops.core.personal_data import no_personal_data

CREATED, CHANGED = "+", "~"
# The columns of an event that are ours to give; the database sets the others (sql.py).
_GIVEN = (
    "id, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id, ticket, request_id, source,"
    " address, os_user, reason, facts, rows, rows_digest"
)


@dataclass
class Act:
    verb: str
    actor: models.Model
    reason: str
    ticket: str
    subject: models.Model | None
    decision_id: int | None
    facts: dict[str, Any]
    event_id: uuid.UUID = field(default_factory=uuid.uuid4)
    rows: dict[type[models.Model], int] = field(default_factory=dict)

    def wrote(self, *tables: type[models.Model], rows: int = 1) -> None:
        """Name tables of the record that this act inserted into, so that its digest covers them."""
        for table in tables:
            self.rows[table] = self.rows.get(table, 0) + rows

    def history(self, model: type[models.Model], pks: Sequence[Any], kind: str = CHANGED) -> int:
        """Write one history row for each live row of the set, as it stands now; return how many."""
        sql = history_insert(model, kind, source=f"{_table(model)} live WHERE {_pk_in(model)}")
        with connection.cursor() as cursor:
            cursor.execute(sql, self.params | {"pks": list(pks)})
            written: int = cursor.rowcount
        self.wrote(history_model(model), rows=written)
        return written

    @property
    def params(self) -> dict[str, Any]:
        """The named parameters of `history_insert`."""
        return {"pen_event": self.event_id, "pen_user": self.actor.pk}


@dataclass(frozen=True)
class _Press:
    verb: str
    key: str
    must_be_first: Callable[[], None]


_waiting: ContextVar[list[Act] | None] = ContextVar("waiting_events", default=None)
_press: ContextVar[_Press | None] = ContextVar("press", default=None)


@contextmanager
def act(
    verb: str,
    *,
    actor: models.Model,
    reason: str,
    ticket: str = "",
    subject: models.Model | None = None,
    decision_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> Iterator[Act]:
    event_catalogue.get(verb)
    origin.current()
    no_personal_data(reason, ticket)
    this = Act(verb, actor, reason, ticket, subject, decision_id, facts or {})
    outer = _waiting.get()
    waiting: list[Act] = [] if outer is None else outer
    held = _waiting.set(waiting)
    event = current_event.set((this.event_id, actor.pk))
    waiting.append(this)
    try:
        with transaction.atomic():
            _must_be_first(verb)
            yield this
            if outer is None:
                _insert(waiting)
    except BaseException:
        if outer is not None:
            waiting.remove(this)  # its savepoint is rolled back; an outer act may go on without it
        raise
    finally:
        current_event.reset(event)
        _waiting.reset(held)


@contextmanager
def once(verb: str, key: str, must_be_first: Callable[[], None]) -> Iterator[None]:
    """Of two presses of one button at the same instant the second waits for the first, and is asked then: the first act
    of that verb in here takes the lock of the `key` and calls `must_be_first`, which raises Invalid."""
    held = _press.set(_Press(verb, key, must_be_first))
    try:
        yield
    finally:
        _press.reset(held)


def _must_be_first(verb: str) -> None:
    """Under the locks that the act has taken, and its own: what was done meanwhile is committed, and seen."""
    press = _press.get()
    if press is None or press.verb != verb:
        return
    _press.set(None)  # of many acts of one press only the first is asked: the others see what that one did
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"press {press.key}"])
    press.must_be_first()


@contextmanager
def refusals(*, actor: models.Model, subject: models.Model | None = None, facts: dict[str, Any]) -> Iterator[None]:
    """Record a Refused that passes through, in a transaction of its own; wrap it around the act's transaction.

    Within an act of somebody else's the line would be rolled back with it: there the outer one records.
    """
    try:
        yield
    except Refused as refused:
        if refused.recorded or _waiting.get() is not None:
            raise
        refused.recorded = True
        told = {"why": refused.message, "params": refused.params} | facts
        with act("audit.refused", actor=actor, reason="", subject=subject, facts=told):
            pass
        raise


@cache  # each look at `model.history` builds a manager class
def history_model(model: type[models.Model]) -> type[models.Model]:
    found: type[models.Model] = model.history.model  # type: ignore[attr-defined]  # simple-history has no types
    return found


def history_insert(model: type[models.Model], kind: str, *, source: str) -> str:
    """`INSERT INTO history SELECT … FROM <source>`, with the named parameters of `Act.params`.

    The source brings the model's columns under the alias `live`: the live table, or a RETURNING * of the same
    statement. Used after ORM writes and inside the one statement of a batch chunk alike, so both leave identical rows.
    """
    history = history_model(model)
    live = {f.attname: f.column for f in model._meta.concrete_fields}
    given = {
        "history_date": "clock_timestamp()",
        "history_type": f"'{kind}'",
        "history_user_id": "%(pen_user)s",
        "history_change_reason": "NULL",  # the event says why, once for the set
        "event_id": "%(pen_event)s",
    }
    columns, values = [], []
    for f in history._meta.concrete_fields:
        if f.primary_key:
            continue
        columns.append(connection.ops.quote_name(str(f.column)))
        if f.attname in given:
            values.append(given[f.attname])
        elif f.attname in live:
            values.append(f"live.{connection.ops.quote_name(str(live[f.attname]))}")
        else:  # an unsourced column must never become NULL in silence
            raise LookupError(f"{history.__name__}.{f.attname} has no source")
    return f"INSERT INTO {_table(history)} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {source}"


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _pk_in(model: type[models.Model]) -> str:
    pk = model._meta.pk
    assert pk is not None
    assert pk.column is not None
    return f"live.{connection.ops.quote_name(pk.column)} = ANY(%(pks)s::{pk.rel_db_type(connection)}[])"


def _insert(acts: list[Act]) -> None:
    here = origin.current()
    selects, params = [], []
    for n, a in enumerate(acts):
        event_catalogue.must_carry(a.verb, a.facts)
        selects.append(
            f"SELECT {n}, %s::uuid, %s::bigint, %s, %s, %s, %s, %s, %s::bigint, %s, %s::uuid, %s,"
            f" %s::inet, %s, %s, %s::jsonb, %s::jsonb, {digests.of_event(list(a.rows), '%s::uuid')}"
        )
        subject = a.subject
        params += [
            a.event_id, a.actor.pk, str(a.actor)[:200], a.verb,
            subject._meta.label_lower if subject else "", str(subject.pk) if subject else "",
            str(subject)[:200] if subject else "", a.decision_id, a.ticket, here.request_id, here.source,
            here.address, here.os_user, a.reason, Jsonb(a.facts),
            Jsonb({m._meta.db_table: n for m, n in a.rows.items()}), *[a.event_id] * len(a.rows),
        ]  # fmt: skip
    with connection.cursor() as cursor:
        # Foreign keys are deferred: have them checked now, before the chain lock is taken, not at commit under it;
        # and deferred again, as the next act of this transaction expects them. The lock is taken by the default of
        # `at`: after the sort, and so after all digests.
        cursor.execute(
            f"{digests.SETTINGS}; SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO {_table(Event)} ({_GIVEN}) SELECT {_GIVEN}"
            f" FROM ({' UNION ALL '.join(selects)}) acts (n, {_GIVEN}) ORDER BY n; SET CONSTRAINTS ALL DEFERRED",
            params,
        )
        written = cursor.rowcount  # of the first of these statements; only the INSERT has any
        while cursor.nextset():
            written = max(written, cursor.rowcount)
    # A rule or a trigger may keep one from being written. What it says is then not done either, nor is it shown.
    if written != len(acts):
        raise IntegrityError("an event was not written: nothing was done")


assert settings.USE_TZ  # the digest of a timestamptz is only stable when sessions agree on the zone (UTC)
