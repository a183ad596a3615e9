"""6.2: while a recovery is contested a reviewer may hold the number, but never alone (DESIGN §4)."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.models import Measure
from enforcement.policy import FreezeKind, Kind
from qqops.errors import Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, decide

pytestmark = pytest.mark.django_db
SECURITY = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}


def test_a_reviewers_security_freeze_is_provisional_however_short_and_ends_within_two_weeks(
    number: Callable[..., Number], reviewer: Staff, supervisor: Staff
) -> None:
    one, other = number(), number()
    report = decide(Kind.FREEZE, one, reviewer, duration=DAY, **SECURITY)
    assert (report.decision.rule, report.decision.effect, report.applied) == ("supervised", "provisional", 1)
    assert approve(report, supervisor).applied == 1
    for beyond in ({"duration": 15 * DAY, **SECURITY}, {"duration": DAY}):  # too long; not a security freeze
        with pytest.raises(Refused):
            decide(Kind.FREEZE, other, reviewer, **beyond)
    assert Measure.objects.count() == 1
