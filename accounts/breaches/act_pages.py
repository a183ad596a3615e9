"""The pages that register a breach and take its steps."""

import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.breaches import services
from accounts.breaches.queries import breaches
from accounts.breaches.services import ASSESS, CLOSE, REPORT, TELL, Finding
from accounts.models import Breach
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.act_pages import PressedPage
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Act, Fact, Panel

LIST = "admin:accounts_breach_changelist"
NO_PERSONAL_DATA = gettext_lazy("Goes on the record for ever: no ID numbers, mobiles or e-mail addresses.")


def breach_url(breach: Breach) -> str:
    return reverse("admin:accounts_breach_change", args=[breach.pk])


def text(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, widget=area, max_length=500, help_text=help_text, required=required)


def moment(label: Any, *, required: bool = True) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(
        label=label, widget=widget, help_text=gettext_lazy("Time in Shanghai."), required=required
    )


def now() -> datetime.datetime:
    return timezone.localtime().replace(second=0, microsecond=0)


class WhyForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000,
        help_text=NO_PERSONAL_DATA,
    )  # fmt: skip
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class RegisterForm(WhyForm):
    level = forms.ChoiceField(label=gettext_lazy("Level"), choices=Breach.Level.choices, widget=forms.RadioSelect)
    what = text(gettext_lazy("What happened"), NO_PERSONAL_DATA)
    found_at = moment(gettext_lazy("Found"))
    login = forms.CharField(
        label=gettext_lazy("Whose viewing"), required=False, max_length=60,
        help_text=gettext_lazy("A login: everybody of whom this person saw something in clear in the span is listed."),
    )  # fmt: skip
    viewed_from = moment(gettext_lazy("Viewing from"), required=False)
    viewed_to = moment(gettext_lazy("Viewing to"), required=False)
    field_order = ("level", "what", "found_at", "login", "viewed_from", "viewed_to", "reason", "ticket")


class BreachActPage(PressedPage):
    permission = services.HANDLE
    nav = LIST

    def about(self) -> dict[str, str]:
        return {"subject_type": Breach._meta.label_lower}

    def done_url(self, facts: dict[str, Any]) -> str:
        return reverse("admin:accounts_breach_change", args=[facts["breach"]])


class RegisterPage(BreachActPage):
    title = gettext_lazy("Register a breach")
    form_class = RegisterForm
    verb = "breach.registered"

    def initial(self) -> dict[str, Any]:
        return {"found_at": now()}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Breach register"), reverse(LIST))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        clock = _("A larger breach has to be reported within 4 hours of being found.")
        if cleaned is None:
            return Preview("", "", consequences=[clock])
        found = _finding(cleaned)
        with recorder.refusals(actor=self.user, facts={"act": "breach.register", **found.facts}):
            people = services.check(found, actor=self.user)
        must_say_why(cleaned["reason"])
        facts = [Fact(_("Tenures concerned"), people)]
        if found.report_due_at:
            facts.append(Fact(_("To be reported by"), when(found.report_due_at, exact=True)))
        return Preview(
            fingerprint=str(people),
            button=_("Register the breach"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})],
            consequences=[
                _("These people are listed for good, with the items that were seen.")
                if people
                else _("Nobody is listed: it is only registered.")
            ],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        breach = services.register(
            _finding(cleaned), actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"]
        )
        self.say(_("The breach is on the register."))
        return breach_url(breach)


def _finding(cleaned: dict[str, Any]) -> Finding:
    staff = None
    if login := cleaned["login"]:
        staff = Staff.objects.filter(username=login, is_system=False).first()
        if staff is None:
            raise Invalid(_("There is nobody with the login “%(login)s”.") % {"login": login})
    return Finding(
        cleaned["level"], cleaned["what"], cleaned["found_at"], staff, cleaned["viewed_from"], cleaned["viewed_to"]
    )


class StepPage(BreachActPage):
    """A page that takes one step of a registered breach."""

    step = ""
    consequence: Any = ""
    danger = False

    def setup(self) -> None:
        found = breaches().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.breach: Breach = found

    def heading_title(self) -> str:
        return _("%(act)s: breach %(breach)s") % {"act": self.title, "breach": self.breach}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Breach register"), reverse(LIST)), (str(self.breach), breach_url(self.breach))]

    def about(self) -> dict[str, str]:
        return {**super().about(), "subject_id": str(self.breach.pk)}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            services.check_step(self.breach, self.step, actor=self.user)
            return Preview("", "", consequences=self.leads_to(None))
        with recorder.refusals(actor=self.user, subject=self.breach, facts={"act": self.verb}):
            services.check_step(self.breach, self.step, actor=self.user, given=cleaned)
        must_say_why(cleaned["reason"])
        facts = [Fact(_("Breach"), self.breach), Fact(_("Level"), self.breach.get_level_display())]
        if self.breach.reported_at:
            facts.append(Fact(_("Reported"), when(self.breach.reported_at, exact=True)))
        elif self.breach.report_due_at:
            facts.append(Fact(_("To be reported by"), when(self.breach.report_due_at, exact=True)))
        if self.breach.people_told_at:
            facts.append(Fact(_("People told"), when(self.breach.people_told_at, exact=True)))
        return Preview(
            fingerprint=f"{self.breach.pk}:{self.breach.level}:{bool(self.breach.reported_at)}",
            button=self.title,
            danger=self.danger,
            panels=[Panel(_("Now"), "ops/panel_facts.html", {"facts": facts})],
            consequences=self.leads_to(cleaned),
        )

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        """Return the consequences of the submitted data; None means that nothing is submitted yet."""
        return [self.consequence]

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        services.take(
            self.breach, self.step, cleaned, actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"]
        )
        self.say(_("Recorded."))
        return breach_url(self.breach)


