"""Erasing beside other acts on the same tenure, on real connections: nothing comes back, nothing happens twice."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.models import Erasure, Identity, IdentityKey
from accounts.retention.erasure import erase
from accounts.retention.holds import place
from accounts.rights.answer import carry_out, content_hash
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.rights.steps import WHY, Cast, answer, ask
from tests.enforcement.runs.test_races import together
from tests.identities import tell

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db(transaction=True)
AGAIN = 5


def test_what_is_told_at_the_same_moment_does_not_bring_a_key_back(identity: Make, cast: Cast) -> None:
    retention = Staff.objects.system("system-retention")
    for _again in range(AGAIN):
        one = identity()
        found = together(
            partial(erase, [one.pk], basis="reapplied", actor=retention, reason=""),
            partial(tell, one.tenure, cast["privacy"], mobile="+8613700000000"),
        )
        assert not isinstance(found[0], Exception) and (isinstance(found[1], Refused | Identity)), found
        one.refresh_from_db()
        assert one.erased_at is not None and one.mobile is None
    assert not IdentityKey.objects.exists() and list(verify()) == []


def test_a_hold_placed_at_the_same_moment_comes_first_or_too_late_and_never_half(former: Make, cast: Cast) -> None:
    retention = Staff.objects.system("system-retention")
    for _again in range(AGAIN):
        one = former()
        done, _placed = together(
            partial(erase, [one.pk], basis="retention", actor=retention, reason=""),
            partial(place, [one.pk], "legal", "a case", actor=cast["officer"], reason=WHY),
        )
        assert done.erased + done.kept == 1
        assert IdentityKey.objects.filter(pk=one.pk).exists() == bool(done.kept)
    assert list(verify()) == []


def test_two_supervisors_carry_out_one_request_once(former: Make, cast: Cast) -> None:
    request = answer(ask(former(), cast["agent"]), cast["privacy"])
    seen = content_hash(request)
    found = together(
        *(
            partial(carry_out, request, actor=cast[who], reason=WHY, content_hash=seen)
            for who in ("supervisor", "supervisor2")
        )
    )
    assert sorted(isinstance(one, Invalid) for one in found) == [False, True], found
    assert Erasure.objects.count() == 1 and list(verify()) == []
