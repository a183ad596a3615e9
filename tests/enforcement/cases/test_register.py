"""Cases: opened by whoever found something out, worked on, closed; each step on the record."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.declarations.services import declare
from accounts.models import Number, RuleVersion
from enforcement.cases import cause, services
from enforcement.cases.policy import OPENED, CaseKind
from enforcement.cases.queries import cases, cases_of, cases_under
from enforcement.cases.sealed_text import Words
from enforcement.models import Case, CaseEvidence, CaseNumber
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide, head, verbs
from tests.enforcement.cases.opening import REASON, SAID, finding, opened
from tests.enforcement.evidence.files import PDF, PNG, take_in

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def test_every_kind_is_opened_by_hand_but_a_review(agent: Staff, number: Callable[..., Number]) -> None:
    one, before = number(), head()
    for kind in OPENED:
        case = opened(kind, agent, one.pk)
        assert (case.kind, case.state, case.maker) == (kind, "open", agent)
        assert case.details == SAID[kind] | {name: False for name, value in case.details.items() if value is False}
    assert verbs(before) == ["case.opened"] * len(OPENED)
    with pytest.raises(Invalid, match="No case of the kind “review”"):
        services.open_case(services.Finding(CaseKind.REVIEW, "looked at again"), actor=agent, reason=REASON)
    assert broken() == []


def test_a_number_stands_in_it_under_whoever_held_it_then(
    agent: Staff, number: Callable[..., Number], setup_actor: Staff
) -> None:
    one, free = number(), number("available")
    case = opened(CaseKind.TRANSFER, agent, one.pk, numbers={"subject": [one.pk], "to": [free.pk]})
    rows = CaseNumber.objects.filter(case=case).order_by("number_id")
    assert [(row.number_id, row.tenure_id, row.party) for row in rows] == [
        (one.pk, one.tenure_id, "subject"),
        (free.pk, None, "to"),
    ]
    assert one.tenure is not None
    assert [row.case for row in cases_of(one, agent)] == [row.case for row in cases_under(one.tenure, agent)] == [case]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"what": " "}, "Say what was found"),
        ({"what": "caller was 13800138000"}, "Leave personal data out"),
        ({"details": {}}, "does not say: how it changed hands"),
        ({"details": {"way": "theft"}}, "“how it changed hands” cannot be read"),
        ({"details": {"way": "sale", "price": "3"}}, "has no “price”"),
        ({"numbers": {}}, "Name the number concerned"),
        ({"numbers": {"finder": [88_880_001], "subject": [88_880_001]}}, "names nobody as “reported it”"),
        ({"numbers": {"from": [88_880_001], "subject": [88_880_001]}}, "A number stands in a case once"),
        ({"numbers": {"subject": [99_999]}}, "unknown: 99999"),
        ({"evidence": ("call 13800138000",)}, "Leave personal data out"),
        ({"files": (1,)}, "An evidence file is not there"),
    ],
)
def test_a_case_that_says_too_little_or_too_much_is_not_opened(
    agent: Staff, number: Callable[..., Number], change: dict[str, Any], sentence: str
) -> None:
    one, before = number(), head()
    assert one.pk == 88_880_001
    with pytest.raises(Invalid, match=sentence):
        services.open_case(finding(CaseKind.TRANSFER, [one.pk], **change), actor=agent, reason=REASON)
    assert (Case.objects.count(), verbs(before)) == (0, [])
    assert opened(CaseKind.TRANSFER, agent, one.pk).pk


@pytest.mark.parametrize(
    "kind, details, sentence",
    [
        (CaseKind.CLUSTER, {"cluster": "c", "sampled": 5, "wrong": 6}, "More were found wrong"),
        (CaseKind.CLUSTER, {"cluster": "c", "devices": -1}, "“same device” cannot be read"),
        (CaseKind.CLUSTER, {"cluster": "c" * 121}, "“cluster” cannot be read"),
        (CaseKind.THEFT, {"reported_on": "2999-01-01"}, "“day of the report” cannot be read"),
        (CaseKind.THEFT, {"reported_on": "2026-11-02", "incident": 9}, "no security incident #9"),
        (CaseKind.ADVICE, {"advice": ["pray"]}, "“advice” cannot be read"),
        (CaseKind.FINDER, SAID[CaseKind.FINDER] | {"used_first": "perhaps"}, "“had used the number before”"),
    ],
)
def test_details_are_held_to_the_table_of_their_kind(
    agent: Staff, number: Callable[..., Number], kind: CaseKind, details: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        opened(kind, agent, number().pk, details=details)


def test_who_works_on_it_is_of_the_role_and_has_no_number_in_it(
    cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    one, other = number(), number()
    case = opened(CaseKind.THEFT, cast["agent"], one.pk)
    for login in ("resources", "auditor", "reviewer", "privacy"):
        with pytest.raises(Refused, match="Your role may not open cases"):
            opened(CaseKind.THEFT, cast[login], other.pk)
    why: dict[str, Any] = {"reason": "told by telephone"}
    services.add_evidence(case, ["a log of the gateway"], actor=cast["agent"], **why)
    with pytest.raises(Refused, match="Your role may not work on cases"):
        services.add_numbers(case, {"subject": [other.pk]}, actor=cast["agent"], **why)
    declare(cast["officer"], [one.pk], "own", actor=cast["officer"])
    assert not cases(cast["officer"]).filter(pk=case.pk).exists()
    before = head()
    with pytest.raises(Refused, match="declared as your own"):
        services.add_numbers(case, {"subject": [other.pk]}, actor=cast["officer"], **why)
    with pytest.raises(Refused, match="declared as your own"):
        opened(CaseKind.THEFT, cast["officer"], one.pk)
    assert verbs(before) == ["audit.refused", "audit.refused"]
    services.add_numbers(case, {"subject": [other.pk]}, actor=cast["officer2"], **why)
    with pytest.raises(Invalid, match="in this case already"):
        services.add_numbers(case, {"subject": [other.pk]}, actor=cast["officer2"], **why)
    assert CaseNumber.objects.filter(case=case).count() == 2


def test_evidence_is_added_and_stays_and_the_details_are_said_anew(
    agent: Staff, officer: Staff, number: Callable[..., Number]
) -> None:
    paper, mine = take_in(agent, PDF), take_in(officer, PNG)
    case = opened(CaseKind.CLUSTER, agent, number().pk, evidence=("list of devices",), files=(paper.pk,))
    before = head()
    why: dict[str, Any] = {"actor": officer, "reason": "a sample was looked at"}
    with pytest.raises(Invalid, match="Name the evidence"):
        services.add_evidence(case, [" "], **why)
    services.add_evidence(case, files=[mine.pk], **why)
    services.add_evidence(case, files=[paper.pk], **why)  # another's, but it lies in the case
    case = services.amend(case, SAID[CaseKind.CLUSTER] | {"sampled": 50, "wrong": 2}, **why)
    assert (case.details["sampled"], case.details["wrong"]) == (50, 2)
    assert CaseEvidence.objects.filter(case=case).count() == 4
    assert verbs(before) == ["case.evidence_added", "case.evidence_added", "case.amended"]
    assert broken() == []


def test_a_closed_case_says_what_came_of_it_and_takes_nothing_more(
    rulebook: RuleVersion, officer: Staff, agent: Staff, number: Callable[..., Number]
) -> None:
    one, why = number(), {"actor": officer, "reason": "all is decided"}
    case = opened(CaseKind.ADVICE, agent, one.pk)
    with pytest.raises(Refused, match="Your role may not work on cases"):
        services.close(case, "told him", actor=agent, reason="all is decided")
    with pytest.raises(Invalid, match="Say what came of it"):
        services.close(case, " ", **why)  # type: ignore[arg-type]
    case = services.close(case, "the holder changed his password", **why)  # type: ignore[arg-type]
    assert (case.state, Words(case).conclusion) == ("closed", "the holder changed his password")
    for again in (
        lambda: services.close(case, "again and again", **why),  # type: ignore[arg-type]
        lambda: services.add_evidence(case, ["more"], **why),  # type: ignore[arg-type]
        lambda: services.amend(case, SAID[CaseKind.ADVICE], **why),  # type: ignore[arg-type]
    ):
        with pytest.raises(Invalid, match="This case is closed"):
            again()
    with pytest.raises(Invalid, match="is closed: no decision comes of it"):
        decide(Kind.FREEZE, one, officer, case=case.pk)


def test_a_decision_carries_the_case_that_led_to_it_and_may_rest_on_its_files(
    rulebook: RuleVersion, agent: Staff, officer: Staff, number: Callable[..., Number]
) -> None:
    one, paper = number(), take_in(agent)
    case = opened(CaseKind.CLUSTER, agent, one.pk, files=(paper.pk,))
    with pytest.raises(Invalid, match="There is no case #"):
        decide(Kind.FREEZE, one, officer, case=case.pk + 1)
    with pytest.raises(Invalid, match="An evidence file is not there"):
        decide(Kind.FREEZE, one, officer, files=(paper.pk,))
    made = decide(Kind.FREEZE, one, officer, clauses=("8.1",), case=case.pk, evidence=(), files=(paper.pk,)).decision
    assert made.case_id == case.pk
    assert made.content_hash
    assert broken() == []


def test_the_root_cause_needs_a_second_person_and_the_cause_that_he_saw(
    cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    case = opened(CaseKind.THEFT, cast["agent"], number().pk)
    officer, supervisor, before = cast["officer"], cast["supervisor"], head()
    ruling: dict[str, Any] = {"reason": "the log shows it"}
    with pytest.raises(Invalid, match="closes with a root cause"):
        services.close(case, "looked at", actor=officer, reason="all is decided")
    with pytest.raises(Invalid, match="No root cause is proposed"):
        cause.rule_on_cause(case, agree=True, content_hash=":None", actor=supervisor, **ruling)
    case = cause.propose_cause(case, "other", actor=supervisor, **ruling)
    seen = cause.seen(case)
    with pytest.raises(Refused, match="You proposed this root cause"):
        cause.rule_on_cause(case, agree=True, content_hash=seen, actor=supervisor, **ruling)
    with pytest.raises(Refused, match="may not agree to a root cause"):
        cause.rule_on_cause(case, agree=True, content_hash=seen, actor=officer, **ruling)
    case = cause.propose_cause(case, "operator", actor=officer, **ruling)
    with pytest.raises(Invalid, match="not the one you saw"):
        cause.rule_on_cause(case, agree=True, content_hash=seen, actor=supervisor, **ruling)
    case = cause.rule_on_cause(case, agree=False, content_hash=cause.seen(case), actor=supervisor, **ruling)
    assert (case.root_cause, case.cause_by) == ("", None)
    case = cause.propose_cause(case, "operator", actor=officer, **ruling)
    case = cause.rule_on_cause(case, agree=True, content_hash=cause.seen(case), actor=supervisor, **ruling)
    assert (case.root_cause, case.cause_by, case.cause_agreed_by) == ("operator", officer, supervisor)
    with pytest.raises(Invalid, match="Its root cause was agreed to"):
        cause.propose_cause(case, "other", actor=officer, **ruling)
    services.close(case, "we answer for it", actor=officer, reason="all is decided")
    assert [verb for verb in verbs(before) if verb != "audit.refused"] == [
        "case.cause_proposed",
        "case.cause_proposed",
        "case.cause_refused",
        "case.cause_proposed",
        "case.cause_agreed",
        "case.closed",
    ]
    assert broken() == []
