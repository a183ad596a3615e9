"""Expiry is right at read time, whether or not the sweep has passed; the sweep tidies and records."""

from collections.abc import Callable

import time_machine
from django.utils import timezone

from accounts.lifecycle import Shown
from accounts.models import Number
from accounts.numbers import queries
from enforcement.measures import expiry
from enforcement.measures.expiry import expire
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, verbs

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_what_is_over_is_over_before_any_sweep(number: Make, officer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=2 * HOUR)
    decide(Kind.RESTRICT, one, officer, duration=5 * HOUR)
    one.refresh_from_db()
    now = timezone.now()
    seen = [queries.shown_of(one, now + h * HOUR) for h in (1, 3, 6)]
    assert seen == [Shown.FROZEN, Shown.RESTRICTED, Shown.IN_USE]
    assert one.frozen_until is not None
    assert queries.shown_of(one, one.frozen_until) == Shown.RESTRICTED  # until = now is over
    with time_machine.travel(now + 3 * HOUR):
        assert [m.in_force for m in Measure.objects.order_by("pk")] == [False, True]
        assert decide(Kind.FREEZE, one, officer, duration=HOUR).applied == 1  # not “already”


def test_the_list_shows_what_the_row_shows(number: Make, officer: Staff) -> None:
    past, future = number(), number()
    with time_machine.travel(timezone.now() - 3 * HOUR):
        decide(Kind.FREEZE, past, officer, duration=2 * HOUR)
    decide(Kind.FREEZE, future, officer, duration=2 * HOUR)
    assert {n.pk: (n.state, queries.shown_of(n)) for n in queries.numbers()} == {  # type: ignore[attr-defined]
        past.pk: ("in_use", "in_use"),
        future.pk: ("frozen", "frozen"),
    }


def test_the_sweep_ends_what_is_over_and_only_that(numbers: Many, officer: Staff, expiry_actor: Staff) -> None:
    ids = numbers(3)
    now = timezone.now()
    with time_machine.travel(now - 5 * HOUR):
        decide(Kind.FREEZE, ids, officer, duration=2 * HOUR)
    decide(Kind.FREEZE, ids[:1], officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    revisions = dict(Number.objects.values_list("pk", "revision"))
    assert expiry.due().measures == 3
    before = head()
    assert expire(actor=expiry_actor).measures == 3
    assert verbs(before) == ["measure.expired"]
    assert expire(actor=expiry_actor).measures == 0 and verbs(before) == ["measure.expired"]
    ended = Measure.objects.filter(freeze_kind="violation")
    assert {(m.end_reason, m.ended_at == m.until) for m in ended} == {("expired", True)}
    left = Measure.objects.get(freeze_kind="security")
    assert dict(Number.objects.values_list("pk", "frozen_until")) == {ids[0]: left.until, ids[1]: None, ids[2]: None}
    assert dict(Number.objects.values_list("pk", "revision")) == revisions  # an expiry voids no proposal
    event = Event.objects.get(verb="measure.expired")
    assert (event.actor, event.facts) == (expiry_actor, {"measures": 3})
    assert broken() == []


def test_an_expiry_voids_no_open_proposal(number: Make, officer: Staff, supervisor: Staff, expiry_actor: Staff) -> None:
    one = number()
    with time_machine.travel(timezone.now() - 5 * HOUR):
        decide(Kind.FREEZE, one, officer, duration=2 * HOUR)
    proposal = decide(Kind.TERMINATE, one, officer)
    expire(actor=expiry_actor)
    assert approve(proposal, supervisor).applied == 1


def test_a_sweep_longer_than_a_chunk_is_several_acts(
    numbers: Many, officer: Staff, expiry_actor: Staff, settings: object
) -> None:
    settings.QQOPS_CHUNK = 2  # type: ignore[attr-defined]
    with time_machine.travel(timezone.now() - 5 * HOUR):
        decide(Kind.FREEZE, numbers(5), officer, duration=2 * HOUR)
    before = head()
    assert expire(actor=expiry_actor).measures == 5
    assert verbs(before) == ["measure.expired"] * 3
    assert broken() == []
