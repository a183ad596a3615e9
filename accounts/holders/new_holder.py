"""A holder whose tenure has not begun: the items given, and their verifications (4.1(a), 4.1(c))."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity.formats import Field
from accounts.identity.masks import mask
from accounts.identity.policy import requirement
from accounts.identity.services import Proof, Told
from qqops.core.errors import Invalid


@dataclass(frozen=True)
class Holder:
    """A future holder: values in normal form (`identity.formats.normalise`) and proofs, both by item."""

    values: Mapping[str, str]
    document_kind: str = ""
    proofs: Mapping[str, Proof] = field(default_factory=dict)

    def told(self, tenure_id: int, at: datetime.datetime | None = None) -> Told:
        """Return the values to record for the opened tenure."""
        return Told(tenure_id, self.values, self.document_kind, self.proofs, at)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON, for the sealed part of a proposal."""
        proofs = {name: [p.method, p.source, p.at.isoformat(), p.basis] for name, p in self.proofs.items()}
        return {"values": dict(self.values), "document_kind": self.document_kind, "proofs": proofs}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Holder":
        """Return the holder from the result of `as_json`."""
        proofs = {
            name: Proof(method, source, datetime.datetime.fromisoformat(at), basis)
            for name, (method, source, at, basis) in said["proofs"].items()
        }
        return cls(said["values"], said["document_kind"], proofs)


def masked_items(holder: Holder) -> dict[Field, str]:
    """Return the items of the holder, masked, for the people who approve the act."""
    return {Field(name): mask(Field(name), value, holder.document_kind) for name, value in holder.values.items()}


def must_be_identified(holder: Holder | None) -> None:
    """Raise Invalid, with the missing items, unless the identity that a registration needs is complete and verified.

    Without it no right of use begins (4.1(c), Cybersecurity Law 26). The requirement of today applies, not that of the
    day of the registration, because the service is provided from today on.
    """
    needed = requirement(timezone.localdate())
    values, proofs = (holder.values, holder.proofs) if holder else ({}, {})
    missing = [item for item in needed.fields if not values.get(item)]
    unproved = [item for item in needed.verified if item not in missing and item not in proofs]
    if missing:
        raise Invalid(_("The registration lacks: %(items)s. Nothing was done.") % {"items": _labels(missing)})
    if unproved:
        raise Invalid(_("Not verified: %(items)s. Nothing was done.") % {"items": _labels(unproved)})


def _labels(items: list[Field]) -> str:
    return _(", ").join(str(item.label) for item in items)
