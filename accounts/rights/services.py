"""Register a data request with its papers and its sealed statement, and open the statement."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.formats import Field, normalise
from accounts.identity.queries import identity_of, key_of
from accounts.identity.services import closed_to_change
from accounts.models import DataRequest, DataRequestKey, Hold, Tenure
from accounts.retention import holds
from accounts.rights.policy import DUE, PAPERS, RIGHTS, Paper
from qqops.audit import recorder
from qqops.core import bulk, receipts
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff

REGISTER, DECIDE, CARRY_OUT = (
    "accounts.register_datarequest", "accounts.decide_datarequest", "accounts.carry_out_datarequest"
)  # fmt: skip
STATEMENT_MAX = 4000
State, Kind = DataRequest.State, DataRequest.Kind


@dataclass(frozen=True)
class Asked:
    """A data request as it was entered. `check_register` validates it."""

    kind: str
    asked_by: str
    papers: Collection[str]
    statement: str
    field: str = ""
    value: str = ""
    document_kind: str = ""


# Registering


def check_register(tenure: Tenure, asked: Asked, *, actor: Staff) -> str:
    """Return the corrected value in normal form, "" if it is no correction. Raise Refused or Invalid if not allowed."""
    may_register(tenure, actor=actor)
    if asked.kind not in RIGHTS or asked.asked_by not in PAPERS:
        raise Invalid(_("Say what is asked for, and by whom."))
    if asked.asked_by not in RIGHTS[asked.kind].asked_by:
        raise Refused(gettext_noop("Whoever asks has no right to this: the table of rights does not name them."))
    if missing := [paper.label for paper in PAPERS[asked.asked_by] if paper not in asked.papers]:
        raise Invalid(_("Papers not seen: %(papers)s.") % {"papers": _(", ").join(map(str, missing))})
    if not 6 <= len(asked.statement.strip()) <= STATEMENT_MAX:
        raise Invalid(_("Write down who asks, how to reach them, and what they say."))
    identity = identity_of(tenure)
    locked = identity is not None and identity.locked_at is not None
    if asked.kind == Kind.LOCK and locked:
        raise Invalid(_("Processing of this information is stopped already."))
    if asked.kind == Kind.UNLOCK and not locked:
        raise Invalid(_("Processing of this information is not stopped."))
    value = ""
    if asked.kind == Kind.CORRECTION:
        if asked.field not in Field.values:
            raise Invalid(_("Say which item is to be corrected."))
        if closed := closed_to_change(identity):
            raise Refused(closed)
        value = normalise(asked.field, asked.value, asked.document_kind)
    elif asked.field or asked.value:
        raise Invalid(_("Only a correction names an item and its new value."))
    if waiting := waiting_one(tenure, asked):
        raise Invalid(_("The same was asked already: %(receipt)s waits.") % {"receipt": waiting.receipt})
    return value


def may_register(tenure: Tenure, *, actor: Staff) -> None:
    if not actor.has_perm(REGISTER):
        raise Refused(gettext_noop("Your role may not register data requests."))
    refuse_own(actor, [tenure.number_id])
    identity = identity_of(tenure)
    if identity is None or identity.erased_at:
        raise Invalid(_("There is no identity information of this tenure: nothing can be asked of it."))


def waiting_one(tenure: Tenure, asked: Asked) -> DataRequest | None:
    open_ones = DataRequest.objects.filter(tenure=tenure, state__in=(State.REGISTERED, State.REVIEWED))
    return open_ones.filter(kind=asked.kind, field=asked.field).first()


def register(tenure: Tenure, asked: Asked, *, actor: Staff, ticket: str = "") -> DataRequest:
    """Register a request. Its hold keeps the tenure from being erased until the request is closed."""
    tried = {"act": "register_datarequest", "kind": asked.kind, "asked_by": asked.asked_by}
    with recorder.refusals(actor=actor, subject=tenure, facts=tried), transaction.atomic():
        holds.lock([tenure.pk])
        tenure = Tenure.objects.select_related("identity", "identity_key").get(pk=tenure.pk)
        value = check_register(tenure, asked, actor=actor)
        now = timezone.now()
        request = DataRequest(
            pk=bulk.next_pk(DataRequest),
            receipt=receipts.new("D"),
            kind=asked.kind,
            asked_by=asked.asked_by,
            tenure=tenure,
            field=asked.field,
            papers_seen=",".join(paper.value for paper in Paper if paper in asked.papers),
            registered_at=now,
            due_at=now + DUE,
            maker=actor,
        )
        key, row = DataRequestKey.fresh(request.pk)
        request.statement = key.seal(asked.statement.strip().encode(), purpose(request, "statement"))
        if value:
            content = json.dumps({"value": value, "document_kind": asked.document_kind})
            cipher = key_of(tenure)
            assert cipher is not None
            request.value = cipher.seal(content.encode(), purpose(request, "value"))
        facts = {"kind": asked.kind, "asked_by": asked.asked_by, "until": request.due_at.isoformat()}
        with recorder.act(
            "data_request.registered", actor=actor, reason="", ticket=ticket, subject=request, facts=facts
        ) as act:
            request.save(force_insert=True)
            row.save(force_insert=True)
            act.wrote(recorder.history_model(DataRequest))
            holds.place([tenure.pk], Hold.Kind.REQUEST, request.receipt, actor=actor, act=act)
    return request


def purpose(request: DataRequest, part: str) -> str:
    return f"data_request:{request.pk}:{part}"


# Reading the statement


@dataclass(frozen=True)
class Said:
    statement: str
    value: str
    document_kind: str


def may_read(request: DataRequest, *, actor: Staff) -> None:
    if not (actor.has_perm(DECIDE) or actor.has_perm(CARRY_OUT)):
        raise Refused(gettext_noop("Only who decides data requests, or carries them out, reads what was said."))
    refuse_own(actor, [request.tenure.number_id])
    if not DataRequestKey.objects.filter(pk=request.pk).exists():
        raise Invalid(_("What was said can no longer be read: its key was destroyed."))


def read(request: DataRequest, *, actor: Staff) -> Said:
    """Open the statement and the corrected value, for a person who decides or carries out, and write an event."""
    with recorder.refusals(actor=actor, subject=request, facts={"act": "read_datarequest"}):
        may_read(request, actor=actor)
        with recorder.act("data_request.read", actor=actor, reason="", subject=request, facts={"kind": request.kind}):
            key = DataRequestKey.objects.get(pk=request.pk).in_hand()
            assert request.statement is not None
            statement = key.open(bytes(request.statement), purpose(request, "statement")).decode()
            value = told_value(request)
    return Said(statement, value.get("value", ""), value.get("document_kind", ""))


def told_value(request: DataRequest) -> dict[str, str]:
    cipher = key_of(request.tenure)
    if request.value is None or cipher is None:
        return {}
    content: dict[str, str] = json.loads(cipher.open(bytes(request.value), purpose(request, "value")))
    return content
