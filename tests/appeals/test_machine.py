"""Random appeals, heard by random staff while time goes by: whatever they try, nobody judges what he had part in, and
what is ruled has its effect. The rules and truths of the machine are in tests/appeals/machine/."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import RuleVersion
from qqops.staff.models import Staff
from tests.appeals.machine.deciding import Deciding
from tests.appeals.machine.hearing import Hearing
from tests.appeals.machine.ruling import RulingOnIt
from tests.appeals.machine.truths import Truths
from tests.campaign import FULL, size

# Without these a campaign has proven little: each was done by somebody, or by the clock.
REACHED = {
    "ask", "answer", "bring", "weigh", "skip", "transferred", "converted", "contest", "contest: decision agreed to",
    "contest: decision refused", "withdraw", "stopped", "again", "sue", "judge", "next taken", "taken",
    "filed by the portal", "ruling agreed to", "ruling sent back", "escalated", "abandoned", "lapsed", "carried_out",
    "in force: recovery upheld", "in force: recovery rejected", "in force: objection upheld",
    "in force: objection partly", "in force: objection rejected", "in force: enquiry answered",
}  # fmt: skip


class Appeals(Deciding, Hearing, RulingOnIt, Truths):
    pass


@pytest.mark.campaign
def test_whatever_staff_try_an_appeal_is_heard_by_the_right_people(
    cast: dict[str, Staff], rulebook: RuleVersion
) -> None:
    Appeals.cast = cast
    run_state_machine_as_test(
        Appeals,
        settings=settings(
            max_examples=size(4, 150), stateful_step_count=size(30, 60), deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
    if FULL:
        assert not REACHED - set(Appeals.done)
