"""What waits is counted by a kept statement: it counts for each person, at each moment, what a new one would."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone

from enforcement.models import Decision
from qqops.staff.models import Staff
from qqops.web import counts, overview, panels
from qqops.web.counts import Count
from tests.permissions.addresses import Address
from tests.permissions.conftest import places, spots
from tests.story.once import lasting, story, told

__all__ = ["lasting", "places", "spots", "story", "told"]


@pytest.fixture(autouse=True)
def none_kept() -> Iterator[None]:
    counts._statement.cache_clear()
    yield
    counts._statement.cache_clear()


def asked_by(staff: Staff) -> dict[str, Count]:
    """All that the overview counts for somebody: what is at the side, and the figures."""
    request = RequestFactory().get("/")
    request.user = staff
    found = {f"late {item.url_name}": item.overdue for item in panels.items_for(request)}
    found |= {item.url_name: item.count for item in panels.items_for(request)}
    found |= {str(one.label): one.count for one in overview.figures_for(staff)}
    return {name: count for name, count in found.items() if count}


def test_everybody_is_told_what_waits_for_him_now_by_the_statement_of_his_rights(
    cast: dict[str, Staff], places: list[Address]
) -> None:
    met: set[str] = set()
    for moment in (timezone.now(), timezone.now() + timedelta(days=400)):
        with time_machine.travel(moment, tick=False):
            for staff in cast.values():
                asked = asked_by(staff)
                found = counts.count_for(staff, list(asked.values()))
                anew = {one: min(one.rows(staff).count(), one.cap + 1) for one in asked.values()}
                assert found == anew, staff
                met |= {name for name, one in asked.items() if found[one]}
    assert len(met) > 8, met
    kept = counts._statement.cache_info()
    assert kept.misses == len({staff.permissions for staff in cast.values()}), "made once for each set of rights"
    assert kept.hits == 2 * len(cast) - kept.misses


def test_a_moment_is_now_or_whole_hours_from_it_and_kept_as_that(cast: dict[str, Staff]) -> None:
    def asks(ahead: timedelta) -> Count:
        return Count(lambda _staff: Decision.objects.filter(expires_at__lt=timezone.now() + ahead))

    officer = cast["officer"]
    assert counts._from(timezone.now(), timezone.now() + timedelta(hours=24)) == timedelta(days=1)
    assert counts.count_for(officer, [soon := asks(timedelta(hours=24))]) == {soon: 0}
    for other in (
        asks(timedelta(minutes=30)),
        Count(lambda _staff: Decision.objects.filter(expires_at__date=date.max)),
    ):
        with pytest.raises(ValueError, match="no time but the present"):
            counts.count_for(officer, [other])


def test_no_more_are_counted_than_are_shown_and_nothing_is_asked_where_nothing_can_be(
    cast: dict[str, Staff], django_assert_num_queries: Any
) -> None:
    all_of_us, nobody = Count(lambda _staff: Staff.objects.all(), cap=3), Count(lambda _staff: Staff.objects.none())
    with django_assert_num_queries(1):
        found = counts.count_for(cast["officer"], [all_of_us, nobody])
    assert found == {all_of_us: 4, nobody: 0} and all_of_us.shown(4) == "3+" and all_of_us.shown(3) == "3"
    with django_assert_num_queries(0):
        assert (
            counts.count_for(cast["officer"], [nobody]) == {nobody: 0} and counts.count_for(cast["officer"], []) == {}
        )
