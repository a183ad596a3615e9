"""The pages on which an agent records that holders cancel their numbers, or withdraw the cancellation (12.1)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.cancellation import services
from accounts.declarations.queries import is_self_dealing
from accounts.lifecycle import L
from accounts.models import Number
from accounts.numbers.pages import chosen, crumbs_of, number_link
from accounts.protection.services import attempted
from accounts.quarantine.policy import Confirmation
from qqops.audit import recorder
from qqops.core.reason import must_say_why
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

LOST = gettext_lazy(
    "When it ends, what was kept under the number is lost: messages, profile, mail, items, and its use at partners."
)


class _Confirmations(forms.MultipleChoiceField):
    """A field that accepts an empty value: the act requires all confirmations and names the missing ones."""

    def validate(self, value: list[str]) -> None:
        if value:
            super().validate(value)


class CancelForm(forms.Form):
    confirmed = _Confirmations(
        label=gettext_lazy("Settled"),
        choices=Confirmation.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick what you have seen confirmed; all of it is needed."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class _OfNumbers(ConfirmPage):
    permission = services.CANCEL
    proof = True
    nav = "admin:accounts_number_changelist"

    def setup(self) -> None:
        self.numbers = chosen(self.request)

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of(self.numbers)

    def figures(self) -> Panel:
        return Panel(_("Figures"), "ops/panel_facts.html", {"facts": [Fact(_("numbers"), len(self.numbers))]})

    def back(self) -> str:
        if len(self.numbers) == 1:
            return reverse("admin:accounts_number_change", args=self.numbers)
        return reverse("admin:accounts_number_changelist")


class CancelPage(_OfNumbers):
    form_class = CancelForm

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("The holder cancels %(number)d") % {"number": self.numbers[0]}
        return _("The holders cancel %(n)d numbers") % {"n": len(self.numbers)}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens: list[Any] = [
            _("For 15 days a login, or the holder's word, withdraws the cancellation."),
            _(
                "Once each login until then is known, the right of use ends; what it held is purged at once, and"
                " cannot be restored."
            ),
            LOST,
        ]
        if cleaned is None:
            if found := services.check(self.numbers, actor=self.user):
                return Preview("", "", panels=[_blocked(found)], consequences=happens, blocked=True)
            return Preview("", "", consequences=happens)
        with recorder.refusals(actor=self.user, **attempted("cancel", self.numbers, len(self.numbers))):
            if found := services.check(self.numbers, actor=self.user):
                raise services.Blocked(found)
        services.must_be_confirmed(cleaned["confirmed"])
        must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str(self.numbers),
            button=_("Begin the cancellation"),
            danger=True,
            panels=[self.figures()],
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        begun = services.cancel(self.numbers, actor=self.user, **cleaned)
        self.say(_("Cancellations begun: %(n)d. They end in 15 days unless they are withdrawn.") % {"n": begun})
        return self.back()


class WithdrawPage(_OfNumbers):
    form_class = WithdrawForm

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Withdraw the cancellation of %(number)d") % {"number": self.numbers[0]}
        return _("Withdraw the cancellation of %(n)d numbers") % {"n": len(self.numbers)}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [_("The number is in use again, as if the holder had never cancelled.")]
        if cleaned is None:
            services.check_withdraw(self.numbers, actor=self.user)
            return Preview("", "", consequences=happens)
        with recorder.refusals(actor=self.user, **attempted("withdraw_cancellation", self.numbers, len(self.numbers))):
            services.check_withdraw(self.numbers, actor=self.user)
        must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str(self.numbers),
            button=_("Withdraw the cancellation"),
            panels=[self.figures()],
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        done = services.withdraw(self.numbers, actor=self.user, **cleaned)
        self.say(_("Cancellations withdrawn: %(n)d.") % {"n": done})
        return self.back()


def _blocked(found: dict[int, list[str]]) -> Panel:
    rows = [(number_link(number), services.in_words(codes)) for number, codes in found.items()]
    return Panel(_("What stands against it"), "ops/panel_table.html", {"head": [_("Number"), _("Why")], "rows": rows})


def _acts(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if not request.user.has_perm(services.CANCEL):
        return
    if number is None:
        yield Act(_("Holders cancel"), reverse("admin:cancel"), danger=True)
    elif is_self_dealing(number):
        return
    elif number.lifecycle == L.IN_USE:
        url = f"{reverse('admin:cancel')}?{urlencode({'number': number.pk})}"
        yield Act(_("The holder cancels"), url, danger=True)
    elif number.lifecycle == L.CANCEL_PENDING:
        url = f"{reverse('admin:withdraw_cancellation')}?{urlencode({'number': number.pk})}"
        yield Act(_("Withdraw the cancellation"), url)


def _pending(request: HttpRequest, number: Number) -> Panel | None:
    if number.lifecycle != L.CANCEL_PENDING or number.due_at is None:
        return None
    facts = [
        Fact(_("Ends on"), when(number.due_at, exact=True), _("unless a login or the holder's word withdraws it")),
        Fact(_("Then"), _("once every login until then is known, the right of use is purged, and not restored")),
    ]
    return Panel(_("Cancellation by the holder"), "ops/panel_facts.html", {"facts": facts}, side="right")


panels.page("cancel/", "cancel", CancelPage)
panels.page("cancel/withdraw/", "withdraw_cancellation", WithdrawPage)
panels.toolbar("number", _acts, order=7)
panels.toolbar("numbers", _acts, order=7)
panels.register("number", _pending, order=2)
