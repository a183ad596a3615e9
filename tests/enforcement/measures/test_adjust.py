"""A measure is changed in place (T11): a nearer end or fewer scopes as a lift, more of either with a supervisor."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.decisions.preview import preview
from enforcement.feed.queries import page
from enforcement.measures.changes import as_they_were
from enforcement.measures.expiry import expire
from enforcement.models import Decision, Measure, Notice, Outcome
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, order, verbs
from tests.enforcement.measures.adjusting import ends_of, in_days, running

pytestmark = pytest.mark.usefixtures("english")
Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_a_freeze_is_shortened_by_another_than_its_maker_and_stays_what_it_was(
    number: Make, officer: Staff, reviewer: Staff
) -> None:
    one, sooner = number(), in_days(1)
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    was, at = running(one), head()
    report = decide(Kind.ADJUST, one, reviewer, lift_of=frozen.decision.pk, until=sooner)
    assert (report.decision.rule, report.decision.state, report.applied) == ("alone", "applied", 1)
    now = running(one)
    assert (now.pk, now.decision_id, now.starts_at, now.until) == (was.pk, frozen.decision.pk, was.starts_at, sooner)
    assert ends_of(one) == (sooner, None)
    (kept,) = as_they_were(Outcome.objects.get(decision=report.decision))
    assert (kept.pk, kept.until, kept.scopes, kept.freeze_kind) == (was.pk, was.until, [], "violation")
    assert verbs(at) == ["decision.proposed", "decision.applied"]
    assert broken() == []


def test_other_measures_keep_the_number_as_long_as_they_run(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=6 * DAY)
    security = decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="security", duration=DAY)
    restricted = decide(Kind.RESTRICT, one, officer, duration=9 * DAY)
    left = tuple(Measure.objects.get(decision=d.decision).until for d in (security, restricted))
    decide(Kind.ADJUST, one, reviewer, lift_of=frozen.decision.pk, duration=HOUR)
    assert ends_of(one) == left
    one.refresh_from_db()
    assert (shown_of(one), broken()) == ("frozen", [])


def test_a_restriction_is_narrowed_and_its_end_stays(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "add_friend", "mail"), duration=9 * DAY)
    was, since = running(one), head()
    report = decide(Kind.ADJUST, one, reviewer, lift_kinds=("restrict",), scopes=("mail",))
    assert (report.decision.rule, report.decision.until, report.decision.scopes) == ("alone", None, ["mail"])
    now = running(one)
    assert (now.until, now.scopes) == (was.until, ["mail"])
    assert ends_of(one) == (None, was.until)
    assert [list(state["scopes"]) for state in page(since).states] == [["mail"]]
    assert broken() == []


@pytest.mark.parametrize(("measure", "more"), [
    ({}, {"duration": 20 * DAY}),
    ({}, {"indefinite": True}),
    ({"kind": Kind.RESTRICT}, {"lift_kinds": ("restrict",), "scopes": ("send_msg", "mail")}),
    ({"kind": Kind.RESTRICT}, {"lift_kinds": ("restrict",), "scopes": ("mail",)}),  # another, not a part
    ({"kind": Kind.RESTRICT}, {"lift_kinds": ("restrict",), "scopes": ("send_msg",), "duration": 20 * DAY}),
])  # fmt: skip
def test_what_adds_to_a_measure_waits_for_a_supervisor_and_changes_nothing_before(
    number: Make, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, measure: Any, more: Any
) -> None:
    one = number()
    decide(measure.get("kind", Kind.FREEZE), one, officer)
    was = running(one)
    with pytest.raises(Refused, match="neither extend nor widen"):
        decide(Kind.ADJUST, one, reviewer, **more)
    report = decide(Kind.ADJUST, one, officer2, **more)
    assert (report.decision.rule, report.decision.state, report.applied) == ("extend", "proposed", 0)
    assert (running(one).until, running(one).scopes) == (was.until, was.scopes)
    assert approve(report, supervisor).applied == 1
    now, end = running(one), report.decision.until
    assert now.until == (None if end == FOREVER else end or was.until)
    assert now.scopes == list(more.get("scopes", was.scopes))
    shown = ends_of(one)[measure.get("kind") == Kind.RESTRICT]
    assert (shown, broken()) == (now.until or FOREVER, [])


def test_the_end_is_counted_from_the_order_and_not_from_the_approval(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=6 * DAY)
    report = decide(Kind.ADJUST, one, officer, duration=2 * DAY)
    assert (report.decision.rule, report.decision.duration) == ("changes_own", None)
    with time_machine.travel(in_days(1)):
        approve(report, supervisor)
    assert running(one).until == report.decision.until
    assert report.decision.until and abs(report.decision.until - in_days(2)) < HOUR


def test_an_end_that_has_passed_meanwhile_is_not_agreed_to(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=6 * DAY)
    report = decide(Kind.ADJUST, one, officer, duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR), pytest.raises(Invalid, match="has passed"):
        approve(report, supervisor)


def test_what_a_supervisor_made_or_agreed_to_is_overturned_only_with_another(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff, reviewer: Staff
) -> None:
    one, two = number(), number()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    report = decide(Kind.ADJUST, one, reviewer, duration=DAY)
    assert report.decision.rule == "overturns_supervisor"
    assert approve(report, supervisor2).applied == 1
    decide(Kind.FREEZE, two, officer)
    approve(decide(Kind.ADJUST, two, officer2, duration=20 * DAY), supervisor)  # what he agreed to is the longer end
    for kind, more in ((Kind.ADJUST, {"duration": DAY}), (Kind.LIFT, {})):
        assert decide(kind, two, reviewer, **more).decision.rule == "overturns_supervisor"


def test_an_objection_only_takes_away(number: Make, officer: Staff, officer2: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=3 * DAY)
    for actor in (officer2, reviewer):
        with pytest.raises(Invalid, match="Clause 11 shortens or narrows"):
            decide(Kind.ADJUST, one, actor, clauses=("11",), duration=4 * DAY)
        with pytest.raises(Invalid, match="Clause 11 shortens or narrows"):
            decide(Kind.ADJUST, one, actor, clauses=("10.1", "11"), duration=4 * DAY)
    assert decide(Kind.ADJUST, one, reviewer, clauses=("11",), duration=DAY).applied == 1


def test_a_legal_freeze_changes_by_law_or_order_only_and_never_alone(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    law = {"clauses": ("law",), "citation": "（2026）粤0305民初1号"}
    decide(Kind.FREEZE, one, officer, freeze_kind="legal", **law)
    for clause in ("10.1", "11"):
        with pytest.raises(Invalid, match="no confirmed measure in force that this ground reaches"):
            decide(Kind.ADJUST, one, officer2, clauses=(clause,), duration=DAY)
    report = decide(Kind.ADJUST, one, officer2, duration=DAY, **law)
    assert (report.decision.rule, report.applied) == ("change_by_order", 0)
    assert approve(report, supervisor).applied == 1


def test_a_provisional_measure_is_decided_on_before_it_is_changed(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    provisional = decide(Kind.FREEZE, one, officer, duration=20 * DAY)
    with pytest.raises(Invalid, match="no confirmed measure"):
        decide(Kind.ADJUST, one, officer2, duration=HOUR)
    approve(provisional, supervisor)
    report = decide(Kind.ADJUST, one, officer2, duration=DAY)
    assert approve(report, supervisor2).applied == 1


def test_the_holders_own_freeze_is_never_longer_than_a_day(number: Make, officer: Staff, officer2: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, clauses=("6.2",), freeze_kind="owner", duration=6 * HOUR)
    with pytest.raises(Invalid, match="24 hours"):
        decide(Kind.ADJUST, one, officer2, duration=25 * HOUR)
    assert decide(Kind.ADJUST, one, officer2, duration=23 * HOUR).decision.rule == "extend"
    assert decide(Kind.ADJUST, one, officer2, duration=HOUR).applied == 1


def test_of_a_list_each_is_judged_by_what_runs_on_it(numbers: Many, officer: Staff, reviewer: Staff) -> None:
    free, frozen, same = numbers(1), numbers(2), numbers(1)
    sooner = in_days(1)
    decide(Kind.FREEZE, frozen, officer)
    decide(Kind.FREEZE, same, officer, until=sooner)
    report = decide(Kind.ADJUST, [*free, *frozen, *same], reviewer, until=sooner)
    assert (report.applied, dict(report.skipped)) == (2, {"nothing_to_adjust": 1, "already": 1})
    with pytest.raises(Invalid, match="already so"):
        decide(Kind.ADJUST, frozen, reviewer, until=sooner)
    assert {ends_of(n)[0] for n in (*frozen, *same)} == {sooner}


def test_what_is_already_so_in_its_scopes_is_so_in_any_order(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"))
    with pytest.raises(Invalid, match="already so"):
        decide(Kind.ADJUST, one, reviewer, lift_kinds=("restrict",), scopes=("mail", "send_msg"))


def test_a_batch_waits_like_any_other_and_its_own_approver_does_not_change_it(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff, reviewer: Staff, settings: Any
) -> None:
    settings.QQOPS_CHUNK = 40
    ids, sooner = numbers(101), in_days(1)
    approve(decide(Kind.FREEZE, ids, officer), supervisor)
    report = decide(Kind.ADJUST, ids, reviewer, until=sooner)
    assert (report.decision.rule, report.applied) == ("batch", 0)
    with pytest.raises(Refused, match="took part"):
        approve(report, supervisor)
    assert approve(report, supervisor2).applied == 101
    assert set(Measure.objects.values_list("until", flat=True)) == {sooner}
    assert broken() == []


def test_a_measure_that_changed_since_the_proposal_is_not_changed_by_it(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=3 * DAY)
    proposal = decide(Kind.ADJUST, one, officer, duration=DAY)
    decide(Kind.ADJUST, one, officer2, duration=2 * DAY)
    report = approve(proposal, supervisor)
    assert (report.decision.state, report.applied, dict(report.skipped)) == ("void", 0, {"state_changed": 1})


@pytest.mark.parametrize(("more", "why"), [
    ({"lift_kinds": ()}, "which measures to change"),
    ({}, "what changes"),
    ({"until": "past"}, "in the past"),
    ({"duration": DAY, "until": "soon"}, "one end only"),
    ({"duration": DAY, "indefinite": True}, "one end only"),
    ({"scopes": ("mail",)}, "has no scopes"),
    ({"lift_kinds": ("freeze:violation", "restrict"), "duration": DAY}, "of one kind"),
    ({"lift_kinds": ("restrict",), "scopes": ("fly",)}, "Unknown scope"),
    ({"duration": DAY, "in_error": True}, "Only a reversal"),
    ({"duration": DAY, "then_review": True}, "ends by itself"),
])  # fmt: skip
def test_an_order_that_is_not_well_formed_says_why(
    number: Make, officer: Staff, reviewer: Staff, more: dict[str, Any], why: str
) -> None:
    one, times = number(), {"past": in_days(-1), "soon": in_days(1)}
    decide(Kind.FREEZE, one, officer)
    more = more | ({"until": times[more["until"]]} if "until" in more else {})
    with pytest.raises(Invalid, match=why):
        decide(Kind.ADJUST, one, reviewer, **more)
    assert running(one).decision.kind == "freeze" and Decision.objects.count() == 1


def test_measures_of_both_kinds_are_not_changed_by_one_decision(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    decide(Kind.RESTRICT, one, officer)
    both = tuple(Measure.objects.values_list("pk", flat=True))
    with pytest.raises(Invalid, match="of one kind"):
        decide(Kind.ADJUST, one, reviewer, lift_measures=both, duration=DAY)
    assert decide(Kind.ADJUST, one, reviewer, lift_measures=both[:1], duration=DAY).applied == 1


def test_a_changed_measure_counts_once_and_from_its_start(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=7 * DAY)
    decide(Kind.ADJUST, one, reviewer, duration=DAY)
    with time_machine.travel(in_days(2)):
        suggested = preview(
            order(Kind.FREEZE, severity="serious", duration=30 * DAY), [one.pk], actor=officer
        ).suggested
    assert dict(suggested) == {"freeze:30": 1}  # the second step: it had one


def test_it_ends_at_its_new_end_and_the_holder_is_told_that_its_time_is_over(
    number: Make, officer: Staff, reviewer: Staff, expiry_actor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer, duration=5 * DAY)
    Notice.objects.update(state="sent")
    decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        one.refresh_from_db()
        assert shown_of(one) == "in_use"
        assert expire(actor=expiry_actor).measures == 1
    measure = Measure.objects.get(number=one)
    assert (measure.end_reason, measure.ended_at) == ("expired", measure.until)
    assert Notice.objects.filter(decision=frozen.decision, stage="ended").count() == 1
    assert broken() == []
