"""6.2: the operator guards its systems: its own security incidents are on record with whom they concern, and a number
in danger is frozen for security."""

from collections.abc import Callable

import pytest

from accounts.models import Number, RuleVersion
from enforcement.cases.policy import CaseKind
from enforcement.cases.queries import numbers_of
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, broken, decide
from tests.enforcement.cases.opening import SAID, opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def test_6_2_an_incident_names_whom_it_concerns_and_a_theft_names_its_incident(
    agent: Staff, number: Callable[..., Number]
) -> None:
    hit, robbed = number(), number()
    incident = opened(CaseKind.INCIDENT, agent, hit.pk)
    assert [entry.number_id for entry in numbers_of(incident)] == [hit.pk]
    theft = opened(CaseKind.THEFT, agent, robbed.pk, details=SAID[CaseKind.THEFT] | {"incident": incident.pk})
    assert theft.details["incident"] == incident.pk
    with pytest.raises(Invalid, match="There is no security incident"):
        opened(CaseKind.THEFT, agent, robbed.pk, details=SAID[CaseKind.THEFT] | {"incident": theft.pk})


def test_6_2_an_incident_leads_to_a_security_freeze_and_to_nothing_else(
    rulebook: RuleVersion, agent: Staff, officer: Staff, number: Callable[..., Number]
) -> None:
    one = number()
    case = opened(CaseKind.INCIDENT, agent, one.pk)
    under = {"clauses": ("6.2",), "case": case.pk}
    for kind in (Kind.RESTRICT, Kind.TERMINATE):
        with pytest.raises(Invalid, match=r"Clause 6\.2 does not allow"):
            decide(kind, one, officer, **under)
    made = decide(Kind.FREEZE, one, agent, freeze_kind="security", duration=24 * HOUR, **under).decision
    assert Measure.objects.get(decision=made).freeze_kind == "security"
    assert made.case_id == case.pk
    assert broken() == []
