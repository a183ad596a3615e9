"""Whoever was told that a measure begins, or that his number is to be reclaimed, is told that this is over (T9)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.decisions.services import Report
from enforcement.measures.expiry import expire
from enforcement.models import Notice
from enforcement.notices import delivery
from enforcement.notices.reclaim_notices import announce
from enforcement.policy import Kind
from enforcement.runs import services as runs
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, refuse, undo, verbs
from tests.enforcement.letters.post import letter, notice_of, round_of_worker
from tests.enforcement.reclaiming import adopt, reclaimed
from tests.qqops.alerts.raising import Hook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]
Many = Callable[..., list[int]]
Ended = Callable[[Report, dict[str, Staff]], Any]
WHY = "reported by mistake"


def _lapse(filed: Report, cast: dict[str, Staff]) -> None:
    with time_machine.travel(timezone.now() + 73 * HOUR):
        expire(actor=Staff.objects.system("system-expiry"))


WAYS: dict[str, Ended] = {
    "refused": lambda filed, cast: refuse(filed, cast["supervisor"]),
    "lapsed": _lapse,
}


def ends(report: Report) -> list[str]:
    """The states of what is told of its end."""
    return list(Notice.objects.filter(decision=report.decision, stage="ended").values_list("state", flat=True))


@pytest.mark.parametrize("how", WAYS)
def test_a_provisional_measure_that_nobody_confirmed(
    number: Make, cast: dict[str, Staff], there: Hook, how: str
) -> None:
    one, other = number(), number()
    told = decide(Kind.FREEZE, one, cast["officer"], duration=30 * DAY)
    assert round_of_worker() == Counter(sent=1)
    untold = decide(Kind.FREEZE, other, cast["officer"], duration=30 * DAY)
    WAYS[how](told, cast)
    WAYS[how](untold, cast)
    assert (ends(told), ends(untold)) == (["pending"], [])
    assert [notice_of(one, stage="act").state for one in (told, untold)] == ["sent", "withdrawn"]
    found = letter(told, stage="ended")
    assert f"关于您使用的号码 {one.pk}：此前采取的临时措施（违规冻结）未获另一名工作人员确认" in found.body_zh
    assert "(violation freeze) was not confirmed by another member of staff" in found.body_en
    assert "诈骗" not in found.text and str(one.pk) not in found.subject
    assert round_of_worker() == Counter(sent=1)
    assert notice_of(told, stage="ended").letter_sha256 == found.sha256 == letter(told, stage="ended").sha256
    assert [body["notice"] for _asked, body in there.came] == [
        notice_of(told, stage=stage).pk for stage in ("act", "ended")
    ]
    assert broken() == []


def test_a_timed_measure_that_has_run_out_is_told_chunk_by_chunk(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, expiry_actor: Staff, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 2
    report = decide(Kind.FREEZE, numbers(5), officer, duration=2 * HOUR)
    acts = list(Notice.objects.order_by("pk"))
    Notice.objects.filter(pk__in=[notice.pk for notice in acts[:3]]).update(state="sent")
    Notice.objects.filter(pk=acts[3].pk).update(state="failed")
    before = head()
    with time_machine.travel(timezone.now() + 3 * HOUR):
        expire(actor=expiry_actor)
        assert verbs(before) == ["measure.expired"] * 3
        assert ends(report) == ["pending"] * 3
        states = Notice.objects.filter(stage="act").order_by("pk").values_list("state", flat=True)
        assert list(states) == ["sent", "sent", "sent", "withdrawn", "withdrawn"]
        found = letter(report, stage="ended", tenure=acts[0].tenure_id)
        assert "（违规冻结）期限已满，自 " in found.body_zh and "as its time is over. Other measures" in found.body_en
        approve(undo(report, officer2), supervisor)  # of that he has a letter of its own, and this one is not changed
        assert letter(report, stage="ended", tenure=acts[0].tenure_id) == found
    assert broken() == []


def test_what_is_on_its_way_may_have_reached_him(number: Make, officer: Staff, supervisor: Staff) -> None:
    report = decide(Kind.FREEZE, number(), officer, duration=30 * DAY)
    taken = delivery._take()
    refuse(report, supervisor)
    assert (notice_of(report, stage="act").state, ends(report)) == ("withdrawn", ["pending"])
    delivery._write([delivery.Result(taken[0], Notice.State.SENT, "webhook", sha256="0" * 64)])
    assert notice_of(report, stage="act").state == "sent"


def test_of_what_was_found_wrong_before_the_sweep_one_letter_is_enough(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, expiry_actor: Staff
) -> None:
    report = decide(Kind.FREEZE, number(), officer, duration=2 * HOUR)
    Notice.objects.update(state="sent")
    with time_machine.travel(timezone.now() + 3 * HOUR):
        approve(undo(report, officer2), supervisor)
        expire(actor=expiry_actor)
    assert ends(report) == [] and Notice.objects.filter(state="pending").count() == 1


@pytest.mark.usefixtures("feed")
def test_who_was_told_of_a_reclaim_that_is_stopped_is_told_that_it_will_not_happen(
    numbers: Many, cast: dict[str, Staff], there: Hook, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 2
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7)
    first, *_others = numbers(3)
    report, worker = reclaimed(policy, cast), Staff.objects.system("system-worker")
    announce(actor=worker)
    Notice.objects.filter(tenure__number=first).update(state="sent")
    runs.stop(report.decision, actor=cast["supervisor"], reason="the policy is looked at anew")
    before = head()
    assert announce(actor=worker) == Counter(ended=1)
    assert verbs(before) == ["decision.announced", "decision.announced", "decision.all_told"]
    assert announce(actor=worker) == Counter() and len(verbs(before)) == 3
    priors = Notice.objects.filter(stage="prior").order_by("pk").values_list("state", flat=True)
    assert list(priors) == ["sent", "withdrawn", "withdrawn"]
    found = letter(report, stage="ended")
    assert f"号码 {first}：此前预告的回收不再进行" in found.body_zh and "is not carried out" in found.body_en
    assert round_of_worker() == Counter(sent=1) and len(there.came) == 1
    assert broken() == []
