"""The record was found broken: put it on the trail and tell everybody."""

import hashlib
from datetime import timedelta
from typing import Any

from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.audit.verify import Broken
from qqops.staff.models import Staff

HOUR = timedelta(hours=1)


class Findings:
    """What is remembered of the broken rows as they are found: not the rows, of which there may be any number."""

    def __init__(self) -> None:
        self.rows = 0
        self._tables: set[str] = set()
        self._sum = 0

    def add(self, broken: Broken) -> None:
        self.rows += 1
        self._tables.add(broken.table)
        # In whatever order they were found.
        self._sum += int.from_bytes(hashlib.sha256(f"{broken.what} {broken.table} {broken.row}".encode()).digest())

    def facts(self) -> dict[str, Any]:
        return {"rows": self.rows, "tables": sorted(self._tables)}

    def key(self) -> str:
        """The same for the same rows."""
        return hashlib.sha256(str(self._sum).encode()).hexdigest()[:16]


def sound(findings: Findings) -> None:
    """Each verification is recorded; the same finding is told once an hour, another one at once."""
    facts = findings.facts()
    with recorder.act("audit.broken", actor=Staff.objects.system("system-audit"), reason="", facts=facts) as act:
        raise_alert(act, "record_broken", once=HOUR, once_key=findings.key(), **facts)
