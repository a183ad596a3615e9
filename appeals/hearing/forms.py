"""The forms of who hears an appeal. What is said to or by the appellant is sealed; the house's reason is not."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import conditional_escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appeals.filing.filing_validation import EVIDENCE_MAX
from appeals.hearing.services import TEXT_MAX
from appeals.lifecycle import RULED_AS, Kind, Outcome
from appeals.models import Appeal, AppealEvidence
from appeals.policy import GROUNDS, EvidenceKind, Ground, Match, Side
from appeals.rulings.reversal import Terms
from appeals.rulings.services import CLAUSES, Said
from enforcement.decisions.forms import NO_PERSONAL_DATA
from enforcement.models import Measure
from enforcement.policy import Kind as DecisionKind
from enforcement.policy import Scope
from qqops.staff.models import Staff
from qqops.web.key_choices import KeyedRadios

SENT = _("It is sent to the appellant as it stands here, and kept sealed.")
SEALED = _("In the appellant's own words. It is kept sealed.")


def _area(label: Any, help_text: Any, *, rows: int = 5) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"})
    return forms.CharField(label=label, widget=area, max_length=TEXT_MAX, help_text=help_text)


def _reason() -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=_("Reason"), widget=area, max_length=2000, help_text=NO_PERSONAL_DATA)


def _ticket() -> forms.CharField:
    return forms.CharField(label=_("Ticket"), required=False, max_length=80)


class SeenForm(forms.Form):
    """Made on one state of the appeal: when that has changed since, the act is not done."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class AskForm(SeenForm):
    text = _area(_("What is asked for"), SENT)


class AnswerForm(forms.Form):
    text = _area(_("What the appellant answers"), SEALED)
    ticket = _ticket()


class WriteForm(forms.Form):
    text = _area(_("Message"), SENT)
    ticket = _ticket()


class ReasonForm(forms.Form):
    reason = _reason()


class WithdrawForm(ReasonForm):
    ticket = _ticket()


class AgainForm(forms.Form):
    reason = _area(_("Why the appellant does not agree"), SEALED)
    ticket = _ticket()


class ContestForm(SeenForm):
    reason = _reason()


class EvidenceForm(forms.Form):
    side = forms.ChoiceField(label=_("Who brings it"), choices=Side.choices, widget=forms.RadioSelect)
    kind = forms.ChoiceField(label=_("Evidence"), choices=[("", _("none")), *EvidenceKind.choices], required=False)
    said = forms.CharField(
        label=_("What it says"),
        required=False,
        max_length=EVIDENCE_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        help_text=_(
            "Passwords and secret answers: only how many of how many were right, as in 3/5 (6.1). It is sealed."
        ),
    )
    ticket = _ticket()

    def __init__(self, *args: Any, two_claim: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not two_claim:  # nobody is asked; what is sent by hand all the same is judged by the act
            self.fields["side"] = forms.CharField(required=False, widget=forms.HiddenInput())

    def clean_side(self) -> str:
        return self.cleaned_data["side"] or Side.APPELLANT.value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("kind")) != bool(cleaned.get("said")):
            self.add_error("said", gettext("Evidence has a kind, and words that say it."))
        return cleaned


class WeighForm(SeenForm):
    """Each item with what it says, and the word on it."""

    def __init__(self, *args: Any, items: Sequence[tuple[AppealEvidence, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item, said in items:
            self.fields[field_of(item)] = forms.ChoiceField(
                label=item.label,
                choices=Match.choices,
                widget=forms.RadioSelect,
                required=False,
                help_text=conditional_escape(said),
            )


def field_of(item: AppealEvidence) -> str:
    return f"item_{item.pk}"


class TransferForm(forms.Form):
    to = forms.ModelChoiceField(Staff.objects.none(), label=_("Hand it to"), empty_label=_("choose a colleague"))
    reason = _reason()

    def __init__(self, *args: Any, hearers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = hearers  # type: ignore[attr-defined]


class ConvertForm(SeenForm):
    kind = forms.ChoiceField(label=_("Take it as"), widget=forms.RadioSelect)
    ground = forms.ChoiceField(label=_("Ground"), widget=forms.RadioSelect)
    decision = forms.IntegerField(
        label=_("Decision objected to"), required=False, min_value=1, max_value=10**17,
        help_text=_("The number of the decision, for an objection only."),
    )  # fmt: skip
    reason = _reason()

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [one for one in Kind if one != kind]
        grounds = dict.fromkeys(ground for one in others for ground in GROUNDS[one])
        self.fields["kind"].choices = [(one.value, one.label) for one in others]  # type: ignore[attr-defined]
        self.fields["ground"].choices = [(one, Ground(one).label) for one in grounds]  # type: ignore[attr-defined]


class RuleForm(SeenForm):
    outcome = forms.ChoiceField(label=_("Outcome"), widget=KeyedRadios())
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Partly upheld: the measure ends then. Time in Shanghai."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scope"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Partly upheld: only this stays restricted."),
    )
    text = _area(_("Reasons, as they are told"), SENT)
    reason = _reason()
    clauses = forms.CharField(label=_("More clauses"), required=False, max_length=80)
    ticket = _ticket()

    def __init__(self, *args: Any, appeal: Appeal, measure: Measure | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = Kind(appeal.kind)
        in_force = measure is not None and measure.in_force
        offered = [one for one in RULED_AS[kind] if one != Outcome.PARTLY or in_force]
        self.fields["outcome"].choices = [(one.value, one.label) for one in offered]  # type: ignore[attr-defined]
        self.fields["clauses"].help_text = _(
            "Besides %(clause)s, which is always cited: by number, with blanks between."
        ) % {"clause": ", ".join(CLAUSES[kind])}
        if not in_force or measure is None:
            del self.fields["until"]
        if not in_force or measure is None or measure.kind != DecisionKind.RESTRICT:
            del self.fields["scopes"]
        else:
            labels = dict(Scope.choices)
            self.fields["scopes"].choices = [(one, labels[one]) for one in measure.scopes]  # type: ignore[attr-defined]


def said_in(cleaned: dict[str, Any]) -> Said:
    partly = cleaned["outcome"] == Outcome.PARTLY
    terms = Terms(until=cleaned.get("until"), scopes=tuple(cleaned.get("scopes", ()))) if partly else Terms()
    return Said(
        outcome=cleaned["outcome"],
        text=cleaned["text"],
        reason=cleaned["reason"],
        clauses=cleaned["clauses"].split(),
        ticket=cleaned["ticket"],
        terms=terms,
    )
