"""Whoever changes, removes, adds or swaps a row behind the application's back, verify names it."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.fields.ranges import RangeField
from django.core.management import call_command
from django.db import models
from procrastinate.contrib.django import app

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
from accounts.rulebook.parser import ParsedClause
from accounts.services import rulebook
from accounts.services.declared import declare
from enforcement.models import Case, Decision, Halt, Measure
from enforcement.policy import Kind
from qqops.alerts.models import Alert, Beat
from qqops.audit.models import Event
from qqops.audit.privileges import record_tables
from qqops.audit.tasks import verify_record
from qqops.audit.verify import verify
from qqops.staff.models import AccessRequest, Holding, Staff
from tests.alerts.raising import raised, seen_to
from tests.audit.superuser import superuser
from tests.enforcement.acts import approve, broken, decide
from tests.staff.acts import emergency, grant, reviewed
from tests.story import tell_story

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Number]
LIVE: list[Any] = [m for m in apps.get_models() if hasattr(m, "history")]


@pytest.fixture
def world(cast: dict[str, Staff], number: Make) -> list[int]:
    """Two rows of different acts in every table of the house's record, and a whole record."""
    officer, supervisor, reviewer = cast["officer"], cast["supervisor"], cast["reviewer"]
    ids = [number().pk for _n in range(3)]
    for _round in range(2):
        approve(decide(Kind.FREEZE, ids, officer, indefinite=True), supervisor)
        approve(decide(Kind.LIFT, ids[:2], reviewer), cast["supervisor2"])
        seen_to(raised(), supervisor)
        ids = ids[:2]
    for login, role in (("agent", "privacy"), ("officer", "resources")):
        grant(cast[login], role, cast["sysadmin"], supervisor)
    for person in (officer, reviewer):
        reviewed(emergency(person, "privacy"), supervisor)
    clauses = [ParsedClause("1.1", "正文")]
    rulebook.publish(
        "other-rules", "其他规则", "1", rulebook.effective("2026-01-01"), clauses, actor=cast["resources"],
        reason="另一份规则", ticket="", source_sha256="0" * 64,
    )  # fmt: skip
    assert list(verify()) == []
    return ids


@pytest.fixture
def told(world: list[int], cast: dict[str, Staff]) -> None:
    """The same of everything that has to do with identity information."""
    for first in (50_001, 60_001):
        tell_story(cast, first)
    for one in (10001, 10002):
        declare(cast["officer"], [one], "own", actor=cast["officer"])
    assert list(verify()) == []


@pytest.fixture
def tamper(told: None) -> Iterator[Callable[..., list[tuple[str, str, str]]]]:
    """`tamper(sql)` does it as superuser, says what verify finds, and takes it back."""

    def do(*statements: str) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        try:
            with superuser() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                    assert cursor.rowcount > 0, statement
                found = [(b.what, b.table, b.row) for b in broken(cursor)]
                raise psycopg.Rollback
        except psycopg.Rollback:
            return found

    yield do
    assert list(verify()) == []


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
    raise AssertionError(model)


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
            named = [row for what, _table, row in tamper(act) if what == "digest"]
            assert named and all(row.startswith(("seq ", "event ")) for row in named), act
        assert any(what == "digest" for what, _t, _r in tamper(_swap(model, key))), table


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
        text = isinstance(fields[column], models.CharField)
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
    }
    assert set(LIVE) == set(changes)
    for model in LIVE:
        table, first, _key = _parts(model)
        ((what, name, row),) = tamper(f"UPDATE {table} SET {changes[model]} WHERE {first}")
        assert (what, name) == ("drift", table)
        left = [("approval", "staff_holding")] if model is AccessRequest else []  # a role nobody asked for
        gone = tamper(f"DELETE FROM {table} WHERE {first}")
        assert (gone[0], [(what, name) for what, name, _row in gone[1:]]) == (("drift", table, row), left)
        fields = [f.column for f in model._meta.concrete_fields]
        names = ", ".join(f'"{c}"' for c in fields)
        copied = _copy(model, fields)
        if model is Holding:  # for no time at all: the same role twice at a time is refused to anybody
            copied = copied.replace('"until"', '"since"')
        added = tamper(f"INSERT INTO {table} ({names}) SELECT {copied} FROM {table} WHERE {first}")
        # An approved decision or request nobody approved, a role nobody gave.
        forged = [("approval", table)] if model in (Decision, AccessRequest, Holding, RevealRequest) else []
        if model is Identity:  # without a key of its own
            forged = [("sealing", table)]
        assert [(what, name) for what, name, _row in added] == [("drift", table), *forged]


