"""The form of an act: it gathers an Order and holds no rule; the service checks it."""

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.dormancy.queries import in_force
from accounts.models import DormancyPolicy
from enforcement.decisions.order import Order
from enforcement.policy import BASES, OF_RUNNING, Basis, FreezeKind, Kind, LeftOut, Scope, Severity
from qqops.web.key_choices import KeyedRadios, KeyedTicks

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
STAYS = ("", _("the end stays"))
IN_ERROR = _("It never counts against the holder again, and the holder is sent an apology.")
NO_PERSONAL_DATA = _("Goes on the record for ever: no ID numbers, mobiles or e-mail addresses.")


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesForm(forms.Form):
    """A form whose fields `evidence_files` and `upload` are `taken_files` and `more_files`: evidence that is a file.

    The page takes files in as they come (enforcement/evidence/pages.py); here they are ids to tick.
    """

    def __init__(
        self,
        *args: Any,
        known_files: Sequence[tuple[str, Any]] = (),
        wrong_files: Sequence[str] = (),
        brings_files: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.wrong_files = wrong_files
        fields: dict[str, Any] = self.fields
        if known_files:
            fields["evidence_files"].choices = known_files
        else:
            del fields["evidence_files"]
        if not brings_files:
            del fields["upload"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for sentence in self.wrong_files:
            self.add_error("upload" if "upload" in self.fields else None, sentence)
        return cleaned


def taken_files() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=_("Evidence files"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Taken in and sealed. Those that are ticked are cited."),
    )  # fmt: skip


def more_files() -> forms.FileField:
    return forms.FileField(
        label=_("Add evidence files"),
        required=False,
        widget=FilesInput(attrs={"multiple": True}),
        help_text=_("PDF, PNG, JPEG, MP4, M4A, MP3, WAV or plain text. They are taken in and sealed at the next step."),
    )


IMPOSED = (Kind.RESTRICT, Kind.FREEZE, Kind.TERMINATE)


class ActForm(FilesForm):
    clauses = forms.MultipleChoiceField(label=_("Clause"), widget=KeyedTicks())
    citation = forms.CharField(
        label=_("Document cited"), required=False, max_length=200, help_text=_("With “law”: law and article, or order.")
    )
    article = forms.CharField(
        label=_("Clause of an agreement"), required=False, max_length=120,
        help_text=_("With “agreement”: CODE:CLAUSE of another document of the rulebook."),
    )  # fmt: skip
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
    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=Severity.choices,
        widget=KeyedRadios(keys="msg", then="facts"),  # minor, serious, grave
        required=False,
        help_text=_("Of a violation: the ladder suggests measure and length by it and by what the holder had before."),
    )
    departure = forms.CharField(
        label=_("Departs from the ladder because"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
    )  # fmt: skip
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
    evidence_files = taken_files()
    upload = more_files()
    detected_by = forms.CharField(
        label=_("Found by rule or model"), required=False, max_length=80,
        help_text=_("What found it, where it was not a person; the decision is yours (8.1)."),
    )  # fmt: skip
    then_review = forms.BooleanField(label=_("Back to review at its end"), required=False)
    leave_out = forms.MultipleChoiceField(
        label=_("Leave for review by hand"),
        choices=LeftOut.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    in_error = forms.BooleanField(
        label=_("It was wrong"),
        required=False,
        help_text=IN_ERROR,
    )
    ticket = forms.CharField(label=_("Ticket"), required=False, max_length=80)

    def __init__(
        self,
        *args: Any,
        kind: Kind,
        liftable: Sequence[tuple[str, Any]] = (),
        reclaims: bool = False,
        several: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        fields: dict[str, Any] = self.fields
        fields["evidence"].required = "evidence_files" not in fields  # a file will do
        fields["clauses"].choices = [(b.code, _ground(b)) for b in BASES if kind in b.kinds]
        fields["measures"].choices = liftable
        fields["policy"].queryset = DormancyPolicy.objects.filter(in_force()).order_by("code")
        if kind == Kind.ADJUST:
            fields["measures"].label = _("Measures to change")
            fields["term"].choices, fields["term"].initial = (STAYS, *TERMS), ""
            fields["term"].label, fields["term"].required = _("New end, from now"), False
            fields["scopes"].required = False
            fields["scopes"].help_text = _(
                "All that is restricted from now on. Of a restriction only; none: as it was."
            )
        wanted = {
            "policy": reclaims,
            "freeze_kind": kind == Kind.FREEZE,
            "scopes": kind in (Kind.RESTRICT, Kind.ADJUST),
            "measures": kind in OF_RUNNING,
            "term": kind in (Kind.FREEZE, Kind.RESTRICT, Kind.ADJUST),
            "until": kind in (Kind.FREEZE, Kind.RESTRICT, Kind.ADJUST),
            "then_review": kind in (Kind.FREEZE, Kind.RESTRICT),
            "severity": kind in IMPOSED,
            "departure": kind in IMPOSED,
            "detected_by": kind in IMPOSED,
            "article": kind in IMPOSED,
            "leave_out": kind in IMPOSED and several,
            "in_error": kind not in (*IMPOSED, Kind.ADJUST),
        }
        for name, keep in wanted.items():
            if not keep:
                del fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("term") == "until" and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", _("Give the time."))
        return cleaned


def _ground(basis: Basis) -> Any:
    if basis.citation:
        return _("law or order")
    return _("agreement") if basis.article else basis.code


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
        article=cleaned.get("article", ""),
        severity=cleaned.get("severity", ""),
        departure=cleaned.get("departure", ""),
        detected_by=cleaned.get("detected_by", ""),
        then_review=cleaned.get("then_review", False),
        leave_out=tuple(cleaned.get("leave_out", ())),
        in_error=cleaned.get("in_error", False),
        files=tuple(int(pk) for pk in cleaned.get("evidence_files", ())),
        lift_measures=tuple(int(m) for m in chosen if m.isdigit()),
        lift_kinds=tuple(m for m in chosen if not m.isdigit()),
        form_key=form_key or uuid.uuid4(),
    )
