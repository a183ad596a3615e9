"""The form by which an appeal is filed at the desk: it gathers a Filing and holds no rule; the service checks it."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.filing.filing_validation import EVIDENCE_MAX, STATEMENT_MAX, Filing
from appeals.lifecycle import Kind
from appeals.policy import GROUNDS, EvidenceKind, Relation
from qqops.core.personal_data import looks_personal

ROWS, FILES = range(1, 6), range(1, 4)  # of evidence in words, and of files, on one page
NOTHING = ("", gettext_lazy("none"))
OFF = {"autocomplete": "off"}


class FilingForm(forms.Form):
    seq = forms.TypedChoiceField(label=gettext_lazy("Tenure"), coerce=int)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Kind.choices, widget=forms.RadioSelect)
    decision = forms.TypedChoiceField(
        label=gettext_lazy("Decision objected to"), coerce=int, required=False, empty_value=None,
        help_text=gettext_lazy("Of an objection, and only of that."),
    )  # fmt: skip
    ground = forms.ChoiceField(
        label=gettext_lazy("Ground"),
        choices=[(kind.label, [(one.value, one.label) for one in grounds]) for kind, grounds in GROUNDS.items()],
    )
    relation = forms.ChoiceField(
        label=gettext_lazy("Who appeals"), choices=Relation.choices, widget=forms.RadioSelect, initial=Relation.HOLDER
    )
    statement = forms.CharField(
        label=gettext_lazy("What is said"),
        widget=forms.Textarea(attrs={"rows": 5, **OFF}),
        max_length=STATEMENT_MAX,
        help_text=gettext_lazy("In the words of whoever appeals. It is sealed, and read by who hears it."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Contact"),
        widget=forms.TextInput(attrs=OFF),
        max_length=200,
        help_text=gettext_lazy("Mobile of the mainland, or e-mail: the answers go there. It is sealed."),
    )
    agreement = forms.CharField(
        label=gettext_lazy("Appeal agreement accepted"), required=False, max_length=40,
        help_text=gettext_lazy("Its version (7); not needed for an enquiry."),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        tenures: Sequence[tuple[int, Any]],
        decisions: Sequence[tuple[int, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["seq"].choices = tenures
        fields["decision"].choices = [NOTHING, *decisions]
        if not tenures:
            del fields["seq"]
        if not decisions:
            del fields["decision"]
        for n in ROWS:
            fields[f"evidence_kind_{n}"] = forms.ChoiceField(
                label=_("Evidence %(n)d: kind") % {"n": n}, choices=[NOTHING, *EvidenceKind.choices], required=False
            )
            fields[f"evidence_text_{n}"] = forms.CharField(
                label=_("Evidence %(n)d: what it says") % {"n": n},
                required=False,
                max_length=EVIDENCE_MAX,
                widget=forms.Textarea(attrs={"rows": 2, **OFF}),
                help_text=_(
                    "Passwords and secret answers: only how many of how many were right, as in 3/5 (6.1). It is sealed."
                )
                if n == ROWS[0]
                else "",
            )
        fields["ticket"] = forms.CharField(label=_("Ticket"), required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for n in ROWS:
            if bool(cleaned.get(f"evidence_kind_{n}")) != bool(cleaned.get(f"evidence_text_{n}")):
                self.add_error(f"evidence_text_{n}", _("Evidence has a kind, and words that say it."))
        return cleaned


FILES_LATER = gettext_lazy("Files are added on the next page, before you confirm.")


class AttachedForm(forms.Form):
    """Files come with the second step: they are sealed with the appeal, and lie nowhere before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in FILES:
            self.fields[f"file_kind_{n}"] = forms.ChoiceField(
                label=_("File %(n)d: kind of evidence") % {"n": n},
                choices=EvidenceKind.choices,
                initial=EvidenceKind.OTHER,
                required=False,
            )
            self.fields[f"file_{n}"] = forms.FileField(
                label=_("File %(n)d") % {"n": n}, required=False, allow_empty_file=True
            )

    def brought(self) -> list[tuple[str, bytes]]:
        """What was sent, each under its kind; Invalid where a file was too large to be kept."""
        sent = [(self.cleaned_data[f"file_kind_{n}"], self.cleaned_data[f"file_{n}"]) for n in FILES]
        return [(kind or EvidenceKind.OTHER.value, upload.read()) for kind, upload in sent if upload]


def filing_from(
    number: int, cleaned: dict[str, Any], *, files: Sequence[tuple[str, bytes]] = (), form_key: uuid.UUID | None = None
) -> Filing:
    rows = [(cleaned[f"evidence_kind_{n}"], cleaned[f"evidence_text_{n}"]) for n in ROWS]
    return Filing(
        number=number,
        seq=cleaned.get("seq"),
        kind=cleaned["kind"],
        decision=cleaned.get("decision"),
        ground=cleaned["ground"],
        relation=cleaned["relation"],
        statement=cleaned["statement"],
        contact=cleaned["contact"],
        agreement=cleaned["agreement"],
        evidence=[(kind, text) for kind, text in rows if kind],
        files=files,
        form_key=form_key or uuid.uuid4(),
    )


class _ReceiptInput(forms.TextInput):
    """A slip of one character is put right where it stands; what may be a person's does not come back."""

    def format_value(self, value: Any) -> str | None:
        return None if value and looks_personal(str(value)) else super().format_value(value)


class LookupForm(forms.Form):
    receipt = forms.CharField(
        label=gettext_lazy("Receipt number"),
        max_length=60,
        widget=_ReceiptInput(attrs={**OFF, "spellcheck": "false", "autocapitalize": "characters"}),
        help_text=gettext_lazy("As it is read out: small letters, spaces and hyphens do not matter."),
    )
