"""Clause 7: an appeal for a number that was stolen, forgotten or locked; by the set route; promised to nobody."""

import re
from collections.abc import Callable

import pytest

from accounts.models import Number
from appeals.models import Appeal, Message
from appeals.policy import GROUNDS, Ground
from appeals.services.words import Words
from enforcement.policy import Kind
from qqops.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import filed, ruled
from tests.enforcement.acts import decide

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


def ruled_with(appeal: Appeal, reviewer: Staff, text: str) -> None:
    from appeals.services import queue, rulings
    from appeals.services.rulings import Said

    taken = queue.take(appeal, actor=reviewer)
    rulings.rule(taken, Said("answered", text, "按流程答复来电人"), actor=reviewer, revision=taken.revision)
