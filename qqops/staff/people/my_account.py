"""My account: what I hold, where I am signed in, how to change my ways in. For everybody who is in."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qqops.core.errors import Invalid
from qqops.staff import queries
from qqops.staff.emergency import services as emergency
from qqops.staff.models import Staff
from qqops.staff.sessions import services as sessions
from qqops.staff.text import holdings_panel, requests_panel, sees_requests
from qqops.templatetags.ops import link
from qqops.web import panels
from qqops.web.pages import Page

# What a browser calls itself, the more particular first: most claim to be several.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrom": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def browser(agent: str) -> str:
    """“Chrome · Linux”; what says neither is shown as it is."""
    found = [next((name for mark, name in names.items() if mark in agent), "") for names in (BROWSERS, SYSTEMS)]
    return " · ".join(found) if all(found) else agent[:60]


class MePage(Page):
    title = gettext_lazy("My account")
    template = "staff/me.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:me"
    user: Staff

    @property
    def session_key(self) -> str:
        session: Any = self.request.session  # our own store
        return str(session.row_key(session.session_key))

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render()
        try:
            if "give_back" in self.request.POST:
                emergency.give_back(actor=self.user)
                self.say(_("The emergency access is over. It is reviewed by another person."))
            else:
                self.say(self.end(self.request.POST.get("end", "").replace("\0", "")))
        except Invalid as error:
            self.say(str(error), messages.WARNING)
        return HttpResponseRedirect(reverse("admin:me"))

    def end(self, which: str) -> str:
        if which == self.session_key:
            raise Invalid(_("This is the session you are using: to end it, log out."))
        if which == "others":
            ended = sessions.end_others(self.user, actor=self.user, but=self.session_key)
            return ngettext("%(n)d other session ended.", "%(n)d other sessions ended.", ended) % {"n": ended}
        sessions.end(which, actor=self.user)
        return _("The session is ended.")

    def context(self) -> dict[str, Any]:
        links = sees_requests(self.request)
        return {
            "sessions": [(s, browser(s.browser), s.pk == self.session_key) for s in queries.sessions_of(self.user)],
            "left": [holdings_panel(queries.held_by(self.user), links=links)],
            "right": [
                panels.Panel(_("My ways in"), "ops/panel_list.html", {"items": self.ways()}),
                requests_panel(_("Open requests for me"), queries.open_requests(self.user), links=links),
            ],
        }

    def ways(self) -> list[Any]:
        found = [
            (_("Sign-in security"), "mfa_index", ""),
            (_("Change password"), "admin:password_change", ""),
            (_("Command tokens"), "admin:tokens", "staff.issue_token"),
            (_("Emergency access"), "admin:emergency", "staff.break_glass"),
        ]
        return [link(reverse(name), label) for label, name, need in found if not need or self.user.has_perm(need)]


panels.page("me/", "me", MePage)
