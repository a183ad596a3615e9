"""9.2: for a number stolen by a fault of the operator's it answers: the root cause is found by one and agreed to by
another, and where it is the operator's, the case is referred for compensation."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Number
from enforcement.cases import cause as case_cause
from enforcement.cases.pages.register import case_facts, is_ours
from enforcement.cases.policy import CAUSED, OPENED, CaseKind, RootCause
from enforcement.cases.services import close
from enforcement.models import Case
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import broken
from tests.enforcement.cases.opening import opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
WHY = {"reason": "the gateway's log shows it"}


@pytest.mark.parametrize("cause", RootCause.values)
def test_9_2_only_a_cause_of_ours_that_two_people_found_is_referred_for_compensation(
    officer: Staff, supervisor: Staff, agent: Staff, number: Callable[..., Number], cause: str
) -> None:
    for kind in set(CAUSED) & set(OPENED):
        case = opened(kind, agent, number().pk)
        case = case_cause.propose_cause(case, cause, actor=officer, **WHY)
        assert not is_ours(case)  # one person's word
        case = case_cause.rule_on_cause(case, agree=True, content_hash=case_cause.seen(case), actor=supervisor, **WHY)
        assert is_ours(case) is (cause == RootCause.OPERATOR)
        assert ("Compensation" in {str(fact.label) for fact in case_facts(case)}) is is_ours(case)
        close(case, "answered", actor=officer, **WHY)
    assert broken() == []


def test_9_2_a_cause_belongs_to_a_theft_or_an_incident_and_to_no_other_case(
    officer: Staff, agent: Staff, number: Callable[..., Number]
) -> None:
    case = opened(CaseKind.TRANSFER, agent, number().pk)
    with pytest.raises(Invalid, match="Only a security incident or a theft"):
        case_cause.propose_cause(case, "operator", actor=officer, **WHY)


def test_9_2_the_database_keeps_no_cause_agreed_to_by_who_proposed_it(
    officer: Staff, agent: Staff, number: Callable[..., Number]
) -> None:
    case = opened(CaseKind.THEFT, agent, number().pk)
    with pytest.raises(IntegrityError, match="case_cause_agreed_by_another"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(root_cause="operator", cause_by=officer, cause_agreed_by=officer)
