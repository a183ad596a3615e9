"""Requests to reveal a minor's item (Minors Regulation 36): one person asks, another approves, it is revealed once."""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.queries import identity_of, registrant_of
from accounts.models import Identity, Registrant, Reveal, RevealApproval, RevealRequest
from accounts.reveals.queries import PRIVACY, SUPERVISOR, asked_by, content_hash
from accounts.reveals.services import Wanted, as_it_is_now, attempt, check, understood
from qqops.approvals.models import State
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

ASKED_IT = conflict(gettext_noop("You made this request: another person must rule on it."))

REQUEST_LIFE = datetime.timedelta(hours=24)


class AlreadyAsked(Invalid):
    def __init__(self, request: RevealRequest) -> None:
        super().__init__(_("You have asked for this already: see request %(request)s.") % {"request": request})
        self.request = request


def ask(wanted: Wanted, *, actor: Staff) -> RevealRequest:
    """Request the reveal of a minor's item. Raise as `reveal` would if the actor may not reveal it.

    Raises Invalid for an adult's item, and AlreadyAsked if the same request is open.
    """
    wanted = understood(wanted)
    with recorder.refusals(actor=actor, **attempt("ask_reveal", wanted)), transaction.atomic():
        actor = as_of_now(actor)  # locked: a second submission waits, and finds the first
        wanted = as_it_is_now(wanted)
        found = check(wanted, actor=actor)
        if not found.minor:
            raise Invalid(_("This is an adult's information: no approval is needed."))
        open_ones = asked_by(actor, wanted.tenure, wanted.whose, wanted.field).filter(**wanted.columns)
        for same in open_ones:
            if same.content_hash == content_hash(same, found.items):
                raise AlreadyAsked(same)
        now = timezone.now()
        request = RevealRequest(
            **wanted.columns,
            reason=wanted.reason,
            maker=actor,
            approvers=[SUPERVISOR if actor.has_perm(PRIVACY) else PRIVACY],
            proposed_at=now,
            expires_at=now + REQUEST_LIFE,
        )
        request.content_hash = content_hash(request, found.items)
        with recorder.act(
            "identity.reveal_asked", actor=actor, reason=wanted.reason, subject=wanted.tenure, facts=wanted.facts
        ) as act:
            request.save()
            act.wrote(recorder.history_model(RevealRequest))
            act.facts["asked"] = request.pk
    return request


def capacity_of(request: RevealRequest, actor: Staff) -> str:
    """Return the permission under which this person may rule. Raise Refused or Invalid if there is none."""
    if request.maker_id == actor.pk:
        raise Refused(ASKED_IT)
    held = [permission for permission in request.approvers if actor.has_perm(permission)]
    if not held or not actor.may_enter:
        raise Refused(gettext_noop("Your role may not rule on this request."))
    refuse_own(actor, [request.tenure.number_id])
    if request.state != State.PROPOSED:
        raise Invalid(_("Request #%(id)d is not waiting for approval.") % {"id": request.pk})
    if request.has_lapsed:
        raise Invalid(_("The request has lapsed; it must be made anew."))
    return str(held[0])


def items_now(request: RevealRequest) -> Identity | Registrant | None:
    return identity_of(request.tenure) if request.whose == Reveal.Whose.HOLDER else registrant_of(request.tenure)


def is_as_asked(request: RevealRequest) -> bool:
    """Return True if the item is still the one that was requested."""
    items = items_now(request)
    return items is not None and request.content_hash == content_hash(request, items)


def approve(request: RevealRequest, *, actor: Staff, reason: str, content_hash: str) -> RevealRequest:
    """Agree that the maker reveals exactly this item once, before the request lapses."""
    return _rule(request, actor=actor, reason=reason, seen=content_hash, agreed=True)


def refuse(request: RevealRequest, *, actor: Staff, reason: str, content_hash: str) -> RevealRequest:
    return _rule(request, actor=actor, reason=reason, seen=content_hash, agreed=False)


def _rule(request: RevealRequest, *, actor: Staff, reason: str, seen: str, agreed: bool) -> RevealRequest:
    tried = {"act": "approve_reveal" if agreed else "refuse_reveal", "asked": request.pk}
    with recorder.refusals(actor=actor, subject=request.tenure, facts=tried), transaction.atomic():
        request = (
            RevealRequest.objects.select_related("tenure__identity", "tenure__registrant", "maker")
            .select_for_update(no_key=True, of=("self",))
            .get(pk=request.pk)
        )
        actor = as_of_now(actor)
        capacity = capacity_of(request, actor)
        must_say_why(reason)
        if seen != request.content_hash:
            raise Invalid(_("The request is not the one you saw. Look at it again; nothing was done."))
        facts = {"asked": request.pk, "whose": request.whose, "field": request.field}
        if not is_as_asked(request):
            with recorder.act(
                "identity.reveal_void", actor=actor, reason="", subject=request.tenure, facts=facts
            ) as act:  # fmt: skip
                _move(request, State.VOID, act)
            return request
        if agreed and not request.maker.may_enter:
            raise Invalid(_("Who made this request is not here any more: somebody else must make it anew."))
        event_name = "identity.reveal_approved" if agreed else "identity.reveal_refused"
        with recorder.act(event_name, actor=actor, reason=reason, subject=request.tenure, facts=facts) as act:
            sign(RevealApproval, request, actor, capacity, act, agreed=agreed, reason=reason)
            _move(request, State.APPROVED if agreed else State.REFUSED, act)
    return request


def _move(request: RevealRequest, state: State, act: recorder.Act) -> None:
    request.state = state
    request.save(update_fields=["state"])
    act.wrote(recorder.history_model(RevealRequest))
