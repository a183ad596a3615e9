"""Alerts leave by mail and by webhook, each on its own, once, by a worker; what came of it is on the record."""

import datetime
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.management.commands.procrastinate import Command

from qqops.alerts import catalogue, channels, services
from qqops.alerts.models import Alert, Delivery
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.boot import serve
from qqops.core.errors import Refused
from qqops.delivery import webhook
from qqops.staff import limits
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from qqops.staff.signin import throttle
from qqops.staff.tasks import remind_of_reviews
from tests.enforcement.acts import head
from tests.qqops.alerts.raising import Hook, due_now, hook, jobs, raised, work
from tests.qqops.staff.acts import emergency

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other end is on this machine, whatever the environment sends through a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def there(settings: Any) -> Iterator[Hook]:
    with hook() as found:
        settings.ALERT_WEBHOOK = found.url
        yield found


@pytest.fixture
def by_mail(settings: Any) -> None:
    settings.ALERT_EMAIL = ["oncall@example.com", "boss@example.com"]


def states() -> list[tuple[str, str, int]]:
    return [(arguments["channel"], state, attempts) for _name, arguments, state, attempts in jobs()]


def deliveries() -> list[tuple[str, bool, str]]:
    return list(Delivery.objects.order_by("pk").values_list("channel", "delivered", "why"))


