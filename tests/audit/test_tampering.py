"""Whoever changes, removes, adds or swaps a row behind the application's back, verify names it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.fields.ranges import RangeField
from django.core.management import call_command
from django.db import models

from accounts.models import (
    Breach,
    Campaign,
    CorrectionDemand,
    DataRequest,
    DeclaredNumber,
    Disclosure,
    DormancyPolicy,
    Hold,
    Identity,
    Number,
    NumberRange,
    ResourceProposal,
    RevealRequest,
    Tenure,
)
from accounts.services.declared import declare
from appeals.models import Appeal, Dispute, Ruling
from enforcement.models import Case, Decision, Halt, Measure
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.audit.privileges import record_tables
from qqops.audit.verify import Broken, checks, digests, verify
from qqops.staff.models import AccessRequest, Holding, Staff
from tests.audit.record import acted
from tests.audit.superuser import superuser
from tests.cast import everybody
from tests.enforcement.acts import broken
from tests.story import tell_story

pytestmark = pytest.mark.django_db
LIVE: list[Any] = [m for m in apps.get_models() if hasattr(m, "history")]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Two rows of different acts in every table, and a whole record: once, as every test takes back what it does."""
    with django_db_blocker.unblock():
        with origin.origin(origin.COMMAND, os_user="tester"):
            cast = everybody()
            acted(cast)
            for first in (50_001, 60_001):
                tell_story(cast, first)
            for one in (10001, 10002):
                declare(cast["officer"], [one], "own", actor=cast["officer"])
        assert list(verify()) == []
        with django_db_blocker.block():
            yield
        call_command("flush", verbosity=0, interactive=False, database="owner", allow_cascade=False)


@pytest.fixture
def tamper(told: None, db: None) -> Iterator[Callable[..., list[tuple[str, str, str]]]]:
    """`tamper(sql)` does it as superuser, says what verify finds (or one check of it), and takes it back."""

    def do(*statements: str, by: Callable[[Any], Iterable[Broken]] = checks) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        try:
            with superuser() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                    assert cursor.rowcount > 0, statement
                found = [(b.what, b.table, b.row) for b in by(cursor)]
                raise psycopg.Rollback
        except psycopg.Rollback:
            return found

    yield do
    assert broken() == []


def _parts(model: type[models.Model]) -> tuple[str, str, str]:
    """Table, key of its first row as a condition, a column that can be changed and how."""
    meta = model._meta
    table = meta.db_table
    key = ", ".join(f'"{f.column}"' for f in meta.pk_fields)
    return table, f"({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1)", key


def _change(model: type[models.Model]) -> str:
    keys = {f.column for f in model._meta.pk_fields} | {"event"}
    for field in model._meta.concrete_fields:
        if field.column not in keys and isinstance(field, models.CharField | models.TextField):
            return f'"{field.column}" = left(md5("{field.column}"), {field.max_length or 32})'
    for field in model._meta.concrete_fields:
        if field.column not in keys and isinstance(field, models.IntegerField):
            return f'"{field.column}" = "{field.column}" + 1'
    for field in model._meta.concrete_fields:
        if field.column not in keys and isinstance(field, models.DateTimeField):
            return f'"{field.column}" = "{field.column}" + interval \'1 microsecond\''
    for field in model._meta.concrete_fields:
        if isinstance(field, models.JSONField):
            return f'"{field.column}" = \'["x"]\''
        if isinstance(field, models.BinaryField):
            return f'"{field.column}" = "{field.column}" || \'x\''
    *_others, last = (f for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey))
    return f'"{last.column}" = "{last.column}" + 1'


def test_a_changed_removed_added_or_swapped_row_of_every_record_table_is_named(tamper: Any) -> None:
    for model in record_tables():
        table, first, key = _parts(model)
        columns = [f.column for f in model._meta.concrete_fields]
        names = ", ".join(f'"{c}"' for c in columns)
        copied = _copy(model, columns)
        for act in (
            f"UPDATE {table} SET {_change(model)} WHERE {first}",
            f"UPDATE {table} SET event = gen_random_uuid() WHERE {first}",
            f"DELETE FROM {table} WHERE {first}",
            f"INSERT INTO {table} ({names}) SELECT {copied} FROM {table} WHERE {first}",
        ):
            named = [row for _what, _table, row in tamper(act, by=digests)]
            assert named and all(row.startswith(("seq ", "event ")) for row in named), act
        assert tamper(_swap(model, key), by=digests), table


