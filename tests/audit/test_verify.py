"""A broken record is told: by the command, by the worker each night, and though the alarm fails."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from procrastinate.contrib.django import app

from qqops.alerts.models import Alert, Beat
from qqops.audit.models import Event
from qqops.audit.tasks import verify_record
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.audit.record import acted
from tests.audit.superuser import superuser

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
