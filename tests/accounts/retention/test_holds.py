"""Legal hold 诉讼保留: placed on a set, lifted by another person, and what it keeps. domain.md §9."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Hold, Number, Tenure
from accounts.retention.holds import held, lift, lift_expired, place
from accounts.tasks import expired_holds
from qqops.alerts.models import Beat
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.enforcement.acts import head, verbs

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = pytest.mark.django_db
WHY, CASE = "the court asks for it", "(2026)粤0305民初1号"


def tenures(*numbers: int) -> list[int]:
    return list(Tenure.objects.filter(number__in=numbers).order_by("number").values_list("pk", flat=True))


def marks(*numbers: int) -> list[tuple[bool, int]]:
    return list(Number.objects.filter(pk__in=numbers).order_by("pk").values_list("legal_hold", "revision"))


def test_a_set_is_held_in_one_event_and_the_numbers_say_so(numbers: Many, officer: Staff) -> None:
    ids = numbers(3)
    place(tenures(*ids[:1]), "legal", CASE, actor=officer, reason=WHY)
    before = head()
    assert place(tenures(*ids), "legal", CASE, actor=officer, reason=WHY, ticket="T-4") == 2
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts, event.ticket, event.rows) == (
        "number.hold_placed",
        {"kind": "legal", "reference": CASE, "targets": 3},
        "T-4",
        {"accounts_historicalhold": 2, "accounts_historicalnumber": 2},
    )
    assert marks(*ids) == [(True, 1)] * 3 and held(tenures(*ids)) == set(tenures(*ids))
    assert history_model(Hold).objects.filter(event_id=event.pk).count() == 2  # type: ignore[attr-defined]
    assert whole()


def test_another_person_than_who_placed_it_lifts_it_and_a_second_hold_stays(
    number: Make, privacy: Staff, supervisor: Staff, officer: Staff
) -> None:
    one = number()
    place(tenures(one.pk), "legal", CASE, actor=privacy, reason=WHY)
    place(tenures(one.pk), "legal", "another case", actor=officer, reason=WHY)
    first, second = Hold.objects.order_by("pk")
    before = head()
    for who in (privacy, officer):  # he placed it; his role may not
        with pytest.raises(Refused):
            lift(first, actor=who, reason=WHY)
    assert verbs(before) == ["audit.refused"] * 2
    lift(first, actor=supervisor, reason=WHY)
    assert marks(one.pk) == [(True, 1)]
    lift(second, actor=supervisor, reason=WHY)
    assert marks(one.pk) == [(False, 2)] and held(tenures(one.pk)) == set()
    event = Event.objects.latest("seq")
    assert (event.verb, event.subject_label, event.rows) == (
        "number.hold_lifted", str(one.pk), {"accounts_historicalhold": 1, "accounts_historicalnumber": 1},
    )  # fmt: skip
    with pytest.raises(Invalid):
        lift(second, actor=supervisor, reason=WHY)
    assert whole()


def test_who_may_not_and_what_is_malformed_is_refused(number: Make, agent: Staff, officer: Staff) -> None:
    one = number()
    its = tenures(one.pk)
    with pytest.raises(Refused):
        place(its, "legal", CASE, actor=agent, reason=WHY)
    event = Event.objects.latest("seq")
    assert (event.subject_label, event.facts["act"], event.facts["numbers"]) == (str(one.pk), "place_hold", [one.pk])
    earlier = timezone.now() - datetime.timedelta(minutes=1)
    before = head()
    for reference, reason, until in (
        (" ", WHY, None), (CASE, "no", None), (CASE, WHY, earlier), ("case of 13812345678", WHY, None),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            place(its, "legal", reference, actor=officer, reason=reason, until=until)
    assert verbs(before) == []
    declare(officer, [one.pk], "own", actor=officer)
    with pytest.raises(Refused):
        place(its, "legal", CASE, actor=officer, reason=WHY)
    assert not Hold.objects.exists()


def test_placed_again_it_is_prolonged_and_never_shortened(number: Make, officer: Staff) -> None:
    its = tenures(number().pk)
    now = timezone.now()
    spans = [now + datetime.timedelta(days=n) for n in (10, 30)]
    place(its, "legal", CASE, actor=officer, reason=WHY, until=spans[0])
    before = head()
    for until in (spans[1], None):
        assert place(its, "legal", CASE, actor=officer, reason=WHY, until=until) == 1
    for until in (spans[0], None):
        with pytest.raises(Invalid, match="already"):
            place(its, "legal", CASE, actor=officer, reason=WHY, until=until)
    assert verbs(before) == ["number.hold_placed"] * 2 and Hold.objects.get().until is None
    kinds = history_model(Hold).objects.order_by("history_id").values_list("history_type", "until")  # type: ignore[attr-defined]
    assert list(kinds) == [("+", spans[0]), ("~", spans[1]), ("~", None)]
    assert whole()


def test_a_hold_whose_time_is_over_holds_nothing_and_is_tidied(
    number: Make, officer: Staff, setup_actor: Staff
) -> None:
    one = number()
    its = tenures(one.pk)
    place(its, "legal", CASE, actor=officer, reason=WHY, until=timezone.now() + datetime.timedelta(days=30))
    assert lift_expired(actor=setup_actor) == 0 and held(its) == set(its)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)):
        assert held(its) == set()
        assert lift_expired(actor=setup_actor) == 1
    assert marks(one.pk) == [(False, 2)] and Event.objects.latest("seq").verb == "number.hold_expired"
    assert whole()


def test_the_worker_ends_holds_in_chunks_within_minutes(numbers: Many, officer: Staff, settings: Any) -> None:
    settings.QQOPS_CHUNK = 2
    ids = numbers(3)
    place(tenures(*ids), "legal", CASE, actor=officer, reason=WHY, until=timezone.now() + datetime.timedelta(days=1))
    before = head()
    with time_machine.travel(timezone.now() + datetime.timedelta(days=2)):
        expired_holds(0)
        assert Beat.objects.get(pk="accounts.holds").at > timezone.now() - datetime.timedelta(minutes=5)
    assert marks(*ids) == [(False, 2)] * 3 and verbs(before) == ["number.hold_expired"] * 2
    assert whole()
