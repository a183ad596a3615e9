"""Sealing: what must not lie in the database in clear (DESIGN §6). AES-GCM under keys from the environment.

`QQOPS_SEAL_KEYS` is `name:key,name:key`, each key 32 bytes in URL-safe base64. The first one seals, all of them
open: to change a key, put the new one in front and keep the old one until nothing is sealed with it.
A sealed text is `name.nonce+ciphertext` in base64; it opens only for the purpose that it was sealed for.
"""

import base64
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12  # bytes, as NIST SP 800-38D wants them for random ones


class CannotOpen(Exception):
    """Sealed under a key that is not there, for another purpose, or changed since."""


def read_keys(text: str) -> dict[str, bytes]:
    """Read `name:key,…`; ValueError when it is not that."""
    keys = {}
    for part in filter(None, text.split(",")):
        name, _colon, encoded = part.strip().partition(":")
        key = base64.urlsafe_b64decode(encoded)
        if not name.isalnum() or len(key) != 32:
            raise ValueError("each key is name:key, the key 32 bytes in URL-safe base64")
        if name in keys:  # the first would be lost, and all that it sealed
            raise ValueError(f"two keys have the name {name}")
        keys[name] = key
    if not keys:
        raise ValueError("there is no key in it")
    return keys


def new_key() -> str:
    return base64.urlsafe_b64encode(AESGCM.generate_key(bit_length=256)).decode()


def seal(text: str, purpose: str) -> str:
    name, cipher = next(iter(_ciphers(settings.QQOPS_SEAL_KEYS).items()))
    nonce = os.urandom(NONCE)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), purpose.encode())
    return f"{name}.{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """Return the text; CannotOpen when it cannot be had."""
    name, _dot, encoded = sealed.partition(".")
    cipher = _ciphers(settings.QQOPS_SEAL_KEYS).get(name)
    if cipher is None:
        raise CannotOpen(f"no key {name!r}")
    try:
        raw = base64.urlsafe_b64decode(encoded)
        return cipher.decrypt(raw[:NONCE], raw[NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("changed, or sealed for something else") from error


@cache
def _ciphers(text: str) -> dict[str, AESGCM]:
    return {name: AESGCM(key) for name, key in read_keys(text).items()}
