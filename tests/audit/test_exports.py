"""The trail as a file: a file too many is refused before anything was counted for it."""

import pytest

from qqops.audit import exports
from qqops.audit.models import Event
from qqops.errors import Refused
from qqops.staff.models import Staff
from qqops.staff.signin.throttle import LIMITS
from tests.enforcement.acts import head, verbs
from tests.web.door import queries


def test_past_the_limit_nothing_is_counted_and_that_is_on_the_trail(auditor: Staff) -> None:
    for _n in range(LIMITS["export"].hits):
        exports.export(Event.objects.all(), "csv", {}, actor=auditor)
    before = head()
    with queries() as told, pytest.raises(Refused):
        exports.export(Event.objects.all(), "csv", {}, actor=auditor)
    assert [sql for sql in told if "COUNT(" in sql] == []
    assert verbs(before) == ["staff.limit_reached"]
