"""10.3: reclaim of numbers not activated or long dormant: by the resource manager, with two others' agreement."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.policy import BASIS, Kind
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, decide, refuse

Make = Callable[..., Number]
Many = Callable[..., list[int]]
RECLAIM = {"clauses": ("10.3",)}


def test_10_3_allows_termination_only_and_asks_for_notice_before(
    number: Make, resources: Staff, officer: Staff
) -> None:
    one = number("allocated")
    for kind in (Kind.RESTRICT, Kind.FREEZE, Kind.LIFT, Kind.RESTORE):
        with pytest.raises(Invalid, match="10.3"):
            decide(kind, one, officer, **RECLAIM)
    assert BASIS["10.3"].prior_notice
    assert decide(Kind.TERMINATE, one, resources, **RECLAIM).decision.rule == "reclaim"


def test_10_3_is_the_resource_managers_and_no_other_clause_is(number: Make, resources: Staff, officer: Staff) -> None:
    one = number("allocated")
    with pytest.raises(Refused):
        decide(Kind.TERMINATE, one, officer, **RECLAIM)
    for clauses in (("10.1",), ("10.2",), ("10.1", "10.3")):
        with pytest.raises(Refused):
            decide(Kind.TERMINATE, one, resources, clauses=clauses)
    assert decide(Kind.TERMINATE, one, resources, **RECLAIM).decision.state == "proposed"


@pytest.mark.parametrize("count", [1, 101])
def test_10_3_a_supervisor_and_the_privacy_officer_agree_in_either_order(
    numbers: Many, resources: Staff, supervisor: Staff, supervisor2: Staff, privacy: Staff, count: int
) -> None:
    for first, second in ((supervisor, privacy), (privacy, supervisor2)):
        report = decide(Kind.TERMINATE, numbers(count, "allocated"), resources, **RECLAIM)
        assert approve(report, first).applied == 0
        assert approve(report, second).applied == count


def test_10_3_either_of_them_may_stop_it(number: Make, resources: Staff, supervisor: Staff, privacy: Staff) -> None:
    one = number("allocated")
    report = decide(Kind.TERMINATE, one, resources, **RECLAIM)
    approve(report, supervisor)
    assert refuse(report, privacy).decision.state == "refused"
    one.refresh_from_db()
    assert one.lifecycle == "allocated"
