"""Whichever way a row comes into the history, by .save() or by the set-based pen, it is the same row."""

from typing import Any

from django.apps import apps

from qqops.audit import recorder
from qqops.staff.models import Staff
from tests.enforcement.acts import broken
from tests.qqops.staff.acts import grant
from tests.story import Story
from tests.story.once import lasting, story, told

__all__ = ["lasting", "story", "told"]
LIVE: list[Any] = [model for model in apps.get_models() if hasattr(model, "history")]
OWN = ("history_id", "history_date", "event_id")  # of each row


def test_every_row_of_the_story_is_the_same_by_save_and_by_the_pen_column_by_column(
    story: Story, cast: dict[str, Staff], officer: Staff
) -> None:
    grant(cast["agent"], "privacy", cast["sysadmin"], cast["supervisor"])
    compared = 0
    for model in LIVE:
        history: Any = recorder.history_model(model)
        rows = list(model.objects.order_by("pk"))
        assert rows, model
        changing = getattr(model, "changeable_columns", None)  # the database lets the application write no others
        columns = [
            f.name
            for f in model._meta.concrete_fields
            if not f.primary_key and (changing is None or f.column in changing)
        ]
        if not columns:  # it never changes: its one row is of the next test
            continue
        with recorder.act("demo.built", actor=officer, reason="by save", facts={"numbers": 1}) as saved:
            for row in rows:
                row.save(update_fields=columns)
            saved.wrote(history, rows=len(rows))
        with recorder.act("demo.built", actor=officer, reason="by the pen", facts={"numbers": 1}) as penned:
            assert penned.history(model, [row.pk for row in rows]) == len(rows)
        by_save, by_pen = (
            [
                _own(row)
                for row in history.objects.filter(event_id=act.event_id).order_by(model._meta.pk.attname).values()
            ]
            for act in (saved, penned)
        )
        assert by_pen == by_save, model
        compared += len(by_pen)
    assert compared > 3 * len(LIVE)
    assert broken() == []


def _own(row: dict[str, Any]) -> dict[str, Any]:
    assert {*OWN, "history_type", "history_user_id", "history_change_reason"} <= row.keys()
    return {
        name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items() if name not in OWN
    }


def test_a_row_that_is_new_is_the_same_by_save_and_by_the_pen(story: Story, officer: Staff) -> None:
    """What .save() wrote of a new row, against what the pen writes of it as it still stands."""
    compared = set()
    for model in LIVE:
        history: Any = recorder.history_model(model)
        key = model._meta.pk.attname
        first = {row[key]: _own(row) for row in history.objects.filter(history_type=recorder.CREATED).values()}
        changed = set(history.objects.exclude(history_type=recorder.CREATED).values_list(key, flat=True))
        still = [pk for pk in first if pk not in changed]
        with recorder.act("demo.built", actor=officer, reason="by the pen", facts={"numbers": 1}) as act:
            assert act.history(model, still, recorder.CREATED) == len(still)
        for row in history.objects.filter(event_id=act.event_id).values():
            by_pen = _own(row) | {"history_user_id": first[row[key]]["history_user_id"]}
            assert by_pen == first[row[key]], model
            compared.add(model)
    assert len(compared) > len(LIVE) / 2
