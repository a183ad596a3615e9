"""What of an appeal did not reach whom it was for is sent again, by who hears appeals."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages.resend import may_resend, resend, unsent
from appeals.models import Appeal, AppealKey, Delivery, Message
from appeals.policy import COOL_DOWN
from appeals.queue.sweep import sweep
from appeals.recovery import services as recovery
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.delivery import outbox
from qqops.staff.models import Staff
from tests.appeals.heard import filed, ruled
from tests.appeals.messages.posted import deliveries, other_ends, round_of_worker
from tests.cast import succeeded
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.identities import tell
from tests.qqops.alerts.raising import Hook
from tests.terminal import Terminal

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
WHY = "登录系统已恢复，重新发送"


@pytest.fixture
def ends(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hook, Hook]]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with other_ends(settings) as found:
        yield found


def given_up() -> None:
    """The last attempt of all that waits has failed."""
    Delivery.objects.filter(state="pending").update(attempts=outbox.ATTEMPTS - 1)
    assert round_of_worker()["failed"]


@pytest.fixture
def unasked(number: Make, agent: Staff, reviewer: Staff, ends: tuple[Hook, Hook]) -> Appeal:
    """Upheld and closed; for three days the sign-in system did not take the request for new credentials."""
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    round_of_worker()
    with time_machine.travel(timezone.now() + COOL_DOWN + DAY, tick=False):
        sweep(actor=Staff.objects.system("system-appeals"))
        ends[1].status = 503
        given_up()
    ends[1].status = 200
    appeal.refresh_from_db()
    return appeal


def test_a_request_for_new_credentials_is_sent_again_as_the_same(
    unasked: Appeal, agent: Staff, reviewer: Staff, supervisor: Staff, officer: Staff, ends: tuple[Hook, Hook]
) -> None:
    (row,) = unsent(unasked).again
    for stranger in (agent, officer):
        with pytest.raises(Refused, match="role"):
            resend(unasked, actor=stranger, reason=WHY)
    with pytest.raises(Invalid):
        resend(unasked, actor=reviewer, reason=" ")
    assert Delivery.objects.get(pk=row.pk).state == "failed"
    before = head()
    assert resend(unasked, actor=supervisor, reason=WHY) == 1
    row.refresh_from_db()
    assert (row.state, row.attempts, row.fault) == ("pending", 0, "")
    event = Event.objects.get(seq=before + 1)
    assert (event.facts, event.reason) == ({"kind": "recovery", "n": 1}, WHY)
    ends[1].came.clear()
    assert round_of_worker() == Counter(sent=1)
    ((_asked, body),) = ends[1].came
    assert (body["request"], body["receipt"]) == (Message.objects.get(kind="reset").pk, unasked.receipt)
    assert verbs(before) == ["appeal.sent_again", "appeal.sent"]
    with pytest.raises(Invalid, match="No message of this appeal waits to be sent again"):
        resend(unasked, actor=supervisor, reason=WHY)
    assert broken() == []


def test_of_a_number_that_has_another_holder_by_now_no_new_credentials_are_asked_for(
    unasked: Appeal, reviewer: Staff, setup_actor: Staff
) -> None:
    succeeded(unasked.number, setup_actor)
    with pytest.raises(Invalid, match="No message"):
        may_resend(Appeal.objects.get(), reviewer)


def test_what_had_no_way_is_sent_when_there_is_one(
    number: Make, agent: Staff, reviewer: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    appeal, gone = filed(number(), "enquiry", agent), filed(number(), "enquiry", agent)
    assert round_of_worker() == Counter(no_way=2)
    assert unsent(appeal).again == []
    AppealKey.objects.filter(pk=gone.pk).delete()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with other_ends(settings) as (messages, _sign_in):
        assert unsent(gone).again == []  # nobody can read any more what it said
        assert resend(appeal, actor=reviewer, reason=WHY) == 1
        assert round_of_worker() == Counter(sent=1) and len(messages.came) == 1
    assert deliveries(appeal) == [("receipt", "sent", "webhook")]


def test_a_warning_is_sent_again_by_its_own_way_and_not_after_what_it_warned_of(
    number: Make, agent: Staff, reviewer: Staff, setup_actor: Staff, ends: tuple[Hook, Hook]
) -> None:
    one = number()
    tell(one, setup_actor)
    appeal = filed(one, "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    ends[0].status = 500
    given_up()
    kinds = [row.message.kind for row in unsent(Appeal.objects.get()).again]
    assert kinds.count("warning") == 1  # the other way is mail, and that was open
    hearing.withdraw(appeal, actor=agent, reason="申诉人来电说不需要了")
    assert "warning" not in [row.message.kind for row in unsent(Appeal.objects.get()).again]


def test_the_command_tells_first_and_does_it_with_apply(unasked: Appeal, terminal: Terminal) -> None:
    before = head()
    told = terminal("reviewer", "appeals", "resend", unasked.receipt, "--json", "--reason", WHY)
    assert (told.code, told.json) == (4, {"applied": False, "receipt": unasked.receipt, "messages": 1, "outdated": []})
    done = terminal("reviewer", "appeals", "resend", unasked.receipt, "--reason", WHY, "--apply")
    assert (done.code, Delivery.objects.get(message__kind="reset").state) == (0, "pending")
    assert terminal("reviewer", "appeals", "resend", unasked.receipt, "--reason", WHY).code == 2
    assert terminal("agent", "appeals", "resend", unasked.receipt, "--reason", WHY).code == 5
    assert [verb for verb in verbs(before) if verb != "staff.token_issued"] == ["appeal.sent_again", "audit.refused"]


def test_the_command_tells_why_something_is_not_sent_again(
    number: Make, agent: Staff, reviewer: Staff, terminal: Terminal, ends: tuple[Hook, Hook]
) -> None:
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    ends[0].status = 500
    given_up()
    recovery.stop(appeal, actor=agent, reason="当前绑定人来电反对")
    told = terminal("reviewer", "appeals", "resend", appeal.receipt, "--json", "--reason", WHY)
    assert (told.code, told.json["messages"]) == (4, 1)
    assert told.json["outdated"] == [{"message": "ruling", "why": "stopped"}]
    before = head()
    said = terminal("reviewer", "appeals", "resend", appeal.receipt, "--reason", WHY, "--apply")
    assert "decision, not to be sent: the ruling that it tells of was stopped." in said.out
    assert said.code == 0 and verbs(before) == ["staff.token_issued", "appeal.sent_again"]
    ends[0].status = 200
    round_of_worker()
    over = terminal("reviewer", "appeals", "resend", appeal.receipt, "--reason", WHY)
    assert over.code == 2 and "decision, not to be sent: the ruling that it tells of was stopped." in over.error
