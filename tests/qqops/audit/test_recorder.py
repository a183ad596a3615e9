"""The pen is the one writer: no event without actor and source, no change without an event, one order of things."""

import contextvars
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Number
from qqops.audit import event_catalogue, origin, recorder
from qqops.audit.models import Event
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head

Make = Callable[..., Number]
History: Any = recorder.history_model(Number)


def test_the_pen_and_save_write_the_same_row_column_by_column(number: Make, officer: Staff) -> None:
    one, two = number(tier=2), number(tier=2)
    with recorder.act("demo.built", actor=officer, reason="by save", facts={"numbers": 1}) as saved:
        one.reclaim_exempt_reason = "军队"
        one.save(update_fields=["reclaim_exempt_reason"])
        saved.wrote(History)
    with recorder.act("demo.built", actor=officer, reason="by pen", facts={"numbers": 1}) as penned:
        Number.objects.filter(pk=two.pk).update(reclaim_exempt_reason="军队")
        assert penned.history(Number, [two.pk]) == 1
    apart = {"history_id", "history_date", "id", "tenure_id", "event_id"}
    by_save, by_pen = (History.objects.filter(event_id=a.event_id).values().get() for a in (saved, penned))
    assert {k: v for k, v in by_pen.items() if k not in apart} == {k: v for k, v in by_save.items() if k not in apart}
    assert by_pen["history_user_id"] == officer.pk and by_pen["history_type"] == "~"
    assert broken() == []


def test_an_act_that_lacks_what_its_sentence_names_raises_and_nothing_is_written(officer: Staff) -> None:
    before = head()
    wanting: tuple[dict[str, Any], ...] = ({}, {"lines": 1})
    for facts in wanting:
        with (
            pytest.raises(LookupError, match="demo.built must carry numbers"),
            recorder.act("demo.built", actor=officer, reason="", facts=facts),
        ):
            Number.objects.exists()
    assert head() == before


@pytest.mark.parametrize("many", [1, 2])
def test_where_the_database_keeps_an_event_from_being_written_nothing_is_done(
    number: Make, officer: Staff, many: int
) -> None:
    """As whoever owns it may have it do, by a rule or a trigger: all of them, or the last."""
    one, before = number(), head()

    def swallow(execute: Any, sql: str, *rest: Any) -> Any:
        return execute(sql.replace("ORDER BY n;", f"WHERE n < {many - 1} ORDER BY n;"), *rest)

    with (
        connection.execute_wrapper(swallow),
        pytest.raises(IntegrityError, match="nothing was done"),
        recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act,
    ):
        Number.objects.filter(pk=one.pk).update(tier=3)
        act.history(Number, [one.pk])
        for _n in range(many - 1):
            with recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 0}):
                pass
    assert (head(), Number.objects.get(pk=one.pk).tier) == (before, one.tier)


def test_an_undeclared_verb_raises_and_nothing_is_written(officer: Staff) -> None:
    before = head()
    with pytest.raises(LookupError, match="number.vanished"), recorder.act("number.vanished", actor=officer, reason=""):
        pytest.fail("the act began")
    assert head() == before
    with pytest.raises(ValueError, match="twice"):
        event_catalogue.declare("demo.built", "again")


def test_without_an_origin_an_act_raises(officer: Staff) -> None:
    def act() -> None:
        with recorder.act("staff.token_issued", actor=officer, reason=""):
            pytest.fail("the act began")

    with pytest.raises(LookupError):
        contextvars.Context().run(act)
    with recorder.act("staff.token_issued", actor=officer, reason=""):
        pass
    assert Event.objects.latest("seq").source == origin.COMMAND


def test_a_save_outside_an_act_raises_and_changes_nothing(number: Make, officer: Staff) -> None:
    one = number()
    one.tier = 3
    with pytest.raises(LookupError), transaction.atomic():
        one.save()
    assert Number.objects.get(pk=one.pk).tier == 0
    with recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act:
        one.save()
        act.wrote(History)
    assert Number.objects.get(pk=one.pk).tier == 3


