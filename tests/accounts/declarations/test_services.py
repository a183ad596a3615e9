"""Declared numbers: each his own list, which only another person shortens; every attempt is on the record."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from accounts.declarations.queries import is_self_dealing, numbers_before, own_numbers
from accounts.declarations.services import AT_ONCE, declare, refuse_own, withdraw
from accounts.models import DeclaredNumber, Number
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.policy import ROLES
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.runs.test_races import together
from tests.terminal import Terminal

Make = Callable[..., Number]
pytestmark = pytest.mark.django_db
REASON = "号码已转给他人使用"


def mine(staff: Staff) -> list[tuple[int, str]]:
    return list(own_numbers(staff).order_by("number").values_list("number", "relation"))


def rows_of(event: Event) -> dict[str, int]:
    history: Any = history_model(DeclaredNumber)
    assert history.objects.filter(event_id=event.pk).count() == sum(event.rows.values())
    return dict(event.rows)


def test_a_person_declares_several_and_each_leaves_its_row(officer: Staff) -> None:
    before = head()
    done = declare(officer, [90_002, 90_001, 90_002], "relative", actor=officer)
    assert (done.declared, done.already) == (2, 0)
    assert mine(officer) == [(90_001, "relative"), (90_002, "relative")]
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.actor, event.facts) == (
        "number.declared", officer, {"relation": "relative", "declared": 2},
    )  # fmt: skip
    assert rows_of(event) == {"accounts_historicaldeclarednumber": 2}
    with translation.override("en"):
        assert str(event.sentence) == "declared numbers as own or a relative's: 2"
    assert broken() == []


def test_what_is_on_the_list_stays_as_it_is_and_leaves_no_event(officer: Staff) -> None:
    declare(officer, [90_001], "own", actor=officer)
    before = head()
    done = declare(officer, [90_001], "relative", actor=officer)
    assert (done.declared, done.already, mine(officer)) == (0, 1, [(90_001, "own")])
    assert verbs(before) == []
    done = declare(officer, [90_001, 90_003], "relative", actor=officer)
    assert (done.declared, done.already) == (1, 1)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_declares_its_own(cast: dict[str, Staff], role: str) -> None:
    assert declare(cast[role], [90_001], "own", actor=cast[role]).declared == 1


def test_nobody_declares_for_another_and_the_outsider_not_at_all(
    officer: Staff, supervisor: Staff, outsider: Staff
) -> None:
    before = head()
    with pytest.raises(Refused):
        declare(officer, [90_001], "own", actor=supervisor)
    with pytest.raises(Refused):
        declare(outsider, [90_001], "own", actor=outsider)
    assert verbs(before) == ["audit.refused", "audit.refused"]
    assert not DeclaredNumber.objects.exists()


def test_a_bad_list_is_refused_whole_and_leaves_no_trace(officer: Staff) -> None:
    before = head()
    with pytest.raises(Invalid, match=str(AT_ONCE)):
        declare(officer, range(90_000, 90_001 + AT_ONCE), "own", actor=officer)
    with pytest.raises(Invalid):
        declare(officer, [90_001], "friend", actor=officer)
    assert verbs(before) == [] and mine(officer) == []


def test_another_person_ends_a_declaration_and_it_may_be_made_anew(officer: Staff, supervisor: Staff) -> None:
    declare(officer, [90_001, 90_002], "own", actor=officer)
    first, before = DeclaredNumber.objects.get(number=90_001), head()
    withdraw(first, actor=supervisor, reason=REASON, ticket="T-9")
    first.refresh_from_db()
    assert first.ended_by == supervisor and first.ended_at and mine(officer) == [(90_002, "own")]
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_label, event.reason, event.ticket, event.facts) == (
        "number.declaration_ended", "90001", REASON, "T-9", {"relation": "own", "ended": 1},
    )  # fmt: skip
    assert rows_of(event) == {"accounts_historicaldeclarednumber": 1}
    with pytest.raises(Invalid):
        withdraw(first, actor=supervisor, reason=REASON)
    assert declare(officer, [90_001], "relative", actor=officer).declared == 1
    assert mine(officer) == [(90_001, "relative"), (90_002, "own")]
    assert broken() == []


def test_nobody_ends_his_own_nor_without_the_right_nor_without_a_reason(
    officer: Staff, supervisor: Staff, supervisor2: Staff, auditor: Staff
) -> None:
    declare(supervisor, [90_001], "own", actor=supervisor)
    one, before = DeclaredNumber.objects.get(), head()
    for actor in (supervisor, officer, auditor):
        with pytest.raises(Refused):
            withdraw(one, actor=actor, reason=REASON)
    assert verbs(before) == ["audit.refused"] * 3
    refusal = Event.objects.get(seq=before + 1)
    assert (refusal.actor, refusal.subject_label, refusal.facts["act"]) == (supervisor, "90001", "end_declaration")
    with pytest.raises(Invalid):
        withdraw(one, actor=supervisor2, reason="ok")
    assert mine(supervisor) == [(90_001, "own")]
    withdraw(one, actor=supervisor2, reason=REASON)
    assert mine(supervisor) == []


def test_a_number_shows_to_whoever_declared_it_and_to_nobody_else(
    number: Make, officer: Staff, officer2: Staff
) -> None:
    one = number()
    declare(officer, [one.pk], "own", actor=officer)
    assert is_self_dealing(numbers_before(officer).get(pk=one.pk))
    assert not is_self_dealing(numbers_before(officer2).get(pk=one.pk)) and not is_self_dealing(one)
    with pytest.raises(Refused) as refused:
        refuse_own(officer, [one.pk, 77_777])
    assert refused.value.params == {"own": 1}
    refuse_own(officer2, [one.pk])
    refuse_own(officer, [77_777])


def test_a_live_declaration_is_one_by_the_database_too(officer: Staff) -> None:
    declare(officer, [90_001], "own", actor=officer)
    again = DeclaredNumber.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError, match="declared_once"), transaction.atomic():
        DeclaredNumber.objects.bulk_create([again])


@pytest.mark.django_db(transaction=True)
def test_the_same_list_sent_twice_at_once_and_by_two_people_is_declared_once_each(
    officer: Staff, officer2: Staff
) -> None:
    ids = list(range(90_000, 90_050))
    found = together(
        lambda: declare(officer, ids, "own", actor=officer),
        lambda: declare(officer, ids[::-1], "relative", actor=officer),
        lambda: declare(officer2, ids, "own", actor=officer2),
    )
    assert sorted((f.declared, f.already) for f in found) == [(0, 50), (50, 0), (50, 0)]
    assert len(mine(officer)) == len(mine(officer2)) == 50
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_two_supervisors_end_one_declaration_and_one_is_told(
    officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    declare(officer, [90_001], "own", actor=officer)
    one = DeclaredNumber.objects.get()
    found = together(*[lambda a=a: withdraw(one, actor=a, reason=REASON) for a in (supervisor, supervisor2)])
    assert sorted(type(f).__name__ for f in found) == ["DeclaredNumber", "Invalid"]
    assert Event.objects.filter(verb="number.declaration_ended").count() == 1
    assert list(verify()) == []


def test_the_command_declares_what_the_dry_run_showed(terminal: Terminal, officer: Staff) -> None:
    words = ("declare", "90001", "QQ:90002", "--relation", "own", "--reason", "家人的号码")
    said = terminal("officer", *words)
    assert said.code == 4 and "would declare 90001, 90002" in said.out and mine(officer) == []
    said = terminal("officer", *words, "--json")
    assert (said.code, said.json) == (4, {"applied": False, "numbers": [90001, 90002], "relation": "own"})
    said = terminal("officer", *words, "--apply", "--json")
    assert (said.code, said.json) == (0, {"applied": True, "declared": 2, "already": 0})
    said = terminal("officer", *words, "--apply")
    assert said.code == 0 and "Declared: 0, on your list already: 2." in said.out
    assert terminal("officer", "declare", "12", "--relation", "own", "--reason", "家人的号码").code == 2
