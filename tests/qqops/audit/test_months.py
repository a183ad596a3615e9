"""The trail and the history of numbers by month: made ahead by the application, and told when they are not."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone, translation

from accounts.models import Number
from accounts.retention import policy as retention
from qqops.alerts.models import Alert
from qqops.audit import digests, partitions, recorder, tasks
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.qqops.audit.superuser import superuser

Make = Callable[..., Number]
History: Any = recorder.history_model(Number)
TABLES = ["accounts_historicalnumber", "audit_event"]


@pytest.fixture(autouse=True)
def _made_ahead(django_db_setup: None, django_db_blocker: Any) -> None:
    """The month in which the database was made may be over: as the worker does each night, and for good."""
    with django_db_blocker.unblock(), psycopg.connect(**_place()) as worker:
        worker.execute("SELECT record_months_ahead()")


def _place() -> dict[str, Any]:
    params = connection.get_connection_params()
    return {k: params[k] for k in ("dbname", "user", "password", "host", "port") if params.get(k)}


def acted(actor: Staff, **more: Any) -> None:
    with recorder.act("demo.built", actor=actor, reason="an event of a test", facts={"numbers": 0}, **more):
        pass


def first_of_month(later: int = 0) -> datetime:
    """Midnight of the first, `later` months after this one, in Shanghai."""
    here = timezone.localtime()
    year, month = divmod(here.year * 12 + here.month - 1 + later, 12)
    return datetime(year, month + 1, 1, tzinfo=here.tzinfo)


def suffix(moment: datetime) -> str:
    return f"{moment:_%Y_%m}"


@contextmanager
def taken_back() -> Iterator[Any]:
    """A cursor of the superuser's, as the owner; what is done is taken back at the end."""
    with superuser() as cursor:
        cursor.execute(f"SET session_replication_role = origin; SET ROLE {settings.DATABASES['owner']['USER']}")
        try:
            yield cursor
        finally:
            cursor.connection.rollback()


def past_the_triggers(cursor: Any, *statements: str) -> None:
    for statement in ("RESET ROLE", "SET session_replication_role = replica", *statements):
        cursor.execute(statement)
    cursor.execute("SET session_replication_role = origin")


needs_superuser = pytest.mark.skipif(not settings.EMBEDDED_DATABASE, reason="of the embedded database we have one")


@pytest.mark.django_db
def test_both_are_made_from_this_month_to_the_third_after_it() -> None:
    assert partitions.state() == [partitions.Months(table, 3, first_of_month(4), False) for table in TABLES]


def test_time_and_number_of_events_have_one_order(officer: Staff) -> None:
    before, began = head(), timezone.now()
    with recorder.act("demo.built", actor=officer, reason="outer", facts={"numbers": 0}):
        for _n in range(3):
            acted(officer)
    acted(officer)
    found = list(Event.objects.filter(seq__gt=before).order_by("seq").values_list("at", flat=True))
    assert len(found) == 5 and found == sorted(found)
    assert began - timedelta(seconds=1) < found[0] and found[-1] < timezone.now() + timedelta(seconds=1)


def test_the_time_is_taken_after_all_digests_and_so_is_the_chain_lock(number: Make, officer: Staff) -> None:
    plans = list[list[str]]()

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "INSERT INTO" in sql and "audit_event" in sql:
            before = f"{digests.SETTINGS}; SET CONSTRAINTS ALL IMMEDIATE; "
            batch = sql.removeprefix(before).removesuffix("; SET CONSTRAINTS ALL DEFERRED")
            execute(f"EXPLAIN (VERBOSE, COSTS OFF) {batch}", params, many, context)
            plans.append([line.strip() for (line,) in context["cursor"].fetchall()])
        return execute(sql, params, many, context)

    one = number()
    with (
        connection.execute_wrapper(explain),
        recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as outer,
    ):
        outer.history(Number, [one.pk])
        with recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as inner:
            inner.history(Number, [one.pk])
    ((_insert, _top, output, below, *_rest),) = plans
    assert output.startswith("Output: ") and "audit_event_at()" in output and "sha256" not in output
    assert below == "->  Sort"  # which has all its rows, with their digests, before it gives the first


# The columns of an event that somebody gives; a new one is a copy of another.
GIVEN = ", ".join(
    str(f.column) for f in Event._meta.concrete_fields if f.column not in ("id", "seq", "at", "prev_hash", "hash")
)
COPY = f"INSERT INTO audit_event (id, prev_hash, hash, seq, {GIVEN}) SELECT gen_random_uuid(), '', '', 0, {GIVEN}"


