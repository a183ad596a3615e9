"""6.2: while a recovery is contested a reviewer may hold the number, but never alone (DESIGN §4)."""

import datetime
from collections.abc import Callable

import pytest
import time_machine

from accounts.models import Number
from enforcement.models import Measure
from enforcement.policy import FreezeKind, Kind
from qqops.core.days import after_working_days
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, decide

pytestmark = pytest.mark.django_db
BEFORE_SPRING_FESTIVAL = datetime.datetime(2027, 2, 1, 2, tzinfo=datetime.UTC)  # whose days do not count
SECURITY = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}


def test_a_reviewers_security_freeze_is_provisional_however_short_and_ends_within_ten_working_days(
    number: Callable[..., Number], reviewer: Staff, supervisor: Staff
) -> None:
    one, other, third = number(), number(), number()
    report = decide(Kind.FREEZE, one, reviewer, duration=DAY, **SECURITY)
    assert (report.decision.rule, report.decision.effect, report.applied) == ("supervised", "provisional", 1)
    assert approve(report, supervisor).applied == 1
    with time_machine.travel(BEFORE_SPRING_FESTIVAL, tick=False):
        end = after_working_days(BEFORE_SPRING_FESTIVAL, 10)
        assert end > BEFORE_SPRING_FESTIVAL + 15 * DAY
        assert decide(Kind.FREEZE, other, reviewer, until=end, **SECURITY).decision.until == end
        for beyond in ({"until": end + DAY, **SECURITY}, {"duration": DAY}):  # too long; not a security freeze
            with pytest.raises(Refused):
                decide(Kind.FREEZE, third, reviewer, **beyond)
    assert Measure.objects.count() == 2
