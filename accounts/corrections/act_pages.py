"""The pages of 4.1: verify an item, demand its correction, record that the holder was notified, withdraw a demand."""

from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.corrections import services as correct
from accounts.corrections.queries import demands
from accounts.identity import verification
from accounts.identity.formats import Field
from accounts.identity.pages import VIEW, identity_url
from accounts.identity.queries import identities, masked
from accounts.models import CorrectionDemand, Identity, Tenure, Verification
from accounts.numbers.pages import number_link
from qqops.audit import recorder
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Fact, Panel

LIST = "admin:accounts_correctiondemand_changelist"
ONLY_LIMITS = gettext_lazy("If it is not corrected in time, services may be restricted or refused, and no more (4.1).")


def demand_url(pk: int) -> str:
    return reverse("admin:accounts_correctiondemand_change", args=[pk])


def _field(kwargs: dict[str, Any]) -> Field:
    if kwargs["field"] not in Field.values:
        raise Http404
    return Field(kwargs["field"])


class VerifyForm(forms.Form):
    method = forms.ChoiceField(
        label=gettext_lazy("Method"), choices=Verification.Method.choices, widget=forms.RadioSelect
    )
    result = forms.ChoiceField(
        label=gettext_lazy("Result"), choices=Verification.Result.choices, widget=forms.RadioSelect
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=80,
        help_text=gettext_lazy("Who said so: a registry, a system, the kind of paper. Nothing of the person."),
    )
    basis = forms.CharField(label=gettext_lazy("Legal basis"), required=False, max_length=80)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=2000
    )
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class VerifyPage(ConfirmPage):
    permission = verification.VERIFY
    form_class = VerifyForm
    nav = "admin:accounts_identity_changelist"

    def setup(self) -> None:
        self.field = _field(self.kwargs)
        found = identities().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.identity: Identity = found

    def heading_title(self) -> str:
        return _("Verify the %(item)s of %(number)s") % {
            "item": self.field.label, "number": self.identity.tenure.number_id
        }  # fmt: skip

    def crumbs(self) -> list[tuple[Any, str]]:
        number = str(self.identity.tenure.number_id)
        return [
            (_("Identity information"), reverse("admin:accounts_identity_changelist")),
            (number, identity_url(self.identity.pk)),
        ]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            verification.check_verify(self.identity, self.field, actor=self.user)
            return Preview("", "", panels=[self.item()])
        tried = {"act": "identity.verify", "field": str(self.field)}
        with recorder.refusals(actor=self.user, subject=self.identity.tenure, facts=tried):
            verification.check_verify(self.identity, self.field, actor=self.user)
        no_personal_data(cleaned["source"], cleaned["basis"], cleaned["reason"], cleaned["ticket"])
        happens = {
            Verification.Result.MATCH: _("The item counts as verified from now on; a demand to correct it is closed."),
            Verification.Result.MISMATCH: _(
                "The item counts as wrong until it is given anew or matches. A correction may then be demanded."
            ),
            Verification.Result.UNVERIFIABLE: _("What was verified before stays as it is."),
        }
        given = getattr(self.identity, f"{self.field}_at")
        return Preview(
            fingerprint=f"{cleaned['result']}:{given and given.isoformat()}",
            button=_("Record the verification"),
            panels=[self.item()],
            consequences=[happens[Verification.Result(cleaned["result"])]],
        )

    def item(self) -> Panel:
        shown = masked(self.identity, (self.field,)) if self.user.has_perm(VIEW) else {}
        facts = [
            Fact(_("Item"), self.field.label),
            Fact(_("Masked"), shown.get(self.field)),
            Fact(_("Given"), when(getattr(self.identity, f"{self.field}_at"), exact=True)),
            Fact(_("Verified"), when(getattr(self.identity, f"{self.field}_verified_at"), exact=True)),
        ]
        return Panel(_("Current information"), "ops/panel_facts.html", {"facts": facts})

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        row = verification.verify(self.identity, self.field, actor=self.user, **cleaned)
        self.say(_("Verification recorded: %(item)s, %(result)s.") % {
            "item": self.field.label, "result": row.get_result_display()
        })  # fmt: skip
        return identity_url(self.identity.pk)


class DemandForm(forms.Form):
    problem = forms.ChoiceField(label=gettext_lazy("Problem"), widget=forms.RadioSelect)
    days = forms.IntegerField(
        label=gettext_lazy("Days to correct it"),
        min_value=correct.DAYS_MIN,
        max_value=correct.DAYS_MAX,
        initial=correct.DAYS,
        help_text=gettext_lazy("Today does not count; the last day counts to its end."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)

    def __init__(self, *args: Any, problems: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one, CorrectionDemand.Problem(one).label) for one in problems]
        problem = self.fields["problem"]
        assert isinstance(problem, forms.ChoiceField)
        problem.choices, problem.initial = choices, problems[0] if problems else None


