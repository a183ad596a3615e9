"""8.1: no malicious registration. A cluster has its signals and who or what found it; how right that judgement is shows
in a sample that people looked at; what is done rests on a decision of its own."""

from collections.abc import Callable

import pytest

from accounts.models import RuleVersion
from enforcement.cases import services as cases
from enforcement.cases.pages.register import details_in_words
from enforcement.cases.policy import CaseKind
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide
from tests.enforcement.cases.opening import SAID, opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def test_8_1_a_cluster_leads_to_one_decision_about_all_of_it(
    rulebook: RuleVersion, agent: Staff, officer: Staff, numbers: Callable[..., list[int]]
) -> None:
    cluster = numbers(12)
    case = opened(CaseKind.CLUSTER, agent, *cluster)
    assert case.details["devices"] == 3
    report = decide(Kind.FREEZE, cluster, officer, clauses=("8.1",), case=case.pk, detected_by="rule r-8")
    assert (report.applied, report.decision.case_id, report.decision.detected_by) == (12, case.pk, "rule r-8")
    assert report.decision.maker == officer  # the judgement is a person's, whatever found it
    assert broken() == []


def test_8_1_the_precision_of_the_judgement_is_what_a_sample_shows(
    agent: Staff, officer: Staff, numbers: Callable[..., list[int]]
) -> None:
    case = opened(CaseKind.CLUSTER, agent, *numbers(2))
    assert "Precision" not in {str(fact.label) for fact in details_in_words(case)}
    for wrong, shown in ((0, "100.0 %"), (3, "92.5 %"), (40, "0.0 %")):
        said = SAID[CaseKind.CLUSTER] | {"sampled": 40, "wrong": wrong}
        case = cases.amend(case, said, actor=officer, reason="a sample was looked at")
        assert {str(f.label): f.value for f in details_in_words(case)}["Precision"] == shown
    with pytest.raises(Invalid, match="More were found wrong"):
        cases.amend(
            case, SAID[CaseKind.CLUSTER] | {"sampled": 1, "wrong": 2}, actor=officer, reason="a sample was looked at"
        )
