"""What must come regularly: on time, late, told once a day, and seen on the overview though no worker lives."""

import datetime
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts import tasks as accounts_tasks
from appeals import tasks as appeals_tasks
from enforcement import tasks
from qqops.alerts import tasks as alert_tasks
from qqops.alerts import watch
from qqops.alerts.models import Alert, Beat
from qqops.audit import tasks as audit_tasks
from qqops.audit.models import Event
from qqops.staff import tasks as staff_tasks
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.pages import text
from tests.qqops.alerts.raising import everything_came

MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)
SWEEP = "enforcement.expire"
MINUTELY = {SWEEP, "enforcement.feed", "enforcement.deliver", "appeals.sweep", "appeals.deliver"}


@pytest.fixture
def fresh(cast: dict[str, Staff]) -> datetime.datetime:
    """Everything came just now, the sweep last."""
    everything_came()
    return Beat.objects.get(pk=SWEEP).at


def others_come() -> None:
    for name in watch._watched.keys() - {SWEEP}:
        watch.beat(name)


def late_now() -> set[str]:
    return {one.name for one in watch.late()}


def late_at(moment: datetime.datetime) -> set[str]:
    with time_machine.travel(moment, tick=False):
        return late_now()


def test_a_new_house_has_its_full_time_before_anything_is_late(db: None) -> None:
    """`migrate` begins the wait; nothing has come yet."""
    watch.begin("owner")
    began = Beat.objects.get(pk=SWEEP).at
    assert late_at(began + 5 * MINUTE) == set()
    assert late_at(began + 6 * MINUTE) == MINUTELY
    assert sorted(Beat.objects.values_list("name", flat=True)) == sorted(watch._watched)


def test_each_of_the_worker_is_late_after_its_own_time(fresh: datetime.datetime) -> None:
    half_hourly, hourly = (
        {"staff.sweep", "accounts.breaches", "accounts.holds", "accounts.tally", "enforcement.announce", SWEEP},
        {
            "staff.remind",
            "accounts.overdue",
            "accounts.proposals",
            "accounts.cancellations",
            "accounts.purge_numbers",
            "accounts.release",
        },
    )
    daily = {
        "audit.verify",
        "audit.months",
        "audit.checkpoint",
        "accounts.purge",
        "accounts.logins",
        "enforcement.evidence",
        "appeals.keys",
    }
    assert late_at(fresh + 29 * MINUTE) == MINUTELY
    half_hourly |= MINUTELY
    assert late_at(fresh + 31 * MINUTE) == half_hourly
    assert late_at(fresh + 3 * HOUR) == half_hourly | hourly
    hourly |= {"enforcement.lists"}
    assert late_at(fresh + 4 * HOUR) == late_at(fresh + 25 * HOUR) == half_hourly | hourly
    assert late_at(fresh + 27 * HOUR) == half_hourly | hourly | daily


def test_a_later_migration_does_not_make_the_late_on_time(fresh: datetime.datetime) -> None:
    with time_machine.travel(fresh + HOUR):
        watch.begin("default")
        assert [one.since for one in watch.late() if one.name == SWEEP] == [fresh]


def test_what_was_never_waited_for_is_late_and_says_never(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    everything_came()
    monkeypatch.setitem(watch._watched, "feed.logins", watch.Watched("feed.logins", "the sign-in feed", HOUR))
    assert watch.late() == [watch.Late("feed.logins", "the sign-in feed", None, HOUR)]
    watch.begin("default")
    assert watch.late() == []


def test_a_beat_is_one_statement_and_moves_one_row(fresh: datetime.datetime, django_assert_num_queries: Any) -> None:
    with time_machine.travel(fresh + HOUR), django_assert_num_queries(1):
        watch.beat(SWEEP)
    assert list(Beat.objects.filter(at__gte=fresh + HOUR).values_list("name", flat=True)) == [SWEEP]
    assert Beat.objects.count() == len(watch._watched)
    with pytest.raises(LookupError, match=r"feed\.unknown"):
        watch.beat("feed.unknown")
    with pytest.raises(ValueError, match="twice"):
        watch.declare(SWEEP, "again", within=HOUR)


def test_each_sweep_of_the_worker_beats(fresh: datetime.datetime) -> None:
    with time_machine.travel(fresh + 27 * HOUR):
        left = set(watch._watched)
        assert late_now() == left
        for name, run in {
            SWEEP: tasks.expire,
            "enforcement.feed": tasks.push_states,
            "enforcement.deliver": tasks.deliver_notices,
            "enforcement.lists": tasks.forget_lists,
            "enforcement.evidence": tasks.drop_evidence,
            "audit.months": audit_tasks.make_months,
            "appeals.sweep": appeals_tasks.sweep_appeals,
            "appeals.deliver": appeals_tasks.deliver_messages,
            "appeals.keys": appeals_tasks.clear_words,
            "staff.sweep": staff_tasks.sweep,
            "staff.remind": staff_tasks.remind,
            "accounts.purge": accounts_tasks.purge_expired,
            "enforcement.announce": tasks.announce,
            "accounts.breaches": accounts_tasks.breaches,
            "accounts.holds": accounts_tasks.expired_holds,
            "accounts.overdue": accounts_tasks.overdue_requests,
            "accounts.tally": accounts_tasks.add_up,
            "accounts.proposals": accounts_tasks.lapse,
            "accounts.cancellations": accounts_tasks.end_cancellations,
            "accounts.purge_numbers": accounts_tasks.purge_numbers,
            "accounts.release": accounts_tasks.release_numbers,
        }.items():
            run(0)
            left.remove(name)
            assert late_now() == left
        # One act wants a transaction of its own (tests/qqops/audit/verify/test_verify.py), one comes with its file.
        assert left == {"audit.verify", "audit.checkpoint", "accounts.logins"}


def test_what_is_late_is_told_once_a_day_and_again_the_next(fresh: datetime.datetime) -> None:
    before = head()
    alert_tasks.look(0)
    assert head() == before  # nothing is late: nothing is written
    for hours, told in ((1, 1), (2, 1), (24, 1), (26, 2)):
        with time_machine.travel(fresh + hours * HOUR):
            others_come()
            alert_tasks.look(0)
        assert Alert.objects.count() == told
    assert verbs(before) == ["alert.late"] * 2
    event = Event.objects.get(seq=before + 1)
    assert (event.actor.username, event.source, event.facts, event.rows) == (
        "system-worker", "system", {"name": SWEEP}, {"alerts_alert": 1},
    )  # fmt: skip
    alert = Alert.objects.earliest("pk")
    assert (alert.event_id, alert.code, alert.level) == (event.pk, "late", "critical")
    assert (alert.subject_type, alert.subject_id, alert.subject_label) == ("alerts.beat", SWEEP, SWEEP)
    assert alert.facts == {"label": "the expiry sweep", "since": fresh.isoformat(), "minutes": 5}
    since = timezone.localtime(fresh).strftime("%Y-%m-%d %H:%M")
    assert since in alert.sentence
    assert broken() == []


def test_a_dead_worker_shows_on_the_overview_by_itself(desk: Any) -> None:
    everything_came()
    boss, agent = desk("supervisor"), desk("agent")
    assert "the expiry sweep" not in text(boss.get("/admin/"))
    with time_machine.travel(timezone.now() + 10 * MINUTE):
        assert "late the expiry sweep 10 minutes ago" in text(boss.get("/admin/")).replace("\xa0", " ")
        assert "the expiry sweep" not in text(agent.get("/admin/"))
    assert Alert.objects.count() == 0


def test_the_application_moves_beats_and_deletes_none(fresh: datetime.datetime) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM alerts_beat")
