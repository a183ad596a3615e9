"""One's own command tokens."""

from typing import Any, ClassVar

from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.staff.models import CommandToken
from qqops.staff.tokens.services import issue_token, revoke_tokens
from qqops.web import panels
from qqops.web.pages import Page


class TokenPage(Page):
    """Issue a command token to oneself (its secret is shown this once), or revoke all of one's own."""

    title = gettext_lazy("Command tokens")
    permission = "staff.issue_token"
    template = "staff/tokens.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:tokens"
    proof = True
    secret = ""

    def respond(self) -> HttpResponseBase:
        if self.request.method == "POST":
            if "revoke" in self.request.POST:
                revoke_tokens(self.user, actor=self.user, reason="")
                self.say(_("Your command tokens are revoked."))
                return HttpResponseRedirect(reverse("admin:tokens"))
            self.secret = issue_token(self.user)
        response = self.render()
        response["Cache-Control"] = "no-store"
        return response

    def context(self) -> dict[str, Any]:
        live = [t for t in CommandToken.objects.filter(staff=self.user).order_by("-pk")[:20] if t.is_live]
        return {"tokens": live, "secret": self.secret}


panels.page("tokens/", "tokens", TokenPage)
panels.sidebar("system", gettext_lazy("Command tokens"), "admin:tokens", "staff.issue_token", order=5)