@needs_superuser
@pytest.mark.django_db
def test_the_chain_goes_on_from_an_earlier_month_where_it_looks_only_when_no_later_one_has_an_event() -> None:
    earlier = [first_of_month(-2), first_of_month(-1)]
    with taken_back() as cursor:
        for n, moment in enumerate(earlier, -2):  # the second is there if this run began in it
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS audit_event{suffix(moment)} PARTITION OF audit_event"
                f" FOR VALUES FROM ('{moment}') TO ('{first_of_month(n + 1)}')"
            )
        for view, seen in (("audit_event_lately", 5), ("audit_event", 7)):
            cursor.execute(f"EXPLAIN SELECT seq FROM {view} ORDER BY seq DESC LIMIT 1")
            scans = set(re.findall(r"Scan.* on (\w+)", "\n".join(line for (line,) in cursor)))
            assert len(scans) == seen, scans
            assert {f"audit_event{suffix(m)}" for m in earlier} & scans == (set() if seen == 5 else scans - _late())
        past_the_triggers(
            cursor,
            f"INSERT INTO audit_event (id, seq, at, prev_hash, hash, {GIVEN}) SELECT gen_random_uuid(), 70,"
            f" '{earlier[1]}', '', 'head', {GIVEN} FROM audit_event WHERE seq = 1",
            "DELETE FROM audit_event WHERE seq <> 70",
        )
        for seq in (71, 72):
            cursor.execute(f"{COPY} FROM audit_event WHERE seq = 70 RETURNING seq, at >= now(), prev_hash = 'head'")
            assert cursor.fetchone() == (seq, True, seq == 71)


def _late() -> set[str]:
    return {f"audit_event{suffix(first_of_month(n))}" for n in range(4)} | {"audit_event_default"}


@needs_superuser
@pytest.mark.django_db
@pytest.mark.parametrize("over_the_first", [False, True], ids=["within_a_month", "over_the_first_of_the_next"])
def test_when_the_clock_was_set_back_time_stands_still(*, over_the_first: bool) -> None:
    ahead = first_of_month(1) if over_the_first else timezone.now() + timedelta(seconds=5)
    with taken_back() as cursor:
        last = "seq = (SELECT max(seq) FROM audit_event)"
        past_the_triggers(cursor, f"UPDATE audit_event SET at = '{ahead}' WHERE {last}")
        for _n in range(2):
            cursor.execute(f"{COPY} FROM audit_event WHERE seq = 1 RETURNING at")
            assert cursor.fetchone() == (ahead,)


@pytest.mark.django_db(transaction=True)
def test_a_missing_month_is_made_by_the_application_and_is_like_the_others(cast: dict[str, Staff]) -> None:
    before, last = head(), suffix(first_of_month(3))
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE {table}{last}")
    assert [one.ahead for one in partitions.state()] == [2, 2]
    tasks.make_months(0)
    assert [(one.ahead, one.until) for one in partitions.state()] == [(3, first_of_month(4))] * 2
    event = Event.objects.latest("seq")
    assert verbs(before) == ["audit.months_made"] and event.source == "system"
    assert (event.facts, str(event.actor)) == ({"tables": [f"{table}{last}" for table in TABLES]}, "system-audit")
    tasks.make_months(0)
    assert head() == event.seq  # nothing to make, nothing to tell
    for table in TABLES:
        assert _shape(f"{table}{last}") == _shape(f"{table}{suffix(first_of_month(2))}")
    assert broken() == []


def _shape(table: str) -> list[Any]:
    """Columns, indexes, triggers and rights of a table; names that are made for it left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT array_agg(row(attname, atttypid, attnotnull)::text ORDER BY attnum) FROM pg_attribute"
            " WHERE attrelid = c.oid AND attnum > 0), ARRAY(SELECT replace(pg_get_indexdef(indexrelid), c.relname, '')"
            " FROM pg_index WHERE indrelid = c.oid ORDER BY 1), ARRAY(SELECT replace(pg_get_triggerdef(oid), c.relname,"
            " '') FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal ORDER BY 1), c.relacl, c.relowner"
            " FROM pg_class c WHERE c.oid = %s::regclass",
            [table],
        )
        return list(cursor.fetchone())


@pytest.mark.django_db(transaction=True)
def test_who_reads_the_whole_record_is_not_pushed_aside(cast: dict[str, Staff]) -> None:
    before, last = head(), suffix(first_of_month(3))
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP TABLE audit_event{last}")
    with psycopg.connect(**_place()) as reader:
        reader.execute("SELECT count(*) FROM audit_event")
        made = partitions.make_ahead(actor=Staff.objects.system("system-audit"))
        assert (made.tables, [one.code for one in made.faults]) == ([], [partitions.LOCKED])
        partitions.report(made.faults, actor=Staff.objects.system("system-audit"))
        acted(cast["officer"])  # nor is anybody else
    assert partitions.make_ahead(actor=Staff.objects.system("system-audit")) == ([f"audit_event{last}"], [])
    assert verbs(before) == ["demo.built", "audit.months_made"]


@pytest.mark.django_db(transaction=True)
def test_a_month_that_cannot_be_made_is_named_with_why_and_stops_no_other(cast: dict[str, Staff]) -> None:
    """The rows of its month lie outside already; the trail's last month is made all the same."""
    before, last = head(), suffix(first_of_month(3))
    system = Staff.objects.system("system-audit")
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE {table}{last}")
    number = "accounts_historicalnumber"
    with (
        recorder.act("demo.built", actor=system, reason="", facts={"numbers": 0}) as act,
        connection.cursor() as cursor,
    ):
        names = "event, id, lifecycle, tier, legal_hold, protection, reclaim_exempt_reason, revision, history_type"
        row = f"%s, 12345, 'available', 0, false, '', '', 0, '+', '{first_of_month(3)}'"
        cursor.execute(f"INSERT INTO {number} ({names}, history_date) SELECT {row}", [act.event_id])
        act.wrote(History)
    made = partitions.make_ahead(actor=system)
    assert made.tables == [f"audit_event{last}"]
    ((table, month, code, why),) = [(one.table, one.month, one.code, one.why) for one in made.faults]
    assert (table, month, code) == (number, f"{number}{last}", "23514") and "default partition" in why
    partitions.report(made.faults, actor=system)
    partitions.report(made.faults, actor=system)  # once a day
    alert = Alert.objects.get(code="months_failed")
    assert alert.facts == {"tables": [month], "why": [f"{month}: {why}"]}
    with translation.override("en"):
        assert f"{month}: {why}" in alert.sentence
    wanting = ["audit.months_wanting"] * 2  # that, and the rows outside
    assert verbs(before) == ["demo.built", "audit.months_made", *wanting]


