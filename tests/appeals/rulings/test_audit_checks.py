"""A programme error, or someone with the application's own role, writes what looks right: `audit_verify` names it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Number
from appeals.models import Appeal, Ruling, RulingApproval, RulingGround
from appeals.recovery import services as recovery
from appeals.rulings.services import content_hash
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core import bulk
from qqops.staff.models import Staff
from tests.appeals.heard import WHY, agreed, filed, objection, ruled
from tests.enforcement.acts import broken, decide, terminated

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that every ruling cites."""


def named() -> set[tuple[str, str]]:
    return {(b.what, b.row) for b in broken()}


def slipped(ruling: Ruling, actor: Staff, **changed: Any) -> Ruling:
    """A ruling as that one, with its grounds, and with these things changed; its hash fits."""
    grounds = list(ruling.grounds.values_list("clause", flat=True))
    ruling.pk, ruling._state.adding = bulk.next_pk(Ruling), True
    for name, value in changed.items():
        setattr(ruling, name, value)
    ruling.content_hash = content_hash(ruling, grounds)
    with recorder.act("appeal.ruled", actor=actor, reason=WHY, facts={"outcome": "x"}) as act:
        ruling.save(force_insert=True)
        act.wrote(recorder.history_model(Ruling))
        RulingGround.objects.bulk_create(
            [RulingGround(ruling=ruling, clause_id=clause, event_id=act.event_id) for clause in grounds]
        )
        act.wrote(RulingGround, rows=len(grounds))
    return ruling


def changed(row: Appeal | Ruling | Decision, actor: Staff, **values: Any) -> None:
    """As an act would, with its history."""
    for name, value in values.items():
        setattr(row, name, value)
    with recorder.act("appeal.ruled", actor=actor, reason=WHY, facts={"outcome": "x"}) as act:
        row.save(update_fields=list(values))
        act.wrote(recorder.history_model(type(row)))


def test_what_two_agreed_to_one_decided_and_what_was_stopped_is_whole(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one, other, third = number(), number(), number()
    agreed(ruled(objection(one, terminated(one, officer, supervisor), agent), "upheld", reviewer), supervisor2)
    ruled(objection(other, decide(Kind.FREEZE, other, officer), agent), "upheld", reviewer)
    stolen = filed(third, "recovery", agent)
    ruled(stolen, "upheld", reviewer)
    assert named() == set()
    recovery.stop(stolen, actor=agent, reason="当前绑定人来电反对")
    ruled(filed(number(), "enquiry", agent), "answered", reviewer, ticket='"T-1"\\')  # as JSON has it
    assert named() == set()


def test_a_ruling_in_force_that_nobody_agreed_to_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    ruling = ruled(objection(one, terminated(one, officer, supervisor), agent), "rejected", reviewer)
    appeal = ruling.appeal
    changed(ruling, reviewer, state="applied", ruled_at=timezone.now())
    changed(appeal, reviewer, state="closed", outcome="rejected", closed_at=timezone.now())
    assert named() == {("approval", f"ruling {ruling.pk}")}


def test_agreement_to_another_text_is_no_agreement(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    ruling = ruled(objection(one, terminated(one, officer, supervisor), agent), "rejected", reviewer)
    seen, ruling.content_hash = ruling.content_hash, "0" * 64
    with recorder.act("appeal.ruling_agreed", actor=supervisor2, reason=WHY, facts={"outcome": "x"}) as act:
        sign(RulingApproval, ruling, supervisor2, "appeals.approve_ruling", act, agreed=True, reason=WHY)
    ruling.content_hash = seen
    changed(ruling, supervisor2, state="applied", ruled_at=timezone.now())
    changed(ruling.appeal, supervisor2, state="closed", outcome="rejected", closed_at=timezone.now())
    assert named() == {("approval", f"ruling {ruling.pk}")}


def test_a_ruling_that_asks_nobody_under_a_rule_that_does_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    ruling = ruled(objection(one, terminated(one, officer, supervisor), agent), "rejected", reviewer)
    changed(ruling, reviewer, state="refused")
    again = slipped(ruling, reviewer2, maker=reviewer2, approvers=[], state="applied", ruled_at=timezone.now())
    changed(again.appeal, reviewer2, state="closed", outcome="rejected", closed_at=timezone.now())
    assert named() == {("approval", f"ruling {again.pk}")}


def test_other_content_than_its_hash_says_is_named(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = filed(number(), "enquiry", agent)
    ruling = ruled(appeal, "answered", reviewer)
    with recorder.act(
        "appeal.ruled", actor=reviewer, reason=WHY, facts={"outcome": "x"}
    ) as act:  # a clause more than what was hashed
        clause = ruling.grounds.get().clause.version.clauses.exclude(number="11")[0]
        RulingGround.objects.create(ruling=ruling, clause=clause, event_id=act.event_id)
        act.wrote(RulingGround)
    assert named() == {("content", f"ruling {ruling.pk}")}


def test_an_objection_that_was_upheld_without_its_reversal_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one, other = number(), number()
    frozen = decide(Kind.FREEZE, one, officer)
    ruling = ruled(objection(one, frozen, agent), "upheld", reviewer)
    second = objection(other, decide(Kind.FREEZE, other, officer), agent)
    bare = slipped(ruling, reviewer2, maker=reviewer2, appeal=second, reverses=None)
    changed(second, reviewer2, state="closed", outcome="upheld", closed_at=timezone.now())
    assert named() == {("reversal", f"ruling {bare.pk}")}


def test_a_decision_that_answers_an_appeal_which_knows_nothing_of_it_is_named(
    number: Make, agent: Staff, officer: Staff, officer2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    appeal = objection(one, frozen, agent)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk, ruling=appeal.receipt)
    assert named() == {("ruling", f"decision {lifted.decision.pk}")}


def test_an_appeal_that_is_closed_as_decided_and_was_not_is_named(number: Make, agent: Staff, reviewer: Staff) -> None:
    closed, cooling = filed(number(), "recovery", agent), filed(number(), "recovery", agent)
    changed(closed, reviewer, state="closed", outcome="rejected", closed_at=timezone.now())
    changed(cooling, reviewer, state="cooling", waits_until=timezone.now())
    assert named() == {("ruling", f"appeal {closed.pk}"), ("ruling", f"appeal {cooling.pk}")}
