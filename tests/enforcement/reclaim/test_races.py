"""A reclaim runs while others are at its numbers, or its approvers: what holds is what was committed first."""

from collections import Counter
from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.models import Decision
from enforcement.reclaim import services as reclaim
from qqops.audit.verify import verify
from qqops.core.errors import Refused
from qqops.staff.access import services as access
from qqops.staff.models import Staff
from tests.enforcement.acts import approve
from tests.enforcement.reclaim.excluding import exclude
from tests.enforcement.reclaiming import WHY, adopt
from tests.enforcement.waiting import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rulebook", "feed")]
Cast = dict[str, Staff]
Many = Callable[..., list[int]]


def test_what_keeps_a_number_since_the_act_began_keeps_it(cast: Cast, numbers: Many) -> None:
    policy, (one, other) = adopt(cast), numbers(2, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    approve(report, cast["supervisor"])
    report = meanwhile(lambda: exclude(one, "exempt", cast), lambda: approve(report, cast["privacy"]))
    assert (report.applied, report.skipped) == (1, Counter(exempt=1))
    states = dict(Number.objects.values_list("pk", "lifecycle"))
    assert (states, list(verify())) == ({one: "allocated", other: "terminated"}, [])


def test_who_loses_his_role_while_his_yes_waits_has_not_agreed(cast: Cast, numbers: Many) -> None:
    policy, (one,) = adopt(cast), numbers(1, "allocated")
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    approve(report, cast["supervisor"])
    found = meanwhile(
        lambda: access.revoke(cast["privacy"], "privacy", actor=cast["sysadmin"], reason="moved on"),
        lambda: approve(report, cast["privacy"]),
    )
    assert isinstance(found, Refused)
    assert (Decision.objects.get().state, Number.objects.get(pk=one).lifecycle) == ("proposed", "allocated")
