"""An appeal by its receipt number, as somebody reads it out."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from appeals.filing.forms import LookupForm
from appeals.queries import appeal_by_receipt
from appeals.text import VIEW, appeal_url
from qqops.core import receipts
from qqops.core.errors import Invalid, Refused
from qqops.staff import limits
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import Page


class LookupPage(Page):
    """What is typed comes by POST and stays in no address: it may be anything."""

    title = gettext_lazy("Appeal by receipt number")
    permission = VIEW
    template = "appeals/lookup.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:appeals_lookup"
    user: Staff

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render(form=LookupForm())
        form = LookupForm(self.request.POST)
        if not form.is_valid():
            return self.render(form=form)
        try:
            limits.spend("search", self.user)
            return HttpResponseRedirect(appeal_url(appeal_by_receipt(form.cleaned_data["receipt"], self.user)))
        except (Invalid, Refused) as error:
            form.add_error("receipt", str(error))
            return self.render(form=form, status=403 if isinstance(error, Refused) else 200)


def _jump(request: HttpRequest, text: str) -> str | None:
    """From the jump box. Asked before it is taken for a passport, which has the same form."""
    if receipts.read(text) is None or not request.user.has_perm(VIEW):
        return None
    try:
        return appeal_url(appeal_by_receipt(text, panels.staff_at(request)))
    except Invalid:
        return None


panels.page("appeals/find/", "appeals_lookup", LookupPage)
panels.sidebar("registry", LookupPage.title, LookupPage.nav, VIEW, order=2)
panels.jump(_jump)
