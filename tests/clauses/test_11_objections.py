"""Clause 11: whoever does not agree to a measure is heard by somebody else, in time, with reasons; so are others."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Message
from appeals.queue import calendar
from appeals.queue import services as queue
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import REASONS, filed, objection, ruled
from tests.enforcement.acts import approve, decide

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.usefixtures("rulebook")]


def test_11_a_an_objection_is_bound_to_the_act_and_heard_by_somebody_who_had_no_part_in_it(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    frozen = approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    appeal = objection(one, frozen, agent)
    assert (appeal.kind, appeal.decision_id, appeal.tenure_id) == ("objection", frozen.decision.pk, one.tenure_id)
    for involved in (officer, supervisor):
        with pytest.raises(Refused):
            queue.take(appeal, actor=involved)
    assert queue.take_next(actor=reviewer) == appeal


@pytest.mark.parametrize(
    "kind, days", [(Kind.FREEZE, 3), (Kind.RESTRICT, 3), (Kind.TERMINATE, 5)], ids=["freeze", "restrict", "terminate"]
)
def test_11_a_it_is_answered_within_its_working_days(
    number: Make, agent: Staff, officer: Staff, supervisor: Staff, kind: Kind, days: int
) -> None:
    one = number()
    report = decide(kind, one, officer)
    if report.decision.approvers:
        approve(report, supervisor)
    appeal = objection(one, report, agent)
    assert appeal.due_at == calendar.after_working_days(appeal.filed_at, days)
    assert appeal.escalate_at < appeal.due_at


def test_11_a_the_answer_tells_outcome_reasons_clauses_and_the_next_remedy(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    letter = Words(appeal).of_message(Message.objects.get(kind="ruling"))
    for told in (
        REASONS,
        "驳回",
        "rejected",
        "第 11 条（版本",
        "clause 11 (version",
        appeal.receipt,
        "复核",
        "second review",
    ):
        assert told in letter


def test_11_b_other_problems_are_enquiries_and_may_become_an_objection(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    enquiry = filed(one, "enquiry", agent)
    taken = queue.take(enquiry, actor=reviewer)
    hearing.convert(
        taken, "objection", "facts", frozen.decision.pk, actor=reviewer, reason="来电人对冻结有异议",
        revision=taken.revision,
    )  # fmt: skip
    enquiry.refresh_from_db()
    assert (enquiry.kind, enquiry.decision_id, enquiry.state) == ("objection", frozen.decision.pk, "filed")
    assert enquiry.due_at <= calendar.after_working_days(enquiry.filed_at, 10)
    with pytest.raises(Invalid, match="open already"):
        objection(one, frozen, agent)
    assert enquiry.filed_at <= timezone.now()
