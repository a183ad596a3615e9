"""Acts that answer a data request: decide, carry out, send back, download.

Registering, deciding and carrying out need three different people. The answer and its reasons are recorded in clear;
the statement stays sealed.
"""

import hashlib
import json

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.corrections.services import close_open
from accounts.declarations.services import refuse_own
from accounts.disclosures.package import both_languages, content_of, package, release
from accounts.disclosures.policy import ASKERS, Period
from accounts.identity.services import Told, record
from accounts.models import DataRequest, Hold, Identity, Release
from accounts.retention import holds
from accounts.retention.erasure import erase_for
from accounts.rights.queries import decided_by, keepers, of_number_in_use, waits_for_secret
from accounts.rights.services import CARRY_OUT, DECIDE, told_value
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

REGISTERED_IT = conflict(gettext_noop("You registered this request: another person must decide it."))
TOOK_A_STEP = conflict(gettext_noop("You took a step of this request before: a third person must carry it out."))

STEP = ("state", "outcome", "reviewer", "reviewed_at", "review_reason", "closer", "closed_at", "close_reason")
State, Outcome, Kind = DataRequest.State, DataRequest.Outcome, DataRequest.Kind
IN_USE = gettext_noop(
    "The number is in use, and while it is the law wants its holder known (Cybersecurity Law 24; clause 4.1)."
    " It may be cancelled first (12.1(e)); the information is then deleted when it is asked for again."
)


# Deciding


def agreed(request: DataRequest) -> DataRequest.Outcome:
    """Return the outcome of a yes: LOCKED if something keeps the information (PIPL 47), else GRANTED.

    While `not_yet` returns a reason, yes is not possible.
    """
    return Outcome.LOCKED if keepers(request) else Outcome.GRANTED


def not_yet(request: DataRequest) -> str:
    """Return why yes is not possible for now, as a message id; "" if it is. Show it only to people who answer."""
    if waits_for_secret(request):
        return gettext_noop(
            "Only a secret disclosure request keeps this information. Any answer would give it away: leave this request"
            " as it is until that one is over, and tell nobody why."
        )
    return IN_USE if of_number_in_use(request) else ""


def refusal(request: DataRequest) -> str:
    """Return the reason that the law itself gives for a refusal, for the letter; "" if there is none."""
    return _(IN_USE) if of_number_in_use(request) else ""


