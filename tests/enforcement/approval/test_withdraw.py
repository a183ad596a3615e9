"""A maker withdraws what he filed while nobody has decided on it; what acted provisionally ends and never counts."""

from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.approval import withdrawal
from enforcement.decisions.preview import preview
from enforcement.decisions.services import Report
from enforcement.models import Decision, Measure, Notice
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, approve, broken, decide, head, order, refuse, verbs
from tests.enforcement.waiting import meanwhile
from tests.terminal import Terminal

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]
WHY = "typed for another number"


def withdraw(report: Report, actor: Staff, reason: str = WHY) -> Decision:
    return withdrawal.withdraw(report.decision, actor=actor, reason=reason)


def test_a_provisional_measure_ends_with_it_and_does_not_count(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    filed = decide(Kind.FREEZE, one, officer, indefinite=True)
    before = head()
    for another in (officer2, supervisor):
        with pytest.raises(Refused, match="Only its maker withdraws"):
            withdraw(filed, another)
    with pytest.raises(Invalid, match="at least 6 characters"):
        withdraw(filed, officer, "no")
    assert Measure.objects.get().in_force
    assert withdraw(filed, officer).state == "void"
    assert verbs(before) == ["audit.refused", "audit.refused", "decision.withdrawn", "measure.dropped"]
    one.refresh_from_db()
    assert (Measure.objects.get().end_reason, one.frozen_until, Notice.objects.get().state) == (
        "undone", None, "withdrawn",
    )  # fmt: skip
    found = preview(order(Kind.FREEZE), [one.pk], actor=officer2)
    assert list(found.suggested) == ["freeze:7"]
    assert decide(Kind.FREEZE, one, officer, indefinite=True).decision.rule == "refused_before"  # not again and again
    with pytest.raises(Invalid, match="not waiting for approval"):
        approve(filed, supervisor)
    with pytest.raises(Invalid, match="not waiting for approval"):
        withdraw(filed, officer)
    assert broken() == []


def test_what_waits_is_withdrawn_as_well_and_what_was_decided_or_lapsed_is_not(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    waits, decided, old = (decide(Kind.TERMINATE, number(), officer) for _n in range(3))
    before = head()
    assert withdraw(waits, officer).state == "void" and verbs(before) == ["decision.withdrawn"]
    approve(decided, supervisor)
    with pytest.raises(Invalid, match="not waiting for approval"):
        withdraw(decided, officer)
    with time_machine.travel(timezone.now() + 73 * HOUR), pytest.raises(Invalid, match="has lapsed"):
        withdraw(old, officer)
    assert Number.objects.filter(lifecycle="terminated").count() == 1 and broken() == []


def test_what_has_stood_for_longer_than_a_slip_another_person_ends(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    filed = decide(Kind.FREEZE, number(), officer, indefinite=True)
    waits = decide(Kind.TERMINATE, number(), officer)
    with pytest.raises(Refused, match="another person ends it"):
        withdraw(decide(Kind.FREEZE, [number().pk, number().pk], officer, indefinite=True), officer)
    with time_machine.travel(timezone.now() + HOUR):
        with pytest.raises(Refused, match="another person ends it"):
            withdraw(filed, officer)
        assert withdraw(waits, officer).state == "void"
        refuse(filed, supervisor)
    assert not Measure.objects.get(decision=filed.decision).in_force and broken() == []


def test_it_is_withdrawn_on_a_terminal(number: Make, officer: Staff, terminal: Terminal) -> None:
    filed = decide(Kind.FREEZE, number(), officer, indefinite=True).decision
    typed = ("decisions", "withdraw", filed.pk, "--reason", WHY)
    assert terminal("officer2", *typed).code == terminal("officer2", *typed, "--apply").code == 5
    assert terminal("officer", *typed).code == 4 and Measure.objects.get().in_force
    done = terminal("officer", *typed, "--apply", "--json")
    assert (done.code, done.json) == (0, {"decision": filed.pk, "state": "void", "do": "withdraw"})
    assert terminal("officer", *typed, "--apply").code == 2
    assert not Measure.objects.get().in_force and broken() == []


@pytest.mark.django_db(transaction=True)
def test_who_withdraws_while_another_agrees_is_too_late(number: Make, officer: Staff, supervisor: Staff) -> None:
    filed = decide(Kind.FREEZE, number(), officer, indefinite=True)
    late = meanwhile(lambda: approve(filed, supervisor), lambda: withdraw(filed, officer))
    assert isinstance(late, Invalid)
    assert (Decision.objects.get().state, Measure.objects.get().in_force) == ("applied", True)
