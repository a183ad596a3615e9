"""Dormancy policies (10.3): drafted by one, agreed to by two, never changed; in time they do not overlap."""

import datetime

import pytest
from django.db import IntegrityError
from django.utils import timezone, translation

from accounts.dormancy import services as policies
from accounts.dormancy.policy import DATES
from accounts.dormancy.queries import in_force, in_words, is_in_force, terms_of
from accounts.models import DormancyPolicy
from accounts.resources import services
from qqops.approvals.models import State
from qqops.audit.recorder import history_model
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.reclaiming import adopt, terms
from tests.supply import WHY, carry_out

pytestmark = pytest.mark.django_db
Cast = dict[str, Staff]
DAY = datetime.timedelta(days=1)


def test_a_policy_is_in_force_when_a_supervisor_and_the_privacy_officer_have_agreed(cast: Cast) -> None:
    before = head()
    proposal = services.propose(policies.wanted(terms()), actor=cast["resources"], reason=WHY)
    assert (proposal.state, DormancyPolicy.objects.count()) == (State.PROPOSED, 0)
    services.approve(proposal, actor=cast["privacy"], reason="agreed", content_hash=proposal.content_hash)
    with pytest.raises(Refused):
        services.approve(proposal, actor=cast["resources"], reason="agreed", content_hash=proposal.content_hash)
    assert DormancyPolicy.objects.count() == 0
    services.approve(proposal, actor=cast["supervisor"], reason="agreed", content_hash=proposal.content_hash)
    policy = DormancyPolicy.objects.get()
    assert is_in_force(policy) and DormancyPolicy.objects.filter(in_force()).get() == policy
    assert verbs(before) == [
        "resource.proposed", "resource.approved", "audit.refused", "resource.approved", "policy.adopted",
    ]  # fmt: skip
    assert terms_of(policy) == terms()
    assert broken() == []


def test_who_may_not_draft_is_refused_and_it_is_on_the_record(cast: Cast) -> None:
    before = head()
    for login in ("officer", "supervisor", "privacy", "agent"):
        with pytest.raises(Refused):
            services.propose(policies.wanted(terms()), actor=cast[login], reason=WHY)
    assert verbs(before) == ["audit.refused"] * 4


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"code": "with space"}, "letters, digits or hyphens"),
        ({"kind": "boring"}, "no such kind"),
        ({"threshold_days": 0}, "due after 1"),
        ({"grace_days": 0}, "grace period"),
        ({"notice_days": 7, "reminder_days": 30}, "reminder comes after"),
        ({"effective_from": datetime.date(2020, 1, 1)}, "not from the past"),
        ({"effective_to": datetime.date(2020, 1, 1)}, "ends before it begins"),
        (
            {"registered_from": datetime.date(2021, 1, 1), "registered_to": datetime.date(2020, 1, 1)},
            "registration ends before",
        ),
        *(({name: day}, "1990 to 2999") for name in DATES for day in (datetime.date.max, datetime.date.min)),
    ],
)
def test_what_is_no_policy_is_refused_with_its_reason(cast: Cast, more: dict[str, object], why: str) -> None:
    before = head()
    with pytest.raises(Invalid, match=why):
        services.propose(policies.wanted(terms(**more)), actor=cast["resources"], reason=WHY)  # type: ignore[arg-type]
    assert (verbs(before), DormancyPolicy.objects.count()) == ([], 0)


def test_two_of_a_kind_never_overlap_in_time_for_the_same_tenures(cast: Cast) -> None:
    year = datetime.date(2021, 1, 1)
    adopt(cast, "old", registered_to=year - DAY)
    adopt(cast, "new", registered_from=year)  # others' tenures
    adopt(cast, "dormant", "dormant", threshold_days=90)  # another kind
    with pytest.raises(Invalid, match="Policy new is for some of the same tenures"):
        services.propose(
            policies.wanted(terms("again", registered_from=year + DAY)), actor=cast["resources"], reason=WHY
        )
    assert DormancyPolicy.objects.count() == 3


def test_of_two_drafts_that_overlap_the_second_to_be_agreed_to_is_refused(cast: Cast) -> None:
    first, second = (
        services.propose(policies.wanted(terms(code)), actor=cast["resources"], reason=WHY) for code in ("one", "two")
    )
    for proposal in (first, second):
        services.approve(proposal, actor=cast["privacy"], reason="agreed", content_hash=proposal.content_hash)
    services.approve(first, actor=cast["supervisor"], reason="agreed", content_hash=first.content_hash)
    with pytest.raises(Invalid, match="Policy one is for some of the same tenures"):
        services.approve(second, actor=cast["supervisor"], reason="agreed", content_hash=second.content_hash)
    second.refresh_from_db()
    assert (second.state, DormancyPolicy.objects.get().code) == (State.PROPOSED, "one")


def test_overlap_is_refused_by_the_database_itself(cast: Cast) -> None:
    policy = adopt(cast)
    other = services.propose(policies.ended(policy, timezone.localdate()), actor=cast["resources"], reason=WHY)
    policy.pk, policy.code, policy.proposal = None, "other", other
    with pytest.raises(IntegrityError, match="policy_no_overlap"):
        DormancyPolicy.objects.bulk_create([policy])


def test_a_policy_is_not_changed_it_ends_and_another_follows(cast: Cast) -> None:
    policy, today, before = adopt(cast), timezone.localdate(), head()
    two = cast["resources"], cast["supervisor"]
    with pytest.raises(Invalid, match="never in the past"):
        services.propose(policies.ended(policy, today - DAY), actor=cast["resources"], reason=WHY)
    with pytest.raises(Invalid, match="1990 to 2999"):
        services.propose(policies.ended(policy, datetime.date.max), actor=cast["resources"], reason=WHY)
    with pytest.raises(Invalid, match="same tenures"):
        services.propose(policies.wanted(terms("next", threshold_days=7)), actor=cast["resources"], reason=WHY)
    carry_out(policies.ended(policy, today), *two)
    policy.refresh_from_db()
    assert is_in_force(policy) and not is_in_force(policy, today + DAY)
    with pytest.raises(Invalid, match="already"):
        services.propose(policies.ended(policy, today + DAY), actor=cast["resources"], reason=WHY)
    follows = adopt(cast, "next", threshold_days=7, effective_from=today + DAY)
    assert not is_in_force(follows) and is_in_force(follows, today + DAY)
    assert "policy.ended" in verbs(before) and history_model(DormancyPolicy).objects.count() == 3  # type: ignore[attr-defined]
    assert broken() == []


@translation.override("en")
def test_a_policy_says_in_words_what_it_does() -> None:
    day = datetime.date(2021, 1, 1)
    told = in_words(terms(registered_from=day, notice_days=30, reminder_days=7))
    assert told == (
        "registered from 2021-01-01, not activated within 3 days; notice 30 days and 7 days before; grace 15 days"
    )
    assert in_words(terms(kind="dormant", registered_to=day, notice_days=30)).startswith(
        "registered until 2021-01-01, not logged in for 3 days; notice 30 days before"
    )
    assert in_words(terms(kind="paid_lapsed")) == (
        "registered at any time, paid time over for 3 days; no notice before; grace 15 days"
    )
