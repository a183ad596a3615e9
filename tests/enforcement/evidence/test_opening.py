"""Who may open an evidence file: whoever has part in what rests on it, and each time is on the record."""

from collections.abc import Callable

import pytest

from accounts.declarations.services import declare
from accounts.models import Number, RuleVersion
from enforcement.cases.policy import CaseKind
from enforcement.cases.services import Finding, close, open_case
from enforcement.evidence import services as evidence
from enforcement.models import Case, EvidenceFile
from enforcement.policy import Kind
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, broken, decide, head, verbs
from tests.enforcement.evidence.files import PDF, PNG, take_in

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def openers(file: EvidenceFile, cast: dict[str, Staff]) -> set[str]:
    found = set()
    for login, person in cast.items():
        try:
            evidence.check_open(file, actor=person)
        except Refused:
            continue
        found.add(login)
    return found


def test_a_file_is_open_to_its_maker_to_who_may_rule_and_then_to_who_ruled(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    taken = take_in(cast["officer"])
    assert openers(taken, cast) == {"officer"}
    report = decide(Kind.TERMINATE, number(), cast["officer"], files=(taken.pk,))
    assert openers(taken, cast) == {"officer", "supervisor", "supervisor2"}
    approve(report, cast["supervisor"])
    assert openers(taken, cast) == {"officer", "supervisor"}


def test_a_reviewer_opens_what_a_decision_rests_on_only_while_a_review_of_it_is_open(
    rulebook: RuleVersion, cast: dict[str, Staff], numbers: Callable[..., list[int]]
) -> None:
    taken, ids = take_in(cast["officer"]), [*numbers(1), *numbers(1, paid=True)]
    report = decide(Kind.TERMINATE, ids, cast["officer"], files=(taken.pk,), leave_out=("paid",))
    approve(report, cast["supervisor"])  # what was paid for came back for review by hand
    assert openers(taken, cast) == {"officer", "supervisor", "reviewer", "reviewer2"}
    close(Case.objects.get(), "looked at by hand", actor=cast["officer"], reason="it stays as it is")
    assert openers(taken, cast) == {"officer", "supervisor"}


def test_a_file_of_a_case_is_open_to_who_works_on_it_while_it_is_open(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    one, taken = number(), take_in(cast["agent"], PNG)
    found = Finding(
        CaseKind.TRANSFER, "sold in a chat group", {"way": "sale"}, {"subject": [one.pk]}, files=(taken.pk,)
    )
    case = open_case(found, actor=cast["agent"], reason="told at the desk")
    assert openers(taken, cast) == {"officer", "officer2", "supervisor", "supervisor2"}  # an agent opens none
    decide(Kind.FREEZE, one, cast["officer2"], clauses=("8.2",), case=case.pk, evidence=("the offer",))
    close(case, "frozen by decision", actor=cast["officer"], reason="all is decided")
    assert openers(taken, cast) == {"officer2"}  # by the decision that it led to


def test_nobody_opens_what_is_about_a_number_of_his_own(
    rulebook: RuleVersion, cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    one, taken = number(), take_in(cast["officer"])
    report = decide(Kind.TERMINATE, one, cast["officer"], files=(taken.pk,))
    declare(cast["supervisor2"], [one.pk], "relative", actor=cast["supervisor2"])
    assert openers(taken, cast) == {"officer", "supervisor"}
    approve(report, cast["supervisor"])


def test_every_opening_and_every_refusal_is_on_the_record(officer: Staff, officer2: Staff) -> None:
    taken, before = take_in(officer, name="chat.exe"), head()
    opened = evidence.open_file(taken, actor=officer)
    assert (opened.name, opened.media_type, opened.content) == ("chat.pdf", "application/pdf", PDF)
    with pytest.raises(Refused, match="You have no part"):
        evidence.open_file(taken, actor=officer2)
    assert verbs(before) == ["evidence.opened", "audit.refused"]
    assert broken() == []
