"""Sealing: what must not lie in the database in clear (DESIGN §6). AES-GCM under keys from the environment.

`QQOPS_SEAL_KEYS` is `name:key,name:key`, each key 32 bytes in URL-safe base64. The first one seals, all of them
open: to change a key, put the new one in front and keep the old one until nothing is sealed with it.

What belongs to one person or one case has a key of its own (`DataKey`), and only that key is sealed by those of the
environment (`wrap`): to change these costs one small row each, and to delete that row makes every copy unreadable.
Whatever is sealed opens only for the purpose (a name of what it is and where it stands) that it was sealed for.
"""

import base64
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes, as NIST SP 800-38D wants them for random ones
KEY = 32  # bytes


class CannotOpen(Exception):
    """Sealed under a key that is not there, for another purpose, or changed since."""


def read_keys(text: str) -> dict[str, bytes]:
    """Read `name:key,…`; ValueError when it is not that."""
    keys = {}
    for part in filter(None, text.split(",")):
        name, _colon, encoded = part.strip().partition(":")
        if not name.isalnum() or len(key := _decoded(encoded)) != KEY:
            raise ValueError("each key is name:key, the key 32 bytes in URL-safe base64")
        if name in keys:  # the first would be lost, and all that it sealed
            raise ValueError(f"two keys have the name {name}")
        keys[name] = key
    if not keys:
        raise ValueError("there is no key in it")
    return keys


def _decoded(encoded: str) -> bytes:
    """Strictly: by default whatever follows a whole key is passed over, be it another key after a wrong comma."""
    try:
        return base64.b64decode(encoded, altchars=b"-_", validate=True)
    except ValueError:
        return b""


def new_key() -> str:
    return base64.urlsafe_b64encode(AESGCM.generate_key(bit_length=KEY * 8)).decode()


class DataKey:
    """A key in hand. `open` raises CannotOpen for what another key, or another purpose, has sealed."""

    def __init__(self, raw: bytes) -> None:
        self._cipher = AESGCM(raw)

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Return nonce and ciphertext: `NONCE` + 16 bytes longer than the content."""
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, content, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotOpen("changed, or sealed for something else") from error


def wrap(raw: bytes, purpose: str) -> tuple[str, bytes]:
    """Seal a key under the first key of the environment; return that one's name and the result."""
    name, key = _first(settings.QQOPS_SEAL_KEYS)
    return name, key.seal(raw, purpose)


def first() -> str:
    """The name of the key that seals."""
    return _first(settings.QQOPS_SEAL_KEYS)[0]


def unwrap(name: str, wrapped: bytes, purpose: str) -> bytes:
    key = _keys(settings.QQOPS_SEAL_KEYS).get(name)
    if key is None:
        raise CannotOpen(f"no key {name!r}")
    return key.open(wrapped, purpose)


def seal(text: str, purpose: str) -> str:
    """Seal a secret of the house itself; `name.nonce+ciphertext` in base64."""
    name, sealed = wrap(text.encode(), purpose)
    return f"{name}.{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """Return the text; CannotOpen when it cannot be had."""
    name, _dot, encoded = sealed.partition(".")
    try:
        return unwrap(name, base64.urlsafe_b64decode(encoded), purpose).decode()
    except ValueError as error:
        raise CannotOpen("changed, or sealed for something else") from error


def key_of(sealed: str) -> str:
    """The name of the key under which a text was sealed."""
    return sealed.partition(".")[0]


@cache
def _keys(text: str) -> dict[str, DataKey]:
    return {name: DataKey(key) for name, key in read_keys(text).items()}


@cache
def _first(text: str) -> tuple[str, DataKey]:
    return next(iter(_keys(text).items()))
