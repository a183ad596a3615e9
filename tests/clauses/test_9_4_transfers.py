"""9.4: whoever transfers a number answers for it: the finding says how, between whom and by which evidence, whether for
money, and whether it is pursued at law."""

from collections.abc import Callable

import pytest

from accounts.models import Number, RuleVersion
from enforcement.cases.policy import CaseKind, Party, Way
from enforcement.cases.queries import numbers_of
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide
from tests.enforcement.cases.opening import opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
Make = Callable[..., Number]


def test_9_4_a_finding_names_the_parties_under_their_tenures_and_leads_to_a_measure(
    rulebook: RuleVersion, agent: Staff, officer: Staff, number: Make
) -> None:
    sold, giver, taker = number(), number(), number()
    case = opened(
        CaseKind.TRANSFER,
        agent,
        numbers={"subject": [sold.pk], "from": [giver.pk], "to": [taker.pk]},
        details={"way": "sale", "paid": True, "legal_referral": True},
        evidence=("the offer", "the payment"),
    )
    parties = {entry.party: (entry.number_id, entry.tenure_id) for entry in numbers_of(case)}
    assert parties == {
        Party.SUBJECT: (sold.pk, sold.tenure_id),
        Party.FROM: (giver.pk, giver.tenure_id),
        Party.TO: (taker.pk, taker.tenure_id),
    }
    assert case.details == {"way": "sale", "paid": True, "legal_referral": True}
    assert case.evidence.count() == 2
    assert decide(Kind.FREEZE, sold, officer, clauses=("8.2", "9.4"), case=case.pk).applied == 1
    assert broken() == []


def test_9_4_every_way_of_8_2_is_one_and_nothing_else_is(agent: Staff, number: Make) -> None:
    for way in Way.values:
        assert opened(CaseKind.TRANSFER, agent, number().pk, details={"way": way}).details["way"] == way
    with pytest.raises(Invalid, match="cannot be read"):
        opened(CaseKind.TRANSFER, agent, number().pk, details={"way": "inheritance"})
