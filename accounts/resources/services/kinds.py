"""What can be done to number resources, each kind by its work: what it checks, and what it does when all have agreed.

A kind is declared once, here by its own file; forms, commands and pages know none of its rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.models import ResourceProposal
from accounts.resources.policy import Case, Kind
from qqops.audit import recorder
from qqops.staff.models import Staff


@dataclass(frozen=True)
class Wanted:
    """What somebody wants done. `content` is plain JSON; `holder` says who a person is, and is kept sealed."""

    kind: Kind
    content: Mapping[str, Any] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    holder: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Work:
    """`check` raises Invalid or Refused as the act would, and says what the approval table looks at; `apply` does it
    inside the given act. `subject` is what the record names."""

    check: Callable[[Wanted, Staff], Case]
    apply: Callable[[Wanted, ResourceProposal, Staff, recorder.Act], None]


_works: dict[Kind, Work] = {}


def declare(kind: Kind, work: Work) -> None:
    if kind in _works:
        raise ValueError(f"{kind} is declared twice")
    _works[kind] = work


def of(kind: str) -> Work:
    return _works[Kind(kind)]
