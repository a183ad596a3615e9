"""3.3: by whatever channel a number came, the Rules hold for it: nothing at registration exempts anybody."""

from collections.abc import Callable

import pytest

from accounts.allocation.services import allocate
from accounts.models import Number, NumberRange
from accounts.resources.policy import CHANNELS
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, terms, wish
from tests.cast import make_numbers
from tests.enforcement.acts import decide


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if channel != "campaign"])
def test_3_3_whatever_the_channel_a_number_has_no_exemption_and_can_be_frozen(
    supply: Callable[..., NumberRange], resources: Staff, officer: Staff, channel: str
) -> None:
    supply(284_170_000, 284_170_999, "test")
    (one,) = allocate(wish(terms=terms(channel, reference="letter 7")), actor=resources, reason=WHY)
    number = Number.objects.get(pk=one.number)
    assert (number.protection, number.reclaim_exempt_reason, number.legal_hold) == ("", "", False)
    assert decide(Kind.FREEZE, [one.number], officer).applied == 1


def test_3_3_an_exemption_of_the_last_holder_does_not_pass_to_the_next(
    supply: Callable[..., NumberRange], resources: Staff
) -> None:
    supply(284_170_000, 284_170_999, "test")
    make_numbers([284_170_111], "available")
    Number.objects.filter(pk=284_170_111).update(reclaim_exempt_reason="telephone contract")
    allocate(wish(numbers=(284_170_111,)), actor=resources, reason=WHY)
    assert Number.objects.get(pk=284_170_111).reclaim_exempt_reason == ""
