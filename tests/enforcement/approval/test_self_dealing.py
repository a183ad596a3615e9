"""Nobody acts on, or rules on, what he declared as his own or a relative's; protected numbers need a supervisor."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from accounts.declarations.services import declare, withdraw
from accounts.models import DeclaredNumber, Number
from accounts.protection.services import protect
from enforcement.decisions import services as decisions
from enforcement.decisions.preview import glance, preview
from enforcement.decisions.queries import inbox
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import AGREED, DAY, approve, broken, decide, head, order, refuse, verbs
from tests.enforcement.decisions.test_commands import GROUNDS
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = pytest.mark.django_db
OWN = "Among these numbers is one that you declared as your own or a relative's: another person must act."


@contextmanager
def refused(message: str) -> Iterator[None]:
    """By its message's id, whatever language it would be read in."""
    with pytest.raises(Refused) as found:
        yield
    assert found.value.message == message


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.UNDO])
def test_a_list_of_three_with_one_own_is_refused_whole_and_once_on_the_record(
    numbers: Many, officer: Staff, officer2: Staff, kind: Kind
) -> None:
    ids = numbers(3)
    declare(officer, [ids[1], 77_777], "relative", actor=officer)
    before = head()
    more = {"duration": DAY} if kind == Kind.ADJUST else {}
    with refused(OWN):
        decide(kind, ids, officer, **more)
    assert verbs(before) == ["audit.refused"]
    event = Event.objects.latest("seq")
    assert (event.actor, event.facts, event.subject_label) == (
        officer, {"why": OWN, "params": {"own": 1}, "act": kind.value, "targets": 3, "numbers": ids}, "",
    )  # fmt: skip
    assert not Decision.objects.exists() and not Measure.objects.exists()
    assert set(Number.objects.values_list("revision", flat=True)) == {0}
    if kind not in (Kind.LIFT, Kind.ADJUST, Kind.RESTORE):
        assert decide(kind, ids, officer2).targets == 3
    assert broken() == []


def test_the_refusal_names_few_numbers_is_about_one_and_names_no_long_list(numbers: Many, officer: Staff) -> None:
    ids = numbers(11)
    declare(officer, ids[:1], "own", actor=officer)
    for targets, named, about in ((ids[:1], ids[:1], str(ids[0])), (ids[:10], ids[:10], ""), (ids, None, "")):
        with refused(OWN):
            decide(Kind.FREEZE, targets, officer)
        event = Event.objects.latest("seq")
        assert (event.facts.get("numbers"), event.subject_label, event.facts["targets"]) == (
            named, about, len(targets),
        )  # fmt: skip


def test_one_own_among_many_chunks_refuses_them_all(numbers: Many, officer: Staff, settings: object) -> None:
    settings.QQOPS_CHUNK = 100  # type: ignore[attr-defined]
    ids = numbers(450)
    declare(officer, ids[-1:], "own", actor=officer)
    with refused(OWN):
        decide(Kind.FREEZE, ids, officer)
    assert decide(Kind.FREEZE, ids[:-1], officer).decision.target_count == 449


def test_a_declared_number_that_nobody_ever_touched_refuses_too(number: Make, officer: Staff) -> None:
    declare(officer, [77_777], "own", actor=officer)
    with refused(OWN):
        decide(Kind.FREEZE, [number().pk, 77_777], officer)


def test_the_glance_of_a_form_is_refused_and_is_no_attempt(number: Make, officer: Staff) -> None:
    one = number()
    declare(officer, [one.pk], "own", actor=officer)
    before = head()
    with refused(OWN):
        glance(Kind.FREEZE, [one.pk], actor=officer)
    with refused(OWN):
        preview(order(), [one.pk], actor=officer)
    assert verbs(before) == []  # the door that tries to act records


def test_an_ended_declaration_stands_in_nobodys_way(number: Make, officer: Staff, supervisor: Staff) -> None:
    one = number()
    declare(officer, [one.pk], "own", actor=officer)
    withdraw(DeclaredNumber.objects.get(), actor=supervisor, reason="已核实并非本人号码")
    assert decide(Kind.FREEZE, one, officer).applied == 1


