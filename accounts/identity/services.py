"""The act that records identity information (4.1). It is set-based, for one number as for a file of a million.

Callers check the permission. Values must be in normal form (`identity.formats.normalise`).
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.formats import Field
from accounts.identity.queries import compared_at, identity_of
from accounts.identity.sealing import HASHED, open_item, seal_items, search_hashes
from accounts.models import CorrectionDemand, Identity, IdentityKey, Registrant, Tenure, Verification
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Refused
from qqops.core.reason import must_say_why
from qqops.crypto.seal import DataKey
from qqops.staff.models import Staff

COLUMNS = [f.attname for f in Identity._meta.concrete_fields if not f.primary_key]
KEY_COLUMNS = [f"{name}_hash" for name in HASHED]  # not the wrapped key: a key rotation may have rewrapped it meanwhile
# The problems that a new value resolves. Only a verification resolves “unverified”.
MET_BY_GIVING = ("missing", "wrong", "outdated")


@dataclass(frozen=True)
class Proof:
    """A verification that took place before the item was recorded, e.g. in an upstream system."""

    method: str
    source: str
    at: datetime.datetime
    basis: str = ""


@dataclass(frozen=True)
class Told:
    """The values to record for one tenure. Items that are not named stay as they are; None removes an item."""

    tenure_id: int
    values: Mapping[str, str | None]
    document_kind: str = ""
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    at: datetime.datetime | None = None  # when the holder gave the values; None: now


@dataclass
class Recorded:
    """The numbers of identities that were created, changed, or left as they were, and of changed items by field."""

    new: int = 0
    changed: int = 0
    same: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def record(told: Sequence[Told], *, actor: Staff, reason: str, ticket: str = "", source: str = "") -> Recorded:
    """Seal and record the values, in chunks of one transaction each. A tenure must occur only once.

    Recording the same values again changes nothing. The first values of a tenure also become its initial registrant,
    even if incomplete: later ones prove nothing about the registration (8.2(a)). Raises Refused for a whole chunk if
    one of its identities is erased or locked, or one of its numbers is declared by the actor. An import checks the
    whole file before.
    """
    must_say_why(reason)
    done = Recorded()
    ordered = sorted(told, key=lambda one: one.tenure_id)
    for start in range(0, len(ordered), settings.QQOPS_CHUNK):
        chunk = {one.tenure_id: one for one in ordered[start : start + settings.QQOPS_CHUNK]}
        with (
            recorder.refusals(actor=actor, facts={"act": "identity.record", "targets": len(chunk)}),
            transaction.atomic(),
        ):
            _record(chunk, done, actor=actor, reason=reason, ticket=ticket, source=source)
    return done


def closed_to_change(identity: Identity | None) -> str:
    """Return the reason why this identity cannot change, as a message id, or "" if it can."""
    if identity is not None and identity.erased_at:
        return gettext_noop("This identity information was erased: nothing can be recorded under it again.")
    if identity is not None and identity.locked_at:
        return gettext_noop("Processing of this identity information is stopped: it can only be kept.")
    return ""


def _record(chunk: Mapping[int, Told], done: Recorded, *, actor: Staff, reason: str, ticket: str, source: str) -> None:
    rows = Tenure.objects.filter(pk__in=chunk).order_by("pk")
    # Lock before reading: a transaction that waited here must not write back old values.
    list(rows.select_for_update(no_key=True).values_list("pk"))
    found = list(rows.select_related("identity", "identity_key"))
    refuse_own(actor, [tenure.number_id for tenure in found])
    for tenure in found:
        if refused := closed_to_change(identity_of(tenure)):
            raise Refused(refused)
    drafts = [_Draft(tenure, chunk[tenure.pk], timezone.now()) for tenure in found]
    changing = [draft for draft in drafts if draft.given or draft.proved]
    done.same += len(drafts) - len(changing)
    if not changing:
        return
    fields = Counter(str(name) for draft in changing for name in draft.given)
    facts = {"identities": len(changing), "fields": dict(fields)} | ({"source": source} if source else {})
    subject = changing[0].tenure if len(changing) == 1 else None
    with recorder.act(
        "identity.recorded", actor=actor, reason=reason, ticket=ticket, subject=subject, facts=facts
    ) as act:
        new = [draft for draft in changing if draft.new]
        _write(act, new, recorder.CREATED)
        _write(act, [draft for draft in changing if not draft.new], recorder.CHANGED)
        _registrants(act, new)
        _proofs(act, changing, actor)
        # Removing an item resolves nothing.
        given = [(d.tenure.pk, name, MET_BY_GIVING) for d in changing for name, value in d.given.items() if value]
        meet_demands(act, given)
        meet_demands(act, [(d.tenure.pk, name, ("unverified",)) for d in changing for name in d.proved])
    done.new += len(new)
    done.changed += len(changing) - len(new)
    done.fields += fields


class _Draft:
    """The changed rows of one tenure, before they are written."""

    def __init__(self, tenure: Tenure, told: Told, now: datetime.datetime) -> None:
        self.tenure, self.now = tenure, now
        known = identity_of(tenure)
        self.new = known is None
        self.identity = known or Identity(tenure=tenure)
        self.cipher, self.key = self._key()
        hashes = search_hashes({name: value for name, value in told.values.items() if value})
        kind = told.document_kind if "document" in told.values else self.identity.document_kind
        self.given = {
            name: value
            for name, value in told.values.items()
            if not self._is_recorded(name, value, hashes)
            or (name == Field.DOCUMENT and kind != self.identity.document_kind)
        }
        sealed = seal_items(self.cipher, tenure.pk, {name: value for name, value in self.given.items() if value})
        for name in self.given:
            setattr(self.identity, name, sealed.get(name))
            setattr(self.identity, f"{name}_at", (told.at or now) if name in sealed else None)
            setattr(self.identity, f"{name}_verified_at", None)  # the verification was of the old value
            setattr(self.identity, f"{name}_mismatch_at", None)
            if name in HASHED:
                setattr(self.key, f"{name}_hash", hashes.get(name))
        if Field.DOCUMENT in self.given:
            self.identity.document_kind = kind if self.given["document"] else ""
        self.proved = {
            name: proof
            for name, proof in told.proofs.items()
            if getattr(self.identity, name) is not None and self._is_newer(name, proof)
        }
        for name, proof in self.proved.items():
            setattr(self.identity, f"{name}_verified_at", proof.at)
            setattr(self.identity, f"{name}_mismatch_at", None)

    def _key(self) -> tuple[DataKey, IdentityKey]:
        """Return the tenure's key, or a new one if no identity is recorded or the key was lost (docs/keys.md)."""
        kept: IdentityKey | None = getattr(self.tenure, "identity_key", None)
        if kept is not None:
            return kept.in_hand(), kept
        for name in Field.values:  # items under a lost key cannot be read
            for column in (name, f"{name}_at", f"{name}_verified_at", f"{name}_mismatch_at"):
                setattr(self.identity, column, None)
        return IdentityKey.fresh(self.tenure.pk)

    def _is_recorded(self, name: str, value: str | None, hashes: Mapping[str, bytes]) -> bool:
        now = getattr(self.identity, name)
        if now is None or not value:
            return (now is None) == (not value)
        if name in HASHED and bytes(getattr(self.key, f"{name}_hash")) != hashes[name]:
            return False
        return open_item(self.cipher, self.tenure.pk, name, now) == value

    def _is_newer(self, name: str, proof: Proof) -> bool:
        before = compared_at(self.identity, name)
        return before is None or before < proof.at


