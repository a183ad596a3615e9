"""A broken record is told: by the command, by the worker each night, and though the alarm fails."""

import json
import threading
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from procrastinate.contrib.django import app

from qqops.alerts.models import Alert, Beat
from qqops.audit.models import Event
from qqops.audit.tasks import verify_record
from qqops.audit.verify import parts, snapshot, verify
from qqops.staff.models import Staff
from tests.accounts.retention.test_drill import pg
from tests.qqops.audit.superuser import superuser
from tests.qqops.audit.verify.record import acted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(cast: dict[str, Staff]) -> list[int]:
    return acted(cast)


def test_the_command_says_whole_or_exits_with_7(world: list[int]) -> None:
    def run() -> tuple[int, dict[str, Any], str]:
        said: list[str] = []
        code = 0
        for flags in (["--json"], []):
            out = StringIO()
            try:
                call_command("audit_verify", *flags, "--jobs", "3", stdout=out, stderr=StringIO())
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


def test_a_raw_update_of_a_number_by_psql_is_reported_as_drift_with_the_rows_number(world: list[int]) -> None:
    name = str(connections["owner"].settings_dict["NAME"])
    pg("psql", name, "--no-psqlrc", "--command", f"UPDATE accounts_number SET tier = 4 WHERE id = {world[1]}")
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("audit_verify", "--json", stdout=out, stderr=StringIO())
    drift = {"what": "drift", "table": "accounts_number", "row": str(world[1])}
    assert (end.value.code, json.loads(out.getvalue())["broken"]) == (7, [drift])


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
        return min(Beat.objects.filter(name__in=("audit.verify", "audit.checkpoint")).values_list("at", flat=True))

    (clock,) = [t for t in app.periodic_registry.periodic_tasks.values() if t.task.name == "audit.verify"]
    assert clock.cron == "30 3 * * *"
    before, head = came(), Event.objects.latest("seq").seq
    verify_record(0)
    whole = came()
    assert whole != before and list(verify()) == []
    with superuser() as cursor:
        cursor.execute(f"UPDATE accounts_number SET tier = 4 WHERE id = {world[0]}")
    verify_record(0)
    alert = Alert.objects.get(code="record_broken")
    events = list(Event.objects.filter(seq__gt=head).order_by("seq"))
    facts = {"rows": 1, "tables": ["accounts_number"]}
    # What was found is signed with the head of the moment at which it was looked at.
    assert [(e.verb, e.actor.username, e.source, e.facts, e.rows) for e in events] == [
        ("audit.checkpoint", "system-audit", "system", {"seq": head, "record": "whole"}, {"audit_checkpoint": 1}),
        ("audit.broken", "system-audit", "system", facts, {"alerts_alert": 1}),
        ("audit.checkpoint", "system-audit", "system", {"seq": head + 1, "record": "broken"}, {"audit_checkpoint": 1}),
    ]
    assert (alert.event_id, came() > whole) == (events[1].pk, True)
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


def test_several_connections_name_what_one_names(world: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """In ranges of two events and shares of a third of them, and more rows than are fetched at once."""
    monkeypatch.setattr(parts, "RANGE", 2)
    monkeypatch.setattr(parts, "FETCHED", 2)
    last = Event.objects.latest("seq").seq
    for tampering in (
        "UPDATE accounts_historicalnumber SET tier = tier + 1",
        "UPDATE audit_event SET reason = reason || 'x' WHERE seq % 3 = 0",
        "DELETE FROM audit_event WHERE seq IN (1, 5, 6, 7, 20)",
        "UPDATE audit_event SET seq = seq - 7000 WHERE seq IN (8, 9, 10)",
        f"UPDATE audit_event SET seq = seq + 7000 WHERE seq IN (8, 9, {last})",
        "UPDATE alerts_alert SET event = gen_random_uuid()",
    ):
        with superuser() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT * FROM audit_event")
            cursor.execute("CREATE TABLE numbers AS SELECT * FROM accounts_historicalnumber")
            cursor.execute("CREATE TABLE alerts AS SELECT * FROM alerts_alert")
            cursor.execute(tampering)
        one = list(verify())
        with snapshot.snapshot(jobs=3) as shot:
            several = list(shot.broken(3))
        assert len(one) > 2 and sorted(map(str, several)) == sorted(map(str, one)), tampering
        with superuser() as cursor:
            for table, kept in (
                ("audit_event", "kept"), ("accounts_historicalnumber", "numbers"), ("alerts_alert", "alerts"),
            ):  # fmt: skip
                cursor.execute(f"DELETE FROM {table}")
                cursor.execute(f"INSERT INTO {table} SELECT * FROM {kept}")
                cursor.execute(f"DROP TABLE {kept}")
    assert list(verify()) == []


def test_every_connection_sees_the_moment_at_which_it_began(world: list[int]) -> None:
    with snapshot.snapshot(jobs=2) as shot:
        with superuser() as cursor:
            cursor.execute("UPDATE accounts_number SET tier = tier + 1")
            cursor.execute("UPDATE audit_event SET reason = 'x'")
        assert list(shot.broken(2)) == []
    with snapshot.snapshot(jobs=2) as shot:
        assert {one.what for one in shot.broken(2)} >= {"chain", "drift"}


def test_an_error_of_one_connection_ends_all(cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch) -> None:
    bad = ("cause", "accounts_number", "SELECT 1 / 0"), ("cause", "accounts_tenure", "SELECT pg_sleep(60)")
    monkeypatch.setattr(parts, "_further", [*bad, *parts._further])
    began = time.monotonic()
    with snapshot.snapshot(jobs=2) as shot, pytest.raises(DatabaseError, match="division by zero"):
        list(shot.broken(2))
    assert time.monotonic() - began < 50
    assert [one for one in threading.enumerate() if isinstance(one, snapshot._Worker)] == []