def test_the_command_says_whole_or_exits_with_7(world: list[int]) -> None:
    def run() -> tuple[int, dict[str, Any], str]:
        said: list[str] = []
        code = 0
        for flags in (["--json"], []):
            out = StringIO()
            try:
                call_command("audit_verify", *flags, stdout=out)
            except SystemExit as end:
                code = int(str(end.code))
            said.append(out.getvalue())
        return code, json.loads(said[0]), said[1]

    code, answer, text = run()
    head = Event.objects.latest("seq")
    assert (code, answer) == (
        0, {"whole": True, "events": head.seq, "head": bytes(head.hash).hex(), "broken": []},
    )  # fmt: skip
    assert bytes(head.hash).hex()[:16] in text
    with superuser() as cursor:
        cursor.execute(f"UPDATE accounts_number SET tier = 4 WHERE id = {world[0]}")
    code, answer, text = run()
    assert (code, answer["whole"]) == (7, False)
    assert answer["broken"] == [{"what": "drift", "table": "accounts_number", "row": str(world[0])}]
    assert f"drift  accounts_number  {world[0]}" in text
    # Each finding is on the record; everybody is told once an hour.
    alert = Alert.objects.get(code="record_broken")
    events = list(Event.objects.filter(seq__gt=head.seq).order_by("seq"))
    facts: dict[str, Any] = {"rows": 1, "tables": ["accounts_number"]}
    assert [(e.verb, e.actor.username, e.facts, e.rows) for e in events] == [
        ("audit.broken", "system-audit", facts, {"alerts_alert": 1}),
        ("audit.broken", "system-audit", facts, {}),
    ]
    assert (alert.event_id, alert.level) == (events[0].pk, "critical")
    assert alert.facts == facts | {"key": alert.facts["key"]}
    assert answer["broken"] == [b.as_json() for b in verify()]  # what was told is no fault of the record itself


def test_a_second_tampering_within_the_hour_is_told_too(world: list[int]) -> None:
    for number in (world[0], world[0], world[1]):
        with superuser() as cursor:
            cursor.execute(f"UPDATE accounts_number SET tier = 4 WHERE id = {number}")
        with pytest.raises(SystemExit):
            call_command("audit_verify", stdout=StringIO())
    told = Alert.objects.filter(code="record_broken").order_by("pk")
    assert [alert.facts["rows"] for alert in told] == [1, 2]


def test_the_worker_verifies_each_night_and_raises_the_same_alarm(world: list[int]) -> None:
    def came() -> Any:
        return Beat.objects.filter(name="audit.verify").values_list("at", flat=True).first()

    (clock,) = [t for t in app.periodic_registry.periodic_tasks.values() if t.task.name == "audit.verify"]
    assert clock.cron == "30 3 * * *"
    before, head = came(), Event.objects.latest("seq").seq
    verify_record(0)
    whole = came()
    assert whole != before and Event.objects.latest("seq").seq == head  # that all is well needs no line
    with superuser() as cursor:
        cursor.execute(f"UPDATE accounts_number SET tier = 4 WHERE id = {world[0]}")
    verify_record(0)
    event, alert = Event.objects.get(seq=head + 1), Alert.objects.get(code="record_broken")
    facts = {"rows": 1, "tables": ["accounts_number"]}
    assert (event.verb, event.actor.username, event.source, event.facts, event.rows) == (
        "audit.broken", "system-audit", "system", facts, {"alerts_alert": 1},
    )  # fmt: skip
    assert (alert.event_id, came() > whole) == (event.pk, True)
    with pytest.raises(SystemExit):
        call_command("audit_verify", stdout=StringIO())
    assert Alert.objects.filter(code="record_broken").count() == 1  # the same finding, by another door
    with superuser() as cursor:
        cursor.execute("UPDATE staff_staff SET is_system = false WHERE username = 'system-audit'")
    last = came()
    with pytest.raises(Staff.DoesNotExist):
        verify_record(0)
    assert came() == last  # an alarm that fails is late


def test_a_broken_record_is_named_though_the_alarm_fails(world: list[int]) -> None:
    with superuser() as cursor:
        cursor.execute(f"UPDATE accounts_number SET tier = 4 WHERE id = {world[0]}")
        cursor.execute("UPDATE staff_staff SET is_system = false WHERE username = 'system-audit'")
    out, error = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("audit_verify", stdout=out, stderr=error)
    assert end.value.code == 7 and f"drift  accounts_number  {world[0]}" in out.getvalue()
    assert "Staff matching query does not exist" in error.getvalue()
