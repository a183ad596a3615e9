"""Back to a human: what a list leaves out, and what was to be looked at again when it ends."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accounts.models import Number
from enforcement.cases import services as cases
from enforcement.measures.expiry import expire
from enforcement.models import Case, Measure, Outcome
from enforcement.policy import Kind
from enforcement.reviews.services import review_ended
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, approve, broken, decide, head, verbs
from tests.enforcement.runs.test_races import together

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
        "review", "open", {"decision": left.decision.pk, "because": "left_out"}, [paid, premium, protected],
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
        expire(actor=expiry_actor)
        expire(actor=expiry_actor)
    case = Case.objects.get()
    assert (case.kind, of(case)) == ("review", [one.pk])
    assert case.details == {"decision": ends.decision.pk, "because": "ended"}
    assert verbs(at) == ["measure.expired", "case.opened"]
    assert not Measure.objects.filter(ended_at=None).exists() and broken() == []
    with pytest.raises(Invalid, match="ends by itself"):
        decide(Kind.TERMINATE, one, officer, then_review=True)


def test_what_later_chunks_bring_joins_the_one_case_of_their_decision_while_it_is_open(
    numbers: Many, officer: Staff, officer2: Staff, expiry_actor: Staff, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 2
    first, second = numbers(5), numbers(1)
    ends = decide(Kind.FREEZE, first, officer, duration=DAY, then_review=True).decision
    other = decide(Kind.FREEZE, second, officer, duration=DAY, then_review=True).decision
    at = head()
    with time_machine.travel(timezone.now() + 2 * DAY):
        expire(actor=expiry_actor)
    found = {case.details["decision"]: of(case) for case in Case.objects.all()}
    assert found == {ends.pk: first, other.pk: second} and Case.objects.count() == 2
    assert verbs(at) == [
        "measure.expired", "case.opened", "measure.expired", "case.numbers_added",
        "measure.expired", "case.numbers_added", "case.opened",
    ]  # fmt: skip
    assert broken() == []


def test_what_comes_after_the_case_was_closed_is_a_case_of_its_own(
    numbers: Many, officer: Staff, officer2: Staff, expiry_actor: Staff
) -> None:
    ids = numbers(2)
    ends = decide(Kind.FREEZE, ids, officer, duration=DAY, then_review=True).decision
    longer = Measure.objects.get(number=ids[1])
    review_ended([ends.pk], [], actor=expiry_actor)
    assert not Case.objects.exists()
    with time_machine.travel(timezone.now() + 2 * DAY):
        expire(actor=expiry_actor)
        first = Case.objects.get()
        assert of(first) == ids
        cases.close(first, "looked at by hand", actor=officer2, reason="all is decided")
        review_ended([ends.pk], [longer.pk], actor=expiry_actor)
    assert [(case.state, of(case)) for case in Case.objects.order_by("pk")] == [("closed", ids), ("open", ids[1:])]


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_open_one_case(numbers: Many, officer: Staff, expiry_actor: Staff) -> None:
    ids = numbers(2)
    decision = decide(Kind.FREEZE, ids, officer, duration=DAY).decision
    with time_machine.travel(timezone.now() + 2 * DAY):
        expire(actor=expiry_actor)

    def brings(measure: int) -> Callable[[], int]:
        def bring() -> int:
            with transaction.atomic():
                found = review_ended([decision.pk], [measure], actor=expiry_actor)
                time.sleep(0.3)  # the other is here by now, and would not see what is not committed
            return len(found)

        return bring

    assert together(*map(brings, Measure.objects.values_list("pk", flat=True))) == [1, 1]
    assert of(Case.objects.get()) == ids and broken() == []
