"""Short words for reclaims in tests: a policy adopted by its three people, logins, a whole reclaim."""

import datetime
from typing import Any

from django.utils import timezone

from accounts.dormancy import services as policies
from accounts.dormancy.policy import Terms
from accounts.models import DormancyPolicy, LoginFact, Number
from enforcement.decisions.services import Report
from enforcement.reclaim import services as reclaim
from qqops.staff.models import Staff
from tests.enforcement.acts import approve
from tests.supply import carry_out

WHY = "按休眠规则回收号码"


def terms(code: str = "not-activated-3", kind: str = "not_activated", **more: Any) -> Terms:
    usual: dict[str, Any] = {"threshold_days": 3, "effective_from": timezone.localdate(), "grace_days": 15}
    return Terms(code, kind, **(usual | more))


def adopt(cast: dict[str, Staff], code: str = "not-activated-3", kind: str = "not_activated", **more: Any) -> Any:
    """A policy that its maker, a supervisor and the privacy officer have put in force."""
    proposal = carry_out(
        policies.wanted(terms(code, kind, **more)), cast["resources"], cast["supervisor"], cast["privacy"]
    )
    return DormancyPolicy.objects.get(proposal=proposal)


def logs_in(number: int, at: datetime.datetime | None = None, service: str = "im") -> None:
    """What the feed says of a holder; facts of others, so without an act."""
    tenure = Number.objects.values_list("tenure", flat=True).get(pk=number)
    at = at or timezone.now()
    LoginFact.objects.update_or_create(
        tenure_id=tenure, service=service, defaults={"last_at": at}, create_defaults={"first_at": at, "last_at": at}
    )


def agreed(report: Report, cast: dict[str, Staff]) -> Report:
    approve(report, cast["supervisor"])
    return approve(report, cast["privacy"])


def reclaimed(policy: DormancyPolicy, cast: dict[str, Staff]) -> Report:
    """Filed by the manager and agreed to by both; with notice it then waits."""
    return agreed(reclaim.reclaim(policy, actor=cast["resources"], reason=WHY), cast)
