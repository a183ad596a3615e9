"""The forms of a disclosure: their fields follow the tables, and hold no rule of their own."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.disclosures.policy import ASKERS, PAPERS, REFUSALS, Paper, Period, refusal_of
from accounts.disclosures.services import Asked, Rulings, Shown
from accounts.models import DataClass, Disclosure
from accounts.numbers.parsing import parse_text
from qqops.core.errors import Invalid

GRANT, REFUSE = "grant", "refuse"


class Needed:
    """Needed, as the page says; but judged by the service, so that an attempt without its paper is on the record."""

    def validate(self, value: Any) -> None:
        pass


class NeededTick(Needed, forms.BooleanField):
    pass


class NeededText(Needed, forms.CharField):
    pass


class NeededDay(Needed, forms.DateField):
    pass


def _date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    return forms.DateField(label=label, required=False, help_text=help_text, widget=_date_input())


def _text(label: Any, help_text: Any, limit: int) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=limit, widget=forms.Textarea(attrs={"rows": 3}))


class RegisterForm(forms.Form):
    use_required_attribute = False  # the browser would not let an attempt through that belongs on the record
    wants = forms.MultipleChoiceField(
        label=gettext_lazy("Information asked for"), choices=DataClass.choices, widget=forms.CheckboxSelectMultiple
    )
    scope = _text(
        gettext_lazy("Asked for, in the paper's own words"),
        gettext_lazy("It is sealed: it may name people."),
        2000,
    )
    statement = _text(
        gettext_lazy("Who asks, and how to reach them"),
        gettext_lazy("Names, offices, telephone. It is sealed."),
        2000,
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asker = ASKERS[kind]
        for code in asker.papers:
            self._paper(PAPERS[code])
        if asker.authority:
            self.fields["authority"] = forms.CharField(label=_("Authority or law firm"), max_length=120)
        if not asker.refused:
            self.fields["numbers"] = forms.CharField(
                label=_("Numbers"),
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=_("One or several, with spaces, commas or lines between them."),
                max_length=4000,
            )
            self.fields["period_from"] = _day(
                _("Period from"), _("Without a period only the live tenure is meant, never a former holder's.")
            )
            self.fields["period_to"] = _day(_("Period to"))
        self.fields["legal_basis"] = forms.CharField(
            label=_("Legal basis"), max_length=200, required=False, help_text=_("If left empty: %(basis)s") % {
                "basis": asker.basis_here}
        )  # fmt: skip
        self.fields["secret"] = forms.BooleanField(
            label=_("Secret"),
            required=False,
            help_text=_("As the paper asks: from now on support agents do not see it, you included."),
        )
        papers = [name for name in self.fields if "-" in name]
        self.order_fields(["authority", *papers, "numbers", "period_from", "period_to", "wants", "scope", "statement"])

    def _paper(self, paper: Paper) -> None:
        about = {"paper": paper.label}
        self.fields[f"{paper.code}-seen"] = NeededTick(label=_("%(paper)s: seen") % about)
        if paper.number:
            self.fields[f"{paper.code}-number"] = NeededText(label=_("%(paper)s: number") % about, max_length=80)
        if paper.dated:
            self.fields[f"{paper.code}-dated"] = NeededDay(label=_("%(paper)s: date") % about, widget=_date_input())
        if paper.deadline:
            label = _("%(paper)s: deadline") % about
            self.fields[f"{paper.code}-deadline"] = NeededDay(label=label, widget=_date_input())
        if paper.stamped:
            self.fields[f"{paper.code}-stamped"] = NeededTick(label=_("%(paper)s: stamped") % about)

    def clean_numbers(self) -> list[int]:
        try:
            return list(parse_text(self.cleaned_data["numbers"]))
        except Invalid as error:
            raise forms.ValidationError(str(error)) from error

    @staticmethod
    def asked(kind: str, cleaned: dict[str, Any], form_key: uuid.UUID | None = None) -> Asked:
        papers = [
            Shown(
                code,
                number=cleaned.get(f"{code}-number", ""),
                dated=cleaned.get(f"{code}-dated"),
                deadline=cleaned.get(f"{code}-deadline"),
                stamped=cleaned.get(f"{code}-stamped", False),
            )
            for code in ASKERS[kind].papers
            if cleaned[f"{code}-seen"]
        ]
        return Asked(
            asked_by=kind,
            wants=tuple(cleaned["wants"]),
            scope=cleaned["scope"],
            statement=cleaned["statement"],
            numbers=tuple(cleaned.get("numbers", ())),
            papers=tuple(papers),
            authority=cleaned.get("authority", ""),
            legal_basis=cleaned["legal_basis"],
            period=Period(cleaned.get("period_from"), cleaned.get("period_to")),
            secret=cleaned["secret"],
            form_key=form_key or uuid.uuid4(),
        )


class ReviewForm(forms.Form):
    reason = _text(gettext_lazy("Reasons of the review"), gettext_lazy("They stand in the letter."), 2000)
    secret = forms.BooleanField(
        label=gettext_lazy("Secret"), required=False, help_text=gettext_lazy("Support agents do not see it.")
    )
    field_order: list[str]

    def __init__(self, *args: Any, disclosure: Disclosure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"].initial = disclosure.secret
        for code in disclosure.wants:
            why = refusal_of(disclosure.asked_by, code)
            answers = [(REFUSE, _("refuse"))] if why else [(GRANT, _("grant")), (REFUSE, _("refuse"))]
            self.fields[f"{code}-ruling"] = forms.ChoiceField(
                label=DataClass(code).label,
                choices=answers,
                widget=forms.RadioSelect,
                initial=REFUSE if why else None,
            )
            self.fields[f"{code}-reason"] = forms.CharField(
                label=_("%(information)s: reason") % {"information": DataClass(code).label},
                required=bool(why),
                max_length=300,
                initial=REFUSALS[why] if why else "",
                help_text=_("Needed where you refuse; it is written back."),
            )
        self.order_fields([*(name for name in self.fields if "-" in name), "reason", "secret"])

    @staticmethod
    def rulings(disclosure: Disclosure, cleaned: dict[str, Any]) -> Rulings:
        return {code: (cleaned[f"{code}-ruling"] == GRANT, cleaned[f"{code}-reason"]) for code in disclosure.wants}


class ScanForm(forms.Form):
    scan = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("PDF, PNG or JPEG, at most 5 MB. It is sealed.")
    )
