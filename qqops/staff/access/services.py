"""Joiners, movers, leavers: access is proposed by one person and approved by another; to take it away needs one.

What cannot wait is emergency.py's.
"""

import datetime
import hashlib
import json
import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.alerts.services import raise_alert
from qqops.approvals.models import State
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.staff.models import AccessApproval, AccessRequest, Holding, Staff
from qqops.staff.people.services import (
    END_ACCESS,
    as_of_now,
    end_holdings,
    give,
    join,
    keep_a_way_in,
    may,
    newcomer,
    reasoned,
    shut_out,
)
from qqops.staff.policy import ROLES
from qqops.staff.sessions.services import end_all
from qqops.staff.tokens.services import end_tokens

FOR_SELF = conflict(gettext_noop("Nobody gives themselves access: another person must propose it."))
MADE_IT = conflict(gettext_noop("You made this request: another person must rule on it."))
IS_FOR_YOU = conflict(gettext_noop("This request is for you: another person must rule on it."))

REQUEST_LIFE = datetime.timedelta(hours=72)
ASK, APPROVE = "staff.request_access", "staff.approve_access"
Kind = AccessRequest.Kind


@dataclass
class Ruled:
    """What came of an approval. The link is shown once, to the approver; it opens only with the maker's code."""

    request: AccessRequest
    link: str = ""


class AlreadyAsked(Invalid):
    """The same person has asked for the same already, and it waits."""

    def __init__(self, request: AccessRequest) -> None:
        super().__init__(_("You have asked for this already: request #%(id)d waits for approval.") % {"id": request.pk})
        self.request = request


# Asking. A draft is what would be filed: previews and dry runs show it, and are refused what the act is refused.


def draft_invite(
    login: str,
    role: str,
    *,
    name: str,
    actor: Staff,
    reason: str,
    ticket: str = "",
    until: datetime.datetime | None = None,
) -> AccessRequest:
    may(actor, ASK)
    known = Staff.objects.filter(username__iexact=login).first()
    if known and (known.is_system or known.is_active):
        raise _taken(login)
    return _draft(Kind.JOIN, known or newcomer(login, name), role, actor, reason=reason, ticket=ticket, until=until)


def draft_role(
    staff: Staff, role: str, *, actor: Staff, reason: str, ticket: str = "", until: datetime.datetime | None = None
) -> AccessRequest:
    may(actor, ASK)
    _active(staff)
    return _draft(Kind.GRANT, staff, role, actor, reason=reason, ticket=ticket, until=until)


def draft_reset(staff: Staff, *, actor: Staff, reason: str, ticket: str = "") -> AccessRequest:
    may(actor, ASK)
    _active(staff)
    return _draft(Kind.RESET, staff, "", actor, reason=reason, ticket=ticket)


def invite(
    login: str,
    role: str,
    *,
    name: str,
    actor: Staff,
    reason: str,
    ticket: str = "",
    until: datetime.datetime | None = None,
) -> AccessRequest:
    """Propose to let in a new person, or one who had left, in one role."""
    with recorder.refusals(actor=actor, facts={"act": "invite", "role": role}):
        return _file(draft_invite(login, role, name=name, actor=actor, reason=reason, ticket=ticket, until=until))


def request_role(
    staff: Staff, role: str, *, actor: Staff, reason: str, ticket: str = "", until: datetime.datetime | None = None
) -> AccessRequest:
    """Propose to give a role to a person who is in, for good or for a time (cover for somebody away)."""
    with recorder.refusals(actor=actor, subject=staff, facts={"act": "grant", "role": role}):
        return _file(draft_role(staff, role, actor=actor, reason=reason, ticket=ticket, until=until))


def request_reset(staff: Staff, *, actor: Staff, reason: str, ticket: str = "") -> AccessRequest:
    """Propose a new way in for who lost the password or the second factor."""
    with recorder.refusals(actor=actor, subject=staff, facts={"act": "reset"}):
        return _file(draft_reset(staff, actor=actor, reason=reason, ticket=ticket))


def _taken(login: str) -> Invalid:
    return Invalid(_("The login “%(login)s” is taken.") % {"login": login})


def _active(staff: Staff) -> None:
    if staff.is_system or not staff.is_active:
        raise Invalid(_("%(login)s is not active.") % {"login": staff.username})


