"""What a case says of a number's holder is nothing to the next one (DESIGN §1.4)."""

from collections.abc import Callable

import pytest

from accounts.models import Number, RuleVersion
from enforcement.cases.policy import CaseKind
from enforcement.cases.queries import targets_of
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.cast import succeeded
from tests.enforcement.acts import broken, decide, head, verbs
from tests.enforcement.cases.opening import opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
Make = Callable[..., Number]


def test_no_act_on_a_case_reaches_who_holds_a_number_by_now(
    rulebook: RuleVersion, number: Make, agent: Staff, officer: Staff, setup_actor: Staff
) -> None:
    kept, passed = number(), number()
    case = opened(CaseKind.CLUSTER, agent, kept.pk, passed.pk)
    assert targets_of(case, 9) == sorted([kept.pk, passed.pk])
    succeeded(passed, setup_actor)
    assert targets_of(case, 9) == [kept.pk]
    before = head()
    for numbers in ([passed.pk], [kept.pk, passed.pk]):
        with pytest.raises(Invalid, match=f"about somebody who holds {passed.pk} no more"):
            decide(Kind.FREEZE, numbers, officer, clauses=("8.1",), case=case.pk)
    assert verbs(before) == []
    assert decide(Kind.FREEZE, kept, officer, clauses=("8.1",), case=case.pk).applied == 1
    assert broken() == []


def test_a_finders_number_is_spared_as_long_as_it_is_his(
    rulebook: RuleVersion, number: Make, agent: Staff, officer: Staff, setup_actor: Staff
) -> None:
    his, found = number(), number()
    case = opened(CaseKind.FINDER, agent, numbers={"subject": [found.pk], "finder": [his.pk]})
    with pytest.raises(Refused, match="reported in good faith"):
        decide(Kind.FREEZE, his, officer, case=case.pk)
    succeeded(his, setup_actor)
    with pytest.raises(Invalid, match="no more"):
        decide(Kind.FREEZE, his, officer, case=case.pk)
    assert decide(Kind.FREEZE, his, officer, clauses=("8.2",)).applied == 1 and broken() == []
