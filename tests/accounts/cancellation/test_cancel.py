"""The holder cancels: all that stands against it at once, fifteen days to think better of it, then nothing is left."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.cancellation import services as cancel
from accounts.cancellation.queries import blockers
from accounts.declarations.services import declare
from accounts.models import Erasure, Hold, Identity, Number, PurgeCertificate, Tenure
from accounts.protection.services import protect
from accounts.quarantine.policy import Blocker, Confirmation
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.people.services import join
from tests.accounts.disclosures.asking import register, review
from tests.accounts.logins.files import logins
from tests.accounts.quarantine.steps import (
    ALL,
    WHY,
    cancelled,
    carried_out,
    ended,
    history,
    hold,
    later,
    lift,
    purged,
    state,
)
from tests.enforcement.acts import approve, broken, decide, head, verbs
from tests.terminal import Terminal

pytestmark = pytest.mark.usefixtures("in_english", "rulebook")

Make = Callable[..., Number]
Many = Callable[..., list[int]]


def test_it_begins_once_everything_is_confirmed_and_says_until_when(numbers: Many, agent: Staff) -> None:
    two, before = numbers(2), head()
    for missing in Confirmation:
        with pytest.raises(Invalid, match=str(missing.label)):
            cancel.cancel(two, set(ALL) - {missing.value}, actor=agent, reason=WHY)
    assert verbs(before) == [] and state(two[0]) == "in_use"
    cancelled(two, agent)
    assert verbs(before) == ["number.cancellation_begun"]
    event = Event.objects.latest("seq")
    assert (event.actor, event.rows) == (agent, {"accounts_historicalnumber": 2})
    assert (event.facts["clause"], event.facts["confirmed"]) == ("12.1", list(ALL))
    one = Number.objects.get(pk=two[0])
    assert one.lifecycle == "cancel_pending" and one.due_at is not None
    assert datetime.timedelta(days=15) - (one.due_at - timezone.now()) < datetime.timedelta(minutes=1)
    assert history(two[0]) == ["in_use", "cancel_pending"] and broken() == []


def test_every_blocker_is_listed_for_every_number_and_nothing_is_done(
    number: Make, numbers: Many, agent: Staff, officer: Staff
) -> None:
    frozen, asleep, legal, objecting, asking, free = number(), number("allocated"), *(number() for _n in range(4))
    guarded = number(protection="system", tier=4)
    decide(Kind.FREEZE, frozen, officer)
    hold(legal.pk, Hold.Kind.LEGAL, "court 7", actor=officer)
    hold(objecting.pk, Hold.Kind.APPEAL, "A-7", actor=officer)
    hold(objecting.pk, Hold.Kind.REQUEST, "R-7", actor=officer)
    hold(asking.pk, Hold.Kind.REQUEST, "R-8", actor=officer)
    everything = [one.pk for one in (frozen, asleep, legal, objecting, asking, free, guarded)]
    expected = {
        frozen.pk: ["measure"], asleep.pk: ["state"], legal.pk: ["legal_hold"],
        objecting.pk: ["request", "appeal"], asking.pk: ["request"],
        guarded.pk: ["protected"],
    }  # fmt: skip
    assert blockers(everything) == expected | {free.pk: []}
    before = head()
    with pytest.raises(Refused) as refused:
        cancel.cancel(everything, ALL, actor=agent, reason=WHY)
    for pk, codes in expected.items():
        assert f"{pk}: {', '.join(str(Blocker(code).label) for code in codes)}" in str(refused.value)
    assert verbs(before) == ["audit.refused"] and state(free.pk) == "in_use"
    assert Event.objects.latest("seq").facts["params"]["blockers"] == {
        "measure": 1, "state": 1, "legal_hold": 1, "request": 2, "appeal": 1, "protected": 1,
    }  # fmt: skip


def test_what_is_paid_for_keeps_it_until_its_time_is_over_and_always_where_it_has_no_end(
    numbers: Many, agent: Staff
) -> None:
    paid, endless, over, free = [*numbers(3, paid=True), *numbers(1)]
    for number, days in ((paid, 1), (over, -1)):
        Tenure.objects.filter(number=number).update(paid_until=timezone.now() + datetime.timedelta(days=days))
    before = head()
    for number in (paid, endless):
        with pytest.raises(Refused, match=f"{number}: paid for until later$"):
            cancelled([number], agent)
    cancelled([over, free], agent)
    assert [state(n) for n in (paid, endless, over, free)] == ["in_use"] * 2 + ["cancel_pending"] * 2
    assert verbs(before) == ["audit.refused", "audit.refused", "number.cancellation_begun"]


def test_a_request_that_the_holder_may_not_know_of_shows_nowhere_and_keeps_the_number_all_the_same(
    numbers: Many, agent: Staff, privacy: Staff
) -> None:
    one, other = numbers(2)
    review(register(agent, one), privacy, "registrant", secret=True)
    register(agent, other)
    assert blockers([one, other]) == {one: [], other: ["request"]}
    cancelled([one], agent)
    with later(days=16):
        assert ended() == {"request": 1} and state(one) == "cancel_pending"


def test_who_may_not_who_declared_it_and_unknown_numbers(
    number: Make, agent: Staff, officer: Staff, rulebook: object
) -> None:
    one = number()
    with pytest.raises(Refused, match="may not"):
        cancel.cancel([one.pk], ALL, actor=officer, reason=WHY)
    with pytest.raises(Invalid, match="77777"):
        cancel.cancel([one.pk, 77_777], ALL, actor=agent, reason=WHY)
    with pytest.raises(Invalid, match="At most 200"):
        cancel.cancel(range(20_000, 20_201), ALL, actor=agent, reason=WHY)
    with pytest.raises(Invalid, match="reason"):
        cancel.cancel([one.pk], ALL, actor=agent, reason="no")
    declare(agent, [one.pk], "own", actor=agent)
    with pytest.raises(Refused, match="declared"):
        cancel.cancel([one.pk], ALL, actor=agent, reason=WHY)
    assert state(one.pk) == "in_use"


def test_it_is_withdrawn_by_the_holders_word_within_the_cooling_off_and_not_later(numbers: Many, agent: Staff) -> None:
    one, two = numbers(2)
    cancelled([one, two], agent)
    before = head()
    with later(days=14):
        assert cancel.withdraw([one], actor=agent, reason=WHY) == 1
    assert (verbs(before), state(one)) == (["number.cancellation_withdrawn"], "in_use")
    assert Event.objects.latest("seq").facts == {"clause": "12.1", "numbers": 1, "cause": "holder"}
    assert Number.objects.get(pk=one).due_at is None
    for number, when in ((two, 16), (one, 1)):
        with later(days=when), pytest.raises(Refused, match=str(number)):
            cancel.withdraw([number], actor=agent, reason=WHY)
    assert history(one) == ["in_use", "cancel_pending", "in_use"] and broken() == []


def test_a_login_withdraws_it_only_when_it_was_made_within_the_cooling_off(
    numbers: Many, agent: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    before, within, after = numbers(3)
    cancelled([before, within, after], agent)
    now = timezone.now()
    with later(days=15.5):
        lines = [
            (before, now - datetime.timedelta(minutes=1), "qq"),
            (within, now + datetime.timedelta(days=14), "game-7"),
            (within, now + datetime.timedelta(days=15, hours=1), "qq"),  # says nothing against the one in time
            (after, now + datetime.timedelta(days=15, hours=1), "qq"),
        ]
        covers = ("--covers", timezone.now().isoformat())
        said = terminal(None, "import_logins", logins(tmp_path, lines), *covers, "--apply", "--json").json
        assert (said["withdrawn"], said["logins"]) == (1, 4)
        assert [state(n) for n in (before, within, after)] == ["cancel_pending", "in_use", "cancel_pending"]
        event = Event.objects.get(verb="number.cancellation_withdrawn")
        assert event.facts == {"clause": "12.1", "numbers": 1, "cause": "login"} and event.subject_id == str(within)
        assert carried_out() == {"cancelled": 2}
    assert [state(n) for n in (before, within, after)] == ["quarantined", "in_use", "quarantined"] and broken() == []


def test_at_day_15_it_ends_and_is_purged_and_forgotten_in_one_go(
    identity: Callable[..., Identity], agent: Staff
) -> None:
    tenure = identity().tenure
    one = tenure.number_id
    cancelled([one], agent)
    with later(days=14.9):
        assert ended() == {} and state(one) == "cancel_pending"
    before = head()
    with later(days=15.1):
        assert ended() == {"cancelled": 1} and purged() == {}
    assert verbs(before) == [
        "logins.file_recorded",
        "number.cancelled",
        "number.purged",
        "identity.erased",
        "number.quarantined",
    ]
    assert history(one) == ["in_use", "cancel_pending", "terminated", "purged", "quarantined"]
    gone = Number.objects.get(pk=one)
    assert (gone.terminated_under, gone.tenure_id) == ("12.1", None)
    assert gone.terminated_at is not None and gone.due_at is not None
    assert gone.due_at - gone.terminated_at >= datetime.timedelta(days=180)
    assert Tenure.objects.get(pk=tenure.pk).ended_at is not None
    assert Identity.objects.get(pk=tenure.pk).erased_at is not None
    assert Erasure.objects.get(tenure=tenure).basis == "cancelled"
    certificate = PurgeCertificate.objects.get(tenure=tenure)
    assert certificate.cleared == {"right_of_use": 1, "identity": 1}
    assert certificate.kept == {"record": "", "registers": ""} and broken() == []


def test_what_came_meanwhile_leaves_it_pending_until_it_is_over(numbers: Many, agent: Staff, officer: Staff) -> None:
    objecting, sued, free = numbers(3)
    cancelled([objecting, sued, free], agent)
    hold(objecting, Hold.Kind.APPEAL, "A-7", actor=officer)
    hold(sued, Hold.Kind.LEGAL, "court 7", actor=officer)
    with later(days=16):
        assert ended() == {"cancelled": 1, "appeal": 1, "legal": 1}
        assert [state(n) for n in (objecting, sued, free)] == ["cancel_pending", "cancel_pending", "quarantined"]
        lift(Hold.Kind.APPEAL, "A-7", actor=officer)
        assert ended() == {"cancelled": 1, "legal": 1}
    assert [state(n) for n in (objecting, sued)] == ["quarantined", "cancel_pending"] and broken() == []


def test_a_legal_freeze_keeps_it_pending_and_another_measure_does_not(
    numbers: Many, agent: Staff, officer: Staff, supervisor: Staff
) -> None:
    by_law, by_us = numbers(2)
    cancelled([by_law, by_us], agent)
    legal = {"freeze_kind": "legal", "clauses": ("law",), "citation": "CPL 144", "indefinite": True}
    approve(decide(Kind.FREEZE, [by_law], officer, **legal), supervisor)
    approve(decide(Kind.FREEZE, [by_us], officer, indefinite=True), supervisor)
    with later(days=16):
        assert ended() == {"cancelled": 1, "legal_freeze": 1}
    assert (state(by_law), state(by_us)) == ("cancel_pending", "quarantined") and broken() == []


def test_a_protected_number_is_cancelled_when_a_supervisor_has_ended_the_protection(
    number: Make, agent: Staff, supervisor: Staff
) -> None:
    one = number(protection="vip")
    with pytest.raises(Refused, match="a supervisor must end the protection first"):
        cancelled([one.pk], agent)
    protect([one.pk], "", actor=supervisor, reason=WHY)
    cancelled([one.pk], agent)
    assert state(one.pk) == "cancel_pending" and broken() == []


def test_one_person_begins_so_many_in_a_day_and_no_more_and_somebody_is_told(
    numbers: Many, agent: Staff, officer: Staff
) -> None:
    """What is refused for another reason does not count."""
    some, more, held = numbers(150), numbers(50), numbers(100)
    other = join("agent2", "agent", password="", actor=Staff.objects.system("system-setup"), reason="one more agent")
    hold(held[0], Hold.Kind.APPEAL, "A-7", actor=officer)
    for _time in range(2):
        with pytest.raises(Refused, match="Something stands against"):
            cancel.cancel(held, ALL, actor=agent, reason=WHY)
    cancelled(some, agent)
    cancelled(more, agent)
    before = head()
    for _time in range(2):
        with pytest.raises(Refused, match="reached the limit"):
            cancel.cancel([held[1]], ALL, actor=agent, reason=WHY)
    assert verbs(before) == ["staff.limit_reached"] and Alert.objects.get().code == "quota"
    assert state(held[1]) == "in_use"
    cancelled([held[1]], other)
    assert broken() == []


def test_it_waits_until_every_login_of_its_cooling_off_is_known_and_for_ever_if_nobody_says_so(
    numbers: Many, agent: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    """What ends it cannot be undone: the login of day 14 may be in a file that comes on day 16. The last line of a file
    says nothing of that: it may be of another service."""
    one, regretting, used = numbers(3)
    cancelled([one, regretting], agent)
    until = Number.objects.get(pk=one).due_at
    assert until is not None

    def imports(lines: list[tuple[int, datetime.datetime, str]], *covers: object) -> None:
        assert terminal(None, "import_logins", logins(tmp_path, lines), *covers, "--apply").code == 0

    for days in (15.1, 17.1, 60):
        with later(days=days):
            assert carried_out() == {"feed": 2}
            imports([(used, timezone.now(), "mail")])
            assert carried_out() == {"feed": 2}
    with later(days=61):
        imports([], "--covers", until - datetime.timedelta(seconds=1))
        assert carried_out() == {"feed": 2}
        assert "waits: no login file has been said to cover the last days" in terminal(None, "purge").out
        imports([(regretting, until - datetime.timedelta(days=1), "im")], "--covers", until)
        assert carried_out() == {"cancelled": 1}
    assert [state(n) for n in (one, regretting)] == ["quarantined", "in_use"] and broken() == []


def test_the_command_records_withdraws_and_lists_what_stands_against_it(
    numbers: Many, terminal: Terminal, officer: Staff
) -> None:
    one, held = numbers(2)
    hold(held, Hold.Kind.APPEAL, "A-7", actor=officer)
    words = ("--reason", WHY)
    dry = terminal("agent", "cancel", one, "--confirmed", "all", *words)
    assert (dry.code, state(one)) == (4, "in_use")
    some = terminal("agent", "cancel", one, "--confirmed", "balance", *words, "--apply")
    assert some.code == 2 and "wallet closed" in some.error
    for apply in ((), ("--apply",)):
        refused = terminal("agent", "cancel", one, held, "--confirmed", "all", *words, *apply)
        assert refused.code == 5 and f"{held}: an open appeal" in refused.error
    done = terminal("agent", "cancel", one, "--confirmed", "all", *words, "--apply")
    assert done.code == 0 and "Cancellations begun: 1." in done.out
    back = terminal("agent", "cancel", one, "--withdraw", *words, "--apply", "--json")
    assert back.json == {"applied": True, "withdraw": True, "numbers": 1} and state(one) == "in_use"
    assert terminal("agent", "cancel", one, "--withdraw", *words).code == 5
    assert terminal("officer", "cancel", one, "--confirmed", "all", *words).code == 5
