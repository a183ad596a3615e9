"""What waits is counted by a kept statement: it counts for each person, at each moment, what a new one would."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import QuerySet
from django.test import RequestFactory
from django.utils import timezone

from enforcement.models import Decision
from qqops import counts, panels
from qqops.staff.models import Staff
from tests.permissions.addresses import Address
from tests.permissions.conftest import places, spots
from tests.story.once import lasting, story, told

__all__ = ["lasting", "places", "spots", "story", "told"]


@pytest.fixture(autouse=True)
def none_kept() -> Iterator[None]:
    counts._statement.cache_clear()
    yield
    counts._statement.cache_clear()


def items_of(staff: Staff) -> list[panels.Item]:
    request = RequestFactory().get("/")
    request.user = staff
    return panels.items_for(request)


def counted_anew(staff: Staff) -> dict[str, int]:
    sets: dict[str, QuerySet[Any] | None] = {}
    for item in items_of(staff):
        sets[item.url_name] = item.count and item.count(staff)
        sets[counts.OVERDUE + item.url_name] = item.overdue and item.overdue(staff)
    return {name: min(rows.count(), counts.CAP + 1) for name, rows in sets.items() if rows is not None}


def test_everybody_is_told_what_waits_for_him_now_by_the_statement_of_his_rights(
    cast: dict[str, Staff], places: list[Address]
) -> None:
    met: set[str] = set()
    for moment in (timezone.now(), timezone.now() + timedelta(days=400)):
        with time_machine.travel(moment, tick=False):
            for staff in cast.values():
                found = counts.waiting_for(staff, items_of(staff))
                assert found == counted_anew(staff), staff
                met |= {name for name, n in found.items() if n}
    assert len(met) > 8, met
    kept = counts._statement.cache_info()
    assert kept.misses == len({staff.permissions for staff in cast.values()}), "made once for each set of rights"
    assert kept.hits == 2 * len(cast) - kept.misses


def test_an_item_that_asks_for_another_time_than_now_is_refused(cast: dict[str, Staff]) -> None:
    def asks(moment: datetime) -> panels.Item:
        def soon(_staff: Staff) -> QuerySet[Decision]:
            return Decision.objects.filter(expires_at__lt=moment)

        return panels.Item("work", "Soon", "admin:index", (), soon, 0)

    assert counts.waiting_for(cast["officer"], [asks(timezone.now())]) == {"admin:index": 0}
    with pytest.raises(ValueError, match="no time but the present"):
        counts.waiting_for(cast["officer"], [asks(timezone.now() + timedelta(days=1))])
