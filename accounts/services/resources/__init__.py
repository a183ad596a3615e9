"""Acts on number resources (preamble, clauses 2 and 3.1): every door proposes, and nothing else changes them."""

from accounts.services.resources import (  # noqa: F401  # each declares its works
    allocations,
    campaigns,
    correction,
    numbers,
    policies,
    ranges,
)
from accounts.services.resources.propose import (
    AlreadyProposed,
    approve,
    capacity_of,
    check,
    content_hash,
    lapse,
    propose,
    refuse,
    wanted_by,
)
from accounts.services.resources.works import Wanted

__all__ = [
    "AlreadyProposed",
    "Wanted",
    "approve",
    "capacity_of",
    "check",
    "content_hash",
    "lapse",
    "propose",
    "refuse",
    "wanted_by",
]
