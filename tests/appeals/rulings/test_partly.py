"""An objection that is upheld in part shortens or narrows its measure, which stands and counts (11, domain.md §8 B)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Hold, Number
from appeals.models import Appeal
from appeals.rulings.reversal import Terms
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, objection, ruled, sent_back
from tests.enforcement.acts import DAY, approve, broken, decide, head, terminated, undo, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")


def in_days(days: float) -> datetime.datetime:
    return timezone.now() + days * DAY


def partly(appeal: Appeal, actor: Staff, **terms: Any) -> Any:
    return ruled(appeal, "partly", actor, terms=Terms(**terms))


def test_a_freeze_is_shortened_in_the_rulings_transaction(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one, sooner = number(), in_days(1)
    appeal, before = objection(one, decide(Kind.FREEZE, one, officer, duration=5 * DAY), agent), head()
    ruling = partly(appeal, reviewer, until=sooner)
    appeal.refresh_from_db()
    measure = Measure.objects.get(number=one)
    assert (appeal.state, appeal.outcome, ruling.state) == ("closed", "partly", "applied")
    assert (measure.until, measure.ended_at, measure.end_reason) == (sooner, None, "")
    decision = ruling.reverses
    assert (decision.kind, decision.ruling, decision.in_error) == ("adjust", appeal.receipt, None)
    assert decision.facts == f"Objection {appeal.receipt} was upheld in part."
    assert Number.objects.get(pk=one.pk).frozen_until == sooner
    assert not Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).exists()
    assert verbs(before) == ["appeal.taken", "appeal.ruled", "decision.proposed", "decision.applied"]
    assert broken() == []


def test_a_restriction_is_narrowed_and_may_end_sooner_too(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one, sooner = number(), in_days(2)
    restricted = decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "add_friend", "mail"), duration=9 * DAY)
    partly(objection(one, restricted, agent), reviewer, scopes=("mail", "send_msg"), until=sooner)
    measure = Measure.objects.get(number=one)
    assert (measure.scopes, measure.until, broken()) == (["send_msg", "mail"], sooner, [])


@pytest.mark.parametrize(("terms", "why"), [
    ({}, "what the measure becomes"),
    ({"until": 10}, "before the end"),
    ({"until": 9}, "before the end"),  # the same is no less
    ({"until": -1}, "must lie ahead"),
    ({"scopes": ("send_msg", "mail")}, "must be a part"),
    ({"scopes": ("send_msg", "mail", "login")}, "must be a part"),
    ({"scopes": ("login",)}, "must be a part"),
    ({"scopes": ("mail",), "until": 10}, "before the end"),
])  # fmt: skip
def test_nothing_is_added_by_it_and_it_is_less_in_something(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, terms: dict[str, Any], why: str
) -> None:
    one, end = number(), in_days(9)
    appeal = objection(one, decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), until=end), agent)
    if "until" in terms:
        terms = terms | {"until": end + (terms["until"] - 9) * DAY}
    with pytest.raises(Invalid, match=why):
        partly(appeal, reviewer, **terms)
    appeal.refresh_from_db()
    assert (appeal.state, Measure.objects.get(number=one).until, broken()) == ("filed", end, [])


def test_a_freeze_has_no_part_of_scopes(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    with pytest.raises(Invalid, match="must be a part"):
        partly(appeal, reviewer, scopes=("mail",))


def test_a_termination_is_upheld_as_a_whole_or_not_at_all(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    with pytest.raises(Invalid, match="Nothing runs that could be shortened"):
        partly(appeal, reviewer, until=in_days(1))


def test_what_is_over_or_provisional_is_not_made_less(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff
) -> None:
    over, waiting = number(), number()
    frozen = decide(Kind.FREEZE, over, officer)
    ended = objection(over, frozen, agent)
    decide(Kind.LIFT, over, officer2, lift_of=frozen.decision.pk)
    with pytest.raises(Invalid, match="Nothing runs that could be shortened"):
        partly(ended, reviewer, until=in_days(1))
    provisional = objection(waiting, decide(Kind.FREEZE, waiting, officer, duration=20 * DAY), agent)
    with pytest.raises(Invalid, match="provisional"):
        partly(provisional, reviewer, until=in_days(1))


def test_a_legal_freeze_is_not_made_less_by_an_objection(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    legal = decide(Kind.FREEZE, one, officer, clauses=("law",), citation="（2026）粤0305民初1号", freeze_kind="legal")
    with pytest.raises(Invalid, match="law or order only"):
        partly(objection(one, legal, agent), reviewer, until=in_days(1))


def test_where_a_supervisor_agreed_to_the_measure_another_agrees_to_the_ruling(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one, sooner = number(), in_days(1)
    frozen = decide(Kind.FREEZE, one, officer, indefinite=True)
    approve(frozen, supervisor)
    appeal = objection(one, frozen, agent)
    first = partly(appeal, reviewer, until=in_days(3))
    assert (first.state, first.reverses.state, first.reverses.rule) == ("proposed", "proposed", "overturns_supervisor")
    before = head()
    sent_back(first, supervisor2)
    assert verbs(before) == ["appeal.ruling_sent_back", "decision.refused"]
    second = partly(Appeal.objects.get(pk=appeal.pk), reviewer2, until=sooner)
    assert Measure.objects.get(number=one).until is None
    agreed(second, supervisor2)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome) == ("closed", "partly")
    assert (Measure.objects.get(number=one).until, broken()) == (sooner, [])


def test_it_is_undone_by_two_people_like_any_decision(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    end = Measure.objects.get(number=one).until
    ruling = partly(objection(one, frozen, agent), reviewer, until=in_days(1))
    back = undo(ruling.reverses, officer2, in_error=False)
    assert back.decision.rule == "undo"
    approve(back, supervisor)
    assert (Measure.objects.get(number=one).until, broken()) == (end, [])


def test_the_measure_still_counts(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    partly(objection(one, frozen, agent), reviewer, until=in_days(1))
    with pytest.raises(Invalid, match="freeze, 30 days"):  # the second step, and not the first again
        decide(Kind.RESTRICT, one, officer, departure="")


def test_an_objection_to_an_extension_takes_just_that_back_and_is_not_moot_while_it_runs(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    end = Measure.objects.get(number=one).until
    longer = decide(Kind.ADJUST, one, officer, duration=20 * DAY)
    approve(longer, supervisor)
    appeal = objection(one, longer, agent)
    with pytest.raises(Invalid, match="still in force"):
        ruled(appeal, "moot", reviewer)
    ruling = ruled(Appeal.objects.get(pk=appeal.pk), "upheld", reviewer)
    agreed(ruling, supervisor2)
    measure = Measure.objects.get(number=one)
    assert (measure.until, measure.end_reason, broken()) == (end, "", [])
