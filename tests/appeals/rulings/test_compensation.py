"""What an upheld objection owes besides: paid time, a look at the others, and what is owed instead (11, 9.2)."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number, Tenure
from enforcement.models import Case, CaseNumber
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, objection, ruled
from tests.enforcement.acts import DAY, broken, decide, terminated

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.usefixtures("rulebook")]


def paid_until(number: Number, until: datetime.datetime, setup_actor: Staff) -> None:
    assert number.tenure_id
    tenure = Tenure.objects.get(pk=number.tenure_id)
    with recorder.act("demo.built", actor=setup_actor, reason="paid time of a test", facts={"numbers": 1}) as act:
        tenure.paid_until = until
        tenure.save(update_fields=["paid_until"])
        act.wrote(recorder.history_model(Tenure))


def test_paid_time_that_a_wrong_freeze_took_goes_on_from_where_it_stood(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, setup_actor: Staff
) -> None:
    """Restricting single functions leaves what was paid for in use, and gives nothing back."""
    frozen, restricted = number(paid=True), number(paid=True)
    until = timezone.now() + 30 * DAY
    for one in (frozen, restricted):
        paid_until(one, until, setup_actor)
    appeals = [
        objection(frozen, decide(Kind.FREEZE, frozen, officer, duration=7 * DAY), agent),
        objection(restricted, decide(Kind.RESTRICT, restricted, officer, duration=7 * DAY), agent),
    ]
    with time_machine.travel(timezone.now() + 5 * DAY):
        for appeal in appeals:
            ruled(appeal, "upheld", reviewer)
    given = {t.number_id: t.paid_until for t in Tenure.objects.filter(number__in=[frozen.pk, restricted.pk])}
    assert given[restricted.pk] == until
    after = given[frozen.pk]
    assert after is not None
    assert abs((after - until) - 5 * DAY) < datetime.timedelta(minutes=1)
    assert broken() == []


def test_the_others_of_its_batch_come_back_for_review_once(
    numbers: Many, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    several = numbers(3)
    report = decide(Kind.FREEZE, several, officer)
    for pk in several[:2]:
        ruled(objection(Number.objects.get(pk=pk), report, agent), "upheld", reviewer)
    (case,) = Case.objects.filter(kind="review")
    assert case.details == {"decision": report.decision.pk, "because": "overturned"}
    assert sorted(CaseNumber.objects.filter(case=case).values_list("number", flat=True)) == several[1:]
    assert broken() == []


def test_what_cannot_be_restored_any_more_is_assessed_and_touches_no_next_holder(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    from tests.cast import succeeded

    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    first, second = succeeded(one, officer)
    looked = ruled(appeal, "upheld", reviewer)
    assert (looked.state, looked.reverses) == ("proposed", None)
    agreed(looked, supervisor2)
    (case,) = Case.objects.filter(kind="redress")
    assert case.details == {"receipt": appeal.receipt}
    assert list(CaseNumber.objects.filter(case=case).values_list("tenure", flat=True)) == [first.pk]
    one.refresh_from_db()
    assert one.tenure_id == second.pk


def test_an_upheld_batch_of_one_asks_for_no_review(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> None:
    one = number()
    ruled(objection(one, decide(Kind.FREEZE, one, officer), agent), "upheld", reviewer)
    assert not Case.objects.exists()


def test_rejected_gives_nothing_back(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> None:
    several = number(), number()
    report = decide(Kind.FREEZE, [one.pk for one in several], officer)
    ruled(objection(several[0], report, agent), "rejected", reviewer)
    assert not Case.objects.exists()


def test_of_a_freeze_that_was_over_only_its_own_time_is_given_back(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number(paid=True)
    until = timezone.now() + 300 * DAY
    paid_until(one, until, setup_actor)
    frozen = decide(Kind.FREEZE, one, officer, duration=7 * DAY)
    with time_machine.travel(timezone.now() + 100 * DAY):
        agreed(ruled(objection(one, frozen, agent), "upheld", reviewer), supervisor)
    after = Tenure.objects.get(number=one).paid_until
    assert after is not None
    assert abs((after - until) - 7 * DAY) < datetime.timedelta(minutes=1)
    assert broken() == []
