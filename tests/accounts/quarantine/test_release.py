"""Re-release: the checklist, item by item, by the sweep and by hand; and who held the number when (T19, 10.3)."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.holders.queries import answers
from accounts.models import Hold, Number, NumberRange, RuleVersion, Tenure
from accounts.quarantine.policy import Waits
from accounts.quarantine.queries import WAITS, checklists, held
from accounts.resources import services as works
from accounts.resources.services import numbers as by_hand
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import terms, wish
from tests.accounts.quarantine.steps import cleared, history, hold, later, lift, quarantined, released, state
from tests.enforcement.acts import broken, head, verbs
from tests.supply import WHY, carry_out
from tests.terminal import Terminal

Make = Callable[..., Number]
Supply = Callable[..., NumberRange]
FIRST, PREMIUM, OUTSIDE = 284_970_532, 284_977_777, 384_970_532


def test_every_item_of_the_checklist_has_its_sql() -> None:
    assert set(WAITS) == set(Waits)


def test_a_number_is_released_when_the_last_item_is_over_and_not_before(
    number: Make, supply: Supply, terminal: Terminal, tmp_path: Path, officer: Staff
) -> None:
    supply(284_970_000, 284_979_999)
    one = number(id=FIRST)
    quarantined([FIRST])
    with later(days=31 + 179):
        cleared(tmp_path, [FIRST], ("mail", "qzone"))
        assert released() == {} and checklists([FIRST])[FIRST].waits == ["quarantine", "services"]
    hold(FIRST, Hold.Kind.APPEAL, "A-7", actor=officer)
    with later(days=31 + 181):
        assert released() == {"hold": 1}
        lift(Hold.Kind.APPEAL, "A-7", actor=officer)
        assert released() == {"services": 1}
        assert [one.value for one in checklists([FIRST])[FIRST].missing] == [
            "bindings",
            "partners",
            "friends",
            "groups",
        ]
        cleared(tmp_path, [FIRST])
        assert checklists([FIRST])[FIRST].waits == [] and state(FIRST) == "quarantined"
        before = head()
        dry = terminal(None, "release")
        assert dry.code == 4 and "released as “available”: 1" in dry.out and state(FIRST) == "quarantined"
        assert terminal(None, "release", "--apply", "--json").json == {"applied": True, "available": 1}
        assert released() == {}
    assert verbs(before) == ["number.released"]
    event = Event.objects.latest("seq")
    assert (event.actor.username, event.subject_id) == ("system-release", str(FIRST))
    assert event.facts == {"clause": "3.1", "numbers": 1, "to": {"available": 1}}
    one.refresh_from_db()
    assert (one.lifecycle, one.due_at, one.terminated_at, one.terminated_under) == ("available", None, None, None)
    assert history(FIRST)[-2:] == ["quarantined", "available"] and broken() == []


def test_what_is_premium_or_in_no_open_range_waits_for_a_supervisor_and_outside_any_range_it_stays(
    number: Make, supply: Supply, tmp_path: Path
) -> None:
    supply(284_970_000, 284_979_999)
    supply(284_980_000, 284_989_999, state="pre_release")
    shut = 284_980_532
    made = [FIRST, PREMIUM, OUTSIDE, shut]
    for id in made:
        number(id=id, tier=3 if id == PREMIUM else 0)
    quarantined(made)
    with later(days=31 + 181):
        cleared(tmp_path, made)
        assert released() == {"available": 1, "pre_release": 2, "range": 1}
    assert [state(n) for n in made] == ["available", "pre_release", "quarantined", "pre_release"] and broken() == []


def test_what_nobody_ever_held_waits_for_its_quarantine_alone_and_what_somebody_held_for_its_certificate(
    number: Make, supply: Supply
) -> None:
    supply(284_970_000, 284_979_999)
    held_once, now = FIRST + 1, timezone.now()
    for one in (FIRST, held_once):
        number("quarantined", id=one)
    Number.objects.filter(pk__in=[FIRST, held_once]).update(due_at=now)
    rules = RuleVersion.objects.get()
    before = Tenure(number_id=held_once, channel="client", rules_version=rules, started_at=now, ended_at=now)
    Tenure.objects.bulk_create([before])  # its holder was never purged by this house
    assert checklists([FIRST])[FIRST].waits == []
    assert checklists([held_once])[held_once].waits == ["certificate", "services"]
    assert released() == {"available": 1, "certificate": 1}


def test_by_hand_it_is_refused_with_what_it_waits_for_and_else_needs_a_supervisor(
    number: Make, supply: Supply, tmp_path: Path, resources: Staff, supervisor: Staff, officer: Staff
) -> None:
    supply(284_970_000, 284_979_999)
    number(id=FIRST)
    quarantined([FIRST])
    hold(FIRST, Hold.Kind.APPEAL, "A-7", actor=officer)
    for to in ("available", "pre_release", "retired"):
        before = head()
        with pytest.raises(Refused) as refused:
            works.propose(by_hand.moved([FIRST], to), actor=resources, reason=WHY)
        assert f"{FIRST}: " in str(refused.value) and str(Waits.HOLD.label) in str(refused.value)
        assert (str(Waits.SERVICES.label) in str(refused.value)) == (to != "retired")
        assert verbs(before) == ["audit.refused"]
    with later(days=31 + 181):
        lift(Hold.Kind.APPEAL, "A-7", actor=officer)
        cleared(tmp_path, [FIRST])
        proposal = works.propose(by_hand.moved([FIRST], "pre_release"), actor=resources, reason=WHY)
        assert (proposal.state, proposal.rule) == ("proposed", "supervisor")
        hold(FIRST, Hold.Kind.LEGAL, "court 7", actor=officer)  # since it was proposed
        with pytest.raises((Refused, Invalid), match=str(Waits.HOLD.label)):
            works.approve(proposal, actor=supervisor, reason="agreed", content_hash=proposal.content_hash)
        assert state(FIRST) == "quarantined"
    assert broken() == []


def test_by_hand_a_supervisor_opens_what_waits_for_nothing(
    number: Make, supply: Supply, tmp_path: Path, resources: Staff, supervisor: Staff
) -> None:
    supply(284_970_000, 284_979_999)
    number(id=PREMIUM, tier=3)
    quarantined([PREMIUM])
    with later(days=31 + 181):
        cleared(tmp_path, [PREMIUM])
        carry_out(by_hand.moved([PREMIUM], "available"), resources, supervisor)
    one = Number.objects.get(pk=PREMIUM)
    assert (one.lifecycle, one.due_at, one.terminated_under) == ("available", None, None) and broken() == []


def test_by_hand_nothing_that_is_held_comes_closer_to_somebody_else_wherever_it_is(
    number: Make, supply: Supply, tmp_path: Path, resources: Staff, supervisor: Staff, officer: Staff
) -> None:
    """A hold may come when the number has been released already."""
    supply(284_970_000, 284_979_999, state="pre_release")
    number(id=FIRST)
    quarantined([FIRST])
    with later(days=31 + 181):
        cleared(tmp_path, [FIRST])
        assert released() == {"pre_release": 1}
        proposal = works.propose(by_hand.moved([FIRST], "available"), actor=resources, reason=WHY)
        hold(FIRST, Hold.Kind.LEGAL, "court 12", actor=officer)
        assert held([FIRST, PREMIUM]) == [FIRST]
        with pytest.raises((Refused, Invalid), match=f"(?s)keeps these numbers.*{FIRST}: {Waits.HOLD.label}"):
            works.approve(proposal, actor=supervisor, reason="agreed", content_hash=proposal.content_hash)
        for to in ("available", "retired"):
            with pytest.raises(Refused, match=str(Waits.HOLD.label)):
                works.propose(by_hand.moved([FIRST], to), actor=resources, reason=WHY)
        carry_out(by_hand.moved([FIRST], "reserved"), resources, supervisor)  # further away from anybody
        with pytest.raises(Refused, match=str(Waits.HOLD.label)):
            works.propose(by_hand.moved([FIRST], "pre_release"), actor=resources, reason=WHY)
        lift(Hold.Kind.LEGAL, "court 12", actor=supervisor)
        carry_out(by_hand.moved([FIRST], "pre_release"), resources, supervisor)
    assert history(FIRST)[-3:] == ["pre_release", "reserved", "pre_release"] and broken() == []


def test_who_held_it_is_the_first_until_its_purge_the_second_since_and_nobody_between(
    number: Make, supply: Supply, tmp_path: Path, resources: Staff
) -> None:
    supply(284_970_000, 284_979_999, "test")
    first = Tenure.objects.get(number=number(id=FIRST).pk)
    quarantined([FIRST])
    with later(days=31 + 181):
        cleared(tmp_path, [FIRST])
        assert released() == {"available": 1}
        again = wish("test", numbers=(FIRST,), terms=terms(at=timezone.now()))
        (opened,) = allocate(again, actor=resources, reason=WHY)
        second = Tenure.objects.get(number=FIRST, seq=2)
        assert opened is not None and second.started_at > timezone.now() - datetime.timedelta(minutes=1)
    first.refresh_from_db()
    assert first.ended_at is not None
    with later(days=500):
        day, step = timezone.localtime(first.ended_at).date(), datetime.timedelta(days=1)
        begun = timezone.localtime(second.started_at).date()
        one, two = [first.pk], [second.pk]
        for when, expected in (
            (day - 40 * step, one), (day, one), (day + step, []), (begun - step, []), (begun, two), (begun + step, two),
        ):  # fmt: skip
            assert [a.tenure.pk for a in answers(FIRST, when, with_identity=False)] == expected
    assert history(FIRST)[-3:] == ["quarantined", "available", "allocated"] and broken() == []
