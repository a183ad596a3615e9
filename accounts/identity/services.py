"""The act that records identity information: set-based, one number or a file of a million by the same code (4.1).

Callers ask for the right to do it; what is told must be in normal form (`identity.formats.normalise`).
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
KEY_COLUMNS = [f"{name}_hash" for name in HASHED]  # not the key: a change of keys may have wrapped it anew meanwhile
# What giving an item anew puts right; that it is not verified, only a verification does.
MET_BY_GIVING = ("missing", "wrong", "outdated")


@dataclass(frozen=True)
class Proof:
    """That an item was verified before it was told: what an upstream system already knows."""

    method: str
    source: str
    at: datetime.datetime
    basis: str = ""


@dataclass(frozen=True)
class Told:
    """What is told of one tenure. Items that are not named stay; None takes one away."""

    tenure_id: int
    values: Mapping[str, str | None]
    document_kind: str = ""
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    at: datetime.datetime | None = None  # when the holder gave it, where that is known; else now


@dataclass
class Recorded:
    new: int = 0
    changed: int = 0
    same: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def record(told: Sequence[Told], *, actor: Staff, reason: str, ticket: str = "", source: str = "") -> Recorded:
    """Seal and keep what is told, one tenure once, in chunks of one transaction each.

    What is so already is left as it is: to tell the same twice changes nothing. The first that is told of a tenure
    is its initial registrant's, however little it is: what came later proves nothing of the registration (8.2(a)).
    A chunk is refused as a whole where a tenure's information was erased, its processing is stopped, or the number
    is the actor's own; the import looks at the whole file before.
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
    """Why nothing may be told of this identity any more, as a message id; "" when it may."""
    if identity is not None and identity.erased_at:
        return gettext_noop("This identity information was erased: nothing can be recorded under it again.")
    if identity is not None and identity.locked_at:
        return gettext_noop("Processing of this identity information is stopped: it can only be kept.")
    return ""


def _record(chunk: Mapping[int, Told], done: Recorded, *, actor: Staff, reason: str, ticket: str, source: str) -> None:
    rows = Tenure.objects.filter(pk__in=chunk).order_by("pk")
    # Locked before they are read: whoever waited here must not write back what he had read before.
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
        # To take an item away puts nothing right.
        given = [(d.tenure.pk, name, MET_BY_GIVING) for d in changing for name, value in d.given.items() if value]
        meet_demands(act, given)
        meet_demands(act, [(d.tenure.pk, name, ("unverified",)) for d in changing for name in d.proved])
    done.new += len(new)
    done.changed += len(changing) - len(new)
    done.fields += fields


class _Draft:
    """The rows of one tenure as they will be."""

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
            if not self._is_so(name, value, hashes) or (name == Field.DOCUMENT and kind != self.identity.document_kind)
        }
        sealed = seal_items(self.cipher, tenure.pk, {name: value for name, value in self.given.items() if value})
        for name in self.given:
            setattr(self.identity, name, sealed.get(name))
            setattr(self.identity, f"{name}_at", (told.at or now) if name in sealed else None)
            setattr(self.identity, f"{name}_verified_at", None)  # what was proved was the old value
            setattr(self.identity, f"{name}_mismatch_at", None)
            if name in HASHED:
                setattr(self.key, f"{name}_hash", hashes.get(name))
        if Field.DOCUMENT in self.given:
            self.identity.document_kind = kind if self.given["document"] else ""
        self.proved = {
            name: proof
            for name, proof in told.proofs.items()
            if getattr(self.identity, name) is not None and self._is_news(name, proof)
        }
        for name, proof in self.proved.items():
            setattr(self.identity, f"{name}_verified_at", proof.at)
            setattr(self.identity, f"{name}_mismatch_at", None)

    def _key(self) -> tuple[DataKey, IdentityKey]:
        """The tenure's key; a new one for whoever has told nothing yet, or whose key was lost for good (keys.md)."""
        kept: IdentityKey | None = getattr(self.tenure, "identity_key", None)
        if kept is not None:
            return kept.in_hand(), kept
        for name in Field.values:  # what the lost key sealed is gone
            for column in (name, f"{name}_at", f"{name}_verified_at", f"{name}_mismatch_at"):
                setattr(self.identity, column, None)
        return IdentityKey.fresh(self.tenure.pk)

    def _is_so(self, name: str, value: str | None, hashes: Mapping[str, bytes]) -> bool:
        now = getattr(self.identity, name)
        if now is None or not value:
            return (now is None) == (not value)
        if name in HASHED and bytes(getattr(self.key, f"{name}_hash")) != hashes[name]:
            return False
        return open_item(self.cipher, self.tenure.pk, name, now) == value

    def _is_news(self, name: str, proof: Proof) -> bool:
        before = compared_at(self.identity, name)
        return before is None or before < proof.at


def _write(act: recorder.Act, drafts: list[_Draft], kind: str) -> None:
    if not drafts:
        return
    bulk.write(Identity, [draft.identity for draft in drafts], update=COLUMNS)  # the pen writes its history
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
    """Close the correction demands that this puts right: (tenure, item, the problems it solves)."""
    solved = {(tenure, item): problems for tenure, item, problems in news}
    open_ones = CorrectionDemand.objects.filter(
        closed_at=None, tenure__in={tenure for tenure, _item in solved}
    ).select_for_update()
    met = [one.pk for one in open_ones if one.problem in solved.get((one.tenure_id, one.field), ())]
    if met:
        CorrectionDemand.objects.filter(pk__in=met).update(closed_at=timezone.now(), closed=CorrectionDemand.Closed.MET)
        act.history(CorrectionDemand, met)
