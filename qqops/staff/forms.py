"""Forms for access of staff. They contain no rules of their own: the services check the values."""

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data
from qqops.staff.access.services import ends_later
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from qqops.staff.people.services import newcomer
from qqops.staff.policy import GLASS_ROLES, ROLE_LABELS

NO_PERSONAL_DATA = _("Goes on the record for ever: no ID numbers, mobiles or e-mail addresses.")
MINUTES = ((15, _("15 minutes")), (30, _("30 minutes")), (60, _("60 minutes")))


T = TypeVar("T")


def checked(check: Callable[[T], object], value: Any) -> T:
    """Return the value. Raise ValidationError where the service's check raises Invalid, to show it beside the field."""
    try:
        check(value)
    except Invalid as error:
        raise forms.ValidationError(str(error)) from error
    result: T = value
    return result


def role_choices(roles: Iterable[str]) -> list[tuple[str, Any]]:
    return [(role, ROLE_LABELS[role]) for role in roles]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, help_text=NO_PERSONAL_DATA
    )

    def clean_reason(self) -> str:
        return checked(people.reasoned, self.cleaned_data["reason"])


class ResetForm(ReasonForm):
    ticket = forms.CharField(label=_("Ticket"), required=False, max_length=80)

    def clean_ticket(self) -> str:
        return checked(no_personal_data, self.cleaned_data["ticket"])


class GrantForm(ResetForm):
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("choose a role")), *role_choices(ROLE_LABELS)])
    until = forms.DateTimeField(
        label=_("Until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Only to cover for somebody away: the role ends by itself then. Time in Shanghai."),
    )
    field_order: Sequence[str] = ("role", "until", "reason", "ticket")

    def clean_until(self) -> datetime.datetime | None:
        return checked(ends_later, self.cleaned_data["until"])


class InviteForm(GrantForm):
    login = forms.CharField(label=_("Login"), max_length=60, help_text=_("Stays for ever: it names who did what."))
    name = forms.CharField(label=_("Name"), max_length=80)
    field_order = ("login", "name", "role", "until", "reason", "ticket")

    def clean_login(self) -> str:
        login: str = self.cleaned_data["login"]
        if Staff.objects.filter(username__iexact=login).exists():
            return login  # taken, or of a person who returns: the service decides
        return checked(lambda new: newcomer(new, ""), login)

    def clean_name(self) -> str:
        return checked(no_personal_data, self.cleaned_data["name"])


class RevokeForm(ReasonForm):
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    field_order = ("role", "reason")

    def __init__(self, *args: Any, held: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.choices = role_choices(held)


class EmergencyForm(ReasonForm):
    role = forms.ChoiceField(label=_("Role"), choices=role_choices(GLASS_ROLES), widget=forms.RadioSelect)
    minutes = forms.TypedChoiceField(
        label=_("How long"), choices=MINUTES, coerce=int, widget=forms.RadioSelect, initial=30
    )
    field_order = ("role", "minutes", "reason")


class ReviewForm(forms.Form):
    justified = forms.TypedChoiceField(
        label=_("Was it justified?"),
        choices=(("yes", _("justified")), ("no", _("not justified"))),
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )
    remarks = forms.CharField(
        label=_("Remarks"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000, help_text=NO_PERSONAL_DATA
    )