def content_hash(request: DataRequest) -> str:
    """Return a hash of everything that an answer rests on, so that it applies only to what was shown."""
    identity = Identity.objects.filter(pk=request.tenure_id).values_list("locked_at", "erased_at").first()
    seen = [request.pk, request.state, request.outcome, request.review_reason, keepers(request), str(identity)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def may_decide(request: DataRequest, *, actor: Staff) -> None:
    """Raise Refused or Invalid unless the actor may decide this request now."""
    if not actor.has_perm(DECIDE):
        raise Refused(gettext_noop("Your role may not decide data requests."))
    refuse_own(actor, [request.tenure.number_id])
    if request.maker_id == actor.pk:
        raise Refused(REGISTERED_IT)
    if request.state != State.REGISTERED:
        raise Invalid(_("This request is decided already."))


def decide(request: DataRequest, outcome: str, *, actor: Staff, reason: str, content_hash: str) -> DataRequest:
    """Grant, lock instead, or refuse. The reason goes into the letter (PIPL 50)."""
    tried = {"act": "decide_datarequest", "kind": request.kind, "outcome": outcome}
    with recorder.refusals(actor=actor, subject=request, facts=tried), transaction.atomic():
        request = _locked(request)
        may_decide(request, actor=actor)
        _require_unchanged(request, content_hash)
        must_say_why(reason)
        if outcome != Outcome.REFUSED and (waits := not_yet(request)):
            raise Invalid(_(waits))
        if outcome != Outcome.REFUSED and outcome != agreed(request):
            if outcome == Outcome.GRANTED:
                raise Refused(gettext_noop("The law has this information kept: it can be locked, and not deleted."))
            raise Invalid(_("Nothing keeps this information: grant the deletion, or refuse it."))
        now = timezone.now()
        request.outcome, request.review_reason, request.reviewer, request.reviewed_at = outcome, reason, actor, now
        request.state = State.REVIEWED
        facts = {"kind": request.kind, "outcome": outcome}
        with recorder.act("data_request.decided", actor=actor, reason=reason, subject=request, facts=facts) as act:
            if outcome == Outcome.REFUSED:
                request.state, request.closed_at = State.REFUSED, now
                holds.release_holds(Hold.Kind.REQUEST, request.receipt, actor=actor, act=act)
            request.save(update_fields=STEP)
            act.wrote(recorder.history_model(DataRequest))
    return request


# Carrying out


def may_carry_out(request: DataRequest, *, actor: Staff) -> None:
    """Raise Refused or Invalid unless the actor may carry out this request now."""
    if not actor.has_perm(CARRY_OUT):
        raise Refused(gettext_noop("Your role may not carry out data requests."))
    refuse_own(actor, [request.tenure.number_id])
    if actor.pk == request.maker_id or decided_by(actor).filter(id=request.pk).exists():
        raise Refused(TOOK_A_STEP)
    if request.state != State.REVIEWED:
        raise Invalid(_("This request does not wait to be carried out."))


def carry_out(request: DataRequest, *, actor: Staff, reason: str, content_hash: str) -> DataRequest:
    """Carry out the decision, by a third person, and close the request in the same transaction."""
    tried = {"act": "carry_out_datarequest", "kind": request.kind, "outcome": request.outcome}
    with recorder.refusals(actor=actor, subject=request, facts=tried), transaction.atomic():
        request = _locked(request)
        may_carry_out(request, actor=actor)
        _require_unchanged(request, content_hash)
        must_say_why(reason)
        if waits := not_yet(request):
            raise Invalid(_(waits))
        if request.kind == Kind.DELETION and request.outcome != agreed(request):
            raise Refused(gettext_noop("What keeps this information has changed since: send it back to be decided."))
        facts = {"kind": request.kind, "outcome": request.outcome}
        with recorder.act("data_request.carried_out", actor=actor, reason=reason, subject=request, facts=facts) as act:
            request.state, request.closer, request.closed_at = State.DONE, actor, timezone.now()
            request.close_reason = reason
            request.save(update_fields=STEP)
            act.wrote(recorder.history_model(DataRequest))
            holds.release_holds(Hold.Kind.REQUEST, request.receipt, actor=actor, act=act)
            _execute(act, request, actor=actor, reason=reason)
    return request


def send_back(request: DataRequest, *, actor: Staff, reason: str, content_hash: str) -> DataRequest:
    """Return the request to the decision step without carrying it out."""
    tried = {"act": "send_back_datarequest", "kind": request.kind, "outcome": request.outcome}
    with recorder.refusals(actor=actor, subject=request, facts=tried), transaction.atomic():
        request = _locked(request)
        may_carry_out(request, actor=actor)
        _require_unchanged(request, content_hash)
        must_say_why(reason)
        facts = {"kind": request.kind, "outcome": request.outcome}
        with recorder.act("data_request.sent_back", actor=actor, reason=reason, subject=request, facts=facts) as act:
            request.state, request.outcome, request.review_reason = State.REGISTERED, "", ""
            request.reviewer = request.reviewed_at = None
            request.save(update_fields=STEP)
            act.wrote(recorder.history_model(DataRequest))
    return request


def _execute(act: recorder.Act, request: DataRequest, *, actor: Staff, reason: str) -> None:
    if request.outcome == Outcome.LOCKED or request.kind == Kind.LOCK:
        _lock_processing(act, request, on=True)
    elif request.kind == Kind.UNLOCK:
        _lock_processing(act, request, on=False)
    elif request.kind == Kind.DELETION:
        erase_for(request, actor=actor, reason=reason)
    elif request.kind == Kind.COPY:
        _release_copy(act, request, actor=actor)
    elif request.kind == Kind.CORRECTION:
        stored = told_value(request)
        if not stored:
            raise Invalid(_("What was said can no longer be read: its key was destroyed."))
        values, kind = {request.field: stored["value"]}, stored["document_kind"]
        record([Told(request.tenure_id, values, kind)], actor=actor, reason=reason)


def _release_copy(act: recorder.Act, request: DataRequest, *, actor: Staff) -> None:
    """Release the information about this tenure that the asker may have, as one file (PIPL 45, 49)."""
    assert request.reviewer is not None
    about = {"receipt": request.receipt, "asked_for": both_languages(request.get_kind_display())}
    content = package(about, [(request.tenure.number_id, request.tenure)], ASKERS[request.asked_by].may_have, Period())
    people = (request.maker, request.reviewer, actor)
    release(act, content, receipt=request.receipt, people=people, data_request=request)


def may_download(request: DataRequest, *, actor: Staff) -> None:
    if not (actor.has_perm(DECIDE) or actor.has_perm(CARRY_OUT)):
        raise Refused(gettext_noop("Only who decides data requests, or carries them out, takes out the copy."))
    refuse_own(actor, [request.tenure.number_id])
    if not Release.objects.filter(data_request=request).exists():
        raise Invalid(_("Nothing was handed out under this request."))


def download(request: DataRequest, *, actor: Staff) -> bytes:
    """Return the copy, to be handed to the asker. Each download writes an event."""
    with recorder.refusals(actor=actor, subject=request, facts={"act": "download_copy"}):
        may_download(request, actor=actor)
        made = Release.objects.select_related("key").get(data_request=request)
        content = content_of(made)
        facts = {"sha256": made.sha256}
        with recorder.act("data_request.downloaded", actor=actor, reason="", subject=request, facts=facts):
            return content


def _lock_processing(act: recorder.Act, request: DataRequest, *, on: bool) -> None:
    """Set or remove the processing lock 停止处理 (PIPL 47). Setting it closes the open correction demands."""
    identity = Identity.objects.select_for_update(no_key=True).get(pk=request.tenure_id)
    if (identity.locked_at is not None) != on:
        identity.locked_at = request.closed_at if on else None
        identity.save(update_fields=["locked_at"])
        act.wrote(recorder.history_model(Identity))
        if on:
            close_open([request.tenure_id], act)


def _locked(request: DataRequest) -> DataRequest:
    holds.lock([request.tenure_id])
    rows = DataRequest.objects.select_related("tenure__number", "tenure__identity_key")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=request.pk)


def _require_unchanged(request: DataRequest, seen: str) -> None:
    if content_hash(request) != seen:
        raise Invalid(_("This request has changed since you read it. Nothing was done: read it again."))
