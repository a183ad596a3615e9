"""How long an evidence file stays readable: as long as anything that rests on it can be objected to, or claimed for."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Hold, Number, RuleVersion
from accounts.retention import holds
from enforcement.cases.policy import CaseKind
from enforcement.cases.services import Finding, close, open_case
from enforcement.evidence import services as evidence
from enforcement.evidence.retention import CLAIMS, OBJECTION, UNUSED
from enforcement.measures.expiry import expire
from enforcement.models import Case, CaseKey, EvidenceFile, EvidenceKey
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide, head, verbs
from tests.enforcement.evidence.files import GB, PNG, TEXT, take_in

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def readable() -> set[int]:
    return set(EvidenceKey.objects.values_list("pk", flat=True))


def sweep_after(wait: datetime.timedelta) -> int:
    with time_machine.travel(timezone.now() + wait, tick=True):
        return evidence.sweep(actor=Staff.objects.system("system-retention"))


def test_what_nothing_rests_on_goes_after_a_month_and_the_row_stays(
    rulebook: RuleVersion, officer: Staff, number: Callable[..., Number]
) -> None:
    unused, cited, before = take_in(officer), take_in(officer, PNG), head()
    decide(Kind.FREEZE, number(), officer, files=(cited.pk,))
    assert sweep_after(UNUSED - DAY) == 0
    assert sweep_after(UNUSED + DAY) == 1
    assert readable() == {cited.pk}
    assert EvidenceFile.objects.filter(pk=unused.pk).exists()
    assert verbs(before)[-1] == "evidence.keys_dropped"
    assert broken() == []


def test_what_a_decision_rests_on_stays_until_its_measures_ended_and_the_time_for_claims_is_over(
    rulebook: RuleVersion, officer: Staff, supervisor: Staff, expiry_actor: Staff, number: Callable[..., Number]
) -> None:
    ending, endless, waiting = take_in(officer), take_in(officer, PNG), take_in(officer, TEXT)
    decide(Kind.FREEZE, number(), officer, duration=3 * DAY, files=(ending.pk,))
    running = decide(Kind.RESTRICT, number(), officer, indefinite=True, files=(endless.pk,))
    approve(running, supervisor)
    with time_machine.travel(timezone.now() + 4 * DAY, tick=True):
        expire(actor=expiry_actor)
    decide(Kind.TERMINATE, number(), officer, files=(waiting.pk,))
    assert sweep_after(3 * DAY + OBJECTION + CLAIMS - DAY) == 0
    assert sweep_after(4 * DAY + OBJECTION + CLAIMS + DAY) == 1
    assert readable() == {endless.pk, waiting.pk}  # its measure runs, and nobody has decided yet


def test_a_hold_or_an_open_case_keeps_it_longer(
    rulebook: RuleVersion, officer: Staff, supervisor: Staff, number: Callable[..., Number]
) -> None:
    held, in_case, one, other = take_in(officer), take_in(officer, GB), number(), number()
    decide(Kind.FREEZE, one, officer, duration=DAY, files=(held.pk,))
    found = Finding(CaseKind.TRANSFER, "sold", {"way": "sale"}, {"subject": [other.pk]}, files=(in_case.pk,))
    case = open_case(found, actor=officer, reason="told at the desk")
    assert one.tenure_id is not None
    holds.place([one.tenure_id], "legal", "(2026) 7", actor=officer, reason="order of the court")
    long = 10 * OBJECTION + CLAIMS
    assert sweep_after(long) == 0
    close(case, "nothing came of it", actor=officer, reason="all is decided")
    assert sweep_after(OBJECTION + CLAIMS - DAY) == 0 and CaseKey.objects.filter(pk=case.pk).exists()
    before = head()
    assert sweep_after(long) == 2  # the file, and what the case says
    assert readable() == {held.pk} and not CaseKey.objects.exists()
    assert [event.facts for event in Event.objects.filter(seq__gt=before).order_by("seq")] == [
        {"cleared": {"evidence": 1}}, {"cleared": {"case": 1}},
    ]  # fmt: skip
    holds.lift(Hold.objects.get(tenure=one.tenure_id), actor=supervisor, reason="the court lifted it")
    assert sweep_after(long) == 1
    assert readable() == set()


def test_what_came_back_for_review_stays_as_long_as_the_decision_it_came_from(
    rulebook: RuleVersion, officer: Staff, supervisor: Staff, number: Callable[..., Number]
) -> None:
    one, other = number(paid=True), number()
    left = ("paid",)
    made = approve(decide(Kind.RESTRICT, [one.pk, other.pk], officer, indefinite=True, leave_out=left), supervisor)
    case = Case.objects.get(kind=CaseKind.REVIEW, details__decision=made.decision.pk)
    close(case, "nothing to be done about it", actor=officer, reason="all is decided")
    assert sweep_after(10 * OBJECTION + CLAIMS) == 0 and CaseKey.objects.filter(pk=case.pk).exists()
    assert broken() == []
