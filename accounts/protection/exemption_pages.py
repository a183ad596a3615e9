"""The page that exempts numbers from reclaim (3.3), or ends the exemption."""

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
from accounts.lifecycle import HELD
from accounts.models import Number
from accounts.numbers.pages import chosen, crumbs_of
from accounts.protection import exemption as services
from accounts.protection.services import attempted
from qqops.audit import recorder
from qqops.core.reason import must_say_why
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

CONSEQUENCE = gettext_lazy("While it is exempt, it is not reclaimed under 10.3; every other rule still applies to it.")


class ExemptForm(forms.Form):
    because = forms.CharField(
        label=gettext_lazy("Exempt because"),
        required=False,
        max_length=services.LONGEST,
        help_text=gettext_lazy("Stands on the number; no personal data. Empty: the exemption ends."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class ExemptPage(ConfirmPage):
    permission = services.EXEMPT
    proof = True
    form_class = ExemptForm
    nav = "admin:accounts_number_changelist"

    def setup(self) -> None:
        self.numbers = chosen(self.request)

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Exempt from reclaim: %(number)d") % {"number": self.numbers[0]}
        return _("Exempt from reclaim: %(n)d numbers") % {"n": len(self.numbers)}

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of(self.numbers)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            refuse_own(self.user, self.numbers)
            return Preview("", "", consequences=[CONSEQUENCE])
        because = cleaned["because"].strip()
        with recorder.refusals(actor=self.user, **attempted("exempt", self.numbers, len(self.numbers))):
            found = services.check(self.numbers, because, actor=self.user)
        must_say_why(cleaned["reason"])
        facts = [Fact(_("will be changed"), len(found.changing)), Fact(_("already so"), found.already)]
        happens: list[Any] = [CONSEQUENCE if because else _("It may be reclaimed under 10.3 again.")]
        if not found.changing:
            happens = [_("Nothing would change: it is so already.")]
        return Preview(
            fingerprint=f"{because}:{found.changing}",
            button=_("Confirm exemption") if because else _("End exemption"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})],
            consequences=happens,
            blocked=not found.changing,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        found = services.exempt(
            self.numbers, cleaned["because"], actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"]
        )
        self.say(_("Exemption changed: %(n)d.") % {"n": len(found.changing)})
        if len(self.numbers) == 1:
            return reverse("admin:accounts_number_change", args=self.numbers)
        return reverse("admin:accounts_number_changelist")


def _act(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if not request.user.has_perm(services.EXEMPT):
        return
    if number and (number.lifecycle not in HELD or is_self_dealing(number)):
        return
    label = _("Change exemption") if number and number.reclaim_exempt_reason else _("Exempt from reclaim")
    url = reverse("admin:exempt")
    yield Act(label, f"{url}?{urlencode({'number': number.pk})}" if number else url, consequence=CONSEQUENCE)


panels.page("exempt/", "exempt", ExemptPage)
panels.toolbar("number", _act, order=6)
panels.toolbar("numbers", _act, order=6)
