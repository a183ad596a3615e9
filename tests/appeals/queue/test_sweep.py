"""The clock of appeals stands while the appellant is asked, rings before the deadline, and ends what he lets lie."""

import datetime
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Hold, Number
from appeals.hearing import services as hearing
from appeals.models import Appeal, Message
from appeals.policy import WAIT_FOR_ANSWER
from appeals.queue import services as queue
from appeals.queue.sweep import Swept, sweep
from enforcement.measures.expiry import expire
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.appeals.heard import filed, objection, ruled
from tests.campaign import size
from tests.enforcement.acts import broken, head, terminated, verbs
from tests.enforcement.runs.test_races import together

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
MINUTE, HOUR, SECOND = (datetime.timedelta(**{unit: 1}) for unit in ("minutes", "hours", "seconds"))


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that every ruling cites."""


def swept() -> Swept:
    return sweep(actor=Staff.objects.system("system-appeals"))


def at(moment: datetime.datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def asked(appeal: Appeal, reviewer: Staff) -> Appeal:
    taken = queue.take(appeal, actor=reviewer)
    return hearing.ask(taken, "请提供号码注册地与时间", actor=reviewer, revision=taken.revision)


@hypothesis.given(
    steps=st.lists(
        st.tuples(
            st.timedeltas(SECOND, 20 * HOUR),  # somebody has it to be heard,
            st.timedeltas(SECOND, WAIT_FOR_ANSWER - SECOND),  # and then it stands
        ),
        min_size=1, max_size=4,
    )
)  # fmt: skip
@hypothesis.settings(
    max_examples=size(6, 60), suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)  # fmt: skip
def test_the_clock_stands_while_the_appellant_is_asked_and_only_then(
    number: Make, agent: Staff, reviewer: Staff, steps: list[tuple[datetime.timedelta, datetime.timedelta]]
) -> None:
    now = timezone.now()
    with at(now):
        appeal = filed(number(), "recovery", agent)
    due, escalates, stood = appeal.due_at, appeal.escalate_at, datetime.timedelta()
    for heard, stands in steps:
        with at(now := now + heard):
            asked(appeal, reviewer)
        with at(now := now + stands):
            appeal = hearing.answer(appeal, "注册地为深圳，二〇〇九年", actor=agent)
        stood += stands
        assert (appeal.due_at, appeal.escalate_at) == (due + stood, escalates + stood)


def test_what_comes_near_its_deadline_escalates_once_in_one_event_and_rings(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    now = timezone.now()
    with at(now):
        paid = filed(number(paid=True), "recovery", agent)  # 8 hours
        more = filed(number(paid=True), "recovery", agent)
        stands = asked(filed(number(paid=True), "recovery", agent), reviewer)
        filed(number(), "recovery", agent)  # 72 hours
    before = head()
    with at(paid.escalate_at - SECOND):
        assert swept() == Swept() and verbs(before) == []
    with at(paid.escalate_at):
        assert swept() == Swept(escalated=2)
        assert swept() == Swept()
    found = list(Appeal.objects.exclude(escalated_at=None).order_by("pk"))
    assert [(one.pk, one.escalated_at, one.revision) for one in found] == [
        (paid.pk, paid.escalate_at, 0), (more.pk, paid.escalate_at, 0),
    ]  # fmt: skip
    assert verbs(before) == ["appeal.escalated", "appeal.late"]
    escalated, late = Event.objects.filter(seq__gt=before).order_by("seq")
    assert (escalated.facts, escalated.rows) == ({"n": 2}, {"appeals_historicalappeal": 2})
    assert (escalated.actor.username, late.facts) == ("system-appeals", {"past": 0, "near": 2})
    assert (Alert.objects.get().code, Alert.objects.get().facts) == ("appeals_late", {"past": 0, "near": 2})
    with at(paid.due_at):  # more than an hour later they are past it, and nothing new came near
        assert swept() == Swept()
    assert Alert.objects.latest("pk").facts == {"past": 2, "near": 0}
    with at(paid.due_at + HOUR - SECOND):
        swept()
        assert (Alert.objects.count(), verbs(before).count("appeal.late")) == (2, 2)
    with at(paid.due_at + HOUR):
        swept()
        assert Alert.objects.count() == 3
    assert Appeal.objects.get(pk=stands.pk).escalated_at is None
    assert broken() == []


def test_what_is_not_answered_within_a_week_is_abandoned_and_the_appellant_is_told(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    waits = asked(filed(one, "recovery", agent), reviewer)
    answered = hearing.answer(asked(filed(number(), "recovery", agent), reviewer), "注册地为深圳", actor=agent)
    assert waits.waits_until
    before = head()
    with at(waits.waits_until - SECOND):
        assert swept().abandoned == 0
    with at(waits.waits_until + MINUTE):
        assert swept().abandoned == 1
    waits.refresh_from_db()
    answered.refresh_from_db()
    assert (waits.state, waits.outcome, answered.state) == ("closed", "abandoned", "filed")
    assert not Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).exists()
    said = Message.objects.filter(appeal=waits).order_by("pk")
    assert list(said.values_list("kind", flat=True)) == ["receipt", "asked", "ruling"]
    assert said.last().delivery.state == "pending"  # type: ignore[union-attr]
    event = Event.objects.get(seq__gt=before, verb="appeal.abandoned")
    assert (event.facts, event.subject_label) == ({"n": 1}, waits.receipt)
    assert broken() == []


def test_a_ruling_that_nobody_agrees_to_in_time_lapses_and_the_appeal_is_heard_anew(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff,
    expiry_actor: Staff,
) -> None:  # fmt: skip
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    ruling = ruled(appeal, "upheld", reviewer)
    assert ruling.expires_at and ruling.reverses
    with at(ruling.expires_at - SECOND):
        assert swept().lapsed == 0
    before = head()
    with at(ruling.expires_at + SECOND):
        assert swept().lapsed == 1
        expire(actor=expiry_actor)
        again = ruled(Appeal.objects.get(), "upheld", reviewer2)
    ruling.refresh_from_db()
    ruling.reverses.refresh_from_db()
    assert (ruling.state, ruling.reverses.state, again.state) == ("lapsed", "lapsed", "proposed")
    assert (Appeal.objects.get().state, verbs(before)[0]) == ("ruled", "appeal.ruling_lapsed")
    assert broken() == []


def test_the_command_tells_first_and_does_it_with_apply(number: Make, agent: Staff, reviewer: Staff) -> None:
    appeal = filed(number(paid=True), "recovery", agent)

    def run(*more: str) -> dict[str, Any]:
        out = StringIO()
        with pytest.raises(SystemExit) if "--apply" not in more else time_machine.travel(timezone.now()):
            call_command("appeals", "escalate", "--json", *more, stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    would = {"escalated": 1, "abandoned": 0, "lapsed": 0, "carried_out": 0, "stuck": 0}
    with at(appeal.due_at):
        before = head()
        assert run() == {"applied": False} | would and head() == before
        assert run("--apply") == {"applied": True} | would
        assert run() == {"applied": False} | would | {"escalated": 0}
    assert Event.objects.get(seq=before + 1).source == "system"


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_each_appeal_has_one(number: Make, agent: Staff, reviewer: Staff) -> None:
    now = timezone.now()
    with at(now):
        near = [filed(number(paid=True), "recovery", agent) for _ in range(4)]
        for _ in range(4):
            asked(filed(number(paid=True), "recovery", agent), reviewer)
    before = head()
    with at(now + WAIT_FOR_ANSWER):
        found = together(swept, swept, swept)
    assert sum(one.escalated for one in found) == len(near)
    assert sum(one.abandoned for one in found) == 4
    assert Message.objects.filter(kind="ruling").count() == 4
    events = Event.objects.filter(seq__gt=before)
    assert sum(event.facts["n"] for event in events if event.verb == "appeal.escalated") == len(near)
    assert events.filter(verb="appeal.late").count() >= 1 and Alert.objects.count() == 1
    assert list(verify()) == []
