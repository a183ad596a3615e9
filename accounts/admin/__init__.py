from accounts.admin import (
    breach,
    correcting,
    declared,
    disclosures,
    identity,
    keeping,
    number,
    people,
    protect,
    reveal,
    rights,
    rulebook,
)

__all__ = [
    "breach",
    "correcting",
    "declared",
    "disclosures",
    "identity",
    "keeping",
    "number",
    "people",
    "protect",
    "reveal",
    "rights",
    "rulebook",
]
