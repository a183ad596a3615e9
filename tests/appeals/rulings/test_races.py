"""Somebody changes the measure at the moment when an objection to it is ruled on: one of the two waits for the other,
sees what it did, and nothing is half done (11)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from accounts.models import Number
from appeals.models import Appeal, Ruling
from appeals.queue import services as queue
from appeals.rulings import services as rulings
from enforcement.decisions.services import Report
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit.verify import verify
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, objection, ruled, said
from tests.appeals.rulings.test_reversal import put_back, third
from tests.enforcement.acts import approve, decide, head, undo, verbs
from tests.enforcement.waiting import meanwhile

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("english", "rulebook")]
__all__ = ["third"]


def english(act: Callable[[], Any]) -> Callable[[], Any]:
    """A thread of its own knows no language."""

    def run() -> Any:
        with translation.override("en"):
            return act()

    return run


def again(lifted: Report, officer: Staff) -> Report:
    """That a lift is taken back, proposed."""
    return undo(lifted, officer, in_error=False)


def test_what_runs_again_at_that_moment_is_not_moot(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    back, appeal = again(lifted, officer), queue.take(objection(one, frozen, agent), actor=reviewer)
    before = head()
    told = meanwhile(
        lambda: approve(back, supervisor),
        english(lambda: rulings.rule(appeal, said("moot"), actor=reviewer, revision=appeal.revision)),
    )
    assert isinstance(told, Invalid) and "still in force" in str(told)
    assert (verbs(before), Ruling.objects.count()) == (
        ["decision.approved", "decision.applied", "decision.finished"],
        0,
    )
    assert (Appeal.objects.get().state, Measure.objects.get().ended_at) == ("filed", None)
    assert list(verify()) == []


def test_ruled_on_first_what_comes_then_waits_and_is_a_change_of_its_own(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    back, appeal = again(lifted, officer), queue.take(objection(one, frozen, agent), actor=reviewer)
    before = head()
    done = meanwhile(
        lambda: rulings.rule(appeal, said("moot"), actor=reviewer, revision=appeal.revision),
        lambda: approve(back, supervisor),
    )
    assert isinstance(done, Report) and verbs(before)[0] == "appeal.ruled"
    assert (Appeal.objects.get().outcome, Measure.objects.get().in_force) == ("moot", done.applied == 1)
    assert list(verify()) == []


def test_what_runs_again_at_that_moment_is_not_agreed_to_in_words(
    number: Make,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    third: Staff,
) -> None:
    """Upheld, and nothing was in force any more that could be reversed."""
    one = number()
    frozen, back = put_back(one, officer, officer2, supervisor)
    lifted = decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk)
    ruling = ruled(objection(one, back, agent), "upheld", reviewer)
    assert (ruling.state, ruling.reverses) == ("proposed", None)
    once_more = again(lifted, officer)
    told = meanwhile(lambda: approve(once_more, supervisor2), english(lambda: agreed(ruling, third)))
    assert isinstance(told, Invalid) and "has changed since this was ruled" in str(told)
    assert (Appeal.objects.get().state, Measure.objects.get().in_force) == ("ruled", True)
    assert list(verify()) == []


def test_a_lift_at_that_moment_leaves_one_end_and_the_other_is_told(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    appeal = queue.take(objection(one, frozen, agent), actor=reviewer)

    def uphold() -> Any:
        return rulings.rule(appeal, said("upheld"), actor=reviewer, revision=appeal.revision)

    told = meanwhile(uphold, lambda: decide(Kind.LIFT, one, officer2, lift_of=frozen.decision.pk))
    assert isinstance(told, Invalid) or told.decision.state == "void"
    measure, ruling = Measure.objects.get(), Ruling.objects.get()
    assert (measure.end_reason, measure.ended_by_id) == ("voided", ruling.reverses_id)
    assert list(verify()) == []
