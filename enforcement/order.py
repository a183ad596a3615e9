"""An order: what someone wants decided, before anybody checked it. Every door builds one of these."""

import datetime
import uuid
from dataclasses import dataclass, field

from accounts.models import DormancyPolicy
from enforcement.policy import Kind


@dataclass(frozen=True)
class Order:
    """Term: `duration`, or `until`, or `indefinite`; exactly one for restrict and freeze, none for the rest."""

    kind: Kind
    clauses: tuple[str, ...]  # codes of policy.BASES
    facts: str
    evidence: tuple[str, ...]
    reason: str
    ticket: str = ""
    citation: str = ""
    freeze_kind: str = ""
    scopes: tuple[str, ...] = ()
    duration: datetime.timedelta | None = None
    until: datetime.datetime | None = None
    indefinite: bool = False
    lift_measures: tuple[int, ...] = ()  # lift: these measures,
    lift_of: int | None = None  # or those of this decision,
    lift_kinds: tuple[str, ...] = ()  # or all of these kinds ("freeze", "restrict", "freeze:security")
    policy: DormancyPolicy | None = None  # of a reclaim (10.3)
    form_key: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)

    def length(self, start: datetime.datetime) -> datetime.timedelta | None:
        """How long its measures last from start; None: without end."""
        return self.until - start if self.until else self.duration
