"""Restricting: scopes, several at a time, and when a second person is needed."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.models import Measure
from enforcement.policy import Kind, Scope
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide

Make = Callable[..., Number]


def test_a_restriction_names_its_scopes_and_shows(number: Make, officer: Staff) -> None:
    one = number()
    report = decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), duration=30 * DAY)
    one.refresh_from_db()
    measure = Measure.objects.get(number=one)
    assert (report.decision.state, measure.scopes, measure.freeze_kind) == ("applied", ["send_msg", "mail"], "")
    assert (shown_of(one), one.restricted_until, one.frozen_until) == ("restricted", measure.until, None)


@pytest.mark.parametrize("scopes", [(), ("send_msg", "everything")])
def test_without_a_known_scope_nothing_is_restricted(number: Make, officer: Staff, scopes: tuple[str, ...]) -> None:
    one = number()
    with pytest.raises(Invalid):
        decide(Kind.RESTRICT, one, officer, scopes=scopes)
    assert not Measure.objects.exists()
    assert decide(Kind.RESTRICT, one, officer).applied == 1


@pytest.mark.parametrize("more", [{"duration": 31 * DAY}, {"indefinite": True}, {"scopes": (Scope.LOGIN.value,)}])
def test_long_ones_and_those_of_logging_in_are_provisional(
    number: Make, officer: Staff, supervisor: Staff, more: dict[str, object]
) -> None:
    one = number()
    report = decide(Kind.RESTRICT, one, officer, **more)
    assert (report.decision.effect, report.decision.state, report.applied) == ("provisional", "proposed", 1)
    assert approve(report, supervisor).decision.state == "applied"
    measure = Measure.objects.get(number=one)
    assert measure.until == report.decision.__class__.objects.get(pk=report.decision.pk).ends_at
    assert broken() == []


def test_a_narrower_one_is_already_so_and_a_wider_or_longer_one_is_not(number: Make, officer: Staff) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), duration=5 * DAY)
    with pytest.raises(Invalid):
        decide(Kind.RESTRICT, one, officer, scopes=("mail",), duration=4 * DAY)
    assert decide(Kind.RESTRICT, one, officer, scopes=("mail",), duration=6 * DAY).applied == 1
    assert decide(Kind.RESTRICT, one, officer, scopes=("mail", "search_visible"), duration=HOUR).applied == 1
    one.refresh_from_db()
    assert one.restricted_until == max(m.until for m in Measure.objects.filter(number=one) if m.until)


def test_a_supervisor_restricts_and_another_one_agrees(number: Make, supervisor: Staff, supervisor2: Staff) -> None:
    report = decide(Kind.RESTRICT, number(), supervisor, indefinite=True)
    assert approve(report, supervisor2).decision.state == "applied"
