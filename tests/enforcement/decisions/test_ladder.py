"""Graduated measures (10.1(c)): what is suggested, what counts, and that departing from it needs a reason."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from enforcement.decisions import ladder
from enforcement.decisions.preview import preview
from enforcement.models import Decision
from enforcement.policy import FreezeKind, Kind, Severity
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide, order, undo

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]

TABLE = [
    (Severity.MINOR, 0, "restrict:3"), (Severity.MINOR, 1, "restrict:7"), (Severity.MINOR, 2, "freeze:3"),
    (Severity.MINOR, 3.5, "freeze:7"), (Severity.MINOR, 40, "freeze:30"),
    (Severity.SERIOUS, 0, "freeze:7"), (Severity.SERIOUS, 0.5, "freeze:7"), (Severity.SERIOUS, 1.5, "freeze:30"),
    (Severity.SERIOUS, 2, "freeze:90"), (Severity.SERIOUS, 3, "freeze"),
    (Severity.GRAVE, 0, "freeze:30"), (Severity.GRAVE, 1, "freeze"), (Severity.GRAVE, 9, "terminate"),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "counted", "code"), TABLE)
def test_each_step_of_the_ladder(severity: Severity, counted: float, code: str) -> None:
    assert ladder.step(severity, counted).code == code
    step = ladder.by_code(code)
    assert step.code == code and ladder.follows(code, step.kind, step.length)
    assert not ladder.follows(code, step.kind, 11 * DAY) or step.kind == Kind.TERMINATE


def test_the_ladder_never_gets_milder_and_speaks_of_sanctions_only() -> None:
    for steps in ladder.LADDER.values():
        weights = [
            ({Kind.RESTRICT: 0, Kind.FREEZE: 1, Kind.TERMINATE: 2}[s.kind], s.length or 9999 * DAY) for s in steps
        ]
        assert weights == sorted(weights)
    assert ladder.is_graduated(Kind.FREEZE, FreezeKind.VIOLATION, ("8.1",))
    assert not ladder.is_graduated(Kind.FREEZE, FreezeKind.SECURITY, ("8.3",))
    assert not ladder.is_graduated(Kind.RESTRICT, "", ("4.1",))
    assert not ladder.is_graduated(Kind.TERMINATE, "", ("10.3",))


def suggested(number: Number, actor: Staff, **more: Any) -> list[str]:
    return list(preview(order(Kind.FREEZE, **more), [number.pk], actor=actor).suggested)


def test_what_a_tenure_had_counts_by_its_age_and_what_was_wrong_never(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    first = decide(Kind.RESTRICT, one, officer, duration=DAY)
    decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)  # no sanction
    assert suggested(one, officer2) == ["freeze:30"]
    for days, code in ((179, "freeze:30"), (181, "freeze:7"), (366, "freeze:7")):
        with time_machine.travel(timezone.now() + days * DAY):
            assert suggested(one, officer2) == [code]
    two = number()
    wrong = decide(Kind.RESTRICT, two, officer, duration=DAY)
    assert suggested(two, officer2) == ["freeze:30"]
    approve(undo(wrong, officer2), supervisor)
    assert suggested(two, officer2) == ["freeze:7"]
    three = number()
    lifted = decide(Kind.FREEZE, three, officer, duration=DAY)
    decide(Kind.LIFT, three, officer2, lift_of=lifted.decision.pk, in_error=True)
    assert suggested(three, officer2) == ["freeze:7"]
    assert first.decision.suggestion == {"freeze:7": 1} and broken() == []


def test_departing_from_the_ladder_needs_a_reason_and_following_it_none(number: Make, officer: Staff) -> None:
    one, two = number(), number()
    with pytest.raises(Invalid, match="how severe"):
        decide(Kind.FREEZE, one, officer, severity="")
    with pytest.raises(Invalid, match="ladder suggests.*7"):
        decide(Kind.FREEZE, one, officer, departure=" ")
    assert not Decision.objects.exists()
    departs = decide(Kind.FREEZE, one, officer, departure="主动承认并退款").decision
    follows = decide(Kind.FREEZE, two, officer, duration=7 * DAY, departure="主动承认并退款").decision
    assert (departs.suggestion, departs.departure) == ({"freeze:7": 1}, "主动承认并退款")
    assert (follows.suggestion, follows.departure) == ({"freeze:7": 1}, None)  # nothing to give a reason for
    assert broken() == []
