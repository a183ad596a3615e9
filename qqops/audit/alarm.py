"""The record was found broken: put it on the trail and tell everybody."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from qqops.alerts.services import raise_alert
from qqops.audit import pen
from qqops.audit.verify import Broken
from qqops.staff.models import Staff

HOUR = timedelta(hours=1)


def sound(broken: Sequence[Broken]) -> None:
    """Each finding is recorded; the same finding is told once an hour, another one at once."""
    facts: dict[str, Any] = {"rows": len(broken), "tables": sorted({b.table for b in broken})}
    with pen.act("audit.broken", actor=Staff.objects.system("system-audit"), reason="", facts=facts) as act:
        raise_alert(act, "record_broken", once=HOUR, once_key=_digest(broken), **facts)


def _digest(broken: Sequence[Broken]) -> str:
    named = sorted(f"{b.what} {b.table} {b.row}" for b in broken)
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
