"""Objections (11): who decides them, and that an upheld one takes its measure back, in one transaction."""

from collections.abc import Callable

import pytest

from accounts.models import Hold, Number
from accounts.numbers.queries import shown_of
from appeals.models import Appeal, Message, Ruling
from appeals.queue import services as queue
from appeals.rulings import services as rulings
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, objection, ruled, said, sent_back
from tests.enforcement.acts import approve, broken, decide, head, refuse, terminated, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that every ruling cites."""


def test_an_upheld_objection_lifts_its_measure_in_the_same_transaction(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer)
    appeal = objection(one, report, agent)
    assert Hold.objects.filter(tenure=one.tenure_id, kind="appeal", lifted_at=None).exists()
    before = head()
    ruling = ruled(appeal, "upheld", reviewer)
    appeal.refresh_from_db()
    one.refresh_from_db()
    measure = Measure.objects.get(number=one)
    assert (appeal.state, appeal.outcome, ruling.state) == ("closed", "upheld", "applied")
    assert (measure.end_reason, measure.ended_by_id) == ("voided", ruling.reverses_id)
    assert ruling.reverses
    assert (shown_of(one), ruling.reverses.ruling) == ("in_use", appeal.receipt)
    assert not Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).exists()
    assert list(Message.objects.order_by("pk").values_list("kind", flat=True)) == ["receipt", "ruling"]
    assert verbs(before) == ["appeal.taken", "appeal.ruled", "decision.proposed", "decision.applied"]
    assert broken() == []


def test_a_rejected_objection_changes_nothing_of_the_number(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    revision = Number.objects.get(pk=one.pk).revision
    ruling = ruled(appeal, "rejected", reviewer)
    assert (ruling.reverses, Number.objects.get(pk=one.pk).revision) == (None, revision)
    assert Measure.objects.get(number=one).in_force
    assert broken() == []


def test_a_termination_is_restored_when_a_supervisor_agrees(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    ruling = ruled(appeal, "upheld", reviewer)
    appeal.refresh_from_db()
    assert (ruling.state, ruling.rule, appeal.state) == ("proposed", "terminated", "ruled")
    with pytest.raises(Refused, match="took part"):
        agreed(ruling, supervisor)
    agreed(ruling, supervisor2)
    appeal.refresh_from_db()
    one.refresh_from_db()
    assert (appeal.state, appeal.outcome, one.lifecycle) == ("closed", "upheld", "in_use")
    assert broken() == []


def test_a_ruling_that_is_sent_back_is_heard_anew_and_its_decision_is_refused(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    ruling = ruled(appeal, "upheld", reviewer)
    sent_back(ruling, supervisor2)
    appeal.refresh_from_db()
    ruling.refresh_from_db()
    assert ruling.reverses
    assert (appeal.state, ruling.state, ruling.reverses.state) == ("filed", "refused", "refused")
    again = ruled(appeal, "rejected", reviewer2)
    assert again.state == "proposed"
    agreed(again, supervisor2)
    one.refresh_from_db()
    assert (one.lifecycle, broken()) == ("terminated", [])


def test_a_decision_that_answers_an_appeal_is_ruled_on_with_the_ruling_only(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    ruling = ruled(appeal, "upheld", reviewer)
    assert ruling.reverses
    with pytest.raises(Invalid, match=f"answers appeal {appeal.receipt}"):
        refuse_it(ruling, supervisor2)


def refuse_it(ruling: Ruling, actor: Staff) -> None:
    from enforcement.decisions.services import Report

    assert ruling.reverses
    refuse(Report(ruling.reverses), actor)


def test_who_took_part_in_the_measure_hears_no_objection_to_it(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, reviewer, clauses=("6.2",), freeze_kind="security")
    appeal = objection(one, frozen, agent)
    with pytest.raises(Refused, match="took part"):
        queue.take(appeal, actor=reviewer)
    assert queue.take_next(actor=reviewer) is None
    assert queue.take_next(actor=reviewer2) == appeal


def test_a_stale_form_and_another_hand_are_told_so(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    queue.take(appeal, actor=reviewer)
    with pytest.raises(Invalid, match="reviewer has this appeal in hand"):
        queue.take(appeal, actor=reviewer2)
    with pytest.raises(Invalid, match="has changed since you looked"):
        rulings.rule(appeal, said("rejected"), actor=reviewer, revision=appeal.revision - 1)
    assert Appeal.objects.get().state == "filed"


def test_a_measure_that_changed_meanwhile_is_not_decided_on(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    appeal = objection(one, frozen, agent)
    decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    waiting = ruled(appeal, "upheld", reviewer)  # it has ended: that it counts is taken back, by two people
    assert waiting.reverses
    assert (waiting.state, waiting.reverses.kind) == ("proposed", "undo")


def test_what_another_decision_ended_since_is_not_given_back_by_the_objection_to_the_first(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    first = terminated(one, officer, supervisor)
    approve(decide(Kind.RESTORE, one, officer2), supervisor2)
    appeal = objection(one, first, agent)
    second = terminated(one, officer2, supervisor2)
    with pytest.raises(Invalid, match="not by this decision"):
        ruled(appeal, "upheld", reviewer)
    ruling = ruled(appeal, "moot", reviewer)
    one.refresh_from_db()
    assert (ruling.state, ruling.reverses, one.lifecycle) == ("applied", None, "terminated")
    with pytest.raises(Invalid, match="still in force"):
        ruled(objection(one, second, agent), "moot", reviewer)


def test_to_decline_what_two_must_decide_takes_two(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    ruling = ruled(objection(one, terminated(one, officer, supervisor), agent), "inadmissible", reviewer)
    assert (ruling.state, ruling.rule, Appeal.objects.get().state) == ("proposed", "terminated", "ruled")
    agreed(ruling, supervisor2)
    assert Appeal.objects.get().outcome == "inadmissible" and broken() == []
