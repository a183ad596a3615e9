"""9.1: a user answers for what is done with his number while he holds it; no later holder is named for it."""

from collections.abc import Callable

from accounts.holders.queries import answers
from accounts.identity.formats import Field
from accounts.models import Number
from qqops.staff.models import Staff
from tests.accounts.holders.test_holder import at, day, succeed
from tests.identities import ADULT, MINOR, tell


def test_9_1_each_day_is_answered_for_by_whoever_held_the_number_then_and_no_other(
    number: Callable[..., Number], setup_actor: Staff
) -> None:
    one = number(started_at=at("2024-03-01 12:00"))
    tell(one, setup_actor, **ADULT)
    second = succeed(one, "2025-06-10 09:00", "2025-08-01 10:00", setup_actor)
    tell(second, setup_actor, **MINOR)
    told = {
        on: [answer.identity_shown[Field.NAME] for answer in answers(one.pk, day(on), with_identity=True)]
        for on in ("2024-02-29", "2024-03-01", "2025-06-10", "2025-07-01", "2025-08-01", "2026-01-01")
    }
    assert list(told.values()) == [[], ["张**"], ["张**"], [], ["李**"], ["李**"]]