def test_a_mail_says_it_in_both_languages_and_carries_no_name(
    officer: Staff, by_mail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = catalogue.Kind("quota", gettext_lazy("supervisor"), catalogue.Level.WARNING, gettext_lazy("Freeze"))
    monkeypatch.setitem(catalogue._catalogue, "quota", kind)  # words that are in the catalogue for sure
    officer.name = "欧阳警官"
    alert = raised("quota", officer)
    before = head()
    work()
    (sent,) = mail.outbox
    assert sent.to == ["oncall@example.com", "boss@example.com"]
    assert sent.from_email == "qqops@localhost"
    assert str(sent.subject).startswith("[qqops] ") and str(sent.subject).endswith(": 冻结 / Freeze")
    assert str(sent.body).splitlines()[:3] == ["主管", "supervisor", ""]
    assert f"staff.staff {officer.pk}\n{alert.event_id}" in str(sent.body)
    assert "欧阳" not in f"{sent.subject}{sent.body}"
    event = Event.objects.get(seq=before + 1)
    assert head() == before + 1
    assert (event.verb, event.actor.username, event.source, event.subject_label, event.facts, event.rows) == (
        "alert.delivered", "system-worker", "worker", str(alert), {"channel": "mail"},
        {"alerts_delivery": 1},
    )  # fmt: skip
    row = Delivery.objects.values().get()
    del row["id"], row["at"]
    assert row == {"event_id": event.pk, "alert_id": alert.pk, "channel": "mail", "delivered": True, "why": ""}
    assert list(verify()) == []


def test_a_webhook_gets_one_object(officer: Staff, there: Hook) -> None:
    alert = raised("locked_out", officer, login="officer")
    work()
    ((asked, body),) = there.came
    assert asked == "POST /hook"
    assert body.pop("text").splitlines()[1] == "Too many failed sign-ins: officer is locked out."
    assert body == {
        "kind": "locked_out", "level": "warning", "at": alert.at.isoformat(), "subject": f"staff.staff {officer.pk}",
        "event": str(alert.event_id),
    }  # fmt: skip
    assert deliveries() == [("webhook", True, "")]
    assert list(verify()) == []


def test_what_the_house_tells_names_people_by_their_logins(
    cast: dict[str, Staff], setup_actor: Staff, there: Hook, by_mail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.join("ouyang", "officer", password="", actor=setup_actor, reason="new", name="欧阳警官")
    named = Staff.objects.get(username="ouyang")
    assert "欧阳" in str(named)
    emergency(named, "privacy", minutes=1)
    monkeypatch.setitem(throttle.LIMITS, "export", throttle.Limit(0, DAY))
    with pytest.raises(Refused):
        limits.spend("export", named)
    with time_machine.travel(timezone.now() + 9 * DAY):
        assert remind_of_reviews() == 1
    alerts = list(Alert.objects.order_by("pk"))
    assert [(a.code, a.facts["who"]) for a in alerts] == [
        ("break_glass", "ouyang"), ("quota", "ouyang"), ("break_glass_overdue", "ouyang"),
    ]  # fmt: skip
    work()
    sent = [f"{one.subject}{one.body}" for one in mail.outbox]
    sent += [json.dumps(body, ensure_ascii=False) for _asked, body in there.came]
    assert len(sent) == 6 and all("ouyang" in one and "欧阳" not in one for one in sent)
    assert "欧阳" not in str(Event.objects.filter(verb="staff.review_overdue").values_list("facts", flat=True))


def test_a_webhook_that_answers_byte_by_byte_is_not_waited_for(
    cast: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time for a read; the whole never does."""
    monkeypatch.setattr(webhook, "PATIENCE", 0.5)
    done, fed = threading.Event(), list[int]()

    def feed() -> None:
        caller, _from = listening.accept()
        with caller:
            for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nX: ", itertools.repeat(ord("x"), 60)):
                try:
                    caller.send(bytes([byte]))
                except OSError:
                    return
                fed.append(byte)
                if done.wait(0.05):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.ALERT_WEBHOOK = f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        alert = raised()
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            with pytest.raises(TimeoutError) as late:
                services.deliver(alert, "webhook")
        finally:
            done.set()
            feeder.join()
    assert webhook.fault(late.value) == "TimeoutError" and len(fed) > 3 and deliveries() == []


def test_the_worker_does_something_else_while_a_webhook_is_slow(cast: Any, there: Hook) -> None:
    """Two alerts, each answered only when the other has come too."""
    words = Command().create_parser("manage.py", "procrastinate").parse_args(serve.WORKER[2:])
    both = threading.Barrier(2, timeout=30)
    there.meanwhile = both.wait
    raised()
    raised()
    work(words.concurrency)
    assert states() == [("webhook", "succeeded", 1)] * 2 and len(there.came) == 2


def test_a_dead_webhook_is_tried_again_and_the_mail_is_not(cast: Any, there: Hook, by_mail: None) -> None:
    there.status = 503
    raised()
    before = head()
    work()
    assert states() == [("mail", "succeeded", 1), ("webhook", "todo", 1)]
    assert deliveries() == [("mail", True, "")] and head() == before + 1
    due_now(1)
    there.status = 200
    work()
    assert states() == [("mail", "succeeded", 1), ("webhook", "succeeded", 2)]
    assert deliveries() == [("mail", True, ""), ("webhook", True, "")]
    assert (len(mail.outbox), len(there.came)) == (1, 2)


def test_after_the_last_try_it_is_given_up_and_that_is_on_the_record(cast: Any, there: Hook) -> None:
    there.status = 500
    alert = raised()
    before = head()
    due_now(7)
    work()
    assert states() == [("webhook", "todo", 8)] and head() == before
    due_now(8)
    work()
    assert states() == [("webhook", "failed", 9)] and len(there.came) == 2
    assert deliveries() == [("webhook", False, "HTTP 500")]
    event = Event.objects.get(seq=before + 1)
    assert (event.verb, event.actor.username, event.subject_id, event.facts) == (
        "alert.undelivered", "system-worker", str(alert.pk), {"channel": "webhook", "why": "HTTP 500"},
    )  # fmt: skip
    assert head() == before + 1 and list(verify()) == []


def test_a_redirect_is_not_followed(cast: Any, there: Hook) -> None:
    with hook() as elsewhere:
        there.location = elsewhere.url
        for there.status in (301, 302, 303, 307, 308):
            with pytest.raises(Exception) as refused:
                channels.send(raised(), "webhook")
            assert webhook.fault(refused.value) == f"HTTP {there.status}"
        assert len(there.came) == 5 and elsewhere.came == []


def test_a_job_that_runs_twice_sends_once(cast: Any, there: Hook, by_mail: None) -> None:
    alert = raised()
    work()
    before = head()
    for channel in ("mail", "webhook"):
        app.configure_task("alerts.send", queue="acts").defer(alert_id=alert.pk, channel=channel)
    work()
    assert [state for _channel, state, _n in states()] == ["succeeded"] * 4
    assert (len(mail.outbox), len(there.came), head()) == (1, 1, before)


def test_nobody_at_the_other_end_is_an_error_with_a_code(cast: Any, there: Hook, settings: Any) -> None:
    settings.ALERT_WEBHOOK = "http://127.0.0.1:1/secret-token"
    alert = raised()
    with pytest.raises(OSError) as refused:
        services.deliver(alert, "webhook")
    services.give_up(alert, "webhook", refused.value)
    assert deliveries() == [("webhook", False, "ConnectionRefusedError")]


def test_a_channel_closed_since_is_not_taken_for_delivered(cast: Any, by_mail: None, settings: Any) -> None:
    raised()
    settings.ALERT_EMAIL = []
    work()
    assert states() == [("mail", "todo", 1)] and deliveries() == [] and mail.outbox == []
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://hooks.example.com/x", True),
        ("https://hooks.example.com:8443/x", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:9/x", True),
        ("http://hooks.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://10.0.0.1/x", False),
        ("ftp://hooks.example.com/x", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
        ("https://hooks.example.com:port/x", False),
        ("hooks.example.com/x", False),
        ("", False),
    ],
)
def test_alerts_leave_the_machine_encrypted_or_not_at_all(url: str, safe: bool, settings: Any) -> None:
    assert webhook.is_safe(url) == safe
    settings.ALERT_WEBHOOK = url
    assert (channels.open_channels() == ["webhook"]) == safe
