"""The acts on a person, each in two steps: invite, give or end a role, new way in, deactivate, end sessions, unlock."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff import forms, queries
from qqops.staff.access import services as access
from qqops.staff.access.services import draft_invite, draft_reset, draft_role, may_revoke, request_reset, request_role
from qqops.staff.backend import at_desk
from qqops.staff.models import AccessRequest, Staff
from qqops.staff.people import services as people
from qqops.staff.people.services import may_deactivate
from qqops.staff.policy import ROLES
from qqops.staff.sessions import services as sessions
from qqops.staff.signin import services as signin
from qqops.staff.text import factor_text, request_url, role_text, roles_of, roles_text, staff_url
from qqops.templatetags.ops import minute
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Fact, Panel

LIST = "admin:staff_staff_changelist"
DONE = gettext_lazy("This was done already, by the first press of the button.")


class PressedPage(ConfirmPage):
    """Two steps that know a second press of the same button: by what the person did since the preview."""

    proof = True
    verb = ""  # of the event that the act leaves
    user: Staff

    def sign(self, preview: Preview, *, nonce: str) -> str:
        last = queries.last_event(self.user)
        return super().sign(preview, nonce=f"{nonce}:{last.seq if last else 0}")

    def respond(self) -> HttpResponseBase:
        if self.request.POST.get("step") != "confirm":
            return super().respond()
        nonce, _seen, _problem = self.token()
        if answer := self.again(nonce):  # before the act is judged: done once, it may well be refused now
            return answer
        with recorder.once(self.verb, nonce, lambda: self.must_be_first(nonce)):
            return super().respond()

    def must_be_first(self, nonce: str) -> None:
        if self.first(nonce):
            raise Invalid(DONE)

    def earlier(self, nonce: str) -> str:
        first = self.first(nonce)
        if first is None:
            return ""
        self.say(DONE, messages.WARNING)
        return self.done_url(first.facts)

    def first(self, nonce: str) -> Event | None:
        """What this person did since the preview that this would do once more."""
        return queries.own_event_since(int(nonce.partition(":")[2]), self.user, self.verb, **self.about())

    def about(self) -> dict[str, str]:
        """What tells this act's event from others of its verb."""
        raise NotImplementedError

    def done_url(self, facts: dict[str, Any]) -> str:
        raise NotImplementedError


class PersonPage(PressedPage):
    """An act on somebody who is in."""

    nav = LIST
    button = gettext_lazy("Confirm")
    danger = False
    form_class: type[BaseForm] = forms.ReasonForm

    def setup(self) -> None:
        found = at_desk().filter(pk=self.kwargs["pk"], is_system=False).first()
        if found is None:
            raise Http404
        self.staff: Staff = found

    def heading_title(self) -> str:
        return _("%(act)s: %(who)s") % {"act": self.title, "who": self.staff}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Staff"), reverse(LIST)), (str(self.staff), staff_url(self.staff.pk))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is not None:
            with recorder.refusals(actor=self.user, subject=self.staff, facts={"page": self.request.path}):
                self.check(cleaned)
        return Preview(self.fingerprint(), self.button, self.danger, [self.now()], [*self.consequences(cleaned or {})])

    def check(self, cleaned: dict[str, Any]) -> None:
        """Raise what the act would raise."""
        raise NotImplementedError

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        raise NotImplementedError

    def fingerprint(self) -> str:
        self.held = queries.held_by(self.staff)
        told = [self.staff.is_active, *sorted(h.pk for h in self.held)]
        return hashlib.sha256(str(told).encode()).hexdigest()

    def now(self) -> Panel:
        facts = [
            Fact(_("Login"), self.staff.username),
            Fact(_("Name"), self.staff.name),
            Fact(_("Role"), roles_of(self.staff)),
            Fact(_("Second factor"), factor_text(self.staff.has_factor)),  # type: ignore[attr-defined]  # at_desk brings it
            Fact(_("Sessions"), queries.sessions_of(self.staff).count()),
        ]
        return Panel(_("Now"), "ops/panel_facts.html", {"facts": facts})

    def about(self) -> dict[str, str]:
        return {"subject_type": "staff.staff", "subject_id": str(self.staff.pk)}

    def done_url(self, facts: dict[str, Any]) -> str:
        return staff_url(self.staff.pk)

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        self.say(self.do(cleaned))
        return staff_url(self.staff.pk)

    def do(self, cleaned: dict[str, Any]) -> str:
        """Do it, and return the sentence that says so."""
        raise NotImplementedError


# What is asked for, and given by another


def _asked(request: AccessRequest) -> str:
    return _("Request #%(id)d waits for approval.") % {"id": request.pk}


def hand_over_code(page: ConfirmPage, request: AccessRequest) -> HttpResponseBase:
    """The code is here and nowhere else: no redirect, and no page of the admin is kept by a browser."""
    page.template = "staff/code.html"
    return page.render(asked=request, code=request.code, done=request_url(request), frozen=True)


