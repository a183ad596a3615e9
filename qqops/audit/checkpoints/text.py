"""A checkpoint as it is kept: a block of lines that mail, paper and the record take alike, and its signature.

Signed with Ed25519 over those lines. `QQOPS_CHECKPOINT_KEY` is `name:key`, a private one; who only verifies has the
public one in `QQOPS_CHECKPOINT_PUBLIC`, and every older one that a kept checkpoint is signed with.
"""

import base64
import re
from dataclasses import dataclass, fields
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid
from qqops.crypto import seal

BEGIN, END = "-----BEGIN QQOPS CHECKPOINT-----", "-----END QQOPS CHECKPOINT-----"
WHOLE, BROKEN, UNVERIFIED = "whole", "broken", "unverified"
_BLOCK = re.compile(f"{BEGIN}(.*?){END}", re.DOTALL)
_PURPOSE = b"qqops checkpoint 1\n"  # what the key signs besides would not fit here


@dataclass(frozen=True)
class Head:
    """The last event of the record at a moment. Times are ISO 8601 in UTC, hashes hexadecimal."""

    house: str  # the id of the record's first event: no two houses have the same
    seq: int
    hash: str
    at: str  # of the event
    made: str
    record: str  # what a verification up to this event had just said: whole, broken, or there was none
    key: str  # the name of the key that signs

    def lines(self) -> str:
        return "".join(f"{name}: {value}\n" for name, value in vars(self).items())


class UnknownKey(Invalid):
    """Signed with a key that is not known here: whether it is right cannot be said."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "The checkpoint is signed with the key %(key)s, which is not known here. Put its public key into"
                " QQOPS_CHECKPOINT_PUBLIC."
            )
            % {"key": name}
        )
        self.name = name


def sign(head: Head) -> str:
    """The head as it is given out; signed with the key that it names."""
    signature = _private()[1].sign(_PURPOSE + head.lines().encode())
    return f"{BEGIN}\n{head.lines()}signature: {base64.b64encode(signature).decode()}\n{END}\n"


def read(text: str) -> Head:
    """The head that a text holds, be it within a mail; Invalid when there is none or it is not as it was signed."""
    head, signature = _parse(text)
    public = publics().get(head.key)
    if public is None:
        raise UnknownKey(head.key)
    try:
        raw = base64.b64decode(signature, validate=True)
        if base64.b64encode(raw).decode() != signature:  # of the last character not every bit counts
            raise InvalidSignature
        public.verify(raw, _PURPOSE + head.lines().encode())
    except (InvalidSignature, ValueError):
        raise Invalid(
            _(
                "The signature does not fit: the checkpoint was changed, or another key signed it than the one named"
                " %(key)s here. Take another copy of it."
            )
            % {"key": head.key}
        ) from None
    return head


def _parse(text: str) -> tuple[Head, str]:
    found = _BLOCK.findall(text)
    if len(found) > 1:
        raise Invalid(_("There is more than one checkpoint in it: give one at a time."))
    lines = [line.strip().partition(": ") for line in (found[0] if found else "").strip().splitlines()]
    names = [name for name, _colon, _value in lines]
    if names != [*(field.name for field in fields(Head)), "signature"]:
        raise Invalid(
            _("There is no checkpoint in it, or not the whole of one. It begins with %(begin)s") % {"begin": BEGIN}
        )
    told: dict[str, Any] = {name: value for name, _colon, value in lines}
    signature = told.pop("signature")
    # A number of digits only: “+1” and “01” would be signed as another text.
    if not re.fullmatch(r"[1-9][0-9]{0,18}", told["seq"]):
        raise Invalid(_("The checkpoint names no event."))
    return Head(**told | {"seq": int(told["seq"])}), signature


def signing() -> str:
    """The name of the key that signs; Invalid where there is none."""
    return _private()[0]


def public_key() -> str:
    """`name:key`, as QQOPS_CHECKPOINT_PUBLIC takes it: of the key that signs."""
    name, key = _private()
    return written(name, key.public_key())


def public_keys() -> str:
    """All that are known here, as QQOPS_CHECKPOINT_PUBLIC takes them."""
    return ",".join(written(name, key) for name, key in publics().items())


def written(name: str, key: Ed25519PublicKey) -> str:
    return f"{name}:{base64.urlsafe_b64encode(key.public_bytes_raw()).decode()}"


def publics() -> dict[str, Ed25519PublicKey]:
    """Every key whose signature counts here."""
    known = {name: Ed25519PublicKey.from_public_bytes(raw) for name, raw in _keys(settings.QQOPS_CHECKPOINT_PUBLIC)}
    return known | {
        name: Ed25519PrivateKey.from_private_bytes(raw).public_key()
        for name, raw in _keys(settings.QQOPS_CHECKPOINT_KEY)
    }


def _private() -> tuple[str, Ed25519PrivateKey]:
    for name, raw in _keys(settings.QQOPS_CHECKPOINT_KEY):
        return name, Ed25519PrivateKey.from_private_bytes(raw)
    raise Invalid(_("There is no key to sign with here: set QQOPS_CHECKPOINT_KEY."))


def _keys(text: str) -> list[tuple[str, bytes]]:
    return list(seal.read_keys(text).items()) if text else []
