"""4.1(d): where information is incomplete or inaccurate, service may be limited, and no more."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.models import Decision
from enforcement.policy import BASIS, FreezeKind, Kind
from qqops.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import decide

Make = Callable[..., Number]


def test_4_1_d_allows_a_restriction_and_refuses_freeze_and_termination(number: Make, officer: Staff) -> None:
    one = number()
    for freeze_kind in FreezeKind.values:
        with pytest.raises(Invalid, match="4.1"):
            decide(Kind.FREEZE, one, officer, clauses=("4.1",), freeze_kind=freeze_kind)
    with pytest.raises(Invalid, match="4.1"):
        decide(Kind.TERMINATE, one, officer, clauses=("4.1",))
    with pytest.raises(Invalid, match="4.1"):
        decide(Kind.TERMINATE, one, officer, clauses=("10.1", "4.1"))  # nor in the company of another ground
    assert not Decision.objects.exists()
    assert decide(Kind.RESTRICT, one, officer, clauses=("4.1",)).applied == 1


def test_4_1_d_asks_for_notice_before() -> None:
    assert BASIS["4.1"].prior_notice