def _waits() -> str:
    return _("Nothing is given yet: another person approves or refuses within 72 hours.")


def _gets(who: Staff, cleaned: dict[str, Any]) -> str:
    told = {"who": who, "role": role_text(cleaned["role"])}
    if cleaned.get("until"):
        text = _("If approved, %(who)s is %(role)s from then on until %(until)s, when it ends by itself.")
        return text % (told | {"until": minute(cleaned["until"])})
    return _("If approved, %(who)s is %(role)s from then on, without an end.") % told


def _link_is_shown() -> str:
    return _("You are shown a code, once, and the approver a link: the person needs both to set a password.")


class InvitePage(PressedPage):
    title = gettext_lazy("Invite")
    permission = "staff.request_access"
    form_class = forms.InviteForm
    verb = "staff.access_requested"
    nav = LIST

    def initial(self) -> dict[str, Any]:
        """Whoever is invited again is named in the address."""
        return {name: self.request.GET.get(name, "")[:80] for name in ("login", "name")}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Staff"), reverse(LIST))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            return Preview("", "", consequences=[_waits(), _link_is_shown()])
        with recorder.refusals(actor=self.user, facts={"page": self.request.path}):
            draft = draft_invite(**_given(cleaned, "name", "login"), actor=self.user)
        happens = [_waits(), _gets(draft.staff, cleaned), _link_is_shown()]
        if draft.staff.pk:
            happens.insert(1, _("%(who)s was here before: make sure that it is the same person.")
                           % {"who": draft.staff})  # fmt: skip
        return Preview(f"{draft.staff.pk}", _("Send for approval"), consequences=happens)

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase:
        return hand_over_code(self, access.invite(**_given(cleaned, "name", "login"), actor=self.user))

    def about(self) -> dict[str, str]:
        return {"facts__kind": "join", "facts__login__iexact": self.request.POST.get("login", "").strip()}

    def done_url(self, facts: dict[str, Any]) -> str:
        return _request_url(facts)


def _given(cleaned: dict[str, Any], *more: str) -> dict[str, Any]:
    return {name: cleaned[name] for name in ("role", "until", "reason", "ticket", *more)}


def _request_url(facts: dict[str, Any]) -> str:
    return reverse("admin:staff_accessrequest_change", args=[facts["request"]])


class GrantPage(PersonPage):
    title = gettext_lazy("Give a role")
    permission = "staff.request_access"
    form_class = forms.GrantForm
    verb = "staff.access_requested"
    button = gettext_lazy("Send for approval")

    def check(self, cleaned: dict[str, Any]) -> None:
        draft_role(self.staff, **_given(cleaned), actor=self.user)

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        yield _waits()
        if not cleaned:
            return
        yield _gets(self.staff, cleaned)
        if clash := queries.clashing(cleaned["role"], [h.role for h in self.held]):
            text = _("%(who)s is %(held)s now, and nobody can be both: this can be approved only after that has ended.")
            if cleaned["role"] in clash:
                text = _("%(who)s is %(held)s already: this can be approved only after that has ended.")
            yield text % {"who": self.staff, "held": roles_text(clash)}

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        request = request_role(self.staff, **_given(cleaned), actor=self.user)
        self.say(_asked(request))
        return request_url(request)

    def about(self) -> dict[str, str]:
        return super().about() | {"facts__kind": "grant", "facts__role": self.request.POST.get("role", "")}

    def done_url(self, facts: dict[str, Any]) -> str:
        return _request_url(facts)


class ResetPage(PersonPage):
    title = gettext_lazy("New way in")
    permission = "staff.request_access"
    form_class = forms.ResetForm
    verb = "staff.access_requested"
    button = gettext_lazy("Send for approval")

    def check(self, cleaned: dict[str, Any]) -> None:
        draft_reset(self.staff, reason=cleaned["reason"], ticket=cleaned["ticket"], actor=self.user)

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        who = {"who": self.staff}
        yield _waits()
        yield (
            _("If approved, password, second factors, sessions and command tokens of %(who)s end; the roles stay.")
            % who
        )
        yield _link_is_shown()
        yield _("Make sure that it is %(who)s who asks for it.") % who

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase:  # type: ignore[override]  # a page
        asked = {"reason": cleaned["reason"], "ticket": cleaned["ticket"], "actor": self.user}
        return hand_over_code(self, request_reset(self.staff, **asked))

    def about(self) -> dict[str, str]:
        return super().about() | {"facts__kind": "reset"}

    def done_url(self, facts: dict[str, Any]) -> str:
        return _request_url(facts)


# What is taken away, at once


