"""A security key made of software: what a browser and an authenticator answer to allauth's questions."""

import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

ORIGIN, RP = "http://localhost", "localhost"
UP, UV, AT = AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV, AuthenticatorData.FLAG.AT


class Browser(Client):
    """Passkeys need a host's name."""

    def __init__(self, **defaults: Any) -> None:
        super().__init__(SERVER_NAME=RP, **defaults)


class SoftKey:
    def __init__(self, name: bytes = b"key") -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = sha256(name).digest()[:16]
        self.handle = b""

    def create(self, options: dict[str, Any]) -> str:
        """Answer the question of a page that adds a passkey."""
        self.handle = _bytes(options["publicKey"]["user"]["id"])
        public = ES256.from_cryptography_key(self.private.public_key())
        made = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = AuthenticatorData.create(_rp(), UP | UV | AT, 0, made)
        said = self._said(CollectedClientData.TYPE.CREATE, options)
        attestation = AttestationObject.create("none", data, {})
        answer = {"clientDataJSON": websafe_encode(said), "attestationObject": websafe_encode(attestation)}
        return self._json(answer, {"credProps": {"rk": True}})

    def get(self, options: dict[str, Any], *, handle: bytes | None = None, verified: bool = True) -> str:
        """Answer the question of a page that wants to see the passkey."""
        said = self._said(CollectedClientData.TYPE.GET, options)
        data = AuthenticatorData.create(_rp(), UP | UV if verified else UP, 1)
        signature = self.private.sign(data + said.hash, ec.ECDSA(hashes.SHA256()))
        return self._json(
            {
                "clientDataJSON": websafe_encode(said),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
                "userHandle": websafe_encode(self.handle if handle is None else handle),
            },
            {},
        )

    def _said(self, kind: Any, options: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, _bytes(options["publicKey"]["challenge"]), ORIGIN)

    def _json(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        identity = websafe_encode(self.id)
        return json.dumps(
            {
                "id": identity,
                "rawId": identity,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": extensions,
            }
        )


def _rp() -> bytes:
    return sha256(RP.encode()).digest()


def _bytes(value: Any) -> bytes:
    return websafe_decode(value) if isinstance(value, str) else bytes(value)
