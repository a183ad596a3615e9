"""What a line of the feed says of a number: measures with their ends, lifecycle, which holder; nothing of a person."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Number, NumberRange
from enforcement.decisions.services import Report
from enforcement.measures.expiry import expire
from enforcement.models import Measure
from enforcement.policy import FreezeKind, Kind
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import cleared, later, purged, quarantined, released, terminate
from tests.enforcement.acts import DAY, HOUR, approve, broken, decide, head
from tests.enforcement.feed.gateway import line, lines, of_the_docs
from tests.terminal import Terminal

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]
Many = Callable[..., list[int]]
FOREVER = "9999-12-31T00:00:00+00:00"
SECURITY = {"clauses": ("6.2",), "freeze_kind": FreezeKind.SECURITY}


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def until(report: Report) -> datetime.datetime:
    found = Measure.objects.get(decision=report.decision).until
    assert found is not None
    return found


def test_a_number_without_measures_says_its_lifecycle_and_its_holder_in_turn(number: Make) -> None:
    one = number()
    assert lines(head() - 1) == [
        {
            "seq": head(), "number": one.pk, "tenure": 1, "state": "in_use", "lifecycle": "in_use",
            "frozen_until": None, "restricted_until": None, "scopes": {}, "freeze_kinds": {},
        }
    ]  # fmt: skip


def test_each_measure_in_force_is_told_with_its_end_and_the_last_end_counts(
    number: Make, officer: Staff, agent: Staff, supervisor: Staff
) -> None:
    one = number()
    short = decide(Kind.FREEZE, one, agent, **SECURITY, duration=24 * HOUR)
    long = decide(Kind.FREEZE, one, officer, duration=3 * DAY)
    some = decide(Kind.RESTRICT, one, officer, scopes=("send_msg", "mail"), duration=2 * DAY)
    more = approve(decide(Kind.RESTRICT, one, officer, scopes=("mail",), indefinite=True), supervisor)
    assert more.decision.state == "applied"
    told = line(one.pk)
    assert (told["seq"], told["state"], told["lifecycle"]) == (lines(0)[-1]["seq"], "frozen", "in_use")
    assert moment(told["frozen_until"]) == until(long) and told["restricted_until"] == FOREVER
    assert {kind: moment(end) for kind, end in told["freeze_kinds"].items()} == {
        "security": until(short), "violation": until(long),
    }  # fmt: skip
    assert list(told["scopes"]) == ["mail", "send_msg"] and told["scopes"]["mail"] == FOREVER
    assert moment(told["scopes"]["send_msg"]) == until(some)
    assert broken() == []


def test_what_is_over_is_not_told_though_no_sweep_has_passed(number: Make, officer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, duration=1 * DAY)
    decide(Kind.RESTRICT, one, officer, duration=3 * DAY)
    with time_machine.travel(timezone.now() + 2 * DAY):
        told = line(one.pk)
    assert (told["state"], told["frozen_until"], told["freeze_kinds"]) == ("restricted", None, {})
    assert list(told["scopes"]) == ["send_msg"] and told["restricted_until"] == told["scopes"]["send_msg"]


def test_a_gateway_knows_from_one_line_how_the_number_stands_at_any_later_moment(number: Make, officer: Staff) -> None:
    state_at = of_the_docs()["state_at"]
    one = number()
    decide(Kind.FREEZE, one, officer, duration=1 * DAY)
    decide(Kind.RESTRICT, one, officer, duration=3 * DAY)
    told, now = line(one.pk), timezone.now()
    for after, state in ((0 * DAY, "frozen"), (2 * DAY, "restricted"), (4 * DAY, "in_use")):
        with time_machine.travel(now + after):
            assert state_at(told, timezone.now()) == line(one.pk)["state"] == state
    terminate([one.pk])
    assert state_at(line(one.pk), now) == "terminated"


def test_a_lift_is_told_and_a_sweep_too(number: Make, officer: Staff, officer2: Staff, expiry_actor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    decide(Kind.LIFT, one, officer2)
    assert (line(one.pk)["state"], line(one.pk)["freeze_kinds"]) == ("in_use", {})
    decide(Kind.RESTRICT, one, officer, duration=1 * DAY)
    before = head()
    with time_machine.travel(timezone.now() + 2 * DAY):
        expire(actor=expiry_actor)
    assert [(state["number"], state["state"]) for state in lines(before)] == [(one.pk, "in_use")]


def test_terminated_purged_released_and_registered_again_the_next_holder_has_nothing_of_the_last(
    supply: Callable[..., NumberRange], number: Make, officer: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    supply(284_970_000, 284_979_999, "test")  # its numbers need no holder who is known
    one = number(id=284_970_533)
    decide(Kind.RESTRICT, one, officer, duration=30 * DAY)
    terminate([one.pk])
    told = line(one.pk)
    assert (told["state"], told["tenure"], list(told["scopes"])) == ("terminated", 1, ["send_msg"])
    with later(days=31):
        assert purged() == {"purged": 1}
    told = line(one.pk)
    assert (told["state"], told["tenure"], told["scopes"], told["restricted_until"]) == ("quarantined", None, {}, None)
    with later(days=31 + 181):
        cleared(tmp_path, [one.pk])
        assert released() == {"available": 1}
    assert line(one.pk)["state"] == "available"
    with later(days=31 + 182):
        told_why = ("--channel", "web", "--accepted", "explicit", "--reason", "registered again in a test")
        said = terminal("resources", "allocate", "--number", one.pk, *told_why, "--apply", "--json")
        assert said.code == 0, said
    told = line(one.pk)
    assert (told["state"], told["tenure"], told["scopes"], told["freeze_kinds"]) == ("allocated", 2, {}, {})


def test_a_line_has_these_fields_and_no_text_of_anybody(number: Make, officer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, facts="欧阳的号码群发诈骗链接")
    quarantined([number().pk])
    for told in lines(0):
        assert set(told) == {
            "seq", "number", "tenure", "state", "lifecycle", "frozen_until", "restricted_until", "scopes",
            "freeze_kinds",
        }  # fmt: skip
    assert "欧阳" not in json.dumps(lines(0), ensure_ascii=False)
