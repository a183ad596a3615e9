"""An alert is a part of the act that raises it: both or neither, with the jobs that send it, and no echo."""

import datetime
import threading
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone, translation
from procrastinate.contrib.django import app

from qqops.alerts import catalogue
from qqops.alerts.models import Alert
from qqops.alerts.services import raise_alert
from qqops.audit import origin, recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff
from qqops.staff.signin import throttle
from tests.enforcement.acts import broken, head
from tests.qqops.alerts.raising import alarm, jobs, raised
from tests.qqops.staff.signin.steps import sign_in

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def outlets(settings: Any) -> None:
    settings.ALERT_EMAIL = ["oncall@example.com"]
    settings.ALERT_WEBHOOK = "https://hooks.example.com/secret"


def test_an_alert_and_its_event_are_one_and_a_job_for_each_channel_waits(officer: Staff, outlets: None) -> None:
    until = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)
    before = head()
    alert = raised("break_glass", officer, who="officer", role="supervisor", until=until)
    event = Event.objects.get(seq=before + 1)
    assert head() == before + 1
    assert (event.verb, event.rows) == ("demo.built", {"alerts_alert": 1})
    row: dict[str, Any] = dict(Alert.objects.values().get())
    assert alert.at == row.pop("at")
    assert row == {
        "id": alert.pk, "event_id": event.pk, "code": "break_glass", "level": "warning",
        "subject_type": "staff.staff", "subject_id": str(officer.pk), "subject_label": "officer",
        "facts": {"who": "officer", "role": "supervisor", "until": "2026-11-24T12:00:00+00:00"},
    }  # fmt: skip
    with translation.override("en"):
        assert alert.sentence == "officer took the role supervisor in an emergency, until 2026-11-24 20:00."
    with translation.override("zh-hans"):
        assert "主管" in alert.sentence  # a role by its name, a message by its words, in the reader's language
        assert "冻结" in catalogue.sentence("quota", {"who": "officer", "what": "Freeze"})
    assert jobs() == [
        ("alerts.send", {"alert_id": alert.pk, "channel": channel}, "todo", 0) for channel in ("mail", "webhook")
    ]
    assert broken() == []


def test_what_fails_leaves_neither_event_nor_alert_nor_job(officer: Staff, outlets: None) -> None:
    before = head()
    with (
        pytest.raises(ZeroDivisionError),
        recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act,
    ):
        raise_alert(act, "quota", who="officer", what="40")
        raise ZeroDivisionError
    assert (head(), Alert.objects.count(), jobs()) == (before, 0, [])


def test_inside_a_worker_too_the_job_goes_with_its_alert(officer: Staff, outlets: None) -> None:
    """A worker gives the job queue a connection of its own, on which nothing is rolled back."""
    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        with (
            pytest.raises(ZeroDivisionError),
            recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act,
        ):
            raise_alert(act, "quota", who="officer", what="40")
            raise ZeroDivisionError
        assert jobs() == []
        raised()
    assert len(jobs()) == 2


def test_without_a_channel_nothing_is_queued(officer: Staff, settings: Any) -> None:
    settings.ALERT_EMAIL = ["oncall@example.com"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # no EMAIL_URL
    raised()
    settings.ALERT_EMAIL = []
    raised()
    assert (Alert.objects.count(), jobs()) == (2, [])


def test_an_undeclared_kind_raises_and_nothing_is_written(officer: Staff) -> None:
    before = head()
    with pytest.raises(LookupError, match="sky_falls"):
        alarm("sky_falls")
    assert (head(), Alert.objects.count()) == (before, 0)
    with pytest.raises(ValueError, match="twice"):
        catalogue.declare("quota", "again", catalogue.Level.INFO, name="again")


def test_once_is_once_for_a_kind_and_a_subject_until_the_span_is_over(officer: Staff, officer2: Staff) -> None:
    def locked(person: Staff) -> bool:
        return alarm("locked_out", person, once=HOUR, login=person.username) is not None

    now = timezone.now()
    assert [locked(officer), locked(officer), locked(officer2)] == [True, False, True]
    officer.name = "新名字"  # a label may change, the person does not
    assert not locked(officer)
    assert alarm("quota", officer, once=HOUR, who="officer", what="40") is not None
    with time_machine.travel(now + HOUR - datetime.timedelta(seconds=5)):
        assert not locked(officer)
    with time_machine.travel(now + HOUR + datetime.timedelta(seconds=5)):
        assert locked(officer)
    assert alarm("locked_out", officer, login="officer") is not None  # who does not ask for it is not held back
    assert broken() == []


def test_once_is_once_for_each_key_where_there_is_no_subject(cast: dict[str, Staff]) -> None:
    def locked(address: str) -> bool:
        return alarm("locked_out_address", once=HOUR, once_key=address) is not None

    assert [locked("10.0.0.1"), locked("10.0.0.2"), locked("10.0.0.1")] == [True, True, False]
    assert [alert.facts["key"] for alert in Alert.objects.order_by("pk")] == ["10.0.0.1", "10.0.0.2"]


def test_one_address_that_is_locked_out_does_not_hide_another(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(throttle.LIMITS, "sign-in-address", throttle.Limit(1, HOUR))
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2"):
        sign_in(Client(REMOTE_ADDR=address), "nobody", "wrong")
    alerts = list(Alert.objects.order_by("pk"))
    assert [(a.code, a.facts) for a in alerts] == [
        ("locked_out_address", {"key": "10.0.0.1"}), ("locked_out_address", {"key": "10.0.0.2"}),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_at_once_raise_one(cast: dict[str, Staff]) -> None:
    start, found = threading.Barrier(2), []

    def one() -> None:
        try:
            with origin.origin(origin.COMMAND):
                start.wait()
                found.append(alarm("locked_out", cast["agent"], once=HOUR, login="agent"))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alert is None for alert in found].count(True) == Alert.objects.count() == 1


def test_every_kind_reads_as_a_sentence_even_without_its_facts() -> None:
    for code in catalogue.declared():
        assert catalogue.sentence(code, {}) and catalogue.name(code) != code
    assert catalogue.sentence("long_forgotten", {}) == catalogue.name("long_forgotten") == "long_forgotten"


def test_the_house_declares_these() -> None:
    assert {code: kind.level.value for code, kind in catalogue.declared().items()} == {
        "record_broken": "critical", "late": "critical", "break_glass": "warning", "break_glass_overdue": "critical",
        "locked_out": "warning", "locked_out_code": "warning", "locked_out_address": "warning", "quota": "warning",
        "reset": "warning", "reveal_quota": "critical", "breach_overdue": "critical", "request_overdue": "warning",
        "reclaimed_though_used": "warning", "feed_behind": "critical", "feed_unfollowed": "critical",
        "notices_blocked": "warning", "notices_failed": "critical", "appeal_messages_failed": "critical",
        "appeals_claimed": "critical", "appeals_late": "warning", "appeals_stuck": "critical",
        "checkpoint_unsent": "warning", "months_failed": "warning", "months_few": "warning",
        "months_outside": "warning",
    }  # fmt: skip
