"""The forms of cases, built from their table (enforcement/cases/policy.py)."""

import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.numbers.parsing import parse_list
from enforcement.cases.policy import BESIDES, DETAILS, PARTIES, CaseKind, Detail, Party, RootCause
from enforcement.cases.services import Finding
from enforcement.decisions.forms import NO_PERSONAL_DATA, FilesForm, more_files, taken_files

ABOUT = (Party.SUBJECT,)
PARTY_NUMBERS = {
    Party.SUBJECT: gettext_lazy("Numbers concerned"),
    Party.FROM: gettext_lazy("Numbers of whoever gave it away"),
    Party.TO: gettext_lazy("Numbers of whoever took it"),
    Party.FINDER: gettext_lazy("Numbers of whoever reported it"),
}


def text(label: Any, help_text: Any = "", *, rows: int = 3, required: bool = True) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, widget=area, max_length=4000, help_text=help_text, required=required)


class WhyForm(forms.Form):
    reason = text(gettext_lazy("Reason"), NO_PERSONAL_DATA)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class DetailsForm(WhyForm):
    """What a case of its kind says."""

    def __init__(self, *args: Any, kind: CaseKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for detail in DETAILS[kind]:
            self.fields[detail.name] = field_of(detail)
        self.order_fields([detail.name for detail in DETAILS[kind]])


def field_of(detail: Detail) -> forms.Field:
    common: dict[str, Any] = {"label": detail.label, "required": detail.required, "help_text": detail.help}
    if detail.kind is bool:
        return forms.BooleanField(**common)
    if detail.kind is int:
        return forms.IntegerField(min_value=0, max_value=10**12 - 1, **common)
    if detail.kind is datetime.date:
        day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(widget=day, input_formats=["%Y-%m-%d"], **common)
    if detail.kind is list and detail.choices:
        several = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=detail.choices.choices, widget=several, **common)
    if detail.choices:
        return forms.ChoiceField(choices=detail.choices.choices, widget=forms.RadioSelect, **common)
    return forms.CharField(max_length=120, **common)


def details_in(kind: CaseKind, cleaned: dict[str, Any]) -> dict[str, Any]:
    return {detail.name: cleaned.get(detail.name) for detail in DETAILS[kind]}


def parties_of(kind: CaseKind) -> tuple[Party, ...]:
    return (*ABOUT, *BESIDES.get(kind, ()))


def numbers_field(party: Party, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=PARTY_NUMBERS[party],
        widget=forms.Textarea(attrs={"rows": 2}),
        required=required,
        help_text=_("One or several, as a list."),
    )


def numbers_in(kind: CaseKind, cleaned: dict[str, Any]) -> dict[str, list[int]]:
    """By party; raises Invalid, naming every line that is no number."""
    given = {party: cleaned.get(party.value, "") for party in parties_of(kind)}
    return {party: list(parse_list(lines.splitlines())) for party, lines in given.items() if lines.strip()}


class OpenCaseForm(FilesForm, DetailsForm):
    what = text(gettext_lazy("What was found"), NO_PERSONAL_DATA)
    evidence = text(gettext_lazy("Evidence"), gettext_lazy("One item a line."), rows=2, required=False)
    evidence_files = taken_files()
    upload = more_files()

    def __init__(self, *args: Any, kind: CaseKind, **kwargs: Any) -> None:
        super().__init__(*args, kind=kind, **kwargs)
        for party in parties_of(kind):
            self.fields[party.value] = numbers_field(party, required=party in PARTIES[kind])
        about = [detail.name for detail in DETAILS[kind]]
        parties = [party.value for party in parties_of(kind)]
        self.order_fields(["what", *about, *parties, "evidence", "evidence_files", "upload", "reason", "ticket"])

    @staticmethod
    def finding(kind: CaseKind, cleaned: dict[str, Any]) -> Finding:
        return Finding(
            kind=kind,
            what=cleaned["what"],
            details=details_in(kind, cleaned),
            numbers=numbers_in(kind, cleaned),
            evidence=tuple(cleaned["evidence"].splitlines()),
            files=tuple(int(pk) for pk in cleaned.get("evidence_files", ())),
        )


class EvidenceForm(FilesForm, WhyForm):
    evidence = text(gettext_lazy("Evidence"), gettext_lazy("One item a line."), rows=2, required=False)
    evidence_files = taken_files()
    upload = more_files()
    field_order = ("evidence", "evidence_files", "upload", "reason", "ticket")


class NumbersForm(WhyForm):
    def __init__(self, *args: Any, kind: CaseKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for party in parties_of(kind):
            self.fields[party.value] = numbers_field(party, required=False)
        self.order_fields([party.value for party in parties_of(kind)])


class CauseForm(WhyForm):
    cause = forms.ChoiceField(
        label=gettext_lazy("Root cause"), choices=RootCause.choices, widget=forms.RadioSelect,
        help_text=gettext_lazy("Where it is ours, we answer for what was lost (9.2)."),
    )  # fmt: skip
    field_order = ("cause", "reason", "ticket")


class CloseForm(WhyForm):
    conclusion = text(gettext_lazy("Conclusion"), NO_PERSONAL_DATA)
    field_order = ("conclusion", "reason", "ticket")
