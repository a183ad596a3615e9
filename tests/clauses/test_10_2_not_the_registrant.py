"""10.2: a user who is not the initial registrant: termination, without notice before it, and nothing less."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.models import Notice
from enforcement.policy import BASIS, FreezeKind, Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, decide

Make = Callable[..., Number]


def test_10_2_allows_termination_only(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    for freeze_kind in FreezeKind.values:
        with pytest.raises(Invalid, match="10.2"):
            decide(Kind.FREEZE, one, officer, clauses=("10.2",), freeze_kind=freeze_kind)
    for kind in (Kind.RESTRICT, Kind.LIFT, Kind.RESTORE):
        with pytest.raises(Invalid, match="10.2"):
            decide(kind, one, officer, clauses=("10.2",))
    report = decide(Kind.TERMINATE, one, officer, clauses=("10.2",))
    assert report.decision.state == "proposed"  # two people, always
    assert approve(report, supervisor).applied == 1


def test_10_2_needs_no_notice_before_and_gives_one_with_the_act(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    assert not BASIS["10.2"].prior_notice
    report = decide(Kind.TERMINATE, number(), officer, clauses=("10.2",))
    assert not Notice.objects.exists()
    approve(report, supervisor)
    assert Notice.objects.get().decision == report.decision


def test_10_2_a_security_freeze_under_6_2_holds_the_number_meanwhile(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    assert decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY).applied == 1
    assert approve(decide(Kind.TERMINATE, one, officer, clauses=("10.2",)), supervisor).applied == 1