def _draft(
    kind: Kind,
    staff: Staff,
    role: str,
    actor: Staff,
    *,
    reason: str,
    ticket: str,
    until: datetime.datetime | None = None,
) -> AccessRequest:
    if kind != Kind.RESET and role not in ROLES:
        raise Invalid(_("There is no role “%(role)s”.") % {"role": role})
    if staff == actor:
        raise Refused(FOR_SELF)
    ends_later(until)
    reasoned(reason)
    no_personal_data(ticket)
    draft = AccessRequest(
        kind=kind, staff=staff, role=role, until=until, reason=reason, ticket=ticket, maker=actor, approvers=[APPROVE]
    )
    _asked_once(draft)
    return draft


def ends_later(until: datetime.datetime | None) -> None:
    if until and until <= timezone.now():
        raise Invalid(_("The end lies in the past."))


def _asked_once(draft: AccessRequest) -> None:
    """A second press of one button, or a colleague's forgetfulness, makes no second request."""
    if draft.staff.pk is None:
        return
    same = AccessRequest.objects.filter(
        staff=draft.staff, maker=draft.maker, kind=draft.kind, role=draft.role,
        state=State.PROPOSED, expires_at__gt=timezone.now(),
    )  # fmt: skip
    if first := same.first():
        raise AlreadyAsked(first)


def _file(request: AccessRequest) -> AccessRequest:
    staff, actor = request.staff, request.maker
    facts = {"kind": str(request.kind), "login": staff.username, "role": request.role}
    verb = "staff.access_requested"
    with recorder.act(verb, actor=actor, reason=request.reason, ticket=request.ticket, facts=facts) as act:
        if staff.pk is None:
            _save_newcomer(staff, act)
        else:
            as_of_now(staff)
            _asked_once(request)
        request.staff = staff  # its key is known now
        request.proposed_at = timezone.now()
        request.expires_at = request.proposed_at + REQUEST_LIFE
        request.content_hash = content_hash(request)
        if request.kind != Kind.GRANT:
            request.code = new_code()
            request.code_digest = make_password(request.code)
        request.save()
        act.wrote(recorder.history_model(AccessRequest))
        act.subject = staff
        act.facts["request"] = request.pk
    return request


def new_code() -> str:
    """Eight letters and digits that cannot be taken for one another when told by word of mouth; 40 bits."""
    drawn = "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _n in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def _save_newcomer(staff: Staff, act: recorder.Act) -> None:
    try:
        with transaction.atomic():
            staff.save()
    except IntegrityError as error:  # somebody else has just invited the same login
        raise _taken(staff.username) from error
    act.wrote(recorder.history_model(Staff))


def content_hash(request: AccessRequest) -> str:
    until = request.until and request.until.astimezone(datetime.UTC).isoformat()  # however it was given
    content = [request.kind, request.staff_id, request.role, until, request.reason, request.maker_id]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


# Answering


def may_rule(request: AccessRequest, actor: Staff) -> None:
    """Refused or Invalid says why this person may not answer this request."""
    may(actor, APPROVE)
    if request.maker_id == actor.pk:
        raise Refused(MADE_IT)
    if request.staff_id == actor.pk:
        raise Refused(IS_FOR_YOU)
    if request.state != State.PROPOSED:
        raise Invalid(_("Request #%(id)d is not waiting for approval.") % {"id": request.pk})
    if request.has_lapsed:
        raise Invalid(_("The request has lapsed; it must be made anew."))


def still_stands(request: AccessRequest) -> None:
    """Invalid when who asked has left meanwhile: nobody is there to answer for it."""
    if not request.maker.may_enter:
        raise Invalid(_("Who made this request is not here any more: somebody else must make it anew."))


def approve(request: AccessRequest, *, actor: Staff, reason: str, content_hash: str) -> Ruled:
    """Agree: the person is let in, given the role, or given a new way in, in this transaction."""
    return _rule(request, actor=actor, reason=reason, seen=content_hash, agreed=True)


def refuse(request: AccessRequest, *, actor: Staff, reason: str, content_hash: str) -> Ruled:
    return _rule(request, actor=actor, reason=reason, seen=content_hash, agreed=False)


