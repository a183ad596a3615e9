"""The form of an act: it gathers an Order and holds no rule; the service checks it."""

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import DormancyPolicy
from accounts.queries.policies import in_force
from enforcement.order import Order
from enforcement.policy import BASES, FreezeKind, Kind, Scope

DAY = datetime.timedelta(days=1)
TERMS = (
    ("1", _("1 day")),
    ("3", _("3 days")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("until", _("until the time below")),
    ("indefinite", _("without end")),
)
NO_PERSONAL_DATA = _("Goes on the record for ever: no ID numbers, mobiles or e-mail addresses.")


class ActForm(forms.Form):
    clauses = forms.MultipleChoiceField(label=_("Clause"), widget=forms.CheckboxSelectMultiple)
    citation = forms.CharField(
        label=_("Document cited"), required=False, max_length=200, help_text=_("With “law”: law and article, or order.")
    )
    policy = forms.ModelChoiceField(
        DormancyPolicy.objects.none(),
        label=_("Dormancy policy"),
        required=False,
        to_field_name="code",
        help_text=_("With 10.3, and only then."),
    )
    freeze_kind = forms.ChoiceField(label=_("Kind of freeze"), choices=FreezeKind.choices, initial=FreezeKind.VIOLATION)
    scopes = forms.MultipleChoiceField(label=_("Scope"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple)
    measures = forms.MultipleChoiceField(label=_("Measures to lift"), widget=forms.CheckboxSelectMultiple)
    term = forms.ChoiceField(label=_("How long"), choices=TERMS, widget=forms.RadioSelect, initial="7")
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Time in Shanghai."),
    )
    facts = forms.CharField(
        label=_("Facts"), widget=forms.Textarea(attrs={"rows": 2}), help_text=NO_PERSONAL_DATA, max_length=4000
    )
    evidence = forms.CharField(
        label=_("Evidence"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One item a line. Without evidence there is no measure."),
        max_length=4000,
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)
    ticket = forms.CharField(label=_("Ticket"), required=False, max_length=80)

    def __init__(
        self, *args: Any, kind: Kind, liftable: Sequence[tuple[str, Any]] = (), reclaims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        fields: dict[str, Any] = self.fields
        fields["clauses"].choices = [(b.code, _("law or order") if b.citation else b.code)
                                     for b in BASES if kind in b.kinds]  # fmt: skip
        fields["measures"].choices = liftable
        fields["policy"].queryset = DormancyPolicy.objects.filter(in_force()).order_by("code")
        wanted = {
            "policy": reclaims,
            "freeze_kind": kind == Kind.FREEZE,
            "scopes": kind == Kind.RESTRICT,
            "measures": kind == Kind.LIFT,
            "term": kind in (Kind.FREEZE, Kind.RESTRICT),
            "until": kind in (Kind.FREEZE, Kind.RESTRICT),
        }
        for name, keep in wanted.items():
            if not keep:
                del fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("term") == "until" and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Give the time."))
        return cleaned


def order_from(kind: Kind, cleaned: dict[str, Any], *, form_key: uuid.UUID | None = None) -> Order:
    term = cleaned.get("term", "")
    chosen = cleaned.get("measures", [])
    return Order(
        kind=kind,
        clauses=tuple(cleaned["clauses"]),
        citation=cleaned["citation"],
        facts=cleaned["facts"],
        evidence=tuple(cleaned["evidence"].splitlines()),
        reason=cleaned["reason"],
        ticket=cleaned["ticket"],
        freeze_kind=cleaned.get("freeze_kind", ""),
        scopes=tuple(cleaned.get("scopes", ())),
        duration=int(term) * DAY if term.isdigit() else None,
        until=cleaned["until"] if term == "until" else None,
        indefinite=term == "indefinite",
        policy=cleaned.get("policy"),
        lift_measures=tuple(int(m) for m in chosen if m.isdigit()),
        lift_kinds=tuple(m for m in chosen if not m.isdigit()),
        form_key=form_key or uuid.uuid4(),
    )