@pytest.mark.parametrize("kind", [Kind.FREEZE, Kind.TERMINATE])
def test_an_approver_rules_on_nothing_that_reaches_a_number_of_his(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff, kind: Kind
) -> None:
    ids = numbers(3)
    more = {"indefinite": True} if kind == Kind.FREEZE else {}
    report = decide(kind, ids, officer, **more)
    other = decide(kind, numbers(1, "allocated"), officer, **more)
    assert list(inbox(supervisor).order_by("pk")) == [report.decision, other.decision]
    declare(supervisor, ids[2:], "relative", actor=supervisor)
    assert list(inbox(supervisor)) == [other.decision]
    assert list(inbox(supervisor2).order_by("pk")) == [report.decision, other.decision]
    before = head()
    for rule_on in (approve, refuse):
        with refused(OWN):
            rule_on(report, supervisor)
    assert verbs(before) == ["audit.refused"] * 2
    event = Event.objects.latest("seq")
    assert (event.subject_label, event.facts) == (
        str(report.decision), {"why": OWN, "params": {"own": 1}, "act": "refuse"},
    )  # fmt: skip
    assert approve(report, supervisor2).applied == 3
    assert broken() == []


def test_an_approver_of_a_lift_is_held_to_both(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    ids = numbers(101)
    approve(decide(Kind.FREEZE, ids, officer), supervisor)
    lift = decide(Kind.LIFT, ids, officer)
    declare(supervisor2, ids[:1], "own", actor=supervisor2)
    with refused("You took part in what this undoes: another person must rule on it."):
        approve(lift, supervisor)
    with refused(OWN):
        approve(lift, supervisor2)


def test_what_the_maker_declares_after_two_people_decided_stops_nothing(
    numbers: Many, officer: Staff, supervisor: Staff
) -> None:
    ids = numbers(101)
    report = decide(Kind.FREEZE, ids, officer)
    report = approve(report, supervisor, later=lambda _decision: None)
    declare(officer, ids[:1], "own", actor=officer)
    applied, skipped = apply(report.decision, actor=officer)
    assert (applied, +skipped) == (101, {})


def test_the_commands_refuse_with_5_dry_or_not_and_record_it_once(
    numbers: Many,
    terminal: Terminal,
    officer: Staff,
    supervisor: Staff,
) -> None:
    ids = numbers(3)
    declare(officer, ids[:1], "own", actor=officer)
    for more in ((), ("--apply",), ("--json",)):
        before = head()
        said = terminal("officer", "enforce", "freeze", *ids, *GROUNDS, "--for", "7d", *more)
        assert (said.code, said.error) == (5, OWN)
        assert verbs(before).count("audit.refused") == 1
        assert Event.objects.latest("seq").facts["params"] == {"own": 1}
    decision = decide(Kind.TERMINATE, ids[1:], officer).decision
    declare(supervisor, ids[2:], "own", actor=supervisor)
    for answer in ([], ["--apply"], ["--refuse", "--apply"]):
        before = head()
        said = terminal("supervisor", "approve", decision.pk, "--reason", AGREED, *answer)
        assert (said.code, said.error) == (5, OWN)
        assert verbs(before).count("audit.refused") == 1


# Protected numbers


@pytest.mark.parametrize("protection", ["vip", "system"])
def test_a_short_freeze_of_a_protected_number_waits_for_a_supervisor(
    numbers: Many, officer: Staff, supervisor: Staff, protection: str
) -> None:
    plain, (guarded,) = numbers(2), numbers(1, protection=protection)
    assert preview(order(), [*plain, guarded], actor=officer).protected == 1
    report = decide(Kind.FREEZE, [*plain, guarded], officer)
    assert (report.decision.rule, report.decision.effect, report.applied) == ("protected", "waits", 0)
    assert decide(Kind.FREEZE, plain[:1], officer).decision.rule == "alone"
    assert approve(report, supervisor).applied == 1 + 1
    assert Number.objects.get(pk=guarded).protection == protection
    assert broken() == []


def test_a_supervisors_own_act_on_one_waits_for_another(number: Make, supervisor: Staff, supervisor2: Staff) -> None:
    one = number(protection="vip")
    report = decide(Kind.FREEZE, one, supervisor)
    with refused("You made this decision: another person must rule on it."):
        approve(report, supervisor)
    assert approve(report, supervisor2).applied == 1


def test_a_protected_number_that_would_not_change_asks_for_nobody(numbers: Many, officer: Staff) -> None:
    guarded = numbers(1, "terminated", protection="system")
    report = decide(Kind.FREEZE, [*numbers(1), *guarded], officer)
    assert (report.decision.rule, report.applied) == ("alone", 1)


def test_a_protection_set_after_the_look_is_noticed_and_after_the_proposal_voids_it(
    number: Make, officer: Staff, supervisor: Staff, resources: Staff
) -> None:
    one = number()
    found = preview(order(), [one.pk], actor=officer)
    protect([one.pk], "vip", actor=resources, reason="重要号码予以保护")
    with pytest.raises(Invalid):
        decisions.decide(order(), [one.pk], actor=officer, found=found)
    two = number()
    report = decide(Kind.TERMINATE, two, officer)
    protect([two.pk], "vip", actor=resources, reason="应用户要求保护")
    assert approve(report, supervisor).decision.state == "void"
