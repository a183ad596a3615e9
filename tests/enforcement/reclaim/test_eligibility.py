"""Whoever a policy reaches is judged a second time here, in Python and from the clauses, on random holders: preview,
filing and act must all say the same."""

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Hold, LoginFact, Number, Tenure
from enforcement.models import Outcome
from enforcement.policy import Kind
from enforcement.reclaim import services as reclaim
from qqops.staff.models import Staff
from tests.campaign import size
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, approve, decide
from tests.enforcement.reclaiming import WHY, adopt

Cast = dict[str, Staff]
CUT = 200  # days ago; the policy is for tenures begun since
THRESHOLDS = {"not_activated": 3, "dormant": 90, "paid_lapsed": 15}
FIRST = 88_700_001


@dataclass(frozen=True)
class Holder:
    lifecycle: str
    age: int  # days since the tenure began
    login: int | None  # days since the last one
    paid: int | None  # days since the paid time ended, less than 0: to come; None: not paid
    marks: frozenset[str]  # what else would keep him

    def kept(self, kind: str) -> str:
        if self.paid is not None and (kind != "paid_lapsed" or self.paid < 0):
            return "paid"
        return next((mark for mark in ("exempt", "legal_hold", "held", "measure") if mark in self.marks), "")

    @property
    def was_restored(self) -> bool:
        """Today, so within any term."""
        return "restored" in self.marks and self.lifecycle in ("allocated", "in_use")

    def due(self, kind: str) -> bool:
        if self.age >= CUT or self.was_restored:
            return False
        limit = THRESHOLDS[kind]
        if kind == "not_activated":
            return self.lifecycle == "allocated" and self.age > limit
        if kind == "dormant":
            return self.lifecycle == "in_use" and self.age > limit and (self.login is None or self.login > limit)
        return self.lifecycle in ("allocated", "in_use") and self.paid is not None and self.paid > limit

    def used(self, kind: str) -> bool:
        if kind == "not_activated":
            return self.lifecycle in ("in_use", "cancel_pending")
        return kind == "dormant" and self.login is not None and self.login < THRESHOLDS[kind]

    def why(self, kind: str) -> str:
        """What becomes of him when he is on the list of a decision."""
        if self.lifecycle == "terminated":
            return "already"
        if self.used(kind):
            return "used_since"
        return self.kept(kind) or ("" if self.due(kind) else "not_due")


# Never on the very day: what is a second more or less is no matter of this test.
days = st.integers(0, 300).filter(lambda n: n not in (3, 15, 90, CUT))
holders = st.builds(
    Holder,
    lifecycle=st.sampled_from(["allocated", "in_use", "in_use", "cancel_pending", "terminated"]),
    age=days,
    login=st.none() | days,
    paid=st.none() | st.none() | days.map(lambda n: n - 30).filter(lambda n: n not in (0, 15)),
    marks=st.frozensets(st.sampled_from(["exempt", "legal_hold", "held", "measure", "restored"]), max_size=2),
)


def settle(people: list[Holder], cast: Cast) -> dict[int, Holder]:
    now, made = timezone.now(), {}
    for number, one in enumerate(people, FIRST):
        make_numbers([number], one.lifecycle, started_at=now - one.age * DAY)
        made[number] = one
    if restored := [number for number, one in made.items() if one.was_restored]:
        approve(decide(Kind.TERMINATE, restored, cast["officer"]), cast["supervisor"])
        approve(decide(Kind.RESTORE, restored, cast["officer"]), cast["supervisor2"])
    for number, one in made.items():
        tenure = Tenure.objects.get(number=number)
        if one.paid is not None:
            Tenure.objects.filter(pk=tenure.pk).update(paid=True, paid_until=now - one.paid * DAY)
        if one.login is not None:
            at = now - one.login * DAY
            LoginFact.objects.create(tenure=tenure, service="im", first_at=at, last_at=at)
        if "held" in one.marks:
            hold = Hold(tenure=tenure, kind="appeal", reference="R1", placed_at=now, placed_by=cast["agent"])
            Hold.objects.bulk_create([hold])
        Number.objects.filter(pk=number).update(
            reclaim_exempt_reason="phone line" if "exempt" in one.marks else "",
            frozen_until=now + datetime.timedelta(hours=1) if "measure" in one.marks else None,
            legal_hold="legal_hold" in one.marks,
        )
    return made


@pytest.mark.django_db
@pytest.mark.usefixtures("rulebook", "feed")
@pytest.mark.parametrize("kind", THRESHOLDS)
def test_preview_filing_and_act_say_of_everybody_what_the_clauses_say(cast: Cast, kind: str) -> None:
    since = timezone.localdate() - datetime.timedelta(days=CUT)
    policy = adopt(cast, "random", kind, threshold_days=THRESHOLDS[kind], registered_from=since)

    @settings(max_examples=size(15, 300), suppress_health_check=list(HealthCheck))
    @given(people=st.lists(holders, min_size=1, max_size=12))
    def judge(people: list[Holder]) -> None:
        with transaction.atomic():
            _judge(settle(people, cast), kind, policy, cast)
            transaction.set_rollback(True)

    judge()


def _judge(made: dict[int, Holder], kind: str, policy: Any, cast: Cast) -> None:
    due = {number: one for number, one in made.items() if one.due(kind)}
    found = reclaim.look(policy, actor=cast["resources"], reason=WHY)
    wanted = Counter(one.kept(kind) for one in due.values())
    will = sorted(number for number, one in due.items() if not one.kept(kind))
    assert (found.will, found.sample) == (wanted.pop("", 0), will)
    assert found.excluded == wanted
    if not will:
        return
    filed = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    assert sorted(filed.decision.targets.values_list("number", flat=True)) == will
    everybody = decide(Kind.TERMINATE, list(made), cast["resources"], clauses=("10.3",), policy=policy)
    approve(everybody, cast["supervisor"])
    approve(everybody, cast["privacy"])
    whys = dict(Outcome.objects.filter(decision=everybody.decision).values_list("number", "why"))
    assert whys == {number: one.why(kind) for number, one in made.items()}
