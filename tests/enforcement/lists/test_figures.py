"""The dry run of a list as it is kept with the proposal, and what the holders would lose (10.4)."""

import datetime
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import LoginFact, Number, Tenure
from enforcement.decisions.preview import preview
from enforcement.lists import figures
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken, decide, order
from tests.identities import MINOR, tell

Many = Callable[..., list[int]]
pytestmark = pytest.mark.usefixtures("rulebook")
SHA = "ab" * 32


def of(number: int) -> Tenure:
    return Tenure.objects.get(number=number)


def used(number: int, service: str, ago: datetime.timedelta) -> None:
    at = timezone.now() - ago
    LoginFact.objects.create(tenure=of(number), service=service, first_at=at, last_at=at)


def paid_until(number: int, at: datetime.datetime, actor: Staff) -> None:
    tenure = of(number)
    tenure.paid_until = at
    with recorder.act("demo.built", actor=actor, reason="paid time of a test", facts={"numbers": 1}) as act:
        tenure.save()
        act.wrote(recorder.history_model(Tenure))


def test_what_is_lost_is_counted_of_those_that_would_be_changed_and_of_what_was_used_lately(
    numbers: Many, officer: Staff, setup_actor: Staff, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 2
    usual, paid, frozen = numbers(3), numbers(3, paid=True), numbers(1, paid=True)
    soon, late = timezone.now() + 10 * DAY, timezone.now() + 400 * DAY
    paid_until(paid[0], soon, setup_actor)
    paid_until(paid[1], late, setup_actor)
    paid_until(frozen[0], late + DAY, setup_actor)
    decide(Kind.FREEZE, frozen, officer)  # it is so already: nothing more is lost there
    for number, service, days in (
        (usual[0], "mail", 1), (usual[0], "game", 89), (usual[1], "mail", 91), (paid[0], "mail", 3),
        (frozen[0], "mail", 1),
    ):  # fmt: skip
        used(number, service, days * DAY)
    found = preview(order(), [*usual, *paid, *frozen], actor=officer).losses
    assert found is not None
    assert (found.paid, found.paid_until, found.paid_open, found.using) == (2, late, 1, 2)
    assert found.services == {"mail": 2, "game": 1}
    assert type(found)().add(found.as_json()) == found
    lifted = preview(order(Kind.LIFT), frozen, actor=officer)
    assert lifted.losses is None  # a reversal takes nothing


def test_of_a_list_too_long_neither_losses_nor_minors_are_looked_up(
    numbers: Many, officer: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = numbers(4)
    assert preview(order(), ids, actor=officer).losses is not None
    module = sys.modules["enforcement.decisions.preview"]  # the package has the act of that name
    monkeypatch.setattr(module, "COUNTED_MAX", 3)
    assert preview(order(), ids, actor=officer).losses is None


def test_a_proposal_keeps_the_dry_run_as_it_was_filed_whatever_happens_since(
    numbers: Many, number: Callable[..., Number], officer: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    minor = number()
    tell(minor, setup_actor, **MINOR)
    ids = [minor.pk, *numbers(90), *numbers(3, paid=True), *numbers(4, tier=2), *numbers(4, protection="vip")]
    frozen = numbers(2)
    decide(Kind.FREEZE, frozen, officer)
    listed = [*ids, *frozen, ids[0], 77777]
    decision = decide(Kind.FREEZE, listed, officer, source_name="CSV", source_sha256=SHA).decision
    filed = figures.as_filed(decision)
    assert filed is not None and filed.at is not None
    found = filed.found
    assert (found.given, found.duplicates, found.unknown, found.unknown_lines) == (106, 1, [], 1)
    event = Event.objects.get(decision_id=decision.pk, verb="decision.proposed")
    assert "77777" not in str(event.facts)  # what was pasted may be somebody's mobile
    assert (found.will, found.skipped, found.known) == (102, {"already": 2}, decision.target_count)
    assert found.shown == {"in_use": 102, "frozen": 2}
    assert (found.premium, found.protected, found.paid, found.held) == (4, 4, 3, 0)
    assert (filed.digits, filed.minors) == ({8: 104, 5: 1}, 1)
    assert found.losses is not None and found.losses.paid_open == 3
    assert len(found.sample) == 50 and set(found.sample) <= set(ids)
    assert found.suggested == decision.suggestion

    decide(Kind.FREEZE, ids[1:6], officer, clauses=("8.1",))
    assert figures.as_filed(Decision.objects.get(pk=decision.pk)) == filed
    approve(decision, supervisor, later=lambda _decision: None)
    assert figures.as_filed(decision) == filed and broken() == []


def test_a_few_numbers_named_one_by_one_and_what_acts_at_once_keep_none(numbers: Many, officer: Staff) -> None:
    few = decide(Kind.TERMINATE, numbers(3), officer).decision
    at_once = decide(Kind.FREEZE, numbers(2), officer, source_name="CSV", source_sha256=SHA).decision
    short = decide(Kind.TERMINATE, numbers(2), officer, source_name="CSV", source_sha256=SHA).decision
    assert [figures.as_filed(one) is None for one in (few, at_once, short)] == [True, True, False]
