"""Who answers for a day (9.1): by the days of the house's clock, masked, and at the terminal on the record."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.holders.queries import answers
from accounts.identity.formats import Field
from accounts.models import Identity, Number, Tenure
from qqops.audit.models import Event
from qqops.audit.recorder import CHANGED, act
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import head, verbs
from tests.identities import ADULT, MINOR, tell
from tests.terminal import Terminal

Make = Callable[..., Number]
SHANGHAI = timezone.get_default_timezone()
WHY = "协助查清当日使用人"
TOKEN = "staff.token_issued"


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def succeed(number: Number, left: str, came: str, actor: Staff) -> Tenure:
    """The holder leaves and another comes."""
    first = number.tenure
    assert first is not None
    with act("demo.built", actor=actor, reason="holders of a test", facts={"numbers": 1}):
        first.ended_at = at(left)
        first.save(update_fields=["ended_at"])
        second = Tenure.objects.create(
            number=number, seq=first.seq + 1, channel="web", rules_version=first.rules_version, started_at=at(came)
        )
    return second


def seqs(number: Number, on: str) -> list[int]:
    return [answer.tenure.seq for answer in answers(number.pk, day(on), with_identity=False)]


def test_the_tenure_of_the_day_answers_by_the_clock_of_the_house(number: Make, setup_actor: Staff) -> None:
    one = number(started_at=at("2024-03-01 00:30"))  # still February in UTC
    succeed(one, "2025-06-10 09:00", "2025-06-12 00:00", setup_actor)
    found = {on: seqs(one, on) for on in (
        "2024-02-29", "2024-03-01", "2025-06-10", "2025-06-11", "2025-06-12", f"{timezone.localdate()}",
    )}  # fmt: skip
    assert list(found.values()) == [[], [1], [1], [], [2], [2]]
    with pytest.raises(Invalid):
        answers(one.pk, timezone.localdate() + datetime.timedelta(days=1), with_identity=False)
    assert answers(77_777, day("2025-06-10"), with_identity=True) == []


def test_two_who_held_it_on_one_day_are_both_named_in_order_and_midnight_is_the_next_day(
    number: Make, setup_actor: Staff
) -> None:
    one = number(started_at=at("2024-03-01 12:00"))
    succeed(one, "2025-06-10 09:00", "2025-06-10 18:00", setup_actor)
    assert [seqs(one, on) for on in ("2025-06-09", "2025-06-10", "2025-06-11")] == [[1], [1, 2], [2]]
    two = number(started_at=at("2024-03-01 12:00"))
    succeed(two, "2025-06-10 00:00", "2025-06-10 00:00", setup_actor)
    assert [seqs(two, on) for on in ("2025-06-09", "2025-06-10")] == [[1], [2]]


def test_it_is_told_masked_who_registered_and_who_is_recorded_now(number: Make, setup_actor: Staff) -> None:
    one = number(started_at=at("2024-03-01 12:00"))
    tell(one, setup_actor)
    tell(one, setup_actor, mobile="+8613700000000")
    second = succeed(one, "2025-06-10 09:00", "2025-06-12 00:00", setup_actor)
    tell(second, setup_actor, **MINOR)
    (then,) = answers(one.pk, day("2025-06-10"), with_identity=True)
    assert then.registrant_shown[Field.MOBILE] == "138****5678" and then.identity_shown[Field.MOBILE] == "137****0000"
    assert then.identity_shown[Field.NAME] == "张**"
    (bare,) = answers(one.pk, day("2025-06-10"), with_identity=False)
    assert (bare.identity, bare.registrant, bare.identity_shown, bare.registrant_shown) == (None, None, {}, {})


def test_of_what_is_stopped_nothing_is_shown(number: Make, setup_actor: Staff) -> None:
    one = number()
    identity = tell(one, setup_actor)
    with act("identity.recorded", actor=setup_actor, reason="as a test needs it", facts={"identities": 1}) as given:
        Identity.objects.filter(pk=identity.pk).update(locked_at=timezone.now())
        given.history(Identity, [identity.pk], CHANGED)
    (then,) = answers(one.pk, timezone.localdate(), with_identity=True)
    assert then.identity and then.registrant and (then.identity_shown, then.registrant_shown) == ({}, {})


def test_the_command_tells_masked_and_leaves_one_event(number: Make, setup_actor: Staff, terminal: Terminal) -> None:
    one = number(started_at=at("2024-03-01 12:00"))
    tell(one, setup_actor)

    def ask(login: str, *more: Any, on: str = "2025-06-10") -> Any:
        return terminal(login, "holder", one.pk, "--on", on, "--reason", WHY, *more)

    before = head()
    said = ask("officer", "--ticket", "T-8")
    assert said.code == 0 and "tenure 1: 2024-03-01 12:00 – now" in said.out and "138****5678" in said.out
    assert not any(value in said.out for value in (*ADULT.values(), ADULT["mobile"][3:]))
    assert verbs(before) == [TOKEN, "identity.holder_asked"]
    event = Event.objects.latest("seq")
    assert (event.subject_label, event.reason, event.ticket, event.facts) == (
        str(one.pk), WHY, "T-8", {"day": "2025-06-10", "n": 1},
    )  # fmt: skip
    assert ask("officer", "--json").json["answers"][0]["identity"]["name"] == "张**"
    bare = ask("resources", "--json").json["answers"]
    assert bare[0]["tenure"] == 1 and bare[0]["identity"] == {} and bare[0]["registrant"] == {}
    assert "belonged to nobody" in ask("officer", on="2024-02-01").out
    before = head()
    assert [ask("sysadmin").code, ask("officer", on="2999-01-01").code] == [5, 2]
    assert terminal("officer", "holder", one.pk, "--on", "2025-06-10", "--reason", "no").code == 2
    assert [verb for verb in verbs(before) if verb != TOKEN] == ["audit.refused"]