def test_few_months_and_rows_of_none_are_told_once_a_day(
    number: Make, officer: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, before = number(), head()
    with (
        time_machine.travel(datetime(2099, 1, 1, tzinfo=UTC), tick=False),
        recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act,
    ):
        one.tier = 2
        one.save()
        act.wrote(History)
    assert [one.outside for one in partitions.state()] == [True, False] and broken() == []
    tasks.make_months(0)
    tasks.make_months(0)
    (alert,) = Alert.objects.all()
    assert (alert.code, alert.facts) == ("months_outside", {"tables": ["accounts_historicalnumber"]})
    monkeypatch.setattr(partitions, "FEWEST", 4)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        tasks.make_months(0)
        tasks.make_months(0)
    assert list(Alert.objects.order_by("pk").values_list("code", flat=True)) == [
        "months_outside", "months_few", "months_outside",
    ]  # fmt: skip
    assert verbs(before) == ["demo.built", *["audit.months_wanting"] * 3]
    assert {str(event.actor) for event in Event.objects.filter(verb="audit.months_wanting")} == {"system-audit"}


@needs_superuser
@pytest.mark.django_db
def test_rows_of_no_month_are_given_one_as_the_manual_says() -> None:
    """docs/keeping.md, “Rows outside the months”."""
    last = first_of_month(3)
    month, day = suffix(last), f"{last:%Y-%m-%d}"
    with taken_back() as cursor:
        cursor.execute(f"DROP TABLE accounts_historicalnumber{month}")
        names = "event, id, lifecycle, tier, legal_hold, protection, reclaim_exempt_reason, revision, history_type"
        row = f"gen_random_uuid(), 12345, 'available', 0, false, '', '', 0, '+', '{last}'"
        cursor.execute(f"INSERT INTO accounts_historicalnumber ({names}, history_date) SELECT {row}")
        cursor.execute("SELECT parent, made, code, fault FROM record_months_ahead()")
        ((parent, made, code, fault),) = cursor.fetchall()
        assert (parent, made, code) == ("accounts_historicalnumber", f"accounts_historicalnumber{month}", "23514")
        assert "default partition" in fault
        manual = Path("docs/keeping.md").read_text().partition("## Rows outside the months")[2]
        (said,) = re.findall(r"((?:^    .*\n)+)", manual, re.MULTILINE)
        said = said.replace("audit_event", "accounts_historicalnumber").replace("_2027_05", month)
        upper = f"{first_of_month(4):%Y-%m-%d}"
        said = said.replace("2027-05-01", day).replace("2027-06-01", upper)
        for statement in said.split(";"):
            if statement.strip() and statement.strip() not in ("BEGIN", "COMMIT"):
                cursor.execute(statement)
        cursor.execute(f"SELECT count(*) FROM accounts_historicalnumber{month}")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT name, ahead, outside FROM record_months()")
        assert cursor.fetchall() == [("accounts_historicalnumber", 3, False), ("audit_event", 3, False)]
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"), cursor.connection.transaction():
            cursor.execute(f"TRUNCATE accounts_historicalnumber{month}")


def test_no_log_is_kept_for_less_than_six_months_and_the_record_for_ever() -> None:
    logs = {code: one.keep for code, one in retention.CLASSES.items() if one.is_log}
    assert logs == {retention.LOGINS: timedelta(days=184), retention.RECORD: None}
    with pytest.raises(ValueError, match="184"):
        retention.Retention("", timedelta(days=183), "", "", with_identity=False, is_log=True)
