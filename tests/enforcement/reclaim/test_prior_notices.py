"""Notices first (10.3; domain.md §7, T12c): every holder is told before a reclaim runs, and reminded; then it runs."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone, translation

from accounts.models import DormancyPolicy, Number
from enforcement import tasks
from enforcement.decisions.queries import notice_text
from enforcement.models import Decision, Notice
from enforcement.notices import reclaim_notices
from enforcement.notices import reclaim_notices as announcing
from enforcement.notices.reclaim_notices import announce
from enforcement.runs.apply import apply
from qqops.audit import origin
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.enforcement.reclaiming import adopt, logs_in, reclaimed
from tests.supply import feed_covers
from tests.terminal import Terminal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rulebook", "feed")]
Cast = dict[str, Staff]
Many = Callable[..., list[int]]


@pytest.fixture
def policy(cast: Cast) -> DormancyPolicy:
    found: DormancyPolicy = adopt(
        cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7, grace_days=30
    )
    return found


@pytest.fixture
def worker(cast: Cast) -> Staff:
    return Staff.objects.system("system-worker")


@pytest.fixture
def later() -> Iterator[Callable[[datetime.timedelta], None]]:
    """`later(31 * DAY)`: that much after the test began; the login feed has come until then."""
    began, travels = timezone.now(), []

    def go(after: datetime.timedelta) -> None:
        travels.append(time_machine.travel(began + after))
        travels[-1].start()
        feed_covers()

    yield go
    for travel in reversed(travels):
        travel.stop()


Later = Callable[[datetime.timedelta], None]


def told(decision: Decision) -> Counter[str]:
    return Counter(Notice.objects.filter(decision=decision).values_list("stage", flat=True))


def queued() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (args->>'decision_id')::int FROM procrastinate_jobs WHERE task_name = 'enforcement.apply'"
        )
        return [pk for (pk,) in cursor.fetchall()]


def test_an_approved_reclaim_waits_until_its_holders_had_their_notice(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, later: Later
) -> None:
    numbers(3)
    before = head()
    report = reclaimed(policy, cast)
    decision = report.decision
    assert (decision.state, report.applied, told(decision)) == ("approved", 0, Counter())
    with pytest.raises(Invalid):
        apply(decision, actor=worker)
    assert announce(actor=worker) == Counter(prior=3)
    decision.refresh_from_db()
    assert decision.announced_at is not None and decision.effective_at is not None
    assert decision.effective_at - decision.announced_at == 30 * DAY
    assert announce(actor=worker) == Counter()
    later(24 * DAY)
    assert announce(actor=worker) == Counter(reminder=3)
    assert announce(actor=worker) == Counter()
    decision.refresh_from_db()
    later(29 * DAY)
    with pytest.raises(Invalid, match=f"{timezone.localtime(decision.effective_at):%Y-%m-%d}"):
        apply(Decision.objects.get(), actor=worker)
    assert (reclaim_notices.ready(), told(decision)) == ([], Counter(prior=3, reminder=3))
    later(32 * DAY)
    assert reclaim_notices.ready() == [decision]
    assert apply(Decision.objects.get(), actor=worker) == (3, Counter())
    assert told(decision) == Counter(prior=3, reminder=3, act=3)
    assert [verb for verb in verbs(before) if verb != "logins.file_recorded"] == [
        "decision.proposed", "decision.approved", "decision.approved", "decision.announced", "decision.all_told",
        "decision.announced", "decision.all_told", "decision.applied", "decision.finished",
    ]  # fmt: skip
    assert broken() == []


def test_who_logs_in_after_the_notice_keeps_his_number_and_is_not_reminded(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, later: Later
) -> None:
    early, late, _gone = numbers(3)
    decision = reclaimed(policy, cast).decision
    announce(actor=worker)
    later(10 * DAY)
    logs_in(early)
    later(24 * DAY)
    assert announce(actor=worker) == Counter(reminder=2)
    later(29 * DAY)
    logs_in(late)
    later(32 * DAY)
    assert apply(Decision.objects.get(pk=decision.pk), actor=worker) == (1, Counter(used_since=2))


def test_a_use_after_the_filing_counts_however_short_the_term_of_the_policy(
    cast: Cast, numbers: Many, worker: Staff, later: Later
) -> None:
    policy, (one,) = adopt(cast, "short", "dormant", threshold_days=5, notice_days=30), numbers(1)
    decision = reclaimed(policy, cast).decision
    announce(actor=worker)
    later(1 * DAY)
    logs_in(one)
    later(31 * DAY)  # dormant again for longer than the policy's five days
    assert apply(Decision.objects.get(pk=decision.pk), actor=worker) == (0, Counter(used_since=1))


def test_nobody_is_reclaimed_before_all_were_told_however_late_that_is(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, later: Later
) -> None:
    numbers(2)
    decision = reclaimed(policy, cast).decision
    later(31 * DAY)  # the worker stood still
    assert reclaim_notices.ready() == []
    with pytest.raises(Invalid):
        apply(Decision.objects.get(), actor=worker)
    announce(actor=worker)
    decision.refresh_from_db()
    assert decision.effective_at is not None and decision.effective_at > timezone.now() + 29 * DAY
    with pytest.raises(Invalid):
        apply(decision, actor=worker)


def test_who_is_reminded_late_has_all_the_days_after_it(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, later: Later
) -> None:
    numbers(2)
    decision = reclaimed(policy, cast).decision
    announce(actor=worker)
    later(31 * DAY)  # the worker stood still when it was time for the reminder, and past the day that was told
    decision.refresh_from_db()
    assert reclaim_notices.ready() == []
    with translation.override("en"):
        assert notice_text(decision) == "Its holders are reminded now; it runs 7 days after that."
        with pytest.raises(Invalid, match="not all reminded yet: it runs 7 days after that"):
            apply(decision, actor=worker)
    assert announce(actor=worker) == Counter(reminder=2)
    decision.refresh_from_db()
    assert decision.reminded_at is not None and decision.effective_at == decision.reminded_at + 7 * DAY
    later(37 * DAY)
    assert reclaim_notices.ready() == [] and announce(actor=worker) == Counter()
    with pytest.raises(Invalid, match=f"{timezone.localtime(decision.effective_at):%Y-%m-%d}"):
        apply(decision, actor=worker)
    later(39 * DAY)
    assert reclaim_notices.ready() == [decision]
    assert apply(Decision.objects.get(), actor=worker) == (2, Counter())
    assert broken() == []


def test_notices_are_written_by_chunks_and_a_run_that_was_cut_short_goes_on(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers(5)
    decision = reclaimed(policy, cast).decision
    monkeypatch.setattr(django_settings, "QQOPS_CHUNK", 2)
    whole = announcing._tell
    calls: list[object] = []

    def killed(*given: object) -> tuple[int, int, int]:
        if len(calls) == 2:
            raise ConnectionError("killed")
        calls.append(given)
        return whole(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(ConnectionError):
        patch.setattr(announcing, "_tell", killed)
        announce(actor=worker)
    decision.refresh_from_db()
    assert (told(decision), decision.announced_at) == (Counter(prior=4), None)
    assert announce(actor=worker) == Counter(prior=1)
    decision.refresh_from_db()
    assert (told(decision), decision.announced_at is None) == (Counter(prior=5), False)
    assert broken() == []


def test_the_worker_tells_and_then_runs_it(cast: Cast, numbers: Many, policy: DormancyPolicy, later: Later) -> None:
    numbers(2)
    decision = reclaimed(policy, cast).decision
    with origin.origin(origin.WORKER):
        tasks.announce(0)
        assert (told(decision), queued()) == (Counter(prior=2), [])
        later(24 * DAY)
        tasks.announce(0)
        later(32 * DAY)
        tasks.announce(0)
        tasks.announce(0)  # the job waits already
        assert queued() == [decision.pk]
        tasks.apply_decision(decision.pk)
        tasks.announce(0)
    assert (queued(), Decision.objects.get().state) == ([decision.pk], "applied")
    assert Number.objects.filter(lifecycle="terminated").count() == 2


def test_the_command_says_when_it_runs_and_does_not_run_it_before(
    cast: Cast, numbers: Many, policy: DormancyPolicy, worker: Staff, terminal: Terminal
) -> None:
    numbers(1)
    decision = reclaimed(policy, cast).decision
    announce(actor=worker)
    decision.refresh_from_db()
    day = f"{timezone.localtime(decision.effective_at):%Y-%m-%d %H:%M}"
    assert f"runs on {day}" in terminal(None, "decisions", "show", decision.pk).out
    for more in ((), ("--apply",)):
        said = terminal(None, "decisions", "run", decision.pk, *more)
        assert (said.code, day in said.error) == (2, True)
    assert Number.objects.filter(lifecycle="terminated").count() == 0


def test_a_reclaim_without_notice_runs_with_the_last_agreement(cast: Cast, numbers: Many) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90)
    numbers(2)
    report = reclaimed(policy, cast)
    assert (report.applied, report.decision.state, told(report.decision)) == (2, "applied", Counter(act=2))
