"""What a door has left on the record: each event, the names of its facts, and the rows that name it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, transaction

from qqops.audit import digests, privileges
from qqops.audit.models import Event


class Line(NamedTuple):
    """An event, as it stands in docs/acts.md."""

    verb: str
    source: str
    facts: str
    rows: str


def head() -> int:
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def left(after: int) -> list[Line]:
    """The events since, in order. Their rows are counted in the tables, and must be what the event itself claims."""
    events = list(Event.objects.filter(seq__gt=after).order_by("seq"))
    found = _rows([event.pk for event in events]) if events else {}
    lines = []
    for event in events:
        rows, digested = found.pop(event.pk, ({}, b""))
        assert rows == {table: n for table, n in event.rows.items() if n}, event.verb
        assert not rows or digested == bytes(event.rows_digest), event.verb
        counted = ", ".join(f"{table} {n}" for table, n in sorted(rows.items()))
        lines.append(Line(event.verb, event.source, ", ".join(sorted(event.facts)), counted))
    assert found == {}
    return lines


def _rows(events: list[Any]) -> dict[Any, tuple[dict[str, int], bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(digests.by_event(privileges.record_tables(), "r.event = ANY(%(events)s)"), {"events": events})
        return {event: (json.loads(rows), bytes(digested)) for event, rows, digested in cursor.fetchall()}


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done within is taken back, so that each door is tried on the same story."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
