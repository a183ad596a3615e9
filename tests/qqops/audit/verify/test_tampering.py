"""Whoever changes, removes, adds or swaps a row behind the application's back, verify names it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import BigIntegerRangeField
from django.contrib.postgres.fields.ranges import RangeField
from django.core.management import call_command
from django.db import models

from accounts.declarations.services import declare
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
from appeals.models import Appeal, Dispute, Ruling
from enforcement.models import Case, Decision, Halt, Measure
from qqops.audit import origin, recorder
from qqops.audit.checkpoints import audit_checks as proof
from qqops.audit.checkpoints.text import Head
from qqops.audit.history import UNTOLD
from qqops.audit.models import Event
from qqops.audit.privileges import record_tables
from qqops.audit.verify import Broken, checks, parts, verify
from qqops.audit.verify.parts import Extent, every, named
from qqops.staff.models import AccessApproval, AccessRequest, Holding, Staff
from tests.campaign import FULL, size
from tests.cast import everybody
from tests.enforcement.acts import broken
from tests.qqops.audit.superuser import superuser
from tests.qqops.audit.verify.record import acted
from tests.qqops.audit.verify.tampering import (
    CHAIN,
    DIGEST,
    DRIFT,
    NOBODYS,
    Name,
    at_once,
    redigest,
    rehash,
    table_of,
    unfetter,
)
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
                with origin.origin(origin.WEB, address="10.0.0.7"):
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


@pytest.mark.campaign
@pytest.mark.parametrize("what", [CHAIN, DIGEST, DRIFT])
def test_whatever_is_done_to_any_column_of_any_protected_table_is_named_and_nothing_else(told: None, what: str) -> None:
    """Many at once, each named by the check that holds it; in the campaign each alone, and by the whole of verify."""
    protected: dict[str, list[Any]] = {CHAIN: [Event], DIGEST: record_tables(), DRIFT: LIVE}
    with superuser() as cursor:
        tables = [table_of(cursor, model, what) for model in protected[what]]
        unfetter(cursor, [table.name for table in tables])
        cursor.execute(parts.SESSION)
        tried = [one for table in tables for one in table.tamperings()]
        for chosen in at_once(tried, size(len(tried), 1)):
            found = _named(cursor, what, *(one.sql for one in chosen))
            wanted = frozenset().union(*(one.names for one in chosen))
            assert [one for one in chosen if not one.names <= found] == []
            assert found == wanted
        cursor.connection.rollback()
    columns = {(one.table, one.column) for one in tried if one.how == "changed"}
    assert columns == {(table.name, column.name) for table in tables for column in table.held}
    print(f"{what}: {len(tables)} tables, {len(columns)} columns, {len(tried)} tried, all named")


def _named(cursor: Any, what: str, *statements: str, some: bool = True) -> frozenset[Name]:
    """What a check says of what the superuser does, which is taken back; the events of the digests by their seq."""
    cursor.execute("SAVEPOINT whole")
    for statement in statements:
        cursor.execute(statement)
        assert cursor.rowcount > 0 or not some, statement
    run = checks(cursor) if FULL else chain.from_iterable(named(cursor, part) for part in every() if part.what == what)
    found = frozenset(
        (b.what, b.table, " ".join(b.row.split()[:2]) if what == DIGEST else b.row) for b in run if b.what == what
    )
    cursor.execute("ROLLBACK TO whole")
    return found


def test_only_what_is_said_there_to_be_outside_is_held_by_no_proof() -> None:
    outside: dict[str, list[str]] = {}
    for model in LIVE:
        kept = {f.attname for f in recorder.history_model(model)._meta.concrete_fields}
        if left := [str(f.column) for f in model._meta.concrete_fields if f.attname not in kept]:
            outside[model._meta.db_table] = left
    assert outside == UNTOLD


@pytest.mark.parametrize(
    ("table", "what", "rows"),
    [
        ("audit_event", DIGEST, "SELECT 'event ' || id FROM audit_event WHERE rows <> '{}'"),
        (
            "accounts_historicalnumber", DIGEST,
            "SELECT 'seq ' || e.seq FROM accounts_historicalnumber h JOIN audit_event e ON e.id = h.event",
        ),
        ("accounts_historicalnumber", DRIFT, "SELECT id::text FROM accounts_number"),
    ],
)  # fmt: skip
def test_a_month_that_is_emptied_is_named_by_each_of_its_rows(told: None, table: str, what: str, rows: str) -> None:
    with superuser() as cursor:
        cursor.execute(parts.SESSION)
        cursor.execute(f"SELECT DISTINCT tableoid::regclass::text FROM {table}")
        months = ", ".join(month for (month,) in cursor)  # two, where these tests went on over the end of one
        cursor.execute(rows)
        wanted = {row for (row,) in cursor.fetchall()}
        assert len(wanted) > 5
        assert _named(cursor, what, f"TRUNCATE {months} CASCADE", some=False) >= {
            (what, "record" if what == DIGEST else "accounts_number", row) for row in wanted
        }
        cursor.connection.rollback()


@pytest.mark.campaign
def test_a_forged_tail_that_fits_itself_is_named_by_the_checkpoint_that_was_kept(told: None) -> None:
    """Any column of an event, any row, an event taken away: with its digest and all hashes after it made anew."""
    with superuser() as cursor:
        cursor.execute(parts.SESSION)
        head, events = _head(cursor), table_of(cursor, Event, CHAIN)
        tables = [table_of(cursor, model, DIGEST) for model in record_tables()]
        unfetter(cursor, [table.name for table in (*tables, events)])
        tried = [one for one in events.tamperings() if one.column not in ("seq", "prev_hash", "hash")]
        tried = [one for one in tried if one.how in ("changed", "emptied", "removed")][:: size(6, 1)]
        tried += [next(one for one in table.tamperings() if one.column != "event") for table in tables[:: size(20, 1)]]
        for one in tried:
            ((_what, _table, row),) = one.touched
            seq, of_rows = int(row.split()[1]), one.table != events.name
            cursor.execute("SAVEPOINT whole")
            for statement in (one.sql, *([redigest(seq)] if of_rows else []), rehash(seq)):
                cursor.execute(statement)
            left = {b.what for part in every() if part.what == CHAIN or of_rows for b in named(cursor, part)}
            assert not left & {CHAIN, DIGEST}, one  # the record by itself is fooled
            assert proof.misfit(cursor, head) in (proof.REWRITTEN, proof.CUT), one
            cursor.execute("ROLLBACK TO whole")
        assert proof.misfit(cursor, head) == ""
        cursor.connection.rollback()
    print(f"forged tails: {len(tried)}, all named")


def _head(cursor: Any) -> Head:
    cursor.execute(
        "SELECT (SELECT id::text FROM audit_event ORDER BY seq LIMIT 1), seq, encode(hash, 'hex'), at::text"
        " FROM audit_event ORDER BY seq DESC LIMIT 1"
    )
    house, seq, hashed, at = cursor.fetchone()
    return Head(house, seq, hashed, at, made="", record="", key="")


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


@pytest.mark.parametrize("shares", [1, 3])
def test_what_names_no_event_or_no_number_is_named_however_the_work_is_shared(
    told: None, monkeypatch: pytest.MonkeyPatch, shares: int
) -> None:
    """Once somebody took away that there is always one."""
    monkeypatch.setattr(parts, "RANGE", 5)
    approval, event = (", ".join(f'"{f.column}"' for f in m._meta.concrete_fields) for m in (AccessApproval, Event))
    forged = {
        (DIGEST, "record", 'no event rows {"staff_accessapproval": 1}'): (
            "ALTER TABLE staff_accessapproval ALTER event DROP NOT NULL",
            f"INSERT INTO staff_accessapproval ({approval}) SELECT {_but(approval, event='NULL', id='id + 900000')}"
            " FROM staff_accessapproval LIMIT 1",
        ),
        (CHAIN, "audit_event", f"event {NOBODYS}"): (
            "ALTER TABLE audit_event ALTER seq DROP NOT NULL",
            f"INSERT INTO audit_event ({event}) SELECT {_but(event, seq='NULL::bigint', id=repr(NOBODYS) + '::uuid')}"
            " FROM audit_event WHERE rows = '{}' LIMIT 1",
        ),
    }
    with superuser() as cursor:
        unfetter(cursor, ["staff_accessapproval"])
        cursor.execute(parts.SESSION)
        head = _head(cursor).seq
        for name, statements in forged.items():
            cursor.execute("SAVEPOINT whole")
            for statement in statements:
                cursor.execute(statement)
            found = [b for part in every(Extent(0, head, shares)) if part.what == name[0] for b in named(cursor, part)]
            assert [(b.what, b.table, b.row) for b in found] == [name]
            cursor.execute("ROLLBACK TO whole")
        cursor.connection.rollback()


def _but(columns: str, **given: str) -> str:
    return ", ".join(given.get(column.strip('"'), column) for column in columns.split(", "))


MONTH = "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'audit_event'::regclass"
APP = settings.DATABASES["default"]["USER"]
CHAINED = "CREATE OR REPLACE FUNCTION audit_event_chain() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("ALTER TABLE audit_event DISABLE TRIGGER chain", "audit_event trigger chain"),
        ("ALTER TABLE {month} DISABLE TRIGGER no_truncate", "{month} trigger no_truncate"),
        ("ALTER TABLE staff_accessapproval DISABLE TRIGGER ALL", "staff_accessapproval trigger {append_only}"),
        ("DROP TRIGGER {append_only} ON staff_accessapproval", "staff_accessapproval trigger {append_only}"),
        (CHAINED, "function audit_event_chain"),
        ("ALTER FUNCTION {append_only}() RENAME TO another", "staff_accessapproval trigger {append_only}"),
        (f"GRANT UPDATE ON audit_event TO {APP}", f"audit_event UPDATE granted to {APP}"),
        (f"GRANT UPDATE (reason) ON audit_event TO {APP}", f"audit_event UPDATE granted to {APP}"),
        ("GRANT DELETE ON {month} TO PUBLIC", f"{{month}} DELETE granted to {APP}"),
        (f"GRANT INSERT ON {{month}} TO {APP}", f"{{month}} INSERT granted to {APP}"),
        (f"ALTER TABLE staff_accessapproval OWNER TO {APP}", f"staff_accessapproval owned by {APP}"),
        ("CREATE RULE r AS ON INSERT TO audit_event DO INSTEAD NOTHING", "audit_event rules"),
        ("ALTER TABLE staff_holding ENABLE ROW LEVEL SECURITY", ""),
        ("ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY", "audit_event row security"),
    ],
)  # fmt: skip
def test_a_guard_that_does_not_stand_is_named(told: None, statement: str, row: str) -> None:
    append_only = next(
        trigger.get_pgid(model)
        for model, trigger in pgtrigger.registered()
        if (model._meta.db_table, trigger.name) == ("staff_accessapproval", "append_only")
    )
    with superuser() as cursor:
        cursor.execute(parts.SESSION)
        cursor.execute(MONTH)
        ((month,),) = cursor.fetchall()
        words = {"month": month, "append_only": append_only}
        cursor.execute(statement.format(**words))
        found = [b for part in every() if part.what == "guard" for b in named(cursor, part)]
        cursor.connection.rollback()
    assert {b.table for b in found} <= {"record"}
    rows = [b.row for b in found]
    assert (row.format(**words) in rows) if row else rows == [], rows


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
        Appeal: "due_at = due_at + interval '1 minute'",
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