def _copy(model: Any, columns: list[Any]) -> str:
    """Columns of a row that is new only by its key."""
    keys = [f.column for f in model._meta.pk_fields]
    unique = {f.column for f in model._meta.concrete_fields if f.unique and not f.primary_key}
    fields = {f.column: f for f in model._meta.concrete_fields}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            unique.add(model._meta.get_field(constraint.fields[-1]).column)
    made = []
    for column in columns:
        text = isinstance(fields[column], models.CharField | models.TextField)
        if isinstance(fields[column], RangeField) and not model._meta.model_name.startswith("historical"):
            kind = "int8range" if isinstance(fields[column], BigIntegerRangeField) else "daterange"
            made.append(f'{kind}(lower("{column}") + 90000, upper("{column}") + 90000)')
        elif isinstance(fields[column], models.UUIDField) and column in unique:
            made.append("gen_random_uuid()")
        elif isinstance(fields[column], models.DateTimeField) and column in unique:
            made.append("now()")
        elif isinstance(fields[column], models.SmallIntegerField) and column in unique:
            made.append(f'"{column}" + 1')
        elif column == keys[-1] or (column in unique and not text):
            made.append(f'"{column}" + 900000')
        elif column in unique:
            made.append(f"\"{column}\" || 'z'")
        else:
            made.append(f'"{column}"')
    return ", ".join(made)


def _swap(model: type[models.Model], key: str) -> str:
    """Exchange the events of two rows written by different events, both otherwise as they were."""
    table = model._meta.db_table
    return (
        f"WITH a AS (SELECT {key}, event FROM {table} ORDER BY {key} LIMIT 1),"
        f" b AS (SELECT {key}, event FROM {table} WHERE event <> (SELECT event FROM a) ORDER BY {key} LIMIT 1)"
        f" UPDATE {table} t SET event = CASE WHEN ({_of('t', key)}) = (SELECT {key} FROM a) THEN (SELECT event FROM b)"
        f" ELSE (SELECT event FROM a) END WHERE ({_of('t', key)}) IN (SELECT {key} FROM a UNION SELECT {key} FROM b)"
    )


def _of(alias: str, key: str) -> str:
    return ", ".join(f"{alias}.{column.strip()}" for column in key.split(","))


def test_a_change_of_any_column_of_an_event_is_named(tamper: Any) -> None:
    seq = Event.objects.filter(decision_id__isnull=False).order_by("seq").values_list("seq", flat=True)[1]
    changes = {
        "id": "gen_random_uuid()",
        "seq": "1000000",
        "at": "at + interval '1 microsecond'",
        "actor_id": "actor_id + 1",
        "decision_id": "coalesce(decision_id, 0) + 1",
        "request_id": "gen_random_uuid()",
        "address": "'10.0.0.1'",
        "facts": "facts || '{\"x\": 1}'",
        "rows": "rows || '{\"x\": 0}'",
        **dict.fromkeys(("rows_digest", "prev_hash", "hash"), "sha256('x')"),
    }
    for column in (str(f.column) for f in Event._meta.concrete_fields):
        change = changes.get(column, f"\"{column}\" || 'x'")
        found = tamper(f'UPDATE audit_event SET "{column}" = {change} WHERE seq = {seq}')
        at = {row for what, _t, row in found if what == "chain"}
        # A hash is missed by its follower, a sequence number by its place; the rest by the event's own hash.
        assert at and at <= {f"seq {seq}", f"seq {seq + 1}", "seq 1000000"}, (column, found)


