"""The lifecycle of a number as tables (docs/lifecycles.md). Imports no module of this project.

A number has one lifecycle state. Its tenure may have any number of concurrent measures (enforcement). The shown state
is derived from both.
"""

import datetime
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Lifecycle(TextChoices):
    RESERVED = "reserved", _("reserved")
    PRE_RELEASE = "pre_release", _("pre-release")
    AVAILABLE = "available", _("available")
    ALLOCATED = "allocated", _("allocated, not activated")
    IN_USE = "in_use", _("in use")
    CANCEL_PENDING = "cancel_pending", _("cancellation pending")
    TERMINATED = "terminated", _("terminated")
    PURGED = "purged", _("purged")
    QUARANTINED = "quarantined", _("quarantined")
    RETIRED = "retired", _("retired")


class Shown(TextChoices):
    """The state that staff see: the first of terminated, cancellation pending, frozen, restricted, lifecycle."""

    RESERVED = "reserved", _("reserved")
    PRE_RELEASE = "pre_release", _("pre-release")
    AVAILABLE = "available", _("available")
    ALLOCATED = "allocated", _("allocated, not activated")
    IN_USE = "in_use", _("in use")
    CANCEL_PENDING = "cancel_pending", _("cancellation pending")
    TERMINATED = "terminated", _("terminated")
    PURGED = "purged", _("purged")
    QUARANTINED = "quarantined", _("quarantined")
    RETIRED = "retired", _("retired")
    FROZEN = "frozen", _("frozen")
    RESTRICTED = "restricted", _("restricted")


class Move(NamedTuple):
    """One transition of docs/lifecycles.md, with its clause."""

    transition: str
    source: str
    target: str
    clause: str


L = Lifecycle
MOVES = (
    Move("T2", L.RESERVED, L.PRE_RELEASE, "2"),
    Move("T2", L.PRE_RELEASE, L.RESERVED, "2"),
    Move("T3", L.PRE_RELEASE, L.AVAILABLE, "3.1"),
    Move("T3", L.AVAILABLE, L.PRE_RELEASE, "3.1"),
    Move("T2", L.AVAILABLE, L.RESERVED, "2"),  # both steps back at once
    Move("T4", L.AVAILABLE, L.ALLOCATED, "3.1"),
    Move("T5", L.ALLOCATED, L.IN_USE, "5.1"),
    Move("T6", L.ALLOCATED, L.TERMINATED, "10.3"),
    Move("T12", L.IN_USE, L.TERMINATED, "10.1"),
    Move("T13", L.TERMINATED, L.IN_USE, "10.1"),
    Move("T13", L.TERMINATED, L.ALLOCATED, "10.1"),  # reversal of T6: back to the state before it
    Move("T14", L.IN_USE, L.CANCEL_PENDING, "12.1"),
    Move("T15", L.CANCEL_PENDING, L.IN_USE, "12.1"),
    Move("T16", L.CANCEL_PENDING, L.TERMINATED, "12.1"),
    Move("T17", L.TERMINATED, L.PURGED, "10.4"),
    Move("T18", L.PURGED, L.QUARANTINED, "10.3"),
    Move("T19", L.QUARANTINED, L.AVAILABLE, "3.1"),
    Move("T19", L.QUARANTINED, L.PRE_RELEASE, "3.1"),
    Move("T20", L.RESERVED, L.RETIRED, "2"),
    Move("T20", L.PRE_RELEASE, L.RETIRED, "2"),
    Move("T20", L.AVAILABLE, L.RETIRED, "2"),
    Move("T20", L.QUARANTINED, L.RETIRED, "2"),
    Move("T21", L.QUARANTINED, L.IN_USE, "11"),
)

# The states with an open tenure. Measures need one.
HELD = (L.ALLOCATED, L.IN_USE, L.CANCEL_PENDING, L.TERMINATED)
POOL = (L.RESERVED, L.PRE_RELEASE, L.AVAILABLE)  # held by no one and not yet handed out
RANGE_STATES = (*POOL, L.RETIRED)  # the states of a range, and so of its numbers without a row
USABLE = (L.ALLOCATED, L.IN_USE, L.CANCEL_PENDING)  # the holder uses it, or may do so at any time

# A measure without an end. PostgreSQL's 'infinity' has no Python value; this one compares the same way.
FOREVER = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)

PREMIUM_FROM_TIER = 2  # 靓号


class Protection(TextChoices):
    """The kinds of protection, the weaker first. Every act on a protected number needs a supervisor."""

    VIP = "vip", _("VIP")
    SYSTEM = "system", _("system")


def weakens(before: str, after: str) -> bool:
    """Return True if this change of protection weakens it."""
    strength = ["", *Protection.values]
    return strength.index(after) < strength.index(before)


def pairs() -> list[tuple[str, str]]:
    """Return the legal moves, sorted so that the trigger generated from them is the same on every run."""
    return sorted({(str(m.source), str(m.target)) for m in MOVES})
