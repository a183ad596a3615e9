"""4.1(a): the information that a registration needs is filled in, and what is missing is seen."""

import datetime
from collections.abc import Callable

import pytest

from accounts.identity.formats import Field
from accounts.identity.queries import standing
from accounts.models import Number
from qqops.staff.models import Staff
from tests.identities import ADULT, tell

Make = Callable[..., Number]


def missing(number: Number) -> list[str]:
    tenure = Number.objects.select_related("tenure__identity").get(pk=number.pk).tenure
    assert tenure is not None
    return [item.field for item in standing(tenure) if item.problem == "missing"]


@pytest.mark.parametrize(
    ("registered", "needed"),
    [("2016-05-01", [Field.MOBILE]), ("2017-06-01", [Field.NAME, Field.DOCUMENT, Field.MOBILE])],
)
def test_4_1_a_what_a_registration_of_its_day_needs_is_missing_until_it_is_given(
    number: Make, setup_actor: Staff, registered: str, needed: list[str]
) -> None:
    one = number(started_at=datetime.datetime.fromisoformat(f"{registered}T04:00+00:00"))
    assert missing(one) == needed
    tell(one, setup_actor, mobile=ADULT["mobile"])
    assert missing(one) == [field for field in needed if field != Field.MOBILE]
    tell(one, setup_actor)
    assert missing(one) == []
    tell(one, setup_actor, mobile=None)
    assert missing(one) == [Field.MOBILE]
