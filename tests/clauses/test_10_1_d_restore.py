"""10.1(d): whether a number is given back is decided, by others than who took it, with its reasons and side effects."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.models import Decision
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.appeals.heard import agreed, objection, ruled
from tests.enforcement.acts import broken, terminated

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english", "rulebook")]


def test_10_1_d_who_took_it_neither_rules_on_giving_it_back_nor_agrees_to_it(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    appeal = objection(one, terminated(one, officer, supervisor), agent)
    with pytest.raises(Refused):
        ruled(appeal, "upheld", officer)
    ruling = ruled(appeal, "upheld", reviewer)
    with pytest.raises(Refused, match="took part"):
        agreed(ruling, supervisor)
    agreed(ruling, supervisor2)
    restore = Decision.objects.get(kind="restore")
    assert (restore.maker, restore.in_error, restore.ruling) == (reviewer, True, appeal.receipt)
    assert [str(ground) for ground in restore.grounds.all()] == ["11"]
    assert restore.reason and restore.facts and broken() == []
