"""A list is taken in once, sealed, its taker's alone, and forgotten after two days; the record keeps its hash."""

from array import array
from collections.abc import Callable

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from accounts.identity.minors import minors_among
from accounts.lists.given_list import GivenList
from accounts.models import Number
from enforcement import tasks
from enforcement.lists import services as lists
from enforcement.lists.number_set import Listed
from enforcement.models import ListKey, TargetList
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, broken, head, verbs
from tests.identities import ADULT, MINOR, tell

Many = Callable[..., list[int]]
SHA = "ab" * 32


def given(numbers: list[int], name: str = "CSV") -> GivenList:
    return GivenList(name, SHA, array("q", numbers))


def test_a_list_taken_in_is_sealed_and_on_the_record_and_only_its_taker_finds_it(
    officer: Staff, officer2: Staff, auditor: Staff
) -> None:
    before = head()
    taken = lists.take_in(given([88812346, 88812345, 88812346]), actor=officer)
    listed = lists.open_list(taken)
    assert (list(listed), listed.given, listed.count, len(listed)) == ([88812345, 88812346], 3, 2, 2)
    event = Event.objects.latest("seq")
    assert verbs(before) == ["list.taken_in"]
    assert event.facts == {"list": "CSV", "sha256": SHA, "lines": 3, "numbers": 2}
    assert array("q", [88812345]).tobytes() not in bytes(TargetList.objects.get().numbers)
    assert lists.list_of(taken.pk, officer) == taken and lists.list_of(taken.pk, officer2) is None
    with pytest.raises(ProgrammingError), transaction.atomic():
        TargetList.objects.filter(pk=taken.pk).update(name="another")
    with pytest.raises(Refused):
        lists.take_in(given([88812345]), actor=auditor)
    with pytest.raises(Invalid):
        lists.take_in(given([88812345], "filter: 13800138000"), actor=officer)
    assert verbs(before) == ["list.taken_in", "audit.refused"] and TargetList.objects.count() == 1
    assert broken() == []


def test_a_list_is_forgotten_after_two_days_and_not_before(officer: Staff) -> None:
    taken, now, before = lists.take_in(given([88812345]), actor=officer), timezone.now(), head()
    keeper = Staff.objects.system("system-retention")
    assert lists.forget(actor=keeper, now=now + 2 * DAY - HOUR) == 0
    tasks.forget_lists(0)
    assert list(lists.open_list(taken)) == [88812345] and verbs(before) == []
    assert lists.forget(actor=keeper, now=now + 2 * DAY + HOUR) == 1
    assert verbs(before) == ["list.forgotten"] and not ListKey.objects.exists() and TargetList.objects.exists()
    with pytest.raises(Invalid, match="两天|two days"):
        lists.open_list(taken)
    assert broken() == []


def test_a_filter_reads_in_key_order_and_no_further_than_its_limit(
    numbers: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = numbers(4)
    found = lists.matched(Number.objects.filter(pk__in=ids), name="filter")
    assert list(found.numbers) == ids and len(found.sha256) == 64
    monkeypatch.setattr(lists, "MATCHED_MAX", 3)
    with pytest.raises(Invalid, match="3"):
        lists.matched(Number.objects.filter(pk__in=ids), name="filter")
    with pytest.raises(Invalid):
        lists.matched(Number.objects.none(), name="filter")


def test_minors_are_counted_by_holder_and_registrant_and_not_in_a_list_too_long(
    number: Callable[..., Number], setup_actor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    adult, minor, untold = number(), number(), number()
    tell(adult, setup_actor, **ADULT)
    tell(minor, setup_actor, **MINOR)
    listed = Listed([adult.pk, minor.pk, untold.pk])
    assert lists.minors_of(listed) == 1 == minors_among([minor.pk]) and minors_among([adult.pk, untold.pk]) == 0
    monkeypatch.setattr(lists, "COUNTED_MAX", 2)
    assert lists.minors_of(listed) is None


def test_numbers_are_told_apart_by_how_many_digits_they_have() -> None:
    assert lists.digits_of([12345, 123456, 123457]) == {5: 1, 6: 2}
