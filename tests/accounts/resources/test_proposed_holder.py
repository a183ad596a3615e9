"""Who rules on a proposal at the terminal sees what he rules on: the numbers, and who is to hold one, masked."""

from collections.abc import Callable

import pytest

from accounts.declarations.services import declare
from accounts.models import Number, RuleVersion
from accounts.resources import services as resources
from accounts.resources.services import numbers
from accounts.resources.services.shown_holder import holder_shown
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.clauses.test_8_2_b_no_transfer import to_wang
from tests.supply import WHY
from tests.terminal import Terminal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
SAY = ("--reason", "papers are in order")


def test_a_correction_is_shown_with_its_number_the_tenure_that_ends_and_the_masked_holder(
    cast: dict[str, Staff], rulebook: RuleVersion, number: Callable[..., Number], terminal: Terminal
) -> None:
    sold = number()
    proposal = resources.propose(to_wang(sold), actor=cast["privacy"], reason=WHY)
    said = terminal("supervisor", "ranges", "approve", proposal.pk, *SAY)
    assert said.code == Exit.DRY_RUN
    for part in (f"Numbers: {sold.pk}", f"The tenure that ends: {sold.pk}/1", "王**", "139****5670", "L-2026-7"):
        assert part in said.out, part
    assert "王小芳" not in said.out and "13912345670" not in said.out
    found = terminal("supervisor", "ranges", "refuse", proposal.pk, *SAY, "--json").json
    assert (found["numbers"], found["first_numbers"], found["tenure"]) == (1, [sold.pk], f"{sold.pk}/1")
    assert found["holder"]["name"] == "王**" and "王小芳" not in str(found)


def test_of_a_long_list_the_first_numbers_are_told_and_how_many_there_are(
    cast: dict[str, Staff], rulebook: RuleVersion, terminal: Terminal
) -> None:
    make_numbers(range(203_164_001, 203_164_061), "reserved")
    wanted = numbers.moved(list(range(203_164_001, 203_164_061)), "retired")
    proposal = resources.propose(wanted, actor=cast["resources"], reason=WHY)
    said = terminal("supervisor", "ranges", "approve", proposal.pk, *SAY)
    assert "203164050 … and 10 more" in said.out and "203164051" not in said.out
    found = terminal("supervisor", "ranges", "approve", proposal.pk, *SAY, "--json").json
    assert (found["numbers"], found["first_numbers"]) == (60, list(range(203_164_001, 203_164_051)))
    assert "holder" not in found and "tenure" not in found


def test_only_who_may_see_identities_and_has_not_declared_the_number_sees_who_is_to_hold_it(
    cast: dict[str, Staff], rulebook: RuleVersion, number: Callable[..., Number]
) -> None:
    sold = number()
    proposal = resources.propose(to_wang(sold), actor=cast["privacy"], reason=WHY)
    assert {login for login, person in cast.items() if holder_shown(proposal, person)} == {
        "agent", "reviewer", "reviewer2", "officer", "officer2", "supervisor", "supervisor2", "privacy", "auditor"
    }  # fmt: skip
    declare(cast["supervisor"], [sold.pk], "relative", actor=cast["supervisor"])
    assert not holder_shown(proposal, cast["supervisor"]) and holder_shown(proposal, cast["supervisor2"])
    resources.refuse(
        proposal, actor=cast["supervisor2"], reason="the papers do not fit", content_hash=proposal.content_hash
    )
    proposal.refresh_from_db()
    assert not holder_shown(proposal, cast["supervisor2"])
