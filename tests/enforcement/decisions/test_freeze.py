"""Freezing: at once, provisionally, or not yet; what is skipped, what is refused, and nothing half-done."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.lifecycle import FOREVER
from accounts.models import Number
from accounts.numbers.queries import shown_of
from enforcement.decisions import services as decisions
from enforcement.decisions.preview import preview
from enforcement.decisions.services import AlreadyFiled
from enforcement.measures.expiry import expire
from enforcement.models import Decision, Measure, Outcome, Target
from enforcement.policy import FreezeKind, Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head, order, verbs

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_a_freeze_of_seven_days_acts_at_once(number: Make, officer: Staff) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, duration=7 * DAY)
    decision, measure = report.decision, Measure.objects.get(number=one)
    one.refresh_from_db()
    assert (decision.state, decision.effect, report.applied, decision.approvers) == ("applied", "at_once", 1, [])
    assert (measure.kind, measure.freeze_kind, measure.tenure_id) == ("freeze", "violation", one.tenure_id)
    assert measure.until == measure.starts_at + 7 * DAY == one.frozen_until
    assert (shown_of(one), one.lifecycle, one.revision) == ("frozen", "in_use", 1)


@pytest.mark.parametrize("term", [{"duration": 8 * DAY}, {"indefinite": True}, {"until": timezone.now() + 30 * DAY}])
def test_a_longer_one_is_provisional_until_decided(number: Make, officer: Staff, term: dict[str, object]) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, **term)
    decision, measure = report.decision, Measure.objects.get(number=one)
    one.refresh_from_db()
    assert (decision.state, decision.effect, report.applied) == ("proposed", "provisional", 1)
    assert measure.until == one.frozen_until == decision.expires_at == decision.proposed_at + 72 * HOUR


def test_more_than_a_hundred_wait_and_change_nothing(numbers: Many, officer: Staff) -> None:
    ids = numbers(101)
    hundred = decide(Kind.FREEZE, ids[:100], officer)
    assert (hundred.decision.state, hundred.applied) == ("applied", 100)
    more = numbers(101)
    report = decide(Kind.FREEZE, more, officer)
    assert (report.decision.state, report.decision.effect, report.decision.rule) == ("proposed", "waits", "batch")
    assert report.decision.expires_at == report.decision.proposed_at + 48 * HOUR
    assert (report.targets, report.applied) == (101, 0)
    assert Target.objects.filter(decision=report.decision).count() == 101
    assert not Measure.objects.filter(number__in=more).exists()
    assert not Number.objects.filter(pk__in=more).exclude(revision=0).exists()


def test_each_freeze_kind_runs_beside_the_others(number: Make, officer: Staff) -> None:
    one = number()
    for kind, clause, days in (("violation", "10.1", 2), ("security", "6.2", 1), ("legal", "law", 3)):
        decide(Kind.FREEZE, one, officer, freeze_kind=kind, clauses=(clause,), citation="某院裁定", duration=days * DAY)
    one.refresh_from_db()
    assert one.frozen_until == max(m.until for m in Measure.objects.filter(number=one) if m.until)
    with pytest.raises(Invalid, match="1"):
        decide(Kind.FREEZE, one, officer)
    assert Measure.objects.filter(number=one).count() == 3


def test_what_cannot_be_frozen_is_skipped_by_reason(numbers: Many, officer: Staff) -> None:
    will, gone, pool = numbers(2), numbers(1, "terminated"), numbers(1, "quarantined")
    frozen = numbers(1)
    decide(Kind.FREEZE, frozen, officer)
    report = decide(Kind.FREEZE, [*will, *gone, *pool, *frozen, 77777], officer)
    assert dict(report.skipped) == {"wrong_state": 1, "no_tenure": 1, "already": 1}
    assert (report.applied, report.targets, report.unknown) == (2, 5, [77777])
    whys = dict(Outcome.objects.filter(decision=report.decision).values_list("number_id", "why"))
    assert whys == {
        **dict.fromkeys(will, ""), gone[0]: "wrong_state", pool[0]: "no_tenure", frozen[0]: "already",
    }  # fmt: skip


def test_a_freeze_reaches_allocated_and_cancelling_numbers_too(numbers: Many, officer: Staff) -> None:
    ids = [*numbers(1, "allocated"), *numbers(1, "cancel_pending")]
    assert decide(Kind.FREEZE, ids, officer).applied == 2
    shown = {n.lifecycle: shown_of(n) for n in Number.objects.filter(pk__in=ids)}
    assert shown == {"allocated": "frozen", "cancel_pending": "cancel_pending"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"facts": "  "},
        {"evidence": ()},
        {"evidence": (" ",)},
        {"reason": "短"},
        {"clauses": ()},
        {"clauses": ("10.2",)},
        {"clauses": ("99",)},
        {"duration": None},
        {"duration": datetime.timedelta(0)},
        {"duration": 3651 * DAY},
        {"indefinite": True, "duration": DAY},
        {"until": timezone.now() - HOUR},
        {"freeze_kind": ""},
        {"freeze_kind": "eternal"},
        {"facts": "本人手机13800138000"},
        {"evidence": ("身份证 11010519491231002X",)},
        {"reason": "写信给 someone@example.com 核实"},
        {"ticket": "T" * 81},
    ],
)
def test_an_order_that_is_not_well_formed_leaves_no_trace(
    number: Make, officer: Staff, wrong: dict[str, object]
) -> None:
    one = number()
    before = head()
    with pytest.raises(Invalid):
        decide(Kind.FREEZE, one, officer, **wrong)
    assert (verbs(before), Decision.objects.count(), Measure.objects.count()) == ([], 0, 0)
    assert decide(Kind.FREEZE, one, officer).applied == 1


def test_too_many_unknown_numbers_refuse_the_list(numbers: Many, officer: Staff) -> None:
    ids = numbers(20)
    strangers = [77001, 77002, 77003, 77004]
    before = head()
    with pytest.raises(Invalid, match="77001"):
        decide(Kind.FREEZE, ids + strangers, officer)
    with pytest.raises(Invalid, match="77001"):
        decide(Kind.FREEZE, strangers[:1], officer)
    assert verbs(before) == []
    report = decide(Kind.FREEZE, ids + strangers[:3], officer)
    assert (report.applied, report.unknown) == (20, strangers[:3])


def test_one_percent_of_a_long_list_may_be_unknown(numbers: Many, officer: Staff) -> None:
    ids = numbers(500)
    preview(order(), [*ids, *range(77001, 77006)], actor=officer)
    with pytest.raises(Invalid):
        preview(order(), [*ids, *range(77001, 77007)], actor=officer)


def test_who_may_not_is_refused_on_the_record(number: Make, officer: Staff, auditor: Staff, agent: Staff) -> None:
    one = number()
    before = head()
    for nobody in (auditor, agent):
        with pytest.raises(Refused):
            decide(Kind.FREEZE, one, nobody)
    assert verbs(before) == ["audit.refused", "audit.refused"]
    one.refresh_from_db()
    assert (one.revision, Decision.objects.count()) == (0, 0)
    assert decide(Kind.FREEZE, one, officer).applied == 1


def test_an_agent_secures_a_number_for_a_day(number: Make, agent: Staff) -> None:
    one = number()
    stolen = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}
    with pytest.raises(Refused):
        decide(Kind.FREEZE, one, agent, **stolen, duration=25 * HOUR)
    assert decide(Kind.FREEZE, one, agent, **stolen, duration=24 * HOUR).decision.state == "applied"


def test_the_same_form_twice_is_one_decision(numbers: Many, officer: Staff) -> None:
    for ids in (numbers(1), numbers(101)):  # one that is applied at once, one that waits
        form = order()
        first = decisions.decide(form, ids, actor=officer)
        with pytest.raises(AlreadyFiled) as again:
            decisions.decide(form, ids, actor=officer)
        assert again.value.decision == first.decision
        assert Decision.objects.filter(form_key=form.form_key).count() == 1


def test_a_freeze_without_end_is_for_ever_once_agreed(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    report = approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    one.refresh_from_db()
    assert report.decision.state == "applied"
    assert (Measure.objects.get(number=one).until, one.frozen_until) == (None, FOREVER)


def test_the_daily_limit_turns_acts_into_proposals(
    numbers: Many, officer: Staff, officer2: Staff, settings: object
) -> None:
    settings.QQOPS_DAILY_TARGETS = 5  # type: ignore[attr-defined]
    assert decide(Kind.FREEZE, numbers(3), officer).decision.rule == "alone"
    assert decide(Kind.FREEZE, numbers(2), officer).decision.rule == "alone"
    past = decide(Kind.FREEZE, numbers(1), officer).decision
    assert (past.rule, past.effect, past.state) == ("daily_limit", "waits", "proposed")
    assert decide(Kind.FREEZE, numbers(5), officer2).decision.rule == "alone"


def test_provisional_acts_count_towards_the_daily_limit(numbers: Many, officer: Staff, settings: object) -> None:
    settings.QQOPS_DAILY_TARGETS = 5  # type: ignore[attr-defined]
    assert decide(Kind.FREEZE, numbers(4), officer, indefinite=True).decision.effect == "provisional"
    assert decide(Kind.FREEZE, numbers(2), officer, indefinite=True).decision.effect == "waits"


def test_three_freezes_in_a_row_do_not_make_more_than_seven_days_alone(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    first = decide(Kind.FREEZE, one, officer, duration=7 * DAY)
    assert first.decision.rule == "alone"
    security = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}
    second = decide(Kind.FREEZE, one, officer2, duration=7 * DAY, **security)
    assert (second.decision.rule, second.decision.state, second.applied) == ("solo_freeze", "proposed", 0)
    third = decide(Kind.FREEZE, one, officer, duration=7 * DAY, **security)
    assert third.decision.rule == "solo_freeze"
    assert approve(second, supervisor).applied == 1
    assert broken() == []


def test_what_a_supervisor_agreed_to_does_not_use_up_the_seven_days(
    number: Make, officer: Staff, supervisor: Staff
) -> None:
    one = number()
    approve(decide(Kind.FREEZE, one, officer, duration=20 * DAY), supervisor)
    security = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}
    assert decide(Kind.FREEZE, one, officer, duration=7 * DAY, **security).decision.rule == "alone"


def test_a_provisional_freeze_that_nobody_answered_does_not_start_anew_alone(
    number: Make, officer: Staff, expiry_actor: Staff
) -> None:
    one = number()
    with time_machine.travel(timezone.now() - 10 * DAY, tick=True):
        assert decide(Kind.FREEZE, one, officer, indefinite=True).decision.effect == "provisional"
    for _time in range(2):  # before the sweep and after it
        again = decide(Kind.FREEZE, one, officer, indefinite=True)
        assert (again.decision.rule, again.applied) == ("refused_before", 0)
        expire(actor=expiry_actor)
    with time_machine.travel(timezone.now() + 25 * DAY, tick=True):
        assert decide(Kind.FREEZE, one, officer, indefinite=True).decision.effect == "provisional"
