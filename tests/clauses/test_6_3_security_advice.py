"""6.3: what users are advised to do for the safety of their numbers is recorded, and whether secret protection is set
up; never its answers."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.cases import services as cases
from enforcement.cases.policy import DETAILS, CaseKind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.cases.opening import opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def test_6_3_advice_is_of_a_list_and_says_whether_secret_protection_is_set_up(
    agent: Staff, officer: Staff, number: Callable[..., Number]
) -> None:
    case = opened(CaseKind.ADVICE, agent, number().pk, details={"advice": ["password", "devices"], "protected": True})
    assert case.details == {"advice": ["password", "devices"], "protected": True}
    assert [detail.name for detail in DETAILS[CaseKind.ADVICE]] == ["advice", "protected"]  # no room for an answer
    with pytest.raises(Invalid, match="has no “answer”"):
        opened(CaseKind.ADVICE, agent, number().pk, details={"advice": ["password"], "answer": "Fido"})
    closed = cases.close(case, "he changed it", actor=officer, reason="nothing is left to do")
    assert closed.state == "closed"
