"""10.3: reclaim of numbers not activated or long dormant: by the resource manager, with two others' agreement.

(a) not activated in time; (b) long dormant; (c) "etc.": for no other reason, unless a policy row says it.
"""

from collections import Counter
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.dormancy import services as policies
from accounts.dormancy.policy import Excluded
from accounts.dormancy.policy import Kind as Dormancy
from accounts.models import DormancyPolicy, Number
from accounts.resources import services as proposals
from accounts.resources.policy import BOTH, Case, rule_for
from accounts.resources.policy import Kind as Resource
from enforcement.models import Outcome
from enforcement.policy import BASIS, Kind, Why
from enforcement.reclaim import services as reclaim
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide, refuse
from tests.enforcement.reclaim.excluding import HOW, exclude
from tests.enforcement.reclaiming import WHY, adopt, logs_in, reclaimed, terms

Make = Callable[..., Number]
Many = Callable[..., list[int]]
Cast = dict[str, Staff]

pytestmark = pytest.mark.usefixtures("rulebook", "feed")


@pytest.fixture
def policy(cast: Cast) -> DormancyPolicy:
    found: DormancyPolicy = adopt(cast)
    return found


def test_10_3_allows_termination_only_and_asks_for_notice_before(
    number: Make, resources: Staff, officer: Staff, policy: DormancyPolicy
) -> None:
    one = number("allocated")
    for kind in (Kind.RESTRICT, Kind.FREEZE, Kind.LIFT, Kind.RESTORE):
        with pytest.raises(Invalid, match="10.3"):
            decide(kind, one, officer, clauses=("10.3",), policy=policy)
    assert BASIS["10.3"].prior_notice
    assert decide(Kind.TERMINATE, one, resources, clauses=("10.3",), policy=policy).decision.rule == "reclaim"


def test_10_3_is_the_resource_managers_and_no_other_clause_is(
    number: Make, resources: Staff, officer: Staff, policy: DormancyPolicy
) -> None:
    one, under = number("allocated"), {"clauses": ("10.3",), "policy": policy}
    with pytest.raises(Refused):
        decide(Kind.TERMINATE, one, officer, **under)
    for clauses in (("10.1",), ("10.2",), ("10.1", "10.3")):
        with pytest.raises(Refused):
            decide(Kind.TERMINATE, one, resources, clauses=clauses, policy=policy)
    assert decide(Kind.TERMINATE, one, resources, **under).decision.state == "proposed"


@pytest.mark.parametrize("count", [1, 101])
def test_10_3_a_supervisor_and_the_privacy_officer_agree_in_either_order(
    numbers: Many,
    resources: Staff,
    supervisor: Staff,
    supervisor2: Staff,
    privacy: Staff,
    policy: DormancyPolicy,
    count: int,
) -> None:
    for first, second in ((supervisor, privacy), (privacy, supervisor2)):
        numbers(count, "allocated")
        report = reclaim.reclaim(policy, actor=resources, reason=WHY)
        assert approve(report, first).applied == 0
        assert approve(report, second).applied == count


def test_10_3_either_of_them_may_stop_it(
    number: Make, resources: Staff, supervisor: Staff, privacy: Staff, policy: DormancyPolicy
) -> None:
    one = number("allocated")
    report = reclaim.reclaim(policy, actor=resources, reason=WHY)
    approve(report, supervisor)
    assert refuse(report, privacy).decision.state == "refused"
    one.refresh_from_db()
    assert one.lifecycle == "allocated"


def test_10_3_a_a_number_not_activated_in_time_is_reclaimed_and_an_activated_one_is_not(
    cast: Cast, numbers: Many, policy: DormancyPolicy
) -> None:
    (late,) = numbers(1, "allocated", started_at=timezone.now() - 3 * DAY)
    (young,) = numbers(1, "allocated", started_at=timezone.now() - 2 * DAY)
    (used,) = numbers(1, started_at=timezone.now() - 90 * DAY)  # never logged in again: another policy's matter
    assert reclaimed(policy, cast).applied == 1
    states = dict(Number.objects.filter(pk__in=(late, young, used)).values_list("pk", "lifecycle"))
    assert states == {late: "terminated", young: "allocated", used: "in_use"}
    assert Number.objects.get(pk=late).terminated_under == "10.3"
    assert broken() == []


def test_10_3_b_a_long_dormant_number_is_reclaimed_and_every_exclusion_is_counted(cast: Cast, numbers: Many) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90)
    dormant, recent, *kept = numbers(2 + len(HOW))
    logs_in(dormant, timezone.now() - 90 * DAY)
    logs_in(recent, timezone.now() - 89 * DAY)
    assert set(HOW) == set(Excluded.values)
    for number, how in zip(kept, HOW, strict=True):
        exclude(number, how, cast)
    found = reclaim.look(policy, actor=cast["resources"], reason=WHY)
    assert (found.will, found.sample, found.excluded) == (1, [dormant], Counter(dict.fromkeys(HOW, 1)))
    everybody = [dormant, recent, *kept]
    report = decide(Kind.TERMINATE, everybody, cast["resources"], clauses=("10.3",), policy=policy)
    approve(report, cast["supervisor"])
    report = approve(report, cast["privacy"])
    assert (report.applied, report.skipped) == (1, Counter(dict.fromkeys([*HOW, "used_since"], 1)))
    whys = dict(Outcome.objects.filter(decision=report.decision).values_list("number", "why"))
    assert whys == {dormant: "", recent: "used_since", **dict(zip(kept, HOW, strict=True))}
    assert set(HOW) <= set(Why.values) and broken() == []


def test_10_3_c_there_is_no_other_reason_without_a_policy_that_three_people_put_there(
    cast: Cast, number: Make, resources: Staff
) -> None:
    one = number("allocated")
    with pytest.raises(Invalid, match=r"10\.3"):
        decide(Kind.TERMINATE, one, resources, clauses=("10.3",))
    assert rule_for(Case(Resource.POLICY)) == BOTH
    assert len(Dormancy) == 3  # not activated, long dormant, paid time lapsed: each only by its rows
    drafted = proposals.propose(policies.wanted(terms()), actor=resources, reason=WHY)
    for login in ("supervisor", "privacy"):
        assert not DormancyPolicy.objects.exists()
        proposals.approve(drafted, actor=cast[login], reason="agreed", content_hash=drafted.content_hash)
    policy = DormancyPolicy.objects.get()
    assert decide(Kind.TERMINATE, one, resources, clauses=("10.3",), policy=policy).decision.policy == policy
