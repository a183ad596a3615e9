"""How much one account may do in a day, alone and by filing: settings data, by role."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, broken, decide

pytestmark = pytest.mark.usefixtures("english", "rulebook")
Many = Callable[..., list[int]]
SECURITY = {"clauses": ("6.2",), "freeze_kind": "security", "duration": DAY / 2}


def test_a_role_acts_on_so_many_a_day_alone(numbers: Many, agent: Staff, officer: Staff, settings: Any) -> None:
    settings.QQOPS_DAILY_TARGETS, settings.QQOPS_DAILY_TARGETS_BY_ROLE = 10, {"agent": 3}
    ids = numbers(20)
    assert decide(Kind.FREEZE, ids[:3], agent, **SECURITY).applied == 3
    past = decide(Kind.FREEZE, ids[3:4], agent, **SECURITY)
    assert (past.applied, past.decision.rule, past.decision.state) == (0, "daily_limit", "proposed")
    assert decide(Kind.FREEZE, ids[4:14], officer, **SECURITY).applied == 10
    assert decide(Kind.FREEZE, ids[14:15], officer, **SECURITY).decision.rule == "daily_limit"
    with time_machine.travel(timezone.now() + DAY):
        assert decide(Kind.FREEZE, ids[15:16], agent, **SECURITY).applied == 1
    assert broken() == []


def test_nobody_files_more_than_his_role_may_in_a_day(
    numbers: Many, officer: Staff, officer2: Staff, settings: Any
) -> None:
    settings.QQOPS_DAILY_FILED, settings.QQOPS_DAILY_FILED_BY_ROLE = 1_000, {"officer": 250}
    ids = numbers(360)
    decide(Kind.FREEZE, ids[:150], officer)
    with pytest.raises(Invalid, match="at most 250 numbers a day, and filed 150 today"):
        decide(Kind.FREEZE, ids[150:260], officer)
    assert Decision.objects.count() == 1
    decide(Kind.FREEZE, ids[150:260], officer2)
    with time_machine.travel(timezone.now() + DAY):
        decide(Kind.FREEZE, ids[260:], officer)
        assert Decision.objects.count() == 3
    assert broken() == []
