"""What came after the decision of an objection: talks, the court, its judgment (12.5)."""

import datetime
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.court import services
from appeals.hearing.pages import WordsPage
from appeals.lifecycle import Act as Step
from appeals.lifecycle import State, may
from appeals.models import Appeal, Dispute
from appeals.pages import StepPage
from appeals.policy import DISPUTE
from qqops.core.reason import must_say_why
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Act, Fact, Panel


class NegotiateForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What was talked over"), widget=forms.Textarea(attrs={"rows": 5}), max_length=4000,
        help_text=gettext_lazy("Kept sealed with the appeal; it is not sent."),
    )  # fmt: skip
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class WhyForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), input_formats=["%Y-%m-%d"]
    )


class SueForm(WhyForm):
    court = forms.CharField(label=gettext_lazy("Court"), max_length=120)
    case_no = forms.CharField(label=gettext_lazy("Case number"), max_length=80)
    brought_on = _day(gettext_lazy("Brought on"))
    field_order = ("court", "case_no", "brought_on", "reason", "ticket")


class JudgeForm(WhyForm):
    judgment = forms.ChoiceField(
        label=gettext_lazy("Judgment"), choices=Dispute.Judgment.choices, widget=forms.RadioSelect
    )
    judged_on = _day(gettext_lazy("Judged on"))
    field_order = ("judgment", "judged_on", "reason", "ticket")


class CourtPage(StepPage):
    """One step of the dispute about one appeal."""

    rights = (DISPUTE,)
    step: ClassVar[Step]

    def check(self) -> None:
        services.may_handle(self.appeal, self.user, self.step)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        found = super().preview(cleaned)
        if cleaned is not None:
            self.check_said(cleaned)
        return found

    def check_said(self, cleaned: dict[str, Any]) -> None:
        must_say_why(cleaned["reason"])


class NegotiatePage(CourtPage, WordsPage):
    title, verb, form_class = gettext_lazy("Record the talks"), "appeal.negotiated", NegotiateForm
    consequence = gettext_lazy("It is kept in the appeal's dialogue, and is not sent to anybody.")

    @property
    def step(self) -> Step:  # type: ignore[override]
        return Step.JUDGE if self.appeal.state == State.COURT else Step.SUE

    def check_said(self, cleaned: dict[str, Any]) -> None:
        pass

    def take(self, cleaned: dict[str, Any]) -> str:
        services.negotiate(self.appeal, cleaned["text"], actor=self.user, ticket=cleaned["ticket"])
        return _("Kept.")


class SuePage(CourtPage):
    title, verb, form_class, step = gettext_lazy("Register the case"), "appeal.sued", SueForm, Step.SUE
    consequence = gettext_lazy(
        "A legal hold keeps the number as it is, until the court has decided and another person lifts the hold (12.5)."
    )

    def check_said(self, cleaned: dict[str, Any]) -> None:
        services.check_brought(self.brought(cleaned))
        super().check_said(cleaned)

    @staticmethod
    def brought(cleaned: dict[str, Any]) -> services.Brought:
        return services.Brought(cleaned["court"], cleaned["case_no"], cleaned["brought_on"])

    def take(self, cleaned: dict[str, Any]) -> str:
        services.sue(
            self.appeal, self.brought(cleaned), actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"]
        )
        return _("The case is registered, and the number is held.")


class JudgePage(CourtPage):
    title, verb, form_class, step = gettext_lazy("Register the judgment"), "appeal.judged", JudgeForm, Step.JUDGE
    consequence = gettext_lazy(
        "The judgment goes on the record. To do what it orders, make a decision by law or order that names it; then"
        " another person lifts the hold."
    )

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        if cleaned is None or cleaned["judgment"] in (Dispute.Judgment.AGAINST_US, Dispute.Judgment.PARTLY):
            return super().leads_to(cleaned)
        return [_("The judgment goes on the record; another person may then lift the hold.")]

    def initial(self) -> dict[str, datetime.date]:
        return {"judged_on": timezone.localdate()}

    def take(self, cleaned: dict[str, Any]) -> str:
        services.judge(
            self.appeal, cleaned["judgment"], cleaned["judged_on"], actor=self.user, reason=cleaned["reason"],
            ticket=cleaned["ticket"],
        )  # fmt: skip
        return _("The judgment is registered.")


def _acts(request: HttpRequest, appeal: Appeal) -> Iterable[Act]:
    if not request.user.has_perm(DISPUTE):
        return
    at_court = appeal.state == State.COURT
    if at_court or (may(Step.SUE, appeal.kind, appeal.state) and not hasattr(appeal, "dispute")):
        url = reverse("admin:appeals_negotiate", args=[appeal.pk])
        yield Act(NegotiatePage.title, url, consequence=NegotiatePage.consequence)
    if may(Step.JUDGE, appeal.kind, appeal.state):
        yield Act(JudgePage.title, reverse("admin:appeals_judge", args=[appeal.pk]), consequence=JudgePage.consequence)
    elif may(Step.SUE, appeal.kind, appeal.state) and not hasattr(appeal, "dispute"):
        yield Act(SuePage.title, reverse("admin:appeals_sue", args=[appeal.pk]), consequence=SuePage.consequence)


def _panel(request: HttpRequest, appeal: Appeal) -> Panel | None:
    dispute = Dispute.objects.filter(appeal=appeal).first()
    if dispute is None:
        return None
    facts = [
        Fact(_("Court"), dispute.court),
        Fact(_("Case number"), dispute.case_no),
        Fact(_("Brought on"), dispute.brought_on),
        Fact(_("Judgment"), dispute.get_judgment_display() if dispute.judgment else ""),
        Fact(_("Judged on"), dispute.judged_on),
    ]
    return Panel(_("Before the court (12.5)"), "ops/panel_facts.html", {"facts": facts}, side="right")


panels.page("appeals/<int:pk>/negotiate/", "appeals_negotiate", NegotiatePage)
panels.page("appeals/<int:pk>/sue/", "appeals_sue", SuePage)
panels.page("appeals/<int:pk>/judge/", "appeals_judge", JudgePage)
panels.toolbar("appeal", _acts, order=8)
panels.register("appeal", _panel, order=6)
