"""The released file: one readable JSON document of the granted information, sealed, with a signed proof.

Disclosures by law and copies of a person's own information use it. Only this module opens whole identities.
"""

import base64
import datetime
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.disclosures.policy import Period
from accounts.disclosures.queries import on_one_line
from accounts.identity.formats import DocumentKind, Field
from accounts.identity.queries import identity_of, opened, registrant_of
from accounts.models import DataClass, DataRequest, Disclosure, Identity, LoginFact, Registrant, Release, ReleaseKey
from accounts.models.number import Tenure
from accounts.retention.policy import RELEASES, kept_until
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid
from qqops.crypto import keys
from qqops.staff.models import Staff

FORMAT = "qqops-disclosure/1"
SIGNATURE = "signature: "

Provider = Callable[[Tenure, Period], Any]
_providers: dict[str, Provider] = {}


def provide(data_class: str, provider: Provider) -> None:
    """Register the function that returns the data of one class about a tenure and period, as plain values.

    Apps that import this one register theirs. Raises ValueError if the class has another provider.
    """
    if _providers.setdefault(data_class, provider) is not provider:
        raise ValueError(f"{data_class} has a provider already")


def package(
    about: Mapping[str, Any], targets: Sequence[tuple[int, Tenure | None]], classes: Collection[str], period: Period
) -> bytes:
    """Return one JSON document: `about` (the request that it answers), and the named classes of each target."""
    chosen = [one for one in DataClass.values if one in classes]
    document = {
        "format": FORMAT,
        "operator": settings.QQOPS_OPERATOR,
        "made_at": _moment(timezone.now()),
        **about,
        "period": {"from": _day(period.start), "to": _day(period.end)},
        "numbers": [_number(number, tenure, chosen, period) for number, tenure in targets],
        "legend": {one: both_languages(DataClass(one).label) for one in chosen},
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def both_languages(label: Any) -> dict[str, str]:
    found = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            found[language] = str(label)
    return found


def _number(number: int, tenure: Tenure | None, chosen: Iterable[str], period: Period) -> dict[str, Any]:
    if tenure is None:
        return {"number": number, "held": False}
    return {
        "number": number,
        "held": True,
        "tenure_no": tenure.seq,
        "information": {one: _providers[one](tenure, period) for one in chosen},
    }


# Providers of this app


def _items(found: Identity | Registrant | None) -> dict[str, Any] | None:
    if found is None:
        return None
    values: dict[str, Any] = {field.value: value for field, value in opened(found, Field).items()}
    if found.document_kind and Field.DOCUMENT in values:
        values["document_kind"] = both_languages(DocumentKind(found.document_kind).label)
    return values


def _registrant(tenure: Tenure, period: Period) -> Any:
    found = registrant_of(tenure)
    items = _items(found)
    return None if found is None else {"recorded_at": _moment(found.recorded_at), "items": items}


def _identity(tenure: Tenure, period: Period) -> Any:
    """Return the current identity. Of earlier values, only those of the initial registrant are released."""
    found = identity_of(tenure)
    if found is None or found.erased_at is not None:
        return {"erased_at": _moment(found.erased_at)} if found is not None else None
    return {
        "items": _items(found),
        "verified_at": {
            field.value: _moment(at) for field in Field if (at := getattr(found, f"{field}_verified_at")) is not None
        },
    }


def _tenure(tenure: Tenure, period: Period) -> Any:
    return {
        "channel": both_languages(Tenure.Channel(tenure.channel).label),
        "started_at": _moment(tenure.started_at),
        "ended_at": _moment(tenure.ended_at),
        "paid": tenure.paid,
        "paid_until": _moment(tenure.paid_until),
    }


def _logins(tenure: Tenure, period: Period) -> Any:
    """Return the first and the last login to each service, each only if it lies in the period."""
    rows = []
    for fact in LoginFact.objects.filter(tenure=tenure).order_by("service"):
        inside = {
            name: _moment(at)
            for name, at in (("first_at", fact.first_at), ("last_at", fact.last_at))
            if period.covers(timezone.localdate(at))
        }
        if inside:
            rows.append({"service": fact.service, **inside})
    return rows


provide(DataClass.REGISTRANT, _registrant)
provide(DataClass.IDENTITY, _identity)
provide(DataClass.TENURE, _tenure)
provide(DataClass.LOGINS, _logins)


def _moment(at: datetime.datetime | None) -> str | None:
    return None if at is None else timezone.localtime(at).isoformat(timespec="seconds")


def _day(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()


# Release


def release(
    act: recorder.Act,
    content: bytes,
    *,
    receipt: str,
    papers: Sequence[str] = (),
    people: Sequence[Staff],
    disclosure: Disclosure | None = None,
    data_request: DataRequest | None = None,
) -> Release:
    """Seal the file under its own key and store it with its hash and a signed proof, within the releasing act."""
    pk = bulk.next_pk(Release)
    cipher, key = ReleaseKey.fresh(pk)
    now = timezone.now()
    made = Release(
        pk=pk,
        event_id=act.event_id,
        disclosure=disclosure,
        data_request=data_request,
        content=cipher.seal(content, _purpose(pk)),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        proof=proof(content, receipt=receipt, papers=papers, people=people, at=now),
        at=now,
        until=kept_until(RELEASES, now),
    )
    Release.objects.bulk_create([made])
    key.save(force_insert=True)
    act.wrote(Release)
    return made


def content_of(made: Release) -> bytes:
    """Return the released file. Raise Invalid if its retention period is over or its key is destroyed."""
    if made.until <= timezone.now():
        raise Invalid(_("This file was kept for 30 days; that time is over. Its hash and proof are still here."))
    try:
        key = made.key.in_hand()
    except ReleaseKey.DoesNotExist:
        raise Invalid(_("This file was erased. Its hash and proof are still here.")) from None
    return key.open(bytes(made.content), _purpose(made.pk))


def _purpose(pk: int) -> str:
    return f"release:{pk}"


# The electronic proof: hash, time and people of the release, signed by the operator


def proof(
    content: bytes, *, receipt: str, papers: Sequence[str], people: Sequence[Staff], at: datetime.datetime
) -> str:
    """Return the signed proof as plain text, to be kept beside the file (2022 Opinions on network-crime cases, 16)."""
    fields = {
        "proof": FORMAT,
        "operator": settings.QQOPS_OPERATOR,
        "receipt": receipt,
        "papers": "; ".join(papers),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "released": _moment(at),
        "by": ", ".join(person.username for person in people),
        "public_key": base64.b64encode(_public_key()).decode(),
        "fingerprint": fingerprint(),
    }
    lines = "".join(f"{name}: {on_one_line(str(value))}\n" for name, value in fields.items())
    signature = base64.b64encode(_signing_key().sign(lines.encode())).decode()
    return f"{lines}{SIGNATURE}{signature}\n"


def verify_proof(text: str, content: bytes) -> bool:
    """Return True if the text is a proof of exactly this file, signed by this operator."""
    signed, _found, signature = text.replace("\r\n", "\n").rpartition(SIGNATURE)
    try:
        _signing_key().public_key().verify(base64.b64decode(signature.strip(), validate=True), signed.encode())
    except (InvalidSignature, ValueError):
        return False
    fields = dict(line.partition(": ")[::2] for line in signed.splitlines())
    return fields.get("sha256") == hashlib.sha256(content).hexdigest() and fields.get("bytes") == str(len(content))


def fingerprint() -> str:
    """Return the SHA-256 of the public key, to be compared with the one that the operator publishes."""
    return hashlib.sha256(_public_key()).hexdigest()


def _public_key() -> bytes:
    return _signing_key().public_key().public_bytes_raw()


def _signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.house_key(keys.PROOF))