def _write(act: recorder.Act, drafts: list[_Draft], kind: str) -> None:
    if not drafts:
        return
    # bulk.write sends no signals: act.history() writes the history.
    bulk.write(Identity, [draft.identity for draft in drafts], update=COLUMNS)
    bulk.write(IdentityKey, [draft.key for draft in drafts], update=KEY_COLUMNS)
    act.history(Identity, [draft.tenure.pk for draft in drafts], kind)


def _registrants(act: recorder.Act, drafts: list[_Draft]) -> None:
    kept = ("document_kind", *Field.values)
    rows = [
        Registrant(
            event_id=act.event_id,
            tenure=draft.tenure,
            recorded_at=draft.now,
            **{name: getattr(draft.identity, name) for name in kept},
        )
        for draft in drafts
    ]
    if rows:
        bulk.write(Registrant, rows)
        act.wrote(Registrant, rows=len(rows))


def _proofs(act: recorder.Act, drafts: list[_Draft], actor: Staff) -> None:
    rows = [
        Verification(
            event_id=act.event_id,
            tenure=draft.tenure,
            field=name,
            method=proof.method,
            result=Verification.Result.MATCH,
            source=proof.source,
            basis=proof.basis,
            staff=actor,
            at=proof.at,
        )
        for draft in drafts
        for name, proof in draft.proved.items()
    ]
    if rows:
        Verification.objects.bulk_create(rows)
        act.wrote(Verification, rows=len(rows))


def meet_demands(act: recorder.Act, news: Iterable[tuple[int, str, Sequence[str]]]) -> None:
    """Close the open correction demands that these changes resolve, each given as (tenure, item, problems)."""
    solved = {(tenure, item): problems for tenure, item, problems in news}
    open_ones = CorrectionDemand.objects.filter(
        closed_at=None, tenure__in={tenure for tenure, _item in solved}
    ).select_for_update()
    met = [one.pk for one in open_ones if one.problem in solved.get((one.tenure_id, one.field), ())]
    if met:
        CorrectionDemand.objects.filter(pk__in=met).update(closed_at=timezone.now(), closed=CorrectionDemand.Closed.MET)
        act.history(CorrectionDemand, met)
