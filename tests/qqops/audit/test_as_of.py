"""Rows as they were: the latest history row at a moment, for one object and for many, in one query a table."""

import time_machine
from django.utils import timezone

from accounts.models import Number, Tenure
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.review.as_of import first_row, row_at, rows_at
from tests.enforcement.acts import decide
from tests.pages import queries


def test_a_row_is_the_latest_at_the_moment_and_none_before_the_first(number, officer):
    before = timezone.now()
    one = number()
    made = timezone.now()
    decide(Kind.FREEZE, one, officer)
    assert row_at(Number, one.pk, before) is None
    assert row_at(Number, one.pk, made).frozen_until is None
    assert row_at(Number, one.pk, timezone.now()).frozen_until is not None
    assert first_row(Number, one.pk).history_type == "+"
    assert row_at(Number, one.pk + 1, made) is None and first_row(Number, one.pk + 1) is None


def test_of_two_rows_of_one_instant_the_later_written_counts(number, setup_actor):
    one = number()
    now = timezone.now()
    act = recorder.act("number.protected", actor=setup_actor, reason="two in one act", facts={"numbers": 1})
    with time_machine.travel(now, tick=False), act as wrote:
        for one.protection in ("", "vip"):
            one.save(update_fields=["protection"])
            wrote.wrote(recorder.history_model(Number))
    assert {row.history_date for row in Number.history.filter(id=one.pk).order_by("-history_id")[:2]} == {now}
    assert row_at(Number, one.pk, now).protection == "vip"


def test_many_objects_cost_one_query_and_what_was_deleted_is_left_out(numbers, officer, setup_actor):
    some = numbers(3)
    for one in some:
        decide(Kind.FREEZE, [one], officer)
    tenure = Tenure.objects.get(number=some[0]).pk
    with queries() as statements:
        assert [row.number_id for row in rows_at(Tenure, timezone.now(), number_id__in=some)] == some
        assert [row.tenure_id for row in rows_at(Measure, timezone.now(), tenure_id=tenure)] == [tenure]
    assert len(statements) == 2
    with recorder.act("demo.built", actor=setup_actor, reason="it goes", facts={"numbers": 1}) as act:
        act.history(Measure, list(Measure.objects.filter(tenure=tenure).values_list("pk", flat=True)), "-")
    assert rows_at(Measure, timezone.now(), tenure_id=tenure) == []
