"""Campaigns (3.1(4)): an organiser with a written authorisation, a quota and a time; opened by two, once."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Campaign
from accounts.resources import services as resources
from accounts.resources.services import Wanted, campaigns
from qqops.approvals.models import State
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.supply import WHY

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def wanted(**more: Any) -> Wanted:
    now = timezone.now()
    usual: dict[str, Any] = {
        "code": "spring-2027",
        "organiser": "Futian youth association",
        "authorisation": "letter 2026-118",
        "quota": 100,
        "starts_at": now,
        "ends_at": now + 30 * DAY,
    }
    return campaigns.wanted(**(usual | more))


def test_it_is_opened_by_two_and_needs_both_however_small(cast: dict[str, Staff]) -> None:
    before = head()
    made = resources.propose(wanted(quota=1), actor=cast["resources"], reason=WHY)
    assert (made.state, made.rule) == (State.PROPOSED, "supervisor")
    resources.approve(made, actor=cast["supervisor"], reason=WHY, content_hash=made.content_hash)
    opened = Campaign.objects.get()
    assert (opened.quota, opened.use.used, opened.proposal) == (1, 0, made)
    assert verbs(before) == ["resource.proposed", "resource.approved", "campaign.opened"]
    assert broken() == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"code": "spring 2027"}, "letters, digits or hyphens"),
        ({"organiser": " "}, "Name the authorised organiser"),
        ({"authorisation": ""}, "written authorisation"),
        ({"quota": 0}, "quota is 1 to"),
        ({"ends_at": timezone.now() - DAY}, "ends after it starts"),
    ],
)
def test_without_an_organiser_an_authorisation_a_quota_or_a_time_there_is_none(
    cast: dict[str, Staff], more: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        resources.propose(wanted(**more), actor=cast["resources"], reason=WHY)
    assert not Campaign.objects.exists()


def test_a_code_is_given_once(cast: dict[str, Staff]) -> None:
    both = [resources.propose(wanted(), actor=cast["resources"], reason=WHY) for _time in range(2)]
    boss = cast["supervisor"]
    resources.approve(both[0], actor=boss, reason=WHY, content_hash=both[0].content_hash)
    with pytest.raises(Invalid, match="already"):
        resources.approve(both[1], actor=boss, reason=WHY, content_hash=both[1].content_hash)
    assert Campaign.objects.count() == 1
