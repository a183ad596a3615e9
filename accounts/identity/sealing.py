"""Sealing the items of one identity, and the keyed hashes by which an exact value is found (DESIGN §6)."""

import hmac
from collections.abc import Mapping

from accounts.identity.formats import Field
from qqops.crypto import keys
from qqops.crypto.seal import DataKey

HASHED = (Field.NAME, Field.DOCUMENT, Field.MOBILE, Field.EMAIL)  # a date of birth finds too many to find anybody


def purpose(tenure_id: int, field: str) -> str:
    """Bound to the tenure and the item: a ciphertext that was moved to another of either does not open."""
    return f"identity:{tenure_id}:{field}"


def seal_items(key: DataKey, tenure_id: int, values: Mapping[str, str]) -> dict[str, bytes]:
    return {field: key.seal(value.encode(), f"identity:{tenure_id}:{field}") for field, value in values.items()}


def open_item(key: DataKey, tenure_id: int, field: str, sealed: bytes) -> str:
    """Return the normalised value; CannotOpen when it was sealed for something else or under another key."""
    return key.open(bytes(sealed), purpose(tenure_id, field)).decode()


def search_hash(field: str, value: str) -> bytes:
    """The hash of a normalised value: 32 bytes, the same for the same person on every tenure."""
    return _hash(keys.house_key(keys.SEARCH), field, value)


def search_hashes(values: Mapping[str, str]) -> dict[str, bytes]:
    key = keys.house_key(keys.SEARCH)
    return {field: _hash(key, field, value) for field, value in values.items() if field in HASHED}


def _hash(key: bytes, field: str, value: str) -> bytes:
    # Letters are told apart in what is kept, not in what is looked for.
    return hmac.digest(key, f"{field}:{value.casefold()}".encode(), "sha256")