class AssessForm(WhyForm):
    level = forms.ChoiceField(label=gettext_lazy("Level"), choices=Breach.Level.choices, widget=forms.RadioSelect)
    cause = text(gettext_lazy("Cause"), NO_PERSONAL_DATA)
    harm = text(gettext_lazy("Possible harm"))
    remedy = text(gettext_lazy("What was done, and what people can do themselves"))
    contact = forms.CharField(
        label=gettext_lazy("Whom to ask"), max_length=200,
        help_text=gettext_lazy("The operator's own address or telephone, for the people concerned."),
    )  # fmt: skip
    field_order = ("level", "cause", "harm", "remedy", "contact", "reason", "ticket")


class AssessPage(StepPage):
    title, step, verb = gettext_lazy("Assess"), ASSESS, services.STEPS[ASSESS].verb
    form_class = AssessForm
    consequence = gettext_lazy("A breach raised to larger has to be reported within 4 hours of being found.")

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        if cleaned is None or cleaned["level"] != Breach.Level.ORDINARY:
            return super().leads_to(cleaned)
        return [_("An ordinary breach need not be reported.")]

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.breach, name) for name in ("level", "cause", "harm", "remedy", "contact")}


class ReportForm(WhyForm):
    to = forms.CharField(
        label=gettext_lazy("Reported to"), max_length=120,
        help_text=gettext_lazy("The provincial cyberspace administration, for a larger breach."),
    )  # fmt: skip
    at = moment(gettext_lazy("When it was reported"))
    field_order = ("to", "at", "reason", "ticket")


class ReportPage(StepPage):
    title, step, verb = gettext_lazy("Record the report"), REPORT, services.STEPS[REPORT].verb
    form_class = ReportForm
    consequence = gettext_lazy("The record then says when and to whom it was reported.")

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        if self.breach.report_due_at is None:
            return super().leads_to(cleaned)
        return [_("The record then says when and to whom it was reported; the reporting clock stops.")]

    def initial(self) -> dict[str, Any]:
        return {"at": now()}


class TellForm(WhyForm):
    at = moment(gettext_lazy("When people were told"))
    field_order = ("at", "reason", "ticket")


class TellPage(StepPage):
    title, step, verb = gettext_lazy("Record that people were told"), TELL, services.STEPS[TELL].verb
    form_class = TellForm
    consequence = gettext_lazy("The record then says that everybody on the list was told, and minors' guardians too.")

    def initial(self) -> dict[str, Any]:
        return {"at": now()}


class CloseForm(WhyForm):
    not_told_because = text(
        gettext_lazy("People not told because"),
        gettext_lazy("Only where they were not told: which measures avoid the harm."),
        required=False,
    )
    field_order = ("not_told_because", "reason", "ticket")


class ClosePage(StepPage):
    title, step, verb = pgettext_lazy("breach", "Close"), CLOSE, services.STEPS[CLOSE].verb
    form_class = CloseForm
    danger = True
    consequence = gettext_lazy("A closed breach cannot be opened again.")


PAGES: tuple[type[StepPage], ...] = (AssessPage, ReportPage, TellPage, ClosePage)


def may_register(actor: Staff) -> list[Act]:
    if not actor.has_perm(services.HANDLE):
        return []
    return [Act(RegisterPage.title, reverse("admin:breach_register"), key="n", primary=True)]


def steps_for(actor: Staff, breach: Breach) -> list[Act]:
    acts = []
    for page in PAGES:
        try:
            services.check_step(breach, page.step, actor=actor)
        except (Refused, Invalid):
            continue
        acts.append(Act(page.title, reverse(f"admin:breach_{page.step}", args=[breach.pk])))
    return acts


panels.page("breaches/register/", "breach_register", RegisterPage)
for one in PAGES:
    panels.page(f"breaches/<int:pk>/{one.step}/", f"breach_{one.step}", one)
