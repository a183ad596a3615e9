"""The demo builds whole, protects a handful of numbers, and a second run changes nothing."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.lifecycle import PREMIUM_FROM_TIER
from accounts.models import DormancyPolicy, Number
from enforcement.models import Case, Decision
from enforcement.reclaim.services import look
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head


@pytest.mark.django_db
def test_the_demo_protects_a_handful_and_its_second_run_changes_nothing(
    cast: dict[str, Staff], settings: Any, tmp_path: Path
) -> None:
    settings.DEMO_DIR = tmp_path / "demo"
    call_command("demo", numbers=3000, stdout=StringIO())
    guarded = Number.objects.exclude(protection="").order_by("pk")
    system, vip = guarded.filter(protection="system"), guarded.filter(protection="vip")
    assert (system.count(), vip.count()) == (5, 5)
    assert {n.pk for n in system} == set(Number.objects.order_by("pk").values_list("pk", flat=True)[:5])
    assert all(n.tier >= PREMIUM_FROM_TIER for n in vip)
    assert Event.objects.filter(verb="number.protected", actor=cast["supervisor"]).count() == 2
    policies = DormancyPolicy.objects.all()
    reached = [one for one in policies if look(one, actor=cast["resources"], reason="who is due today").will]
    assert len(reached) == len(policies) == 4
    cases = {case.kind: case for case in Case.objects.order_by("pk")}
    assert [(kind, case.state, case.numbers.count()) for kind, case in cases.items()] == [
        ("cluster", "open", 42), ("incident", "closed", 2), ("finder", "open", 2), ("review", "open", 23),
    ]  # fmt: skip
    assert (cases["incident"].root_cause, cases["incident"].cause_agreed_by) == ("operator", cast["supervisor"])
    assert {d.case: d.target_count for d in Decision.objects.exclude(case=None)} == {
        cases["cluster"]: 12, cases["finder"]: 1,
    }  # fmt: skip
    before = head()
    call_command("demo", numbers=3000, stdout=StringIO())
    assert head() == before
    assert broken() == []
