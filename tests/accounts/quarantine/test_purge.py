"""After the grace: what is cleared and certified, what keeps a number, what the law keeps, and for how long (10.4)."""

import datetime
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.cancellation import services as cancel
from accounts.lifecycle import L
from accounts.models import (
    Clearance,
    Erasure,
    Hold,
    Identity,
    LoginFact,
    Number,
    PurgeCertificate,
    Tenure,
)
from accounts.quarantine import purge, sweep
from accounts.quarantine import services as release
from accounts.quarantine.policy import Service
from accounts.retention.purge import purge as retention_sweep
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.logins.files import ago, logins
from tests.accounts.quarantine.steps import (
    cleared,
    history,
    hold,
    later,
    lift,
    purged,
    quarantined,
    state,
    terminate,
)
from tests.enforcement.acts import approve, broken, decide, head, verbs
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
# The other process has a clock of its own.
IN_A_MONTH = """
import datetime, django, time_machine
django.setup()
from django.core.management import call_command
with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31)):
    call_command("purge", "--apply")
"""


def test_grace_purge_and_quarantine_leave_two_rows_a_certificate_and_nothing_of_the_holder(
    number: Make, terminal: Terminal, tmp_path: Path
) -> None:
    one = number(paid=True)
    tenure, at = Tenure.objects.get(number=one.pk).pk, ago(days=2)
    terminal(None, "import_logins", logins(tmp_path, [(one.pk, at, "qq")]), "--apply")
    terminate([one.pk])
    with later(days=29):
        assert purged() == {} and state(one.pk) == "terminated"
    before = head()
    with later(days=31):
        dry = terminal(None, "purge")
        assert dry.code == 4 and "purged: 1" in dry.out and state(one.pk) == "terminated"
        assert terminal(None, "purge", "--apply", "--json").json == {"applied": True, "purged": 1}
        assert terminal(None, "purge", "--apply", "--json").json == {"applied": True}
    assert verbs(before) == ["number.purged", "number.quarantined"]
    assert [event.actor.username for event in Event.objects.filter(seq__gt=before)] == ["system-release"] * 2
    assert history(one.pk) == ["in_use", "terminated", "purged", "quarantined"]
    one.refresh_from_db()
    assert (one.lifecycle, one.tenure_id, one.terminated_under) == ("quarantined", None, "10.1")
    ended = Tenure.objects.get(pk=tenure)
    assert ended.ended_at is not None and one.terminated_at is not None and one.due_at is not None
    # The later of quarantine and objection window: here the quarantine, which begins with the purge.
    assert one.due_at - ended.ended_at == datetime.timedelta(days=settings.QQOPS_QUARANTINE_DAYS)
    certificate = PurgeCertificate.objects.get(tenure=ended)
    until = ended.ended_at + datetime.timedelta(days=184)
    assert certificate.cleared == {"right_of_use": 1}
    assert certificate.kept == {"logins": until.isoformat(), "record": "", "registers": ""}
    assert certificate.event_id == Event.objects.get(seq=before + 1).pk and broken() == []


def test_a_short_quarantine_does_not_end_before_the_time_for_objections(number: Make, settings: Any) -> None:
    settings.QQOPS_QUARANTINE_DAYS = 90
    one = number()
    quarantined([one.pk])
    one.refresh_from_db()
    assert one.due_at is not None and one.terminated_at is not None
    assert one.due_at - one.terminated_at == datetime.timedelta(days=180)


def test_whoever_was_terminated_keeps_his_identity_until_the_time_for_objections_is_over(
    identity: Callable[..., Identity],
) -> None:
    tenure = identity().tenure
    quarantined([tenure.number_id])
    certificate = PurgeCertificate.objects.get(tenure=tenure)
    assert set(certificate.kept) == {"identity", "record", "registers"} and certificate.cleared == {"right_of_use": 1}
    assert Identity.objects.get(pk=tenure.pk).erased_at is None
    with later(days=31 + 181):
        retention_sweep(actor=Staff.objects.system("system-retention"))
    assert Erasure.objects.get(tenure=tenure).basis == "retention" and broken() == []


def test_what_keeps_a_number_is_counted_and_it_goes_when_that_is_over(
    numbers: Many, officer: Staff, supervisor: Staff
) -> None:
    legal, objecting, asking, deciding, free = numbers(5)
    terminate([legal, objecting, asking, deciding, free])
    hold(legal, Hold.Kind.LEGAL, "court 7", actor=officer)
    hold(objecting, Hold.Kind.APPEAL, "A-7", actor=officer)
    hold(asking, Hold.Kind.REQUEST, "R-7", actor=officer)
    with later(days=31):
        waiting = decide(Kind.RESTORE, [deciding], officer, clauses=("10.1",))
        assert purged() == {"purged": 1, "legal": 1, "appeal": 1, "request": 1, "decision": 1}
        assert [state(n) for n in (legal, objecting, asking, deciding, free)] == ["terminated"] * 4 + ["quarantined"]
        lift(Hold.Kind.APPEAL, "A-7", actor=officer)
        assert purged() == {"purged": 1, "legal": 1, "request": 1, "decision": 1}
        assert waiting.decision.state == "proposed"
    assert broken() == []