def _rule(request: AccessRequest, *, actor: Staff, reason: str, seen: str, agreed: bool) -> Ruled:
    act_facts = {"act": "approve_access" if agreed else "refuse_access"}
    with recorder.refusals(actor=actor, subject=request, facts=act_facts), transaction.atomic():
        request = AccessRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        actor = as_of_now(actor)
        may_rule(request, actor)
        still_stands(request)
        reasoned(reason)
        if not (seen == request.content_hash == content_hash(request)):
            raise Invalid(_("The request is not the one you saw. Look at it again; nothing was done."))
        verb = "staff.access_approved" if agreed else "staff.access_refused"
        staff = request.staff
        facts = {"request": request.pk, "kind": request.kind, "login": staff.username, "role": request.role}
        with recorder.act(verb, actor=actor, reason=reason, ticket=request.ticket, subject=staff, facts=facts) as act:
            sign(AccessApproval, request, actor, APPROVE, act, agreed=agreed, reason=reason, staff=staff)
            request.state = State.APPLIED if agreed else State.REFUSED
            request.save(update_fields=["state"])
            act.wrote(recorder.history_model(AccessRequest))
            if agreed and request.kind == Kind.RESET:
                raise_alert(act, "reset", subject=staff, who=actor.username, login=staff.username)
            return Ruled(request, _carry_out(request, act) if agreed else "")


def _carry_out(request: AccessRequest, act: recorder.Act) -> str:
    staff = as_of_now(request.staff)
    if request.kind != Kind.JOIN:
        _active(staff)
    elif staff.is_active:
        raise _taken(staff.username)
    if request.kind != Kind.GRANT:
        shut_out(staff)
        staff.is_active = True
        staff.save(update_fields=["password", "is_active"])
        act.wrote(recorder.history_model(Staff))
    if request.kind != Kind.RESET:
        if request.until and request.until <= timezone.now():
            raise Invalid(_("The end lies in the past."))
        give_or_say_why(staff, request.role, act, until=request.until, request=request)
    return "" if request.kind == Kind.GRANT else welcome_link(staff)


def give_or_say_why(staff: Staff, role: str, act: recorder.Act, **more: object) -> Holding:
    try:
        with transaction.atomic():
            return give(staff, role, act, **more)
    except IntegrityError as error:
        if "holding_exclusive" not in str(error):
            raise
        raise Refused(
            gettext_noop("%(login)s holds this role already, or one that excludes it."), login=staff.username
        ) from error


def welcome_link(staff: Staff) -> str:
    """The path where the person sets a first password: good once, for as long as PASSWORD_RESET_TIMEOUT says."""
    uid = urlsafe_base64_encode(force_bytes(staff.pk))
    return reverse("welcome", args=[uid, default_token_generator.make_token(staff)])


# Taking away


def may_revoke(staff: Staff, role: str, actor: Staff) -> None:
    """Refused or Invalid says why this person may not end that role."""
    may(actor, END_ACCESS)
    held = Holding.objects.live().filter(staff=staff, role=role)
    if not held.exists():
        raise _not_held(staff)
    keep_a_way_in(held)


def _not_held(staff: Staff) -> Invalid:
    return Invalid(_("%(login)s does not hold this role.") % {"login": staff.username})


def revoke(staff: Staff, role: str, *, actor: Staff, reason: str) -> None:
    """End a role a person holds, at once, and his sessions and command tokens with it."""
    facts = {"login": staff.username, "role": role}
    with recorder.refusals(actor=actor, subject=staff, facts={"act": "revoke", "role": role}):
        may_revoke(staff, role, actor)
        reasoned(reason)
        with recorder.act("staff.role_ended", actor=actor, reason=reason, subject=staff, facts=facts) as act:
            as_of_now(staff)
            keep_a_way_in(Holding.objects.live().filter(staff=staff, role=role), lock=True)
            if not end_holdings(Holding.objects.live().filter(staff=staff, role=role), act):
                raise _not_held(staff)
            end_all(staff)
            end_tokens(staff)


# The first two people of a new house


def may_found(sysadmin: str, supervisor: str) -> None:
    if Holding.objects.exists():
        raise Refused(gettext_noop("Somebody has held a role already: from then on people are let in by two others."))
    if sysadmin.casefold() == supervisor.casefold():
        raise Invalid(_("The two must be two people."))
    for login in (sysadmin, supervisor):
        newcomer(login, "")
        if Staff.objects.filter(username__iexact=login).exists():
            raise _taken(login)


def found(sysadmin: str, supervisor: str) -> dict[Staff, str]:
    """Let in an administrator and a supervisor before anybody has ever held a role; return the link of each."""
    setup = Staff.objects.system("system-setup")
    with recorder.refusals(actor=setup, facts={"act": "found"}), transaction.atomic():
        as_of_now(setup)  # one founding at a time
        may_found(sysadmin, supervisor)
        people = [
            join(login, role, password="", actor=setup, reason="")
            for login, role in ((sysadmin, "sysadmin"), (supervisor, "supervisor"))
        ]
        return {staff: welcome_link(staff) for staff in people}
