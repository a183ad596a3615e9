"""Correction demands: what fits, until when, who may, how they end, and what the holder is told."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts.corrections import services as correct
from accounts.corrections.services import DAYS_MAX, DAYS_MIN, demand, letter, problems, withdraw
from accounts.declarations.services import declare
from accounts.models import CorrectionDemand, Identity, Number
from accounts.retention.erasure import erase
from qqops.audit.models import Event
from qqops.audit.recorder import CHANGED, act, history_model
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import through
from tests.demands import WHY, overdue
from tests.enforcement.acts import head, verbs
from tests.enforcement.runs.test_races import together
from tests.identities import ADULT, tell

Make = Callable[..., Number]
Told = Callable[..., Identity]


def test_a_demand_names_item_problem_and_the_end_of_its_last_day(number: Make, agent: Staff) -> None:
    tenure, before = number().tenure, head()
    assert tenure
    with time_machine.travel(datetime.datetime(2026, 9, 30, 23, 50, tzinfo=datetime.UTC), tick=False):
        made = demand(
            tenure, "mobile", "missing", days=15, actor=agent, reason=WHY, ticket="T-1"
        )  # October in Shanghai
    assert timezone.localtime(made.due_at).isoformat() == "2026-10-16T23:59:59+08:00"
    assert (made.maker, made.closed_at, made.closed) == (agent, None, "")
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_label, event.reason, event.ticket) == (
        "identity.correction_demanded", str(tenure), WHY, "T-1",
    )  # fmt: skip
    assert event.facts == {"field": "mobile", "problem": "missing", "until": made.due_at.isoformat()}
    assert event.rows == {"accounts_historicalcorrectiondemand": 1}
    with translation.override("en"):
        assert str(event.sentence).endswith("by 2026-10-16 23:59")
    assert whole()


def test_only_what_stands_against_an_item_can_be_demanded(number: Make, setup_actor: Staff, agent: Staff) -> None:
    one = number()
    assert one.tenure
    assert [problems(one.tenure, f) for f in ("name", "document", "mobile", "email", "born")] == [
        ["missing"], ["missing"], ["missing"], [], [],
    ]  # fmt: skip
    identity = tell(one, setup_actor, verified=("mobile",))
    assert [problems(identity.tenure, f) for f in ("name", "document", "mobile", "email", "born")] == [
        ["wrong"], ["unverified", "wrong"], ["wrong"], ["wrong"], [],
    ]  # fmt: skip
    with time_machine.travel(timezone.now() + datetime.timedelta(days=800)):
        assert problems(identity.tenure, "mobile") == ["outdated", "wrong"]
    before = head()
    for field, problem in (("name", "missing"), ("mobile", "unverified"), ("mobile", "outdated"), ("born", "missing"),
                           ("email", "unverified"), ("name", "ugly"), ("shoe_size", "wrong")):  # fmt: skip
        with pytest.raises(Invalid):
            demand(identity.tenure, field, problem, actor=agent, reason=WHY)
    assert verbs(before) == [] and not CorrectionDemand.objects.exists()


def test_days_and_reason_are_within_bounds_and_one_is_open_at_a_time(number: Make, agent: Staff) -> None:
    tenure = number().tenure
    assert tenure
    bad: list[dict[str, Any]] = [{"days": DAYS_MIN - 1}, {"days": DAYS_MAX + 1}, {"reason": "short"}]
    for more in bad:
        with pytest.raises(Invalid):
            demand(tenure, "mobile", "missing", actor=agent, **{"reason": WHY} | more)
    first = demand(tenure, "mobile", "missing", days=DAYS_MIN, actor=agent, reason=WHY)
    demand(tenure, "name", "missing", days=DAYS_MAX, actor=agent, reason=WHY)
    with pytest.raises(Invalid):
        demand(tenure, "mobile", "missing", actor=agent, reason=WHY)
    withdraw(first, actor=agent, reason=WHY)
    demand(tenure, "mobile", "missing", actor=agent, reason=WHY)
    assert CorrectionDemand.objects.filter(closed_at=None).count() == 2
    with pytest.raises(IntegrityError, match="correction_one_open"), transaction.atomic():
        CorrectionDemand.objects.bulk_create(
            [CorrectionDemand(tenure=tenure, field="name", problem="missing", maker=agent, made_at=timezone.now(),
                              due_at=timezone.now() + datetime.timedelta(days=3))]
        )  # fmt: skip


def test_telling_the_item_meets_the_demand_and_telling_another_does_not(
    number: Make, setup_actor: Staff, agent: Staff
) -> None:
    one = number()
    made = overdue(one, agent)
    tell(one, setup_actor, name=ADULT["name"])
    assert CorrectionDemand.objects.get().closed_at is None
    before = head()
    tell(one, setup_actor, mobile=ADULT["mobile"])
    made.refresh_from_db()
    assert (made.closed, made.closed_at is None) == ("met", False)
    assert Event.objects.get(seq__gt=before).rows["accounts_historicalcorrectiondemand"] == 1
    assert whole()


def test_anybody_who_may_demand_withdraws_and_only_what_is_open(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    made, before = overdue(number(), agent), head()
    with pytest.raises(Refused):
        withdraw(made, actor=reviewer, reason=WHY)
    with pytest.raises(Invalid):
        withdraw(made, actor=officer, reason="no")
    done = withdraw(made, actor=officer, reason=WHY, ticket="T-2")
    assert (done.closed, bool(done.closed_at)) == ("withdrawn", True)
    with pytest.raises(Invalid):
        withdraw(made, actor=officer, reason=WHY)
    assert verbs(before) == ["audit.refused", "identity.correction_closed"]
    event = Event.objects.latest("seq")
    assert (event.facts, event.ticket) == ({"field": "mobile", "how": "withdrawn"}, "T-2")
    history: Any = history_model(CorrectionDemand)
    assert list(history.objects.order_by("history_id").values_list("history_type", "closed")) == [
        ("+", ""), ("~", ""), ("~", "withdrawn"),  # demanded, told, withdrawn
    ]  # fmt: skip
    assert whole()


def test_that_the_holder_was_told_is_recorded_once_by_one_who_may(number: Make, agent: Staff, reviewer: Staff) -> None:
    tenure, before = number().tenure, head()
    assert tenure
    made = demand(tenure, "mobile", "missing", actor=agent, reason=WHY)
    for actor, how, reason, error in ((reviewer, "letter", WHY, Refused), (agent, "rumour", WHY, Invalid),
                                      (agent, "", WHY, Invalid), (agent, "letter", "no", Invalid)):  # fmt: skip
        with pytest.raises(error):
            correct.tell(made, how, actor=actor, reason=reason)
    done = correct.tell(made, "message", actor=agent, reason=WHY, ticket="T-5")
    assert (done.told_how, done.told_at is None, done.due_at) == ("message", False, made.due_at)
    with pytest.raises(Invalid) as twice, translation.override("en"):
        correct.tell(made, "letter", actor=agent, reason=WHY)
    assert str(twice.value) == "The holder was told already."
    assert verbs(before) == ["identity.correction_demanded", "audit.refused", "identity.holder_told"]
    event = Event.objects.latest("seq")
    assert (event.facts, event.ticket, event.subject_label) == (
        {"field": "mobile", "how": "message"}, "T-5", str(tenure),
    )  # fmt: skip
    assert event.rows == {"accounts_historicalcorrectiondemand": 1}
    withdraw(made, actor=agent, reason=WHY)
    with pytest.raises(Invalid) as closed, translation.override("en"):
        correct.tell(made, "letter", actor=agent, reason=WHY)
    assert "closed already" in str(closed.value) and whole()


def test_who_is_told_has_three_whole_days_left(number: Make, agent: Staff) -> None:
    tenure, day = number().tenure, datetime.datetime(2026, 9, 30, 23, 50, tzinfo=datetime.UTC)  # 1 October in Shanghai
    assert tenure
    with time_machine.travel(day, tick=False):
        made = demand(tenure, "mobile", "missing", days=DAYS_MIN + 1, actor=agent, reason=WHY)
    with time_machine.travel(day + datetime.timedelta(days=2), tick=False), translation.override("en"):
        with pytest.raises(Invalid) as late:
            correct.tell(made, "telephone", actor=agent, reason=WHY)
        assert "demand anew" in str(late.value)
    with time_machine.travel(day + datetime.timedelta(days=1), tick=False):
        correct.tell(made, "telephone", actor=agent, reason=WHY)


def test_what_can_no_longer_be_corrected_is_no_longer_demanded(
    identity: Told, cast: dict[str, Staff], agent: Staff
) -> None:
    for close in (
        lambda one: erase([one.pk], basis="reapplied", actor=Staff.objects.system("system-retention"), reason=""),
        lambda one: through(one, cast, "lock"),
    ):
        one, other = identity(), identity()
        met = demand(one.tenure, "email", "wrong", actor=agent, reason=WHY)
        withdraw(met, actor=agent, reason=WHY)
        for field in ("mobile", "name"):
            demand(one.tenure, field, "wrong", actor=agent, reason=WHY)
        stays = demand(other.tenure, "mobile", "wrong", actor=agent, reason=WHY)
        before = head()
        close(one)
        assert dict(one.tenure.correction_demands.values_list("field", "closed")) == {
            "email": "withdrawn", "mobile": "moot", "name": "moot",
        }  # fmt: skip
        assert all(one.tenure.correction_demands.values_list("closed_at", flat=True))
        stays.refresh_from_db()
        assert stays.closed_at is None
        rows = [event.rows.get("accounts_historicalcorrectiondemand") for event in Event.objects.filter(seq__gt=before)]
        assert [n for n in rows if n] == [2]
        assert whole()


def test_not_without_the_right_nor_ones_own_nor_of_one_who_left_or_whose_information_is_closed(
    number: Make, identity: Told, agent: Staff, officer: Staff, reviewer: Staff, setup_actor: Staff
) -> None:
    own, left, stopped, erased = number(), number(), identity(), identity()
    mine = overdue(own, agent)
    declare(agent, [own.pk], "relative", actor=agent)
    assert own.tenure and left.tenure
    with act("identity.recorded", actor=setup_actor, reason="as a test needs it", facts={"identities": 1}) as given:
        for one, name in ((stopped, "locked_at"), (erased, "erased_at")):
            Identity.objects.filter(pk=one.pk).update(**{name: timezone.now()})
        given.history(Identity, [stopped.pk, erased.pk], CHANGED)
        left.tenure.ended_at = timezone.now()
        left.tenure.save(update_fields=["ended_at"])
    before = head()
    for tenure, actor in ((own.tenure, agent), (own.tenure, reviewer), (left.tenure, agent), (stopped.tenure, agent),
                          (erased.tenure, agent)):  # fmt: skip
        with pytest.raises(Refused):
            demand(tenure, "name", "missing", actor=actor, reason=WHY)
    for act_on in (lambda: withdraw(mine, actor=agent, reason=WHY),
                   lambda: correct.tell(mine, "letter", actor=agent, reason=WHY)):  # fmt: skip
        with pytest.raises(Refused):
            act_on()
    assert verbs(before) == ["audit.refused"] * 7
    assert list(CorrectionDemand.objects.values_list("field", "closed_at")) == [("mobile", None)]
    demand(own.tenure, "name", "missing", actor=officer, reason=WHY)


@pytest.mark.django_db(transaction=True)
def test_two_who_demand_the_same_at_once_make_one_demand(number: Make, agent: Staff, officer: Staff) -> None:
    tenure = number().tenure
    assert tenure
    found = together(*[lambda a=a: demand(tenure, "mobile", "missing", actor=a, reason=WHY) for a in (agent, officer)])
    assert sorted(type(one).__name__ for one in found) == ["CorrectionDemand", "Invalid"], found


@pytest.mark.parametrize(
    ("field", "problem", "chinese", "english"),
    [
        ("name", "wrong", "与实际不符", "change the item to what is true"),
        ("document", "unverified", "尚未通过实名核验", "have the item verified"),
        ("email", "outdated", "登记时间过久", "confirm or renew"),
        ("born", "missing", "尚未填写", "it has not been given"),
    ],
)
def test_the_letter_says_what_until_when_what_may_follow_and_no_value(
    identity: Told, agent: Staff, field: str, problem: str, chinese: str, english: str
) -> None:
    tenure, now = identity().tenure, timezone.now()
    made = CorrectionDemand(
        pk=7, tenure=tenure, field=field, problem=problem, maker=agent, made_at=now,
        due_at=datetime.datetime(2026, 10, 15, 15, 59, 59, tzinfo=datetime.UTC),
    )  # fmt: skip
    told = {language: letter(made, language) for language in ("zh-hans", "en")}
    assert chinese in told["zh-hans"] and "2026-10-15 23:59" in told["zh-hans"]
    assert "只可能限制或者拒绝提供部分服务" in told["zh-hans"] and "4.1" in told["zh-hans"]
    assert english in told["en"] and "2026-10-15 23:59" in told["en"]
    assert "restricted or refused" in told["en"] and "not frozen" in told["en"]
    for text in told.values():
        assert str(tenure.number_id) in text and not re.search(r"[{}]|&#|&amp;", text)
        assert not any(value in text for value in (*ADULT.values(), ADULT["mobile"][3:]))
    assert not re.search(r"[\u4e00-\u9fff]", told["en"])