class DemandPage(ConfirmPage):
    permission = correct.DEMAND
    proof = True
    form_class = DemandForm
    nav = LIST

    def setup(self) -> None:
        self.field = _field(self.kwargs)
        found = Tenure.objects.select_related("identity").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.tenure: Tenure = found

    def form_kwargs(self) -> dict[str, Any]:
        return {"problems": correct.problems(self.tenure, self.field)}

    def heading_title(self) -> str:
        return _("Demand a correction from the holder of %(number)s: %(item)s") % {
            "number": self.tenure.number_id, "item": self.field.label
        }  # fmt: skip

    def crumbs(self) -> list[tuple[Any, str]]:
        number = reverse("admin:accounts_number_change", args=[self.tenure.number_id])
        return [(_("Correction demands"), reverse(LIST)), (str(self.tenure.number_id), number)]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            correct.check_demand(self.tenure, self.field, actor=self.user)
            return Preview("", "", consequences=[ONLY_LIMITS])
        tried = {"act": "identity.demand", "field": str(self.field)}
        with recorder.refusals(actor=self.user, subject=self.tenure, facts=tried):
            correct.check_demand(self.tenure, self.field, actor=self.user)
        must_say_why(cleaned["reason"])
        no_personal_data(cleaned["reason"], cleaned["ticket"])
        until = correct.due(cleaned["days"], timezone.now())
        facts = [Fact(_("To be corrected by"), when(until, exact=True))]
        return Preview(
            fingerprint=f"{cleaned['problem']}:{until.isoformat()}",
            button=_("Demand the correction"),
            panels=[Panel(_("Term"), "ops/panel_facts.html", {"facts": facts})],
            consequences=[_("The demand goes on record. Read the letter out or send it, and record that the holder was"
                            " told: until then nothing may follow from it."),
                          ONLY_LIMITS],
        )  # fmt: skip

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        made = correct.demand(self.tenure, self.field, actor=self.user, **cleaned)
        self.say(_("Correction demanded."))
        return demand_url(made.pk)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class TellForm(WithdrawForm):
    how = forms.ChoiceField(label=gettext_lazy("How"), choices=CorrectionDemand.Told.choices, widget=forms.RadioSelect)
    field_order = ("how", "reason", "ticket")


class OfDemandPage(ConfirmPage):
    """A page that acts on one demand."""

    permission = correct.DEMAND
    nav = LIST

    def setup(self) -> None:
        found = demands().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.demand: CorrectionDemand = found

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Correction demands"), reverse(LIST)), (str(self.demand), demand_url(self.demand.pk))]

    def of_demand(self) -> Panel:
        facts = [
            Fact(_("Number"), number_link(self.demand.tenure.number_id)),
            Fact(_("Item"), self.demand.get_field_display()),
            Fact(_("To be corrected by"), when(self.demand.due_at, exact=True)),
        ]
        return Panel(_("Correction demand"), "ops/panel_facts.html", {"facts": facts})


class TellPage(OfDemandPage):
    form_class = TellForm

    def heading_title(self) -> str:
        return _("The holder was told of correction demand %(demand)s") % {"demand": self.demand}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            correct.check_tell(self.demand, actor=self.user)
        else:
            tried = {"act": "identity.tell", "field": self.demand.field}
            with recorder.refusals(actor=self.user, subject=self.demand.tenure, facts=tried):
                correct.check_tell(self.demand, actor=self.user)
            must_say_why(cleaned["reason"])
            no_personal_data(cleaned["reason"], cleaned["ticket"])
        return Preview(
            fingerprint=f"{self.demand.pk}:{cleaned and cleaned['how']}",
            button=_("The holder was told"),
            panels=[self.of_demand()],
            consequences=[_("When the term is over, a restriction under 4.1 can rest on this demand.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        correct.tell(self.demand, actor=self.user, **cleaned)
        self.say(_("It is on the record that the holder was told."))
        return demand_url(self.demand.pk)


class WithdrawPage(OfDemandPage):
    form_class = WithdrawForm

    def heading_title(self) -> str:
        return _("Withdraw correction demand %(demand)s") % {"demand": self.demand}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            correct.check_withdraw(self.demand, actor=self.user)
        else:
            tried = {"act": "identity.withdraw", "field": self.demand.field}
            with recorder.refusals(actor=self.user, subject=self.demand.tenure, facts=tried):
                correct.check_withdraw(self.demand, actor=self.user)
            must_say_why(cleaned["reason"])
            no_personal_data(cleaned["reason"], cleaned["ticket"])
        return Preview(
            fingerprint=str(self.demand.pk),
            button=_("Withdraw the demand"),
            panels=[self.of_demand()],
            consequences=[_("Nothing is demanded any more, and no restriction can rest on it.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        correct.withdraw(self.demand, actor=self.user, **cleaned)
        self.say(_("The demand is withdrawn."))
        return demand_url(self.demand.pk)


panels.page("identity/<int:pk>/verify/<str:field>/", "identity_verify", VerifyPage)
panels.page("identity/<int:pk>/demand/<str:field>/", "identity_demand", DemandPage)
panels.page("corrections/<int:pk>/told/", "correction_told", TellPage)
panels.page("corrections/<int:pk>/withdraw/", "correction_withdraw", WithdrawPage)
