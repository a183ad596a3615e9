"""One appeal with which something is wrong keeps no other waiting, and is told of until it is seen to."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages import text as letters
from appeals.models import Appeal, AppealKey, Message
from appeals.policy import COOL_DOWN, WAIT_FOR_ANSWER
from appeals.queue import services as queue
from appeals.queue.sweep import Swept, sweep
from appeals.rulings import services as rulings
from enforcement.policy import PROPOSAL_LIFE
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.appeals.heard import filed, ruled
from tests.enforcement.acts import broken, head, verbs

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


def swept() -> Swept:
    return sweep(actor=Staff.objects.system("system-appeals"))


def test_of_three_that_have_cooled_down_the_one_whose_key_is_gone_is_named_and_the_others_are_carried_out(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    three = [filed(number(), "recovery", agent) for _one in range(3)]
    for appeal in three:
        ruled(appeal, "upheld", reviewer)
    AppealKey.objects.filter(pk=three[1].pk).delete()
    late, before = timezone.now() + COOL_DOWN + MINUTE, head()
    with time_machine.travel(late, tick=False):
        assert swept() == Swept(carried_out=2, stuck=1)
        assert swept() == Swept(stuck=1)
    assert list(Appeal.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "cooling", "closed"]
    assert Message.objects.filter(kind="reset").count() == 2
    assert verbs(before) == ["appeal.reset_asked", "appeal.reset_asked", "appeal.stuck"]
    facts = Event.objects.get(verb="appeal.stuck").facts
    assert facts == {"n": 1, "appeals": [three[1].receipt], "faults": {"Invalid": 1}}
    assert (Alert.objects.get().code, Alert.objects.get().facts["appeals"]) == ("appeals_stuck", [three[1].receipt])
    with time_machine.travel(late + HOUR, tick=False):
        swept()
    assert Alert.objects.count() == 2 and broken() == []


@pytest.mark.parametrize("what", ["abandoned", "lapsed"])
def test_so_it_is_with_those_that_nobody_answered_and_nobody_agreed_to(
    number: Make, agent: Staff, reviewer: Staff, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    three = [filed(number(tier=2), "recovery", agent) for _one in range(3)]
    for appeal in three:
        if what == "lapsed":
            ruled(appeal, "rejected", reviewer)
        else:
            taken = queue.take(appeal, actor=reviewer)
            hearing.ask(taken, "请提供号码注册地与时间", actor=reviewer, revision=taken.revision)

    def but_one(act: Any) -> Any:
        def step(row: Any, *more: Any) -> Any:
            if getattr(row, "appeal", row) == three[0]:
                raise KeyError("张三 13800000000")
            return act(row, *more)

        return step

    monkeypatch.setattr(letters, "closed", but_one(letters.closed))
    monkeypatch.setattr(rulings, "lapse", but_one(rulings.lapse))
    with time_machine.travel(timezone.now() + max(WAIT_FOR_ANSWER, PROPOSAL_LIFE) + MINUTE, tick=False):
        found = swept()
    assert (getattr(found, what), found.stuck) == (2, 1)
    stuck = Event.objects.get(verb="appeal.stuck")
    assert stuck.facts == {"n": 1, "appeals": [three[0].receipt], "faults": {"KeyError": 1}}  # a code, never a text
    assert broken() == []