class RevokePage(PersonPage):
    title = gettext_lazy("End a role")
    permission = "staff.end_access"
    form_class = forms.RevokeForm
    verb = "staff.role_ended"
    button = gettext_lazy("End the role")
    danger = True

    def form_kwargs(self) -> dict[str, Any]:
        return {"held": [role for role in ROLES if role in self.staff.roles]}

    def check(self, cleaned: dict[str, Any]) -> None:
        may_revoke(self.staff, cleaned["role"], self.user)
        people.reasoned(cleaned["reason"])

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        yield _("The role ends now, and with it every session and command token of %(who)s.") % {"who": self.staff}
        yield _("To give it back, one person proposes and another approves.")
        yield from _last_one(self.staff, [cleaned["role"]] if cleaned else [])

    def do(self, cleaned: dict[str, Any]) -> str:
        access.revoke(self.staff, cleaned["role"], actor=self.user, reason=cleaned["reason"])
        return _("%(who)s is no longer %(role)s.") % {"who": self.staff, "role": role_text(cleaned["role"])}

    def about(self) -> dict[str, str]:
        return super().about() | {"facts__role": self.request.POST.get("role", "")}


def _last_one(staff: Staff, roles: Any) -> Iterator[str]:
    """Without them nobody can be let in any more."""
    for role in ("supervisor", "sysadmin"):
        if role in roles and not queries.others_holding(role, staff):
            yield _("Nobody else is %(role)s: without one nobody can be let in any more.") % {"role": role_text(role)}


class DeactivatePage(PersonPage):
    title = gettext_lazy("Deactivate")
    permission = "staff.end_access"
    verb = "staff.deactivated"
    button = gettext_lazy("Deactivate")
    danger = True

    def check(self, cleaned: dict[str, Any]) -> None:
        may_deactivate(self.staff, self.user)
        people.reasoned(cleaned["reason"])

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        who = {"who": self.staff}
        yield _("%(who)s is out at once: roles, sessions, command tokens, password and second factors end.") % who
        yield _("What waits for %(who)s is seen and taken by others of the same role.") % who
        yield _("The record keeps the name for ever; to return, %(who)s is invited anew.") % who
        yield from _last_one(self.staff, self.staff.roles)

    def do(self, cleaned: dict[str, Any]) -> str:
        people.deactivate(self.staff, actor=self.user, reason=cleaned["reason"])
        return _("%(who)s is deactivated.") % {"who": self.staff}


class EndSessionsPage(PersonPage):
    title = gettext_lazy("End sessions")
    permission = "staff.end_access"
    verb = "staff.session_ended"
    button = gettext_lazy("End all sessions")
    danger = True

    def check(self, cleaned: dict[str, Any]) -> None:
        people.may(self.user, self.permission)
        people.reasoned(cleaned["reason"])

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        if self.staff == self.user:
            yield _("Your other sessions end at once; this one stays, and nothing else ends.")
            return
        yield _("Whoever is signed in as “%(login)s” is signed out at once; nothing else ends.") % {
            "login": self.staff.username
        }
        yield _("%(who)s can sign in again.") % {"who": self.staff}

    def do(self, cleaned: dict[str, Any]) -> str:
        session: Any = self.request.session  # our own store
        mine = session.row_key(session.session_key) if self.staff == self.user else ""
        ended = sessions.end_others(self.staff, actor=self.user, but=mine, reason=cleaned["reason"])
        text = ngettext("%(n)d session of %(who)s ended.", "%(n)d sessions of %(who)s ended.", ended)
        return text % {"n": ended, "who": self.staff}


class UnlockPage(PersonPage):
    title = gettext_lazy("Unlock")
    permission = "staff.unlock"
    verb = "staff.unlocked"
    button = gettext_lazy("Unlock")

    def check(self, cleaned: dict[str, Any]) -> None:
        people.may(self.user, self.permission)
        people.reasoned(cleaned["reason"])

    def consequences(self, cleaned: dict[str, Any]) -> Iterator[str]:
        yield _("Failed attempts to sign in as “%(login)s” are forgotten: it can be tried again at once.") % {
            "login": self.staff.username
        }
        yield _("Make sure that it is %(who)s who asks for it.") % {"who": self.staff}

    def do(self, cleaned: dict[str, Any]) -> str:
        signin.unlock(self.staff.username, actor=self.user, reason=cleaned["reason"])
        return _("%(who)s can try to sign in again.") % {"who": self.staff}


panels.page("people/invite/", "staff_invite", InvitePage)
panels.page("people/<int:pk>/grant/", "staff_grant", GrantPage)
panels.page("people/<int:pk>/revoke/", "staff_revoke", RevokePage)
panels.page("people/<int:pk>/reset/", "staff_reset", ResetPage)
panels.page("people/<int:pk>/deactivate/", "staff_deactivate", DeactivatePage)
panels.page("people/<int:pk>/sessions/", "staff_end_sessions", EndSessionsPage)
panels.page("people/<int:pk>/unlock/", "staff_unlock", UnlockPage)
