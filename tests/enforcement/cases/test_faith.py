"""That somebody reported in good faith (8.3) is taken back by two people, each with a reason, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.declarations.services import declare
from accounts.models import Number
from enforcement.cases import good_faith
from enforcement.cases import services as cases
from enforcement.cases.policy import CaseKind
from enforcement.models import Case
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.cases.opening import SAID, opened

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
WHY: dict[str, Any] = {"reason": "the log shows that he sold it"}


@pytest.fixture
def case(cast: dict[str, Staff], number: Callable[..., Number]) -> Case:
    return opened(CaseKind.FINDER, cast["agent"], numbers={"subject": [number().pk], "finder": [number().pk]})


def rule(case: Case, actor: Staff, *, agree: bool = True, seen: str = "") -> Case:
    return good_faith.rule_on_faith(case, agree=agree, content_hash=seen or good_faith.seen(case), actor=actor, **WHY)


def test_one_doubts_and_another_rules_on_it(case: Case, cast: dict[str, Staff]) -> None:
    supervisor, supervisor2, before = cast["supervisor"], cast["supervisor2"], head()
    with pytest.raises(Invalid, match="Nobody doubts"):
        rule(case, supervisor2)
    with pytest.raises(Invalid, match="at least 6 characters"):
        good_faith.doubt_faith(case, actor=supervisor, reason="no")
    doubted = good_faith.doubt_faith(case, actor=supervisor, **WHY)
    assert doubted.details == case.details | {"doubted_by": supervisor.pk}
    with pytest.raises(Refused, match="You doubted its good faith"):
        rule(doubted, supervisor)
    with pytest.raises(Refused, match="Your role may not rule"):
        rule(doubted, cast["officer"])
    with pytest.raises(Invalid, match="not the one you saw"):
        rule(doubted, supervisor2, seen="True:0")
    with pytest.raises(Invalid, match="doubted already"):
        good_faith.doubt_faith(doubted, actor=cast["officer"], **WHY)
    upheld = rule(doubted, supervisor2, agree=False)
    assert upheld.details == case.details
    again = rule(good_faith.doubt_faith(upheld, actor=cast["officer"], **WHY), supervisor2)
    assert again.details == case.details | {"good_faith": False, "faith_ruled_on": True}
    with pytest.raises(Invalid, match="does not say that anybody reported in good faith"):
        good_faith.doubt_faith(again, actor=cast["officer"], **WHY)
    with pytest.raises(Invalid, match="Two people have agreed"):
        cases.amend(again, SAID[CaseKind.FINDER], actor=cast["officer"], **WHY)
    assert [verb for verb in verbs(before) if verb != "audit.refused"] == [
        "case.faith_doubted", "case.faith_upheld", "case.faith_doubted", "case.faith_withdrawn",
    ]  # fmt: skip
    assert broken() == []


def test_who_amends_the_details_takes_neither_it_nor_the_doubt_away(case: Case, cast: dict[str, Staff]) -> None:
    officer, said = cast["officer"], SAID[CaseKind.FINDER]
    doubted = good_faith.doubt_faith(case, actor=officer, **WHY)
    with pytest.raises(Invalid, match="taken back by two people"):
        cases.amend(doubted, said | {"good_faith": False}, actor=officer, **WHY)
    amended = cases.amend(doubted, said | {"heard": "desk"}, actor=officer, **WHY)
    assert amended.details == doubted.details | {"heard": "desk"}


def test_who_may_not_work_on_the_case_doubts_nothing_of_it(case: Case, cast: dict[str, Staff]) -> None:
    officer, before = cast["officer"], head()
    with pytest.raises(Refused, match="Your role may not"):
        good_faith.doubt_faith(case, actor=cast["agent"], **WHY)
    number = case.numbers.order_by("number_id").values_list("number_id", flat=True)[0]
    declare(officer, [number], "own", actor=officer)
    with pytest.raises(Refused, match="declared as your own"):
        good_faith.doubt_faith(case, actor=officer, **WHY)
    assert verbs(before).count("audit.refused") == 2
    closed = cases.close(case, "its holder has it back", actor=cast["officer2"], reason="all is decided")
    assert good_faith.doubt_faith(closed, actor=cast["officer2"], **WHY).details["doubted_by"]  # closed cases spare too
