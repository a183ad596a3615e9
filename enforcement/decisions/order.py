"""An order: what someone wants decided, before anybody checked it. Every door builds one of these."""

import datetime
import uuid
from dataclasses import dataclass, field

from accounts.lifecycle import FOREVER
from accounts.models import DormancyPolicy
from enforcement.models import Decision
from enforcement.policy import Kind


@dataclass(frozen=True)
class Order:
    """Term: `duration`, or `until`, or `indefinite`; exactly one for restrict and freeze, at most one for adjust (none:
    the end stays), none for the rest. Scopes: what is restricted; of adjust, what is restricted afterwards (none: as it
    was)."""

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
    lift_measures: tuple[int, ...] = ()  # lift, adjust: these measures,
    lift_of: int | None = None  # or those of this decision,
    lift_kinds: tuple[str, ...] = ()  # or all of these kinds ("freeze", "restrict", "freeze:security")
    policy: DormancyPolicy | None = None  # of a reclaim (10.3)
    undoes: Decision | None = None  # undo: exactly what this decision did
    in_error: bool = False  # lift, restore, undo: it was wrong, it never counts again, and the holder has an apology
    article: str = ""  # with “contract”: CODE:CLAUSE of another document of the rulebook (1.2, 1.3)
    severity: str = ""  # policy.Severity: what the ladder is asked with
    departure: str = ""  # why it departs from what the ladder suggests
    detected_by: str = ""  # the rule or model that found the facts (8.1(b)); whoever decides is the maker
    then_review: bool = False  # at its end it goes back to review
    leave_out: tuple[str, ...] = ()  # policy.LeftOut: these of the list are left for review by hand
    files: tuple[int, ...] = ()  # evidence files, taken in before
    source_name: str = ""  # of the list: its kind, filter or case
    source_sha256: str = ""
    case: int | None = None
    ruling: str = ""  # the receipt number of the appeal that this answers (11): it is agreed to with the ruling on it
    ruling_waits: bool = False  # and that ruling waits for a second person
    form_key: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)

    def length(self, start: datetime.datetime) -> datetime.timedelta | None:
        """How long its measures last from start; None: without end."""
        return self.until - start if self.until else self.duration

    def end(self, start: datetime.datetime) -> datetime.datetime | None:
        """When its measures end that begin, or change, at start: FOREVER without end, None where nothing is said."""
        if self.indefinite:
            return FOREVER
        return self.until or (start + self.duration if self.duration else None)
