"""The page that shows the holders of a number on a given day, with masked identities only (9.1)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.holders.queries import Answer
from accounts.holders.services import LOOK, SEE, seen
from accounts.identity.pages import declared_badge, identity_url
from accounts.models import Number
from accounts.numbers.pages import begins_numbers, number_link
from accounts.numbers.parsing import parse
from qqops.core.errors import Invalid, Refused
from qqops.staff import limits
from qqops.templatetags.ops import link, when
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.panels import Act, Fact, Panel


class AskForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Number"), max_length=40)
    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("From midnight to midnight in Shanghai."),
    )


class AnswersPage(Page):
    title = gettext_lazy("Who answers for a day")
    permission = LOOK
    template = "accounts/answers.html"
    nav = "admin:answers"

    def respond(self) -> HttpResponseBase:
        given = self.request.GET
        if "day" not in given:
            return self.render(form=AskForm(initial={"number": given.get("number", "")}))
        form = AskForm(given)
        if not form.is_valid():
            return self.render(form=self.again(form), problem=_("Give a number and a day."))
        try:
            limits.spend("search", self.user)
            if not begins_numbers(form.cleaned_data["number"].strip()):
                raise Invalid(_("Type the whole number."))
            number, day = parse(form.cleaned_data["number"]), form.cleaned_data["day"]
            found = seen(number, day, actor=self.user)
        except (Invalid, Refused) as error:
            return self.render(form=self.again(form), problem=str(error))
        panels_ = [self.panel(answer) for answer in found]
        return self.render(form=form, number=number, day=day, answered=True, list=panels_)

    def again(self, form: AskForm) -> AskForm:
        """Return an empty form with the day. Text that is not a number may be personal data, so it is not repeated."""
        return AskForm(initial={"day": form.cleaned_data.get("day")})

    def panel(self, answer: Answer) -> Panel:
        tenure = answer.tenure
        facts = [
            Fact(_("Number"), number_link(tenure.number_id)),
            Fact(_("From"), when(tenure.started_at, exact=True)),
            Fact(_("Until"), when(tenure.ended_at, exact=True) if tenure.ended_at else _("now")),
            Fact(_("Registered by"), tenure.get_channel_display()),
        ]
        if answer.own:
            facts.append(Fact(_("Current information"), declared_badge()))
        elif self.user.has_perm(SEE):
            facts += [
                Fact(_("Initial registrant"), _in_words(answer.registrant_shown)),
                Fact(_("Current information"), _in_words(answer.identity_shown), _standing(answer)),
            ]
            if answer.identity:
                facts.append(Fact(_("More"), link(identity_url(tenure.pk), _("identity page"))))
        return Panel(_("Tenure no. %(seq)d") % {"seq": tenure.seq}, "ops/panel_facts.html", {"facts": facts})


def _in_words(shown: Any) -> list[str]:
    return [f"{item.label} {value}" for item, value in shown.items()]


def _standing(answer: Answer) -> str:
    if answer.identity is None:
        return _("nothing recorded")
    if answer.identity.erased_at:
        return _("erased")
    return _("processing stopped") if answer.identity.locked_at else ""


def _act(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if number is None or not request.user.has_perm(LOOK):
        return []
    return [Act(_("Who answers for a day"), f"{reverse('admin:answers')}?{urlencode({'number': number.pk})}", key="d")]


panels.page("answers/", "answers", AnswersPage)
panels.toolbar("number", _act, order=9)
panels.sidebar("registry", gettext_lazy("Who answers for a day"), "admin:answers", LOOK, order=4)
