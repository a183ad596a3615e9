"""Back to a human: what a list leaves out, and what was to be looked at again when it ends."""

from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement import services
from enforcement.models import Case, Measure, Outcome
from enforcement.policy import Kind
from qqops.errors import Invalid
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, approve, broken, decide, head, verbs

pytestmark = pytest.mark.usefixtures("english", "rulebook")
Make = Callable[..., Number]
Many = Callable[..., list[int]]


def of(case: Case) -> list[int]:
    return list(case.numbers.order_by("number").values_list("number_id", flat=True))


def test_a_list_leaves_paid_premium_and_protected_numbers_for_review_by_hand(
    numbers: Many, officer: Staff, supervisor: Staff, cast: object
) -> None:
    ids = numbers(101)
    paid, premium, protected = 777_001_001, 777_001_002, 777_001_003
    make_numbers([paid], paid=True)
    make_numbers([premium], tier=2)
    make_numbers([protected], protection="vip")
    listed = [*ids, paid, premium, protected]
    at = head()
    left = decide(Kind.FREEZE, listed, officer, clauses=("8.1",), leave_out=("paid", "premium", "protected"))
    assert dict(left.decision.suggestion or {}) == {"freeze:7": 101}  # nobody is graded who is left out
    approve(left, supervisor)
    outcomes = Outcome.objects.filter(decision=left.decision).exclude(why="").order_by("number")
    assert dict(outcomes.values_list("number", "why")) == {paid: "paid", premium: "premium", protected: "protected"}
    case = Case.objects.get()
    assert (case.kind, case.state, case.details, of(case)) == (
        "review", "open", {"decision": left.decision.pk}, [paid, premium, protected],
    )  # fmt: skip
    assert verbs(at)[-2:] == ["decision.finished", "case.opened"]
    # Paying exempts nobody (3.3): a list that leaves nobody out reaches them too.
    assert decide(Kind.FREEZE, [paid], officer).applied == 1
    assert broken() == []


def test_a_measure_that_was_to_come_back_is_reviewed_when_it_ends_and_not_when_it_is_lifted(
    number: Make, officer: Staff, officer2: Staff, expiry_actor: Staff
) -> None:
    one, two, three = number(), number(), number()
    ends = decide(Kind.FREEZE, one, officer, duration=DAY, then_review=True)
    decide(Kind.FREEZE, two, officer, duration=DAY)
    lifted = decide(Kind.FREEZE, three, officer, duration=DAY, then_review=True)
    decide(Kind.LIFT, three, officer2, lift_of=lifted.decision.pk)
    at = head()
    with time_machine.travel(timezone.now() + 2 * DAY):
        services.expire(actor=expiry_actor)
        services.expire(actor=expiry_actor)
    case = Case.objects.get()
    assert (case.kind, of(case), case.details) == ("review", [one.pk], {"decision": ends.decision.pk})
    assert verbs(at) == ["measure.expired", "case.opened"]
    assert not Measure.objects.filter(ended_at=None).exists() and broken() == []
    with pytest.raises(Invalid, match="ends by itself"):
        decide(Kind.TERMINATE, one, officer, then_review=True)
