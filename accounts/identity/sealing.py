"""Seal the items of an identity, and compute the keyed hashes that find an exact value.

See docs/architecture.md, Personal data.
"""

import hmac
from collections.abc import Mapping

from accounts.identity.formats import Field
from qqops.crypto import keys
from qqops.crypto.seal import DataKey

HASHED = (Field.NAME, Field.DOCUMENT, Field.MOBILE, Field.EMAIL)  # a date of birth matches too many people


def purpose(tenure_id: int, field: str) -> str:
    """Return the purpose that binds a ciphertext to its tenure and item: moved to another, it does not open."""
    return f"identity:{tenure_id}:{field}"


def seal_items(key: DataKey, tenure_id: int, values: Mapping[str, str]) -> dict[str, bytes]:
    return {field: key.seal(value.encode(), f"identity:{tenure_id}:{field}") for field, value in values.items()}


def open_item(key: DataKey, tenure_id: int, field: str, sealed: bytes) -> str:
    """Return the normalised value. Raise CannotOpen if it was sealed for another purpose or under another key."""
    return key.open(bytes(sealed), purpose(tenure_id, field)).decode()


def search_hash(field: str, value: str) -> bytes:
    """Return the hash of a normalised value: 32 bytes, equal for equal values of any tenure."""
    return _hash(keys.house_key(keys.SEARCH), field, value)


def search_hashes(values: Mapping[str, str]) -> dict[str, bytes]:
    key = keys.house_key(keys.SEARCH)
    return {field: _hash(key, field, value) for field, value in values.items() if field in HASHED}


def _hash(key: bytes, field: str, value: str) -> bytes:
    # Searches ignore case; the sealed value keeps it.
    return hmac.digest(key, f"{field}:{value.casefold()}".encode(), "sha256")
