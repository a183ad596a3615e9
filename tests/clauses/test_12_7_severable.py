"""12.7: what is void falls alone: a decision survives the striking out of a ground if another of its grounds holds, and
if none does, somebody decides on it."""

from collections.abc import Callable

import pytest

from accounts.models import Clause, Number, RuleVersion
from enforcement.cases.policy import CaseKind
from enforcement.citations import services as strike
from enforcement.citations.queries import to_decide_on
from enforcement.models import Case, CaseNumber, Measure
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def test_12_7_a_decision_survives_on_another_ground_and_goes_to_review_without_one(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    one, other, officer = number(), number(), cast["officer"]
    survives = decide(Kind.FREEZE, one, officer, clauses=("8.1", "8.2")).decision
    falls = decide(Kind.FREEZE, other, officer, clauses=("8.1",)).decision
    void = Clause.objects.get(version=rulebook, number="8.1")
    strike.strike_out(void, actor=cast["privacy"], reason="held void by the court")
    assert to_decide_on() == [falls.pk]
    case = Case.objects.get(kind=CaseKind.REVIEW)
    assert list(CaseNumber.objects.filter(case=case).values_list("number", flat=True)) == [other.pk]
    assert Measure.objects.filter(ended_at=None).count() == 2  # nothing ends by itself: somebody decides
    also = Clause.objects.get(version=rulebook, number="8.2")
    strike.strike_out(also, actor=cast["privacy"], reason="held void by the court")
    assert to_decide_on() == [survives.pk, falls.pk]
    for code in ("8.1", "8.2"):
        with pytest.raises(Invalid, match="is no ground any more"):
            decide(Kind.FREEZE, number(), officer, clauses=(code, "10.1"))
    assert broken() == []