def test_nested_acts_stand_in_the_order_they_began_and_commit_together(officer: Staff) -> None:
    before = head()
    with recorder.act("staff.token_issued", actor=officer, reason="outer"):
        with recorder.act("staff.token_revoked", actor=officer, reason="inner"):
            pass
        assert head() == before  # the chain lock is taken last
        with (
            pytest.raises(ZeroDivisionError),
            recorder.act("staff.password_reset", actor=officer, reason="fails", facts={"login": "x"}),
        ):
            raise ZeroDivisionError
    found = Event.objects.filter(seq__gt=before).order_by("seq").values_list("seq", "reason")
    assert list(found) == [(before + 1, "outer"), (before + 2, "inner")]


def test_an_act_that_fails_leaves_neither_change_nor_event(number: Make, officer: Staff) -> None:
    one, before = number(), head()
    with (
        pytest.raises(ZeroDivisionError),
        recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 1}) as act,
    ):
        one.tier = 4
        one.save()
        act.wrote(History)
        raise ZeroDivisionError
    assert (head(), Number.objects.get(pk=one.pk).tier, History.objects.filter(id=one.pk).count()) == (before, 0, 1)


def test_a_refusal_is_recorded_though_the_act_is_rolled_back(officer: Staff) -> None:
    before = head()
    with (
        pytest.raises(Refused),
        recorder.refusals(actor=officer, facts={"act": "try"}),
        transaction.atomic(),
        recorder.act("staff.token_issued", actor=officer, reason=""),
    ):
        raise Refused("Your role may not do this.")
    event = Event.objects.get(seq=before + 1)
    assert (event.verb, event.actor, event.facts["act"]) == ("audit.refused", officer, "try")
    assert head() == before + 1


def test_the_chain_is_set_by_the_database_whatever_was_sent(officer: Staff) -> None:
    with recorder.act("staff.token_issued", actor=officer, reason=""):
        pass
    last, first = Event.objects.order_by("-seq")[:2]
    assert (last.seq, bytes(last.prev_hash)) == (first.seq + 1, bytes(first.hash))
    assert len(bytes(last.hash)) == 32


def test_a_label_is_copied_and_survives_a_change_of_name(officer: Staff) -> None:
    with recorder.act("staff.token_issued", actor=officer, reason=""):
        pass
    seen = Event.objects.latest("seq").actor_label
    with recorder.act("staff.password_reset", actor=officer, reason="", facts={"login": "officer"}) as act:
        officer.name = "新名字"
        officer.save(update_fields=["name"])
        act.wrote(recorder.history_model(Staff))
    assert Event.objects.get(verb="staff.token_issued").actor_label == seen == "officer"


def test_every_verb_reads_as_a_sentence_even_without_its_facts() -> None:
    assert all(event_catalogue.sentence(code, {}) for code in event_catalogue.declared())
    assert event_catalogue.sentence("long.forgotten", {}) == "long.forgotten"


@pytest.mark.django_db(transaction=True)
def test_a_save_outside_an_act_changes_nothing_though_nothing_rolls_it_back(officer: Staff) -> None:
    before = officer.password
    officer.set_password("quite another Pass 8")
    with pytest.raises(LookupError):
        officer.save()
    assert Staff.objects.get(pk=officer.pk).password == before


def test_a_refusal_within_an_act_is_recorded_once_by_whoever_stands_around_that_act(officer: Staff) -> None:
    before = head()
    with (
        pytest.raises(Refused),
        recorder.refusals(actor=officer, facts={"act": "outer"}),
        recorder.act("demo.built", actor=officer, reason="gone with what is refused in it", facts={"numbers": 1}),
        recorder.refusals(actor=officer, facts={"act": "inner"}),
    ):
        raise Refused("No.")
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts["act"]) == ("audit.refused", "outer")