def test_an_event_removed_added_or_moved_is_named(tamper: Any) -> None:
    last = Event.objects.latest("seq").seq
    assert ("chain", "audit_event", "seq 6") in tamper("DELETE FROM audit_event WHERE seq = 5")
    assert ("chain", "audit_event", "seq 2") in tamper("DELETE FROM audit_event WHERE seq = 1")
    swap = (
        "UPDATE audit_event SET seq = seq - 11 WHERE seq IN (5, 6)",
        "UPDATE audit_event SET seq = -seq WHERE seq < 0",
    )
    found = tamper(*swap)
    assert {"seq 5", "seq 6"} <= {row for what, _t, row in found if what == "chain"}
    names = ", ".join(f'"{f.column}"' for f in Event._meta.concrete_fields)
    copied = names.replace('"id"', "gen_random_uuid()").replace('"seq"', f"{last + 1}")
    found = tamper(f"INSERT INTO audit_event ({names}) SELECT {copied} FROM audit_event WHERE seq = {last}")
    assert ("chain", "audit_event", f"seq {last + 1}") in found


def test_the_last_events_cut_off_are_missed_by_their_rows(tamper: Any) -> None:
    """The chain alone cannot miss its own tail: the rows of those events are left without one."""
    found = tamper("DELETE FROM audit_event WHERE seq > (SELECT max(seq) - 2 FROM audit_event)")
    assert [what for what, _t, _r in found] and {what for what, _t, _r in found} == {"digest"}


def test_a_live_row_that_left_its_history_is_named(tamper: Any) -> None:
    changes = {
        Number: "tier = tier + 1",
        Tenure: "paid = NOT paid",
        DeclaredNumber: "relation = 'relative'",
        Measure: "until = now() + interval '99 days'",
        Decision: "state = 'void'",
        Case: "what = 'another'",
        Halt: "reason = 'another'",
        Staff: "is_active = NOT is_active",
        AccessRequest: "ticket = 'T-9'",
        Holding: "until = now() + interval '1 minute'",
        Identity: "locked_at = now()",
        CorrectionDemand: "due_at = due_at + interval '1 day'",
        Disclosure: "authority = 'somebody else'",
        DataRequest: "papers_seen = 'death'",
        Hold: "reference = 'another'",
        Breach: "what = 'nothing happened'",
        RevealRequest: "case_ref = '#9'",
        NumberRange: "purpose = 'another'",
        Campaign: "organiser = 'another'",
        DormancyPolicy: "grace_days = grace_days + 1",
        ResourceProposal: "ticket = 'T-9'",
        Appeal: "score = 99",
        Ruling: "expires_at = expires_at + interval '1 day'",
        Dispute: "court = 'another'",
    }
    assert set(LIVE) == set(changes)
    for model in LIVE:
        table, first, _key = _parts(model)
        ((what, name, row),) = tamper(f"UPDATE {table} SET {changes[model]} WHERE {first}")
        assert (what, name) == ("drift", table)
        # A role nobody asked for, a decision that answers an appeal and no ruling on it.
        left = {AccessRequest: [("approval", "staff_holding")], Ruling: [("ruling", "enforcement_decision")]}
        gone = tamper(f"DELETE FROM {table} WHERE {first}")
        assert (gone[0], [(what, name) for what, name, _row in gone[1:]]) == (
            ("drift", table, row), left.get(model, []),
        )  # fmt: skip
        fields = [f.column for f in model._meta.concrete_fields]
        names = ", ".join(f'"{c}"' for c in fields)
        copied = _copy(model, fields)
        if model is Holding:  # for no time at all: the same role twice at a time is refused to anybody
            copied = copied.replace('"until"', '"since"')
        added = tamper(f"INSERT INTO {table} ({names}) SELECT {copied} FROM {table} WHERE {first}")
        # An approved decision or request nobody approved, a role nobody gave.
        forged = [("approval", table)] if model in (Decision, AccessRequest, Holding, RevealRequest) else []
        # Without a key of its own, and without its grounds.
        forged = {Identity: [("sealing", table)], Ruling: [("content", table)]}.get(model, forged)
        assert [(what, name) for what, name, _row in added] == [("drift", table), *forged]
