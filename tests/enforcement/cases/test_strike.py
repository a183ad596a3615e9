"""A ground that is struck out (12.7): what stands on another survives, the rest goes to a human."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from accounts.models import Clause, Number, RuleVersion
from enforcement.cases import services as cases
from enforcement.cases.policy import CaseKind
from enforcement.citations import services as strike
from enforcement.citations.queries import citing, grounds_of, to_decide_on
from enforcement.models import Case, CaseNumber
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, broken, decide, head, terminated, verbs
from tests.enforcement.runs.test_races import together

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
WHY = "held void by the court"


def clause(version: RuleVersion, number: str) -> Clause:
    return Clause.objects.select_related("version").get(version=version, number=number)


def test_what_rests_on_it_alone_goes_to_a_case_with_the_numbers_in_force(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    officer, supervisor = cast["officer"], cast["supervisor"]
    frozen, both, ended, over, elsewhere, restored = (number() for _n in range(6))
    alone = decide(Kind.FREEZE, frozen, officer).decision
    also = decide(Kind.FREEZE, both, officer, clauses=("10.1", "8.1")).decision
    gone = terminated(ended, officer, supervisor).decision
    lifted = decide(Kind.FREEZE, over, officer).decision
    decide(Kind.LIFT, over, cast["reviewer"], clauses=("11",))
    decide(Kind.FREEZE, elsewhere, officer, clauses=("8.2",))
    waits = decide(Kind.TERMINATE, restored, officer).decision
    before = head()
    struck = strike.strike_out(clause(rulebook, "10.1"), actor=cast["privacy"], reason=WHY)
    assert struck.hit.standing == [also.pk]
    assert struck.hit.groundless == [alone.pk, gone.pk, waits.pk]
    assert lifted.pk not in struck.hit.groundless
    assert struck.case is not None
    numbers = CaseNumber.objects.filter(case=struck.case).order_by("number_id").values_list("number_id", "tenure_id")
    assert list(numbers) == [(frozen.pk, frozen.tenure_id), (ended.pk, ended.tenure_id)]
    assert verbs(before) == ["ground.struck_out", "case.opened"]
    with pytest.raises(Invalid, match="Every ground of this decision was struck out"):
        approve(waits, supervisor)
    assert [ground.struck for ground in grounds_of(also)] == [True, False]
    with pytest.raises(Invalid, match=r"was struck out and is no ground any more \(12.7\)"):
        decide(Kind.FREEZE, number(), officer)
    assert broken() == []


def test_the_list_is_what_still_stands_and_the_case_closes_when_all_is_decided(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    one, officer = number(), cast["officer"]
    made = decide(Kind.FREEZE, one, officer, clauses=("8.1",)).decision
    struck = strike.strike_out(clause(rulebook, "8.1"), actor=cast["privacy"], reason=WHY)
    assert to_decide_on() == [made.pk]
    assert struck.case is not None
    with pytest.raises(Invalid, match="Decisions without a ground still stand"):
        cases.close(struck.case, "looked at", actor=officer, reason="all is decided")
    decide(Kind.LIFT, one, cast["officer2"])
    assert to_decide_on() == []
    cases.close(struck.case, "lifted", actor=officer, reason="all is decided")
    assert broken() == []


def test_a_document_is_struck_out_as_it_was_cited_and_each_thing_once(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    privacy, order = cast["privacy"], "Order 12 of 2026"
    made = decide(
        Kind.FREEZE, number(), cast["officer"], clauses=("law",), citation=order, freeze_kind="legal"
    ).decision
    struck = strike.strike_out(citation=f" {order} ", actor=privacy, reason=WHY)
    assert (struck.hit.groundless, struck.hit.standing) == ([made.pk], [])
    with pytest.raises(Invalid, match="struck out already"):
        strike.strike_out(citation=order, actor=privacy, reason=WHY)
    with pytest.raises(Invalid, match="Name one thing"):
        strike.strike_out(clause(rulebook, "8.1"), order, actor=privacy, reason=WHY)
    with pytest.raises(Invalid, match="Name one thing"):
        strike.strike_out(actor=privacy, reason=WHY)
    with pytest.raises(Refused, match="Your role may not strike out grounds"):
        strike.strike_out(clause(rulebook, "8.1"), actor=cast["supervisor"], reason=WHY)
    assert Case.objects.filter(kind=CaseKind.REVIEW).count() == 1
    assert citing(clause(rulebook, "8.1").pk, "").groundless == []


LAW = "《反电信网络诈骗法》 第32条 (Order A-7)"


@pytest.mark.parametrize(
    "said",
    [
        "反电信网络诈骗法第32条(Order A-7)",
        " 《反电信网络诈骗法》第３２条（order a-7） ",
        "反电信网络诈骗法　第32条 (ORDER A-7)",
    ],
)
def test_a_document_is_the_same_whatever_its_width_spaces_marks_and_case(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number], said: str
) -> None:
    by_law: dict[str, Any] = {"clauses": ("law",), "freeze_kind": "legal"}
    made = decide(Kind.FREEZE, number(), cast["officer"], citation=LAW, **by_law).decision
    other = decide(Kind.FREEZE, number(), cast["officer"], citation=LAW.replace("32", "33"), **by_law).decision
    hit = strike.check_strike(None, said, actor=cast["privacy"])
    assert (hit.groundless, hit.cited_as) == ([made.pk], {LAW: 1})
    strike.strike_out(citation=said, actor=cast["privacy"], reason=WHY)
    assert [ground.struck for ground in grounds_of(made)] == [True]
    assert [ground.struck for ground in grounds_of(other)] == [False]
    for again in (LAW, said):
        with pytest.raises(Invalid, match="struck out already"):
            strike.strike_out(citation=again, actor=cast["privacy"], reason=WHY)
        with pytest.raises(Invalid, match=r"was struck out and is no ground any more \(12.7\)"):
            decide(Kind.FREEZE, number(), cast["officer"], citation=again, **by_law)
    with pytest.raises(Invalid, match="Name one thing"):
        strike.check_strike(None, "《 》", actor=cast["privacy"])
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_strike_out_the_same_one_hears_that_it_was_done(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    made = decide(Kind.FREEZE, number(), cast["officer"]).decision
    ground = clause(rulebook, "10.1")

    def act() -> object:
        with transaction.atomic(), translation.override("en"):
            struck = strike.strike_out(ground, actor=cast["privacy"], reason=WHY)
            time.sleep(0.3)  # the other is here by now, and would not see what is not committed
            return struck

    found = together(act, act)
    (told,) = [one for one in found if isinstance(one, Invalid)]
    assert str(told) == "This ground was struck out already. Nothing was done."
    assert [case.details["decisions"] for case in Case.objects.all()] == [[made.pk]] and broken() == []
