"""8.3: whoever finds himself with the password of another's number reports it: the number is frozen for security, and
he is not penalised, unless he used it first (10.2)."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Number, RuleVersion
from accounts.numbers.queries import shown_of
from enforcement.cases import good_faith
from enforcement.cases.policy import CaseKind
from enforcement.cases.services import amend, close
from enforcement.decisions.preview import preview
from enforcement.models import Case, Decision, Outcome
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, approve, broken, decide, head, order, verbs
from tests.enforcement.cases.opening import SAID, opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
Make = Callable[..., Number]


def reported(agent: Staff, his: Number, found: Number, **more: Any) -> Case:
    details = SAID[CaseKind.FINDER] | more
    return opened(CaseKind.FINDER, agent, numbers={"subject": [found.pk], "finder": [his.pk]}, details=details)


def test_8_3_the_number_is_frozen_for_security_and_the_finder_goes_free(
    rulebook: RuleVersion, agent: Staff, officer: Staff, officer2: Staff, number: Make
) -> None:
    his, found = number(), number()
    case = reported(agent, his, found)
    led = {"case": case.pk}
    made = decide(Kind.FREEZE, found, agent, clauses=("8.3",), freeze_kind="security", duration=24 * HOUR, **led)
    assert (made.applied, made.decision.case_id) == (1, case.pk)
    before = head()
    for kind, clauses in ((Kind.FREEZE, ("10.1",)), (Kind.RESTRICT, ("8.2",)), (Kind.TERMINATE, ("10.2",))):
        with pytest.raises(Refused, match="reported in good faith"):
            decide(kind, [his.pk, found.pk], officer, clauses=clauses, **led)
    assert verbs(before) == ["audit.refused"] * 3
    with pytest.raises(Refused, match="reported in good faith"):
        preview(order(Kind.FREEZE, **led), [his.pk], actor=officer)
    assert Decision.objects.count() == 1
    assert decide(Kind.FREEZE, his, officer, clauses=("10.1",)).applied == 1  # for what else he did: no case of his
    assert decide(Kind.LIFT, his, officer2, **led).applied == 1  # a reversal is no penalty
    assert broken() == []


def test_8_3_who_used_the_number_first_answers_under_10_2_alone(
    rulebook: RuleVersion, agent: Staff, officer: Staff, number: Make
) -> None:
    his, found = number(), number()
    case = reported(agent, his, found, used_first=True)
    with pytest.raises(Refused, match=r"10\.2 alone applies"):
        decide(Kind.FREEZE, his, officer, clauses=("10.1",), case=case.pk)
    with pytest.raises(Refused, match=r"10\.2 alone applies"):
        decide(Kind.TERMINATE, his, officer, clauses=("10.2", "10.1"), case=case.pk)
    assert decide(Kind.TERMINATE, his, officer, clauses=("10.2",), case=case.pk).decision.state == "proposed"


def test_8_3_nobody_is_spared_for_a_report_in_bad_faith_and_two_people_say_so(
    rulebook: RuleVersion, agent: Staff, officer: Staff, supervisor: Staff, number: Make
) -> None:
    his, found = number(), number()
    case, why = reported(agent, his, found), {"reason": "he sold it on before"}
    with pytest.raises(Invalid, match="taken back by two people"):
        amend(case, SAID[CaseKind.FINDER] | {"good_faith": False}, actor=officer, **why)
    case = good_faith.doubt_faith(case, actor=officer, **why)
    with pytest.raises(Refused, match="reported in good faith"):
        decide(Kind.FREEZE, his, officer, clauses=("8.2",), case=case.pk)
    case = good_faith.rule_on_faith(case, agree=True, content_hash=good_faith.seen(case), actor=supervisor, **why)
    assert decide(Kind.FREEZE, his, officer, clauses=("8.2",), case=case.pk).applied == 1
    assert broken() == []


def test_8_3_he_is_spared_in_any_list_on_these_grounds_while_his_report_is_looked_into(
    rulebook: RuleVersion, agent: Staff, officer: Staff, number: Make
) -> None:
    his, found, other = number(), number(), number()
    case = reported(agent, his, found)
    both = [his.pk, other.pk]
    looked = preview(order(Kind.RESTRICT, clauses=("8.2",)), both, actor=officer)
    assert (looked.will, dict(looked.skipped)) == (1, {"good_faith": 1})
    made = decide(Kind.RESTRICT, both, officer, clauses=("8.2",))
    assert (made.applied, dict(made.skipped)) == (1, {"good_faith": 1})
    assert Outcome.objects.get(decision=made.decision, number=his).why == "good_faith"
    before = head()
    with pytest.raises(Invalid, match="1 reported another's number in good faith"):
        decide(Kind.FREEZE, his, officer, clauses=("8.3",), freeze_kind="security", duration=HOUR)
    assert verbs(before) == [] and decide(Kind.FREEZE, his, officer).applied == 1  # for what else he did: 10.1
    close(case, "its holder has it back", actor=officer, reason="all is decided")
    assert preview(order(Kind.RESTRICT, clauses=("8.2",)), [his.pk], actor=officer).will == 1  # what he does later
    assert broken() == []


def test_8_3_who_reports_between_the_filing_and_the_act_is_spared_by_the_act(
    rulebook: RuleVersion, agent: Staff, officer: Staff, supervisor: Staff, number: Make
) -> None:
    his, found, other = number(), number(), number()
    filed = decide(Kind.TERMINATE, [his.pk, other.pk], officer, clauses=("8.2",))
    reported(agent, his, found)
    done = approve(filed, supervisor)
    assert (done.applied, dict(done.skipped)) == (1, {"good_faith": 1})
    assert shown_of(Number.objects.get(pk=his.pk)) == "in_use" and broken() == []


def test_8_3_a_report_says_when_and_how_it_came(agent: Staff, number: Make) -> None:
    for left_out in ("heard", "reported_on"):
        details = {name: value for name, value in SAID[CaseKind.FINDER].items() if name != left_out}
        with pytest.raises(Invalid, match="does not say"):
            opened(CaseKind.FINDER, agent, number().pk, details=details)
