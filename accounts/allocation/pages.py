"""The page on which a number is registered at the desk (T4, 3.1)."""

import uuid
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.allocation import services as allocate
from accounts.allocation.queries import open_ranges
from accounts.allocation.services import Wish
from accounts.allocation.terms import Terms, charge_of, rules_of
from accounts.holders.form import HolderFields, holder_of, holder_panel
from accounts.holders.new_holder import masked_items
from accounts.models import Registration, ResourceProposal, RuleVersion, Tenure
from accounts.numbers.parsing import parse
from accounts.premium import services as allocations
from accounts.protection.services import attempted
from accounts.resources import services as resources
from accounts.resources.policy import CHANNELS, HANDING, Kind, Pool
from accounts.resources.text import declare, whole, yuan
from qqops.audit import event_catalogue, recorder
from qqops.core.errors import Invalid
from qqops.core.reason import must_say_why
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Fact, Panel

CONSEQUENCE = gettext_lazy(
    "The right of use begins when the number is handed out; the number stays the operator's (2, 3.2)."
)
SUPERVISED = gettext_lazy("A number of this tier is handed out when a supervisor has agreed.")
PERSONAL = ("name", "document", "mobile", "email")


class RegisterForm(HolderFields):
    channel = forms.ChoiceField(label=gettext_lazy("Registration channel"), choices=Tenure.Channel.choices)
    reference = forms.CharField(
        label=gettext_lazy("Channel reference"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Campaign: its code; other way: the written authorisation. No personal data."),
    )
    pool = forms.ChoiceField(
        label=gettext_lazy("Pool"),
        required=False,
        initial=Pool.PUBLIC.value,
        choices=[(pool.value, pool.label) for pool in Pool if HANDING[pool].tiers],
    )
    number = forms.CharField(
        label=gettext_lazy("Number"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("This number and no other; empty: one of the pool."),
    )
    order = forms.CharField(
        label=gettext_lazy("Order"), required=False, max_length=80, help_text=gettext_lazy("Empty: free of charge.")
    )
    price = forms.DecimalField(label=gettext_lazy("Price in yuan"), required=False, decimal_places=2, max_digits=9)
    paid_until = forms.DateField(
        label=gettext_lazy("Paid until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    accepted = forms.ChoiceField(
        label=gettext_lazy("How the rules are accepted"), choices=Tenure.Acceptance.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)

    field_order = (
        "channel", "reference", "pool", "number", "order", "price", "paid_until", "accepted", *HolderFields.base_fields,
    )  # fmt: skip

    def clean_number(self) -> int | None:
        text: str = self.cleaned_data["number"]
        try:
            return parse(text) if text.strip() else None
        except Invalid as error:
            raise forms.ValidationError(str(error)) from None


class RegisterPage(ConfirmPage):
    title = gettext_lazy("Register a number")
    permission = allocate.ALLOCATE
    proof = True
    form_class = RegisterForm
    nav = "admin:register_number"

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            return Preview("", "", consequences=[CONSEQUENCE])
        wish = wish_of(cleaned)
        with recorder.refusals(actor=self.user, **attempted("allocate", wish.numbers, 1, channel=wish.terms.channel)):
            found = allocate.check(wish, actor=self.user)
        must_say_why(cleaned["reason"])
        supervised = any(one.supervised for one in found)
        where = [Fact(_("Rules"), str(wish.terms.rules))]
        if found:
            where.append(Fact(_("Tier"), found[0].tier))
        else:
            sources = open_ranges(wish.pool, wish.terms.channel, price=wish.terms.price)
            if not sources:
                raise Invalid(_("No range of this pool is open to this channel on such terms. Nothing was handed out."))
            where += [
                Fact(_("Range"), _("%(range)s: at most %(left)s left; premium: %(share)s")
                     % {"range": one.range, "left": whole(one.use.left), "share": f"{one.density.share:.1%}"})
                for one in sources
            ]  # fmt: skip
        shown = [Panel(_("Handed out of"), "ops/panel_facts.html", {"facts": where})]
        holder = holder_of(cleaned)
        if holder:
            shown.append(holder_panel(masked_items(holder)))
        return Preview(
            fingerprint=repr((wish.pool, [(one.number, one.tier) for one in found], wish.terms.rules.pk)),
            button=_("Send for approval") if supervised else _("Register the number"),
            panels=shown,
            consequences=[CONSEQUENCE, SUPERVISED] if supervised else [CONSEQUENCE],
        )

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """Omit the holder's items: a panel of the preview shows them masked."""
        personal = {str(form.fields[name].label) for name in PERSONAL}
        return [fact for fact in super().summary(form) if str(fact.label) not in personal]

    def earlier(self, nonce: str) -> str:
        if proposal := ResourceProposal.objects.filter(form_key=uuid.UUID(nonce)).first():
            return _proposal_url(proposal)
        first = Registration.objects.filter(registration_id=_named(nonce)).select_related("tenure").first()
        return _number_url(first.tenure.number_id) if first else ""

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        why = {"actor": self.user, "reason": cleaned["reason"], "ticket": cleaned["ticket"]}
        wish = wish_of(cleaned, _named(nonce))
        if any(one.supervised for one in allocate.check(wish, actor=self.user)):
            proposal = resources.propose(allocations.wanted(wish), form_key=uuid.UUID(nonce), **why)
            self.say(_("Proposed: %(proposal)s. A supervisor has to agree.") % {"proposal": proposal})
            return _proposal_url(proposal)
        (opened,) = allocate.allocate(wish, **why)
        self.say(_("Number %(number)d is registered.") % {"number": opened.number})
        return _number_url(opened.number)


def wish_of(cleaned: dict[str, Any], registration: str = "") -> Wish:
    now = timezone.now()
    order, price, until = cleaned["order"], cleaned["price"], cleaned["paid_until"]
    charge = None
    if order or price is not None or until:
        charge = charge_of(order, str(price), until.isoformat() if until else "")
    terms = Terms(cleaned["channel"], cleaned["reference"].strip(), cleaned["accepted"], rules_of("", now), now, charge)
    holder = holder_of(cleaned)
    number = cleaned["number"]
    return Wish(
        terms,
        pool=cleaned["pool"] or Pool.PUBLIC.value,
        numbers=(number,) if number else (),
        holders=[holder] if holder else [],
        registration=registration,
    )


def _named(nonce: str) -> str:
    """Return the registration id of a form, by which a second submission finds the first."""
    return f"desk-{nonce}"


def _number_url(number: int) -> str:
    return reverse("admin:accounts_number_change", args=[number])


def _proposal_url(proposal: ResourceProposal) -> str:
    return reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])


def _words(content: Any) -> list[Fact]:
    channel = content["channel"]
    return [
        Fact(_("Registration channel"), Tenure.Channel(channel).label),
        Fact(str(CHANNELS[channel].reference), content["reference"]),
        Fact(_("Rules"), RuleVersion.objects.get(pk=content["rules"])),
        Fact(_("How the rules are accepted"), Tenure.Acceptance(content["acceptance"]).label),
        Fact(_("Order"), content["order"]),
        Fact(_("Price"), yuan(content["price"])),
        Fact(_("Paid until"), event_catalogue.in_words(content["until"]) if content["until"] else ""),
    ]


declare(Kind.ALLOCATE, _words, SUPERVISED)
panels.page("register/", "register_number", RegisterPage)
panels.sidebar("resources", RegisterPage.title, "admin:register_number", RegisterPage.permission, order=4)
