"""A letter that has not left does not leave when its act is gone, whatever kept it: it may be tried again later."""

from collections import Counter
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.measures.expiry import expire
from enforcement.models import Notice
from enforcement.notices import delivery
from enforcement.notices.reclaim_notices import announce
from enforcement.notices.resend import Which, resend
from enforcement.policy import Kind
from enforcement.runs import services as runs
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, refuse, undo
from tests.enforcement.letters.post import notice_of, round_of_worker
from tests.enforcement.reclaiming import adopt, reclaimed
from tests.qqops.alerts.raising import Hook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]
Many = Callable[..., list[int]]
KEPT = ("blocked", "failed", "no_way")
WHY = "the contact is set now"


def kept(numbers: list[int]) -> None:
    """One notice of each kind that somebody may have tried again; each was taken once."""
    notices = Notice.objects.filter(tenure__number__in=numbers)
    for number, state in zip(numbers, KEPT, strict=True):
        notices.filter(tenure__number=number).update(state=state, attempts=1)


def nobody_is_written_to(supervisor: Staff, there: Hook) -> None:
    for state in KEPT:
        with pytest.raises(Invalid, match="都无需重发|sent again"):
            resend(Which(state=state), actor=supervisor, reason=WHY)
    assert round_of_worker() == Counter() and there.came == []


def test_of_a_measure_that_has_run_out(
    numbers: Many, officer: Staff, supervisor: Staff, expiry_actor: Staff, there: Hook
) -> None:
    ids = numbers(3)
    report = decide(Kind.FREEZE, ids, officer, duration=2 * HOUR)
    kept(ids)
    with time_machine.travel(timezone.now() + 3 * HOUR):
        expire(actor=expiry_actor)
        states = Notice.objects.filter(decision=report.decision).values_list("stage", "state")
        assert list(states) == [("act", "withdrawn")] * 3
        nobody_is_written_to(supervisor, there)
    assert broken() == []


def test_of_what_was_taken_back_who_never_heard_of_it_hears_nothing(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, there: Hook
) -> None:
    ids = numbers(4)
    wrong = decide(Kind.FREEZE, ids, officer)
    kept(ids[:3])
    Notice.objects.filter(tenure__number=ids[3]).update(state="sent")
    done = approve(undo(wrong, officer2, in_error=False), supervisor)
    states = Notice.objects.filter(decision=wrong.decision).order_by("tenure__number").values_list("state", flat=True)
    assert list(states) == ["withdrawn"] * 3 + ["sent"]
    assert notice_of(done).tenure.number_id == ids[3]
    assert round_of_worker() == Counter(sent=1)
    there.came.clear()
    nobody_is_written_to(supervisor, there)
    assert broken() == []


@pytest.mark.usefixtures("feed")
def test_of_a_reclaim_that_was_stopped(numbers: Many, cast: dict[str, Staff], there: Hook) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7)
    ids = numbers(3)
    report, worker = reclaimed(policy, cast), Staff.objects.system("system-worker")
    announce(actor=worker)
    kept(ids)
    runs.stop(report.decision, actor=cast["supervisor"], reason="the policy is looked at anew")
    assert announce(actor=worker) == Counter(ended=0)
    assert set(Notice.objects.values_list("stage", "state")) == {("prior", "withdrawn")}
    nobody_is_written_to(cast["supervisor"], there)
    assert broken() == []


@pytest.mark.usefixtures("feed")
def test_who_has_lost_the_number_meanwhile_is_not_told_that_it_is_not_reclaimed(
    numbers: Many, cast: dict[str, Staff]
) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7)
    terminated, frozen, left = numbers(3)
    report, worker = reclaimed(policy, cast), Staff.objects.system("system-worker")
    announce(actor=worker)
    Notice.objects.update(state="sent")
    approve(decide(Kind.TERMINATE, [terminated], cast["officer"]), cast["supervisor"])
    decide(Kind.FREEZE, [frozen], cast["officer"])
    runs.stop(report.decision, actor=cast["supervisor"], reason="the policy is looked at anew")
    assert announce(actor=worker) == Counter(ended=2)
    told = Notice.objects.filter(decision=report.decision, stage="ended").order_by("tenure__number")
    assert list(told.values_list("tenure__number", flat=True)) == [frozen, left]
    for notice in told:
        letter = delivery.letter_of(notice)[1]
        assert "继续使用" not in letter.body_zh and "go on using" not in letter.body_en  # one of them is frozen
    assert broken() == []


def test_who_was_not_reached_in_time_and_is_not_written_to_any_more_hears_of_no_end(
    numbers: Many, officer: Staff, supervisor: Staff, there: Hook
) -> None:
    report = decide(Kind.FREEZE, numbers(2), officer, duration=30 * DAY)
    taken = delivery._take()
    refuse(report, supervisor)
    delivery._write([delivery.Result(taken[0], Notice.State.SENT, "webhook", sha256="0" * 64)])
    delivery.OUTBOX.give_back([taken[1].pk])  # its time was over
    assert Notice.objects.filter(stage="ended", state="pending").count() == 2
    assert round_of_worker() == Counter(sent=1, withdrawn=1)
    ((_asked, body),) = there.came
    assert body["number"] == str(taken[0].tenure.number_id)
    assert broken() == []
