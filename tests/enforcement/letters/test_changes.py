"""What the holder reads of a measure that was changed: old and new, the same each time it is made again (T11)."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.letters.example import example
from enforcement.letters.shipped import BY_CODE
from enforcement.measures.expiry import expire
from enforcement.models import Measure, Notice
from enforcement.policy import Kind, Letter
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, decide, undo
from tests.enforcement.letters.post import letter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]


def shown(at: datetime.datetime | None) -> str:
    assert at is not None
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def test_the_old_and_the_new_end_are_told_and_stay_so(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    was = Measure.objects.get().until
    change = decide(Kind.ADJUST, one, reviewer, clauses=("11",), duration=DAY)
    found, now = letter(change), change.decision.until
    assert found.subject_zh == f"措施变更通知（决定 #{change.decision.pk}）"
    assert f"违规冻结：截止时间原为：{shown(was)}（北京时间）；现改为：{shown(now)}（北京时间）。" in found.body_zh
    assert (
        f"violation freeze: it was until: {shown(was)} (Beijing time); it is now until: {shown(now)} (Beijing time)."
        in found.body_en
    )
    assert "限制范围" not in found.body_zh and "如有异议" in found.body_zh
    decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    assert letter(change) == found  # though it was changed again since


def test_scopes_are_told_old_and_new_and_that_the_end_stays(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), duration=5 * DAY)
    found = letter(decide(Kind.ADJUST, one, reviewer, lift_kinds=("restrict",), scopes=("mail",)))
    end = shown(Measure.objects.get().until)
    assert f"限制使用：期限不变，截止时间：{end}（北京时间）。限制范围原为：发送消息、" in found.body_zh
    assert f"its end stays, until: {end} (Beijing time)." in found.body_en
    assert "What was restricted: send messages, mail; what is restricted now: mail." in found.body_en


def test_what_has_no_end_says_so(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    found = letter(approve(decide(Kind.ADJUST, one, officer, indefinite=True), supervisor))
    assert (
        "现改为：无固定期限，至解除为止。" in found.body_zh
        and "until: no fixed end, until it is lifted." in found.body_en
    )


def test_when_it_runs_out_sooner_its_time_was_over(
    number: Make, officer: Staff, reviewer: Staff, expiry_actor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    Notice.objects.update(state="sent")
    decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        expire(actor=expiry_actor)
        assert "（违规冻结）期限已满" in letter(frozen, stage="ended").body_zh


def test_what_is_taken_back_is_named(number: Make, officer: Staff, reviewer: Staff, supervisor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    change = decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    Notice.objects.update(state="sent")
    back = letter(approve(undo(change, officer, in_error=False), supervisor))
    assert "作出的决定（变更措施）自" in back.body_zh and "(change of measures), is taken back" in back.body_en


def test_an_example_can_be_looked_at(number: Make) -> None:
    assert "违规冻结：截止时间原为：" in example(BY_CODE[Letter.ADJUST], Letter.ADJUST).body_zh
