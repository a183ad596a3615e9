"""Forms for acts on number resources. Number fields accept every notation that `parse` accepts; prices are in yuan."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lifecycle import L
from accounts.models import Tenure
from accounts.numbers.parsing import parse
from accounts.premium.policy import NEVER_PUBLIC
from accounts.resources.policy import Pool
from qqops.core.errors import Invalid

CODE_HELP = gettext_lazy("Letters, digits and hyphens.")


class NumberField(forms.CharField):
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return text
        try:
            return parse(text)
        except Invalid as error:
            raise ValidationError(str(error)) from None


class WhyForm(forms.Form):
    """The reason and the ticket, which every proposal has. They come last on the page."""

    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name not in ("reason", "ticket")])


class PlanForm(WhyForm):
    plan = forms.CharField(
        label=gettext_lazy("Release plan"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    opens_on = forms.DateField(
        label=gettext_lazy("Opens on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Before that day nothing is handed out, whatever the state."),
    )
    price = forms.DecimalField(
        label=gettext_lazy("Price in yuan"),
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        help_text=gettext_lazy("Empty: free of charge."),
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        required=False,
        choices=Tenure.Channel.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: every channel."),
    )

    def planned(self) -> dict[str, Any]:
        """Return the plan as arguments of the service, with the price in fen."""
        cleaned = self.cleaned_data
        price = cleaned["price"]
        return {
            "plan": cleaned["plan"],
            "opens_on": cleaned["opens_on"],
            "price": None if price is None else int(price * 100),
            "channels": tuple(cleaned["channels"]),
        }


class OpenRangeForm(PlanForm):
    first = NumberField(label=gettext_lazy("First number"))
    last = NumberField(label=gettext_lazy("Last number"), help_text=gettext_lazy("It is in the range."))
    pool = forms.ChoiceField(label=gettext_lazy("Pool"), choices=Pool.choices, widget=forms.RadioSelect)
    purpose = forms.CharField(label=gettext_lazy("Purpose"), max_length=200)

    field_order = ("first", "last", "pool", "purpose", "plan", "opens_on", "price", "channels", "reason", "ticket")


class MoveForm(WhyForm):
    """A form that offers the target states passed as `states`."""

    to = forms.ChoiceField(label=gettext_lazy("Becomes"), widget=forms.RadioSelect)

    field_order = ("to", "reason", "ticket")

    def __init__(self, *args: Any, states: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(state, L(state).label) for state in states]


class TierForm(WhyForm):
    tier = forms.TypedChoiceField(
        label=gettext_lazy("Tier"),
        coerce=int,
        choices=[(n, n) for n in range(NEVER_PUBLIC + 1)],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("From 2 on a number is premium; 4 is never handed out."),
    )

    field_order = ("tier", "reason", "ticket")


class CampaignForm(WhyForm):
    code = forms.CharField(label=gettext_lazy("Code of the campaign"), max_length=40, help_text=CODE_HELP)
    organiser = forms.CharField(label=gettext_lazy("Authorised organiser"), max_length=120)
    authorisation = forms.CharField(
        label=gettext_lazy("Written authorisation"), max_length=120, help_text=gettext_lazy("Its reference.")
    )
    quota = forms.IntegerField(label=gettext_lazy("Quota"), min_value=1, max_value=100_000_000)
    starts_at = forms.DateTimeField(label=gettext_lazy("Starts"), help_text=gettext_lazy("Time in Shanghai."))
    ends_at = forms.DateTimeField(label=gettext_lazy("Ends"), help_text=gettext_lazy("Time in Shanghai."))

    field_order = ("code", "organiser", "authorisation", "quota", "starts_at", "ends_at", "reason", "ticket")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            self.fields[name].widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def clean(self) -> Any:
        given = super().clean()
        if given and given.get("starts_at") and given.get("ends_at") and given["ends_at"] <= given["starts_at"]:
            self.add_error("ends_at", _("It ends before it starts."))
        return given
