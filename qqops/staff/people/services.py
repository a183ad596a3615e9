"""Members of staff: set up, let in with a link, given a password, deactivated. Never deleted."""

import re
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.approvals.models import State
from qqops.audit import origin, recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import AccessRequest, Holding, Staff
from qqops.staff.policy import SYSTEM_ACTORS
from qqops.staff.sessions.services import end_all
from qqops.staff.tokens.services import end_tokens

END_ACCESS = "staff.end_access"
LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,59}")


def settle() -> None:
    """After each migration: the named system actors."""
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()), transaction.atomic():
        load_system_actors()


def load_system_actors() -> None:
    """Make the named system actors; they record their own arrival, as nobody was there before them."""
    known = set(Staff.objects.filter(is_system=True).values_list("username", flat=True))
    for login in SYSTEM_ACTORS:
        if login in known:
            continue
        actor = Staff(username=login, is_system=True)
        actor.set_unusable_password()
        Staff.objects.bulk_create([actor])  # no .save(): the history needs an event, the event needs the actor
        with recorder.act("staff.joined", actor=actor, reason="", facts={"login": login, "role": "system"}) as act:
            act.history(Staff, [actor.pk], recorder.CREATED)


def named(login: str) -> Staff:
    found = Staff.objects.filter(username=login, is_system=False).first()
    if found is None:
        raise Invalid(_("There is no member of staff “%(login)s”.") % {"login": login})
    return found


def may(actor: Staff, permission: str) -> None:
    if not (actor.may_enter and actor.has_perm(permission)):
        raise Refused(gettext_noop("Your role may not do this."))


def as_of_now(staff: Staff) -> Staff:
    """The person with what he holds at this moment; locked, so that it stays so until the act is done."""
    return Staff.objects.select_for_update(no_key=True).get(pk=staff.pk)


def reasoned(reason: str) -> None:
    must_say_why(reason)
    no_personal_data(reason)


def newcomer(login: str, name: str) -> Staff:
    """A member of staff who is not in yet, nor in the database; Invalid when the login is no good."""
    no_personal_data(login, name)
    if not LOGIN.fullmatch(login):  # no letters that look like others, and no two logins that differ by case
        raise Invalid(_("A login is 2 to 60 of a–z, 0–9, dot, hyphen and underscore, and begins with a letter."))
    if login.startswith("system-"):
        raise Invalid(_("Logins that begin with “system-” belong to the house itself."))
    staff = Staff(username=login, name=name, is_active=False)
    staff.set_unusable_password()
    try:
        staff.clean_fields()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
    return staff


def join(
    login: str, role: str, *, password: str, actor: Staff, reason: str, name: str = "", demo: bool = False
) -> Staff:
    """Set up a login with its role, by the set-up itself: the demo's, the first ones. All others are let in by two
    people (access.py). An empty role makes an account that may not enter."""
    if not actor.is_system:
        raise Refused(gettext_noop("Your role may not do this."))
    with recorder.act("staff.joined", actor=actor, reason=reason, facts={"login": login, "role": role}) as act:
        staff = Staff(username=login, name=name, is_demo=demo)
        if password:
            staff.set_password(password)
        else:
            staff.set_unusable_password()
        staff.save()
        act.wrote(recorder.history_model(Staff))
        if role:
            give(staff, role, act)
        act.subject = staff
    return staff


def give(staff: Staff, role: str, act: recorder.Act, **more: Any) -> Holding:
    """Have a person hold a role from now on; part of the act that is the cause."""
    holding = Holding(staff=staff, role=role, since=timezone.now(), **more)
    holding.save()
    act.wrote(recorder.history_model(Holding))
    return holding


def reset_password(staff: Staff, password: str, *, actor: Staff, reason: str) -> None:
    """Set a new password; sessions and command tokens of the old one end with it."""
    facts = {"login": staff.username}
    with recorder.act("staff.password_reset", actor=actor, reason=reason, subject=staff, facts=facts) as act:
        if as_of_now(staff).password != staff.password:
            raise Invalid(_("The password was changed meanwhile. Nothing was done."))  # or the person was shut out
        staff.set_password(password)
        staff.save(update_fields=["password"])
        act.wrote(recorder.history_model(Staff))
        end_tokens(staff)
        end_all(staff)


def needs_code(staff: Staff) -> str:
    """The digest of the code that goes with a person's link; none for the first two, whom nobody asked for."""
    asked = AccessRequest.objects.filter(staff=staff, state=State.APPLIED).exclude(code_digest="")
    return asked.order_by("-pk").values_list("code_digest", flat=True).first() or ""


def set_first_password(staff: Staff, password: str, code: str = "") -> None:
    """Set one's own password by the approver's link and the maker's code; it makes the link good no more."""
    digest = needs_code(staff)
    if digest and not check_password(code.strip().upper(), digest):
        raise Invalid(_("The code is not right. It is told by the person who asked for your access."))
    reset_password(staff, password, actor=staff, reason="")


def shut_out(staff: Staff) -> None:
    """End every way in that a person has: password, second factors, sessions, tokens. Part of an act."""
    staff.set_unusable_password()
    Authenticator.objects.filter(user=staff).delete()
    end_all(staff)
    end_tokens(staff)


def may_deactivate(staff: Staff, actor: Staff) -> None:
    """Refused or Invalid says why this person may not deactivate that one."""
    may(actor, END_ACCESS)
    if staff == actor:
        raise Refused(gettext_noop("You cannot deactivate yourself: another person must do it."))
    if staff.is_system or not staff.is_active:
        raise Invalid(_("%(login)s is not active.") % {"login": staff.username})
    keep_a_way_in(Holding.objects.live().filter(staff=staff))


KEYS = ("supervisor", "sysadmin")  # without one of each nobody can be let in any more


def keep_a_way_in(ending: Any, *, lock: bool = False) -> None:
    """Refused when, of what is to end, something is the last of its kind held for good. `lock`: in the act itself."""
    for role in {holding.role for holding in ending if holding.role in KEYS}:
        standing = Holding.objects.live().filter(role=role, glass=False, until=None, staff__is_active=True)
        if lock:
            standing = standing.select_for_update(no_key=True, of=("self",)).order_by("pk")
        if not {holding.pk for holding in standing} - {holding.pk for holding in ending}:
            raise Refused(gettext_noop("Nobody else holds this role for good: without it nobody can be let in."))


def deactivate(staff: Staff, *, actor: Staff, reason: str) -> None:
    """End all a person holds, at once; to return he is let in anew."""
    with recorder.refusals(actor=actor, subject=staff, facts={"act": "deactivate"}), transaction.atomic():
        staff = as_of_now(staff)
        may_deactivate(staff, actor)
        reasoned(reason)
        facts = {"login": staff.username}
        with recorder.act("staff.deactivated", actor=actor, reason=reason, subject=staff, facts=facts) as act:
            keep_a_way_in(Holding.objects.live().filter(staff=staff), lock=True)
            shut_out(staff)
            staff.is_active = False
            staff.save(update_fields=["password", "is_active"])
            act.wrote(recorder.history_model(Staff))
            end_holdings(Holding.objects.live().filter(staff=staff), act)


def end_holdings(holdings: Any, act: recorder.Act) -> list[Holding]:
    """End roles held, now; part of an act."""
    ended = list(holdings.select_for_update(no_key=True))
    for holding in ended:
        holding.until = timezone.now()
        holding.save(update_fields=["until"])
        act.wrote(recorder.history_model(Holding))
    return ended
