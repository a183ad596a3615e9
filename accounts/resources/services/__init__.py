"""Acts on number resources (preamble, clauses 2 and 3.1): every door proposes, and nothing else changes them."""

# Each of these modules declares the kinds of proposal that it carries out.
import accounts.dormancy.services
import accounts.holders.correction
import accounts.premium.services
import accounts.resources.services.campaigns
import accounts.resources.services.numbers
import accounts.resources.services.ranges  # noqa: F401
from accounts.resources.services.kinds import Wanted
from accounts.resources.services.proposals import (
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
