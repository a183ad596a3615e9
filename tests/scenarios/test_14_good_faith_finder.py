"""Scenario 14: somebody has another's password and tells us; the number is protected, and he is not punished (8.3)."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.cases import services as cases
from enforcement.models import Case, Decision, Measure, Notice
from qqops.staff.models import Staff
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import text
from tests.terminal import Terminal

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
SAY = ("--reason", "hotline report of a finder")
FOUND = ("--fact", "a finder has the password", "--evidence", "call record", *SAY)


def test_the_number_is_frozen_for_a_day_its_holder_is_told_and_the_finder_is_spared(
    number: Callable[..., Number], cast: dict[str, Staff], terminal: Terminal, desk: Callable[[str], Client]
) -> None:
    lost, finders = number(), number()
    told = terminal(
        "agent", "cases", "open", "--kind", "finder", "--number", lost.pk, "--number", f"finder:{finders.pk}",
        "--detail", "heard=hotline", "--detail", "reported_on=2026-11-26", "--detail", "good_faith=yes",
        "--what", "found the password in a second-hand phone", *SAY, "--apply",
    )  # fmt: skip
    assert told.code == 0, told
    case = Case.objects.get()
    freeze = ("enforce", "freeze", lost.pk, "--clause", "8.3", "--freeze-kind", "security", "--case", case.pk, *FOUND)
    assert terminal("agent", *freeze, "--for", "25h", "--apply").code == 5  # longer than an agent may
    assert terminal("agent", *freeze, "--for", "24h", "--apply").code == 0
    lost.refresh_from_db()
    measure = Measure.objects.get()
    assert (shown_of(lost), measure.freeze_kind, measure.decision.case) == ("frozen", "security", case)
    assert Notice.objects.filter(tenure=lost.tenure, state="pending").count() == 1  # the initial registrant hears of it

    # Nothing that rests on his report reaches the finder,
    punished = ("enforce", "restrict", finders.pk, "--case", case.pk, "--scope", "send_msg", "--for", "3d")
    graded = ("--clause", "10.1", "--severity", "minor", *FOUND)
    refused = terminal("officer", *punished, *graded, "--apply")
    assert refused.code == 5 and "not penalised" in refused.error
    # unless he had used the number first: then 10.2 alone applies, and two people decide.
    cases.amend(case, case.details | {"used_first": True}, actor=cast["officer"], reason="login from his device before")
    assert terminal("officer", *punished, *graded, "--apply").code == 5
    ended = terminal(
        "officer", "enforce", "terminate", lost.pk, "--case", case.pk, "--clause", "10.2", *FOUND, "--apply"
    )
    assert ended.code == 6 and Decision.objects.latest("pk").rule == "terminate"

    page = text(desk("auditor").get(f"/admin/enforcement/case/{case.pk}/"))
    assert "report by a finder" in page and str(finders.pk) in page
    assert broken() == []
