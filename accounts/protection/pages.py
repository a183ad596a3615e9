"""The page that puts numbers under protection, changes the protection, or ends it."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import is_self_dealing
from accounts.declarations.services import refuse_own
from accounts.lifecycle import Protection
from accounts.models import Number
from accounts.numbers.pages import chosen, crumbs_of
from accounts.protection import services
from qqops.audit import recorder
from qqops.core.reason import must_say_why
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

NONE = "none"
CONSEQUENCE = gettext_lazy("While it is protected, every act on it waits for a supervisor.")


class ProtectForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("Protection"),
        choices=[*Protection.choices, (NONE, gettext_lazy("none"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class ProtectPage(ConfirmPage):
    permission = services.PROTECT
    proof = True
    form_class = ProtectForm
    nav = "admin:accounts_number_changelist"

    def setup(self) -> None:
        self.numbers = chosen(self.request)

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Protection of %(number)d") % {"number": self.numbers[0]}
        return _("Protection of %(n)d numbers") % {"n": len(self.numbers)}

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of(self.numbers)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            refuse_own(self.user, self.numbers)
            return Preview("", "", consequences=[CONSEQUENCE])
        kind = _kind(cleaned)
        with recorder.refusals(
            actor=self.user, **services.attempted("protect", self.numbers, len(self.numbers), kind=kind)
        ):
            found = services.check(self.numbers, kind, actor=self.user)
        must_say_why(cleaned["reason"])
        facts = [Fact(_("will be changed"), len(found.changing)), Fact(_("already so"), found.already)]
        happens: list[Any] = [CONSEQUENCE if kind else _("Acts on it no longer wait for a supervisor for that reason.")]
        if not found.changing:
            happens = [_("Nothing would change: it is so already.")]
        return Preview(
            fingerprint=f"{kind}:{found.changing}",
            button=_("Confirm protection") if kind else _("End protection"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})],
            consequences=happens,
            blocked=not found.changing,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        found = services.protect(
            self.numbers, _kind(cleaned), actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"]
        )
        self.say(_("Protection changed: %(n)d.") % {"n": len(found.changing)})
        if len(self.numbers) == 1:
            return reverse("admin:accounts_number_change", args=self.numbers)
        return reverse("admin:accounts_number_changelist")


def _kind(cleaned: dict[str, Any]) -> str:
    return "" if cleaned["kind"] == NONE else cleaned["kind"]


def _act(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if not request.user.has_perm(services.PROTECT) or (number and is_self_dealing(number)):
        return
    label = _("Change protection") if number and number.protection else _("Protect")
    url = reverse("admin:protect")
    yield Act(label, f"{url}?{urlencode({'number': number.pk})}" if number else url, key="v", consequence=CONSEQUENCE)


panels.page("protect/", "protect", ProtectPage)
panels.toolbar("number", _act, order=5)
panels.toolbar("numbers", _act, order=5)
