"""4.1(b): information is kept current: its age is seen, a change is recorded, and what has grown old is asked for."""

import datetime
from collections.abc import Callable

import time_machine
from django.utils import timezone

from accounts.corrections.services import demand
from accounts.identity.formats import Field
from accounts.identity.policy import STALE_AFTER
from accounts.identity.queries import identities, standing
from accounts.identity.verification import verify
from accounts.models import CorrectionDemand, Identity, Number
from qqops.staff.models import Staff
from tests.demands import WHY
from tests.identities import tell

DAY = datetime.timedelta(days=1)


def problem(identity: Identity, field: str) -> str:
    found = standing(identities().get(pk=identity.pk).tenure)
    return next(item.problem for item in found if item.field == field)


def test_4_1_b_an_old_mobile_is_demanded_anew_and_confirming_it_is_enough(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    identity = tell(number(), setup_actor, verified=("document", "mobile"))
    term = STALE_AFTER[Field.MOBILE]
    with time_machine.travel(timezone.now() + term - DAY):
        assert problem(identity, "mobile") == ""
    with time_machine.travel(timezone.now() + term + DAY):
        assert problem(identity, "mobile") == "outdated"
        demand(identity.tenure, "mobile", "outdated", actor=agent, reason=WHY)
        verify(identity, "mobile", method="mobile_code", result="match", source="短信验证平台", actor=agent)
        assert problem(identity, "mobile") == ""
        assert CorrectionDemand.objects.get().closed == "met"


def test_4_1_b_a_change_leaves_the_time_and_the_row_of_what_was_before(
    number: Callable[..., Number], setup_actor: Staff
) -> None:
    one = number()
    before = tell(one, setup_actor)
    after = tell(one, setup_actor, mobile="+8613700000000")
    assert before.mobile_at and after.mobile_at and after.mobile_at > before.mobile_at
    assert after.name_at == before.name_at
    kept = Identity.history.filter(tenure_id=before.pk).order_by("history_id")
    assert [bytes(row.mobile) for row in kept] == [bytes(before.mobile or b""), bytes(after.mobile or b"")]
