"""Clause 7: an appeal for a number that was stolen, forgotten or locked; by the set route; promised to nobody."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message
from appeals.policy import COOL_DOWN, GROUNDS, Ground
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import STATEMENT, agreed, filed, ruled
from tests.enforcement.acts import decide
from tests.identities import tell

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.usefixtures("rulebook")]


@pytest.mark.parametrize("ground", [str(g) for g in GROUNDS["recovery"]])  # type: ignore[index]
def test_7_a_its_grounds_are_stolen_forgotten_and_cannot_log_in(number: Make, agent: Staff, ground: str) -> None:
    appeal = filed(number(), "recovery", agent, ground=ground)
    assert (appeal.kind, appeal.ground, appeal.state, appeal.receipt[9]) == ("recovery", ground, "filed", "A")


def test_7_a_no_other_ground_is_one(number: Make, agent: Staff) -> None:
    for ground in (Ground.TOO_HARD, Ground.HELP, ""):
        with pytest.raises(Invalid, match="ground"):
            filed(number(), "recovery", agent, ground=ground)


def test_7_b_the_route_is_followed_agreement_receipt_deadline(number: Make, agent: Staff) -> None:
    with pytest.raises(Invalid, match="appeal agreement"):
        filed(number(), "recovery", agent, agreement=" ")
    appeal = filed(number(), "recovery", agent, agreement="2026-01")
    assert (appeal.agreement, appeal.due_at > appeal.filed_at) == ("2026-01", True)


def test_7_b_what_a_decision_froze_for_a_violation_is_no_matter_of_recovery(
    number: Make, agent: Staff, officer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    appeal = filed(one, "recovery", agent)
    assert (appeal.kind, appeal.route, appeal.decision_id) == ("objection", "objection", frozen.decision.pk)
    told = Words(appeal).of_message(Message.objects.get())
    assert "转为对该决定的异议" in told and "taken as an objection" in told


def test_7_c_no_letter_promises_an_outcome_and_nobody_writes_one_that_does(
    number: Make, agent: Staff, reviewer: Staff, officer: Staff
) -> None:
    one = number()
    filed(one, "recovery", agent)
    with pytest.raises(Invalid, match="promise"):
        ruled_with(filed(number(), "enquiry", agent), reviewer, "我们保证一定为您找回。")
    ruled(filed(number(), "enquiry", agent), "answered", reviewer)
    for message in Message.objects.select_related("appeal"):
        letter = Words(message.appeal).of_message(message)
        assert not re.search("保证|guarante", letter, re.IGNORECASE)
        if message.kind == "receipt":
            assert "结果不能预先告知" in letter and "cannot be told beforehand" in letter


def test_7_c_every_letter_of_a_recovery_says_that_success_was_never_promised(
    number: Make, agent: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    appeal = queue.take(filed(one, "recovery", agent), actor=reviewer)
    appeal = recovery.contest(appeal, actor=reviewer, reason="当前使用人亦主张使用权", revision=appeal.revision)
    appeal = hearing.ask(appeal, "请提供号码注册地与时间", actor=reviewer, revision=appeal.revision)
    hearing.answer(appeal, STATEMENT, actor=agent)
    hearing.write(appeal, "我们已收到您的材料。", actor=reviewer)
    agreed(ruled(appeal, "upheld", reviewer), supervisor)
    recovery.stop(appeal, actor=agent, reason="当前绑定人来电反对")
    hearing.withdraw(appeal, actor=agent, reason="申诉人来电要求撤回")
    other = filed(number(), "recovery", agent)
    ruled(other, "upheld", reviewer)
    with time_machine.travel(timezone.now() + COOL_DOWN, tick=False):
        assert recovery.carry_out(other.pk, actor=Staff.objects.system("system-appeals"))
    letters = [m for m in Message.objects.select_related("appeal") if m.kind not in ("answer", "reset")]
    assert Counter(m.kind for m in letters) == {"receipt": 2, "warning": 4, "asked": 1, "other": 3, "ruling": 3}
    for message in letters:
        zh, en = Words(message.appeal).of_message(message).split("————")
        assert "从未承诺申诉一定成功（第 7 条）" in zh and "never promised that an appeal succeeds (7)" in en, (
            message.kind
        )


def ruled_with(appeal: Appeal, reviewer: Staff, text: str) -> None:
    from appeals.rulings import services as rulings
    from appeals.rulings.services import Said

    taken = queue.take(appeal, actor=reviewer)
    rulings.rule(taken, Said("answered", text, "按流程答复来电人"), actor=reviewer, revision=taken.revision)
