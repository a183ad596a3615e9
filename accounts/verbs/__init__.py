"""What the acts of this app are called on the record, by subject."""

from accounts.verbs import (
    allocation,
    breach,
    identity,
    keeping,
    life,
    numbers,
    policies,
    requests,
    resources,
    reveals,
    rights,
)

__all__ = [
    "allocation",
    "breach",
    "identity",
    "keeping",
    "life",
    "numbers",
    "policies",
    "requests",
    "resources",
    "reveals",
    "rights",
]
