"""The whole of the story, on four numbers of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import Number
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.story.cases import Cases, cases
from tests.story.enforcing import Enforcing, enforcing
from tests.story.hearing import Hearing, hearing_room
from tests.story.people import People, people
from tests.story.supply import Supply, supply


@dataclass(frozen=True)
class Story:
    numbers: list[int]
    people: People
    cases: Cases
    supply: Supply
    enforcing: Enforcing
    hearing: Hearing


def tell_story(cast: Mapping[str, Staff], first: int = 50_001) -> Story:
    ids = list(range(first, first + 4))
    make_numbers(ids)
    told = people(cast, list(Number.objects.filter(pk__in=ids).select_related("tenure").order_by("pk")))
    of_cases, of_supply, of_enforcing = cases(cast, told), supply(cast, first), enforcing(cast, first)
    return Story(ids, told, of_cases, of_supply, of_enforcing, hearing_room(cast, first))