def test_measures_of_the_former_holder_no_longer_reach_the_number(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    quarantined([one.pk])
    one.refresh_from_db()
    assert (one.frozen_until, one.restricted_until, one.reclaim_exempt_reason) == (None, None, "")
    assert broken() == []


def test_login_facts_stay_for_six_months_and_then_go_unless_something_keeps_them(
    numbers: Many, terminal: Terminal, tmp_path: Path, officer: Staff
) -> None:
    gone, kept, live = numbers(3)
    terminal(None, "import_logins", logins(tmp_path, [(n, ago(days=1), "qq") for n in (gone, kept, live)]), "--apply")
    quarantined([gone, kept])
    hold(kept, Hold.Kind.LEGAL, "court 7", actor=officer)
    retention = Staff.objects.system("system-retention")
    with later(days=31 + 183):
        retention_sweep(actor=retention)
        assert LoginFact.objects.count() == 3
    with later(days=31 + 185):
        before = head()
        assert retention_sweep(actor=retention)["logins"] == 1
        assert verbs(before) == ["logins.expired"]
        assert retention_sweep(actor=retention)["logins"] == 0
    left = LoginFact.objects.values_list("tenure__number", flat=True)
    assert sorted(left) == [kept, live] and broken() == []


def test_services_confirm_what_they_cleared_once_and_only_of_the_tenure_that_ended(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    one, used = numbers(2)
    quarantined([one])
    with later(days=32):
        at = timezone.now().isoformat()
        lines = [f"{one},mail,{at}", f"{one},Mail,{at}", f"{used},mail,{at}", f"77777,mail,{at}",
                 f"{one},qzone,{ago(days=40).isoformat()}"]  # fmt: skip
        file = tmp_path / "cleared.csv"
        file.write_text("number,service,time\n" + "\n".join(lines))
        dry = terminal(None, "purge", "confirm", file)
        assert dry.code == 4 and "would be new: 1" in dry.out and not Clearance.objects.exists()
        before = head()
        said = terminal(None, "purge", "confirm", file, "--apply", "--json").json
        assert (said["lines"], said["recorded"]) == (5, 1)
        assert said["numbers"] == {"in_use": [used], "unknown": [77_777], "early": [one]}
        again = terminal(None, "purge", "confirm", file, "--apply", "--json").json
        assert (again["recorded"], again["skipped"]["again"]) == (0, 1)
        assert verbs(before) == ["number.cleared"] * 2
        file.write_text("\n".join([lines[0], f"{one},friendship,{at}", f"{one},mail,soon"]))
        wrong = terminal(None, "purge", "confirm", file, "--apply")
        assert wrong.code == 2 and "line 2: “friendship” is not a service." in wrong.out and "line 3: " in wrong.out
    assert [c.service for c in Clearance.objects.all()] == ["mail"] and broken() == []


def test_a_confirmation_of_the_holder_before_clears_nothing_of_the_last_ones(number: Make, tmp_path: Path) -> None:
    one = number()
    quarantined([one.pk])
    with later(days=31):
        assert cleared(tmp_path, [one.pk], days=40).skipped == {"early": len(Service)}
        assert cleared(tmp_path, [one.pk]).recorded == len(Service)


def test_the_sweeps_find_what_is_due_by_their_index(numbers: Many) -> None:
    numbers(3_000)
    terminate(numbers(50))
    with connection.cursor() as cursor:
        cursor.execute(sweep.BY_KEY)
        first = datetime.datetime(1, 1, 2, tzinfo=datetime.UTC)
        given: dict[str, Any] = {
            "lifecycle": str(L.TERMINATED),
            "from": first,
            "after": 0,
            "size": 10,
            "until": timezone.now(),
        }
        cursor.execute("EXPLAIN " + sweep.DUE, given)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "number_due" in plan and "Seq Scan" not in plan, plan
        made = list(Number.objects.filter(lifecycle="terminated").values_list("pk", flat=True))
        inserts = {
            "number": recorder.history_insert(Number, "~", source="number live"),
            "tenure": recorder.history_insert(Tenure, "~", source="tenure live"),
        }
        day = datetime.timedelta(days=1)
        params: dict[str, Any] = {"numbers": made, "now": timezone.now(), "clause": "12.1", "cancelled": "12.1"}
        params |= {"quarantine": day, "objection": day, "pen_event": None, "pen_user": 1}
        for sql in (cancel._END, purge._PURGE, purge._QUARANTINE, release._JUDGED):
            cursor.execute("EXPLAIN " + sql.format(**inserts), params)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on accounts_number n" not in plan and "Seq Scan on accounts_tenure" not in plan, plan


@pytest.mark.django_db(transaction=True)
def test_a_purge_killed_midway_goes_on_and_loses_and_doubles_nothing(
    numbers: Many, process_env: dict[str, str]
) -> None:
    made = numbers(400)
    terminate(made)
    env = process_env | {"QQOPS_CHUNK": "10"}
    run = [sys.executable, "-c", IN_A_MONTH]
    with subprocess.Popen(run, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and PurgeCertificate.objects.count() < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = PurgeCertificate.objects.count()
    assert 0 < done < 400 and Number.objects.filter(lifecycle="purged").count() == 0
    with later(days=31):
        assert purged() == {"purged": 400 - done}
    assert set(Number.objects.filter(pk__in=made).values_list("lifecycle", flat=True)) == {"quarantined"}
    assert PurgeCertificate.objects.count() == Tenure.objects.filter(ended_at__isnull=False).count() == 400
    assert history(made[0]) == history(made[-1]) == ["in_use", "terminated", "purged", "quarantined"]
    assert broken() == [] and purge.PURGED == "purged"
