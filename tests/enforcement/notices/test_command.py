"""`manage.py notices`: what did not arrive, and trying it again with a reason."""

from collections.abc import Callable

import pytest

from accounts.models import Number, RuleVersion
from enforcement.letters.services import in_use, load_shipped
from enforcement.letters.shipped import BY_CODE
from enforcement.models import LetterTemplate, Notice
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide, head, verbs
from tests.terminal import Terminal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]
WHY = ("--reason", "the contact is set now")


@pytest.fixture
def blocked(number: Make, officer: Staff) -> list[Notice]:
    for _n in range(3):
        decide(Kind.FREEZE, number(), officer)
    Notice.objects.update(state="blocked", fault="empty:appeal", attempts=1)
    sent = Notice.objects.latest("pk")
    Notice.objects.filter(pk=sent.pk).update(state="sent", fault="")
    return list(Notice.objects.select_related("tenure").order_by("pk"))


def test_they_are_listed_by_state_and_by_decision(blocked: list[Notice], terminal: Terminal) -> None:
    said = terminal("agent", "notices", "list", *WHY)
    assert said.code == 0 and len(said.out.splitlines()) == 3 and "  empty:appeal  decision #" in said.out
    said = terminal("agent", "notices", "list", "--state", "sent", "--json", *WHY)
    (one,) = said.json["notices"]
    assert (one["notice"], one["number"], one["state"]) == (blocked[2].pk, blocked[2].tenure.number_id, "sent")
    said = terminal("agent", "notices", "list", "--decision", blocked[0].decision_id, *WHY)
    assert said.out.startswith(f"#{blocked[0].pk}  blocked: the letter is incomplete  88880001  ")
    assert terminal("resources", "notices", "list", *WHY).code == 5


def test_they_are_tried_again_by_a_supervisor_with_a_reason(blocked: list[Notice], terminal: Terminal) -> None:
    before, again = head(), ("notices", "resend", blocked[0].pk, blocked[2].pk, *WHY)
    said = terminal("supervisor", *again)
    assert (said.code, said.out) == (4, "Dry run: nothing is changed. Would be tried again: 1.\n")
    assert verbs(before) == ["staff.token_issued"] and Notice.objects.filter(state="blocked").count() == 2
    said = terminal("supervisor", *again, "--apply")
    assert (said.code, said.out) == (0, "Notices that are tried again: 1.\n")
    states = list(Notice.objects.order_by("pk").values_list("state", "fault", "attempts"))
    assert states == [("pending", "", 0), ("blocked", "empty:appeal", 1), ("sent", "", 1)]
    assert verbs(before) == ["staff.token_issued"] * 2 + ["notice.again"]
    assert Event.objects.get(seq=before + 3).facts == {"n": 1}
    said = terminal("supervisor", "notices", "resend", "--state", "blocked", "--json", *WHY, "--apply")
    assert said.json == {"applied": True, "notices": 1}
    said = terminal("supervisor", "notices", "resend", "--state", "blocked", *WHY, "--apply")
    assert said.code == 2 and "None of these notices waits to be sent again. Nothing was done." in said.error


@pytest.mark.parametrize("more", [(), ("--state", "sent"), ("--state", "pending")])
def test_what_was_sent_is_not_sent_again(blocked: list[Notice], terminal: Terminal, more: tuple[str, ...]) -> None:
    said = terminal("supervisor", "notices", "resend", *more, *WHY, "--apply")
    assert said.code == 2 and "say of which state: blocked, failed, no_way." in said.error


def test_a_supervisor_puts_the_bundled_letters_in_use_that_are_missing(
    rulebook: RuleVersion, terminal: Terminal
) -> None:
    for said in (terminal("officer", "notices", "load", *WHY), terminal("officer", "notices", "load", *WHY, "--apply")):
        assert said.code == 5 and "Your role may not put letters in use." in said.error
    load_shipped(actor=Staff.objects.system("system-setup"))
    LetterTemplate.objects.filter(code="ended").update(state="refused")
    before = head()
    said = terminal("supervisor", "notices", "load", *WHY)
    assert (said.code, said.out) == (4, "Dry run: nothing is changed. Would be put in use: ended.\n")
    assert "ended" not in in_use() and verbs(before) == ["staff.token_issued"]
    said = terminal("supervisor", "notices", "load", "--json", *WHY, "--apply")
    assert said.json == {"applied": True, "letters": ["ended"]}
    made = in_use()["ended"]
    assert (made.version, made.maker.username, made.body_zh) == (2, "system-setup", BY_CODE["ended"].body_zh)
    assert verbs(before) == ["staff.token_issued"] * 2 + ["letter.shipped"]
    event = Event.objects.get(seq=before + 3)
    assert (event.actor.username, event.reason, event.facts) == ("supervisor", WHY[1], {"n": 1})
    said = terminal("supervisor", "notices", "load", *WHY, "--apply")
    assert (said.code, said.out) == (0, "Each letter has a text already. Nothing was done.\n")
    assert verbs(before)[3:] == ["staff.token_issued"] and broken() == []


def test_whoever_may_not_is_refused_and_that_is_recorded(blocked: list[Notice], terminal: Terminal) -> None:
    for more in ((), ("--apply",)):
        before = head()
        said = terminal("officer", "notices", "resend", blocked[0].pk, *WHY, *more)
        assert said.code == 5 and "Your role may not have notices sent again." in said.error
        assert verbs(before)[-1:] == ["audit.refused"]
    assert not Notice.objects.filter(state="pending").exists()
