"""The page on which the privacy officer proposes that the holder of a number is corrected (8.2(b), T22)."""

import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import is_self_dealing
from accounts.holders import correction
from accounts.holders.form import HolderFields, holder_of, holder_panel
from accounts.holders.new_holder import Holder, masked_items
from accounts.models import Number, ResourceProposal
from accounts.numbers.pages import chosen, crumbs_of
from accounts.protection.services import attempted
from accounts.resources import services as resources
from accounts.resources.policy import CORRECTION_PAPERS, MAKE, SUPERVISOR, Kind
from accounts.resources.services import Wanted
from accounts.resources.text import WHO_AGREES, consequences_of
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.core.reason import must_say_why
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact

CONSEQUENCES = (*consequences_of(Kind.CORRECTION, {}), WHO_AGREES[SUPERVISOR.code])


class CorrectionForm(HolderFields):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)

    field_order = tuple(f"paper_{code}" for code in CORRECTION_PAPERS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label in CORRECTION_PAPERS.items():
            self.fields[f"paper_{code}"] = forms.CharField(
                label=label, max_length=80, help_text=gettext_lazy("Its reference. No personal data.")
            )
        self.order_fields(self.field_order)


class CorrectionPage(ConfirmPage):
    permission = MAKE[Kind.CORRECTION]
    proof = True
    form_class = CorrectionForm
    nav = "admin:accounts_number_changelist"

    def setup(self) -> None:
        found = Number.objects.filter(pk__in=chosen(self.request)).first()
        if found is None:
            raise Http404
        self.number: Number = found

    def heading_title(self) -> str:
        return _("Correct the holder of %(number)d") % {"number": self.number.pk}

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of([self.number.pk])

    def wanted(self, cleaned: dict[str, Any]) -> tuple[Wanted, Holder]:
        holder = holder_of(cleaned)
        if holder is None or self.number.tenure_id is None:
            raise Invalid(_("Say who the holder is to be."))
        papers = {code: cleaned[f"paper_{code}"] for code in CORRECTION_PAPERS}
        return correction.wanted(self.number.pk, self.number.tenure_id, papers, holder), holder

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            return Preview("", "", consequences=CONSEQUENCES)
        wanted, holder = self.wanted(cleaned)
        with recorder.refusals(actor=self.user, **attempted("resource.correction", wanted.numbers, 1)):
            resources.check(wanted, actor=self.user)
        must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str(self.number.revision),
            button=_("Propose the correction"),
            panels=[holder_panel(masked_items(holder))],
            consequences=CONSEQUENCES,
        )

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """Omit the holder's items: a panel of the preview shows them masked."""
        hidden = {"name", "document", "mobile", "email"}
        shown = {str(form.fields[name].label) for name in hidden}
        return [fact for fact in super().summary(form) if str(fact.label) not in shown]

    def earlier(self, nonce: str) -> str:
        first = ResourceProposal.objects.filter(form_key=uuid.UUID(nonce)).first()
        return _url(first) if first else ""

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        wanted, _holder = self.wanted(cleaned)
        proposal = resources.propose(
            wanted,
            actor=self.user,
            reason=cleaned["reason"],
            ticket=cleaned["ticket"],
            form_key=uuid.UUID(nonce),
        )
        self.say(_("Proposed: %(proposal)s. A supervisor has to agree.") % {"proposal": proposal})
        return _url(proposal)


def _url(proposal: ResourceProposal) -> str:
    return reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])


def _act(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if number is None or not request.user.has_perm(MAKE[Kind.CORRECTION]) or is_self_dealing(number):
        return
    if number.lifecycle in correction.CORRECTABLE:
        url = f"{reverse('admin:correct_holder')}?{urlencode({'number': number.pk})}"
        yield Act(_("Correct the holder"), url, consequence=CONSEQUENCES[0])


panels.page("correct-holder/", "correct_holder", CorrectionPage)
panels.toolbar("number", _act, order=8)
