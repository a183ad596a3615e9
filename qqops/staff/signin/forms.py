"""The forms of the sign-in: the packages' own, with the house's words and its limits."""

from typing import Any

from allauth.account.forms import LoginForm as PasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, TOTP
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext_lazy

from qqops.crypto.seal import CannotOpen, seal, unseal
from qqops.staff.people.services import needs_code
from qqops.staff.signin import services as signin

# What Django says of a new password, said anew in the catalogue of the house: Django's calls people 你, and lacks one.
SAID_ANEW = (
    gettext_noop("Your password can’t be too similar to your other personal information."),
    gettext_noop("Your password can’t be a commonly used password."),
    gettext_noop("Your password can’t be entirely numeric."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
)
PENDING = "staff.pending-factor"  # what a secret is sealed for while nobody has copied it yet


class LoginForm(PasswordForm):
    def clean_login(self) -> str:
        return str(super().clean_login()).lower()  # as logins are made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Login")
        self.fields["login"].widget.attrs.update(autofocus=True, autocapitalize="none")
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)  # the label says it, and stays


class _Limited:
    """A code is looked at only while there are attempts left; a right one gives them back."""

    user: Any

    def clean_code(self) -> str:
        signin.try_code(context.request, self.user)
        code: str = super().clean_code()  # type: ignore[misc]  # the form this is mixed into
        signin.code_was_right(context.request, self.user)
        return code


class CodeForm(_Limited, AuthenticateForm):
    pass


class CodeAgainForm(_Limited, ReauthenticateForm):
    pass


class EnrolForm(ActivateTOTPForm):
    """The new secret waits in the session, sealed, for the first code of the app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session = context.request.session
        try:
            if SECRET_SESSION_KEY in session:
                session[SECRET_SESSION_KEY] = unseal(session[SECRET_SESSION_KEY], PENDING)
        except CannotOpen:  # its key was taken away meanwhile: there will be another secret
            del session[SECRET_SESSION_KEY]
        super().__init__(*args, **kwargs)
        session[SECRET_SESSION_KEY] = seal(self.secret, PENDING)

    def clean_code(self) -> str:
        code: str = super().clean_code()
        # Used up with this: nobody who looked on signs in with the same code.
        new = Authenticator(user=self.user, data={"secret": get_adapter().encrypt(self.secret)})
        if not TOTP(new).validate_code(code):
            raise get_adapter().validation_error("incorrect_code")
        return code


UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError)  # what no browser sends, and allauth does not expect


class CredentialField(forms.JSONField):
    """A browser's answer has a few kilobytes and no depth."""

    def to_python(self, value: Any) -> Any:
        try:
            if isinstance(value, str) and len(value) > 50_000:
                raise ValueError
            return super().to_python(value)
        except (ValueError, RecursionError) as error:
            raise get_adapter().validation_error("incorrect_code") from error


def _credential() -> CredentialField:
    return CredentialField(required=True, widget=forms.HiddenInput)


class AddPasskeyForm(AddWebAuthnForm):
    credential = _credential()

    def clean(self) -> Any:
        try:
            return super().clean()
        except UNEXPECTED as error:
            raise get_adapter().validation_error("incorrect_code") from error


class _Recorded:
    """A passkey that is not taken is on the record, and counts, as a wrong code does."""

    user: Any

    def clean_credential(self) -> Any:
        if self.user:
            signin.try_code(context.request, self.user)
        try:
            taken = super().clean_credential()  # type: ignore[misc]  # the form this is mixed into
        except ValidationError:
            signin.failed(self.user.username if self.user else "", "passkey")
            raise
        except UNEXPECTED as error:
            signin.failed(self.user.username if self.user else "", "passkey")
            raise get_adapter().validation_error("incorrect_code") from error
        if self.user:
            signin.code_was_right(context.request, self.user)
        return taken


class PasskeyForm(_Recorded, AuthenticateWebAuthnForm):
    credential = _credential()


class PasskeyAgainForm(_Recorded, ReauthenticateWebAuthnForm):
    credential = _credential()


class PasskeyAloneForm(_Recorded, LoginWebAuthnForm):
    credential = _credential()


class WelcomeForm(SetPasswordForm):  # type: ignore[type-arg]  # not generic at run time
    """The first password, and the code that goes with the link; the service saves it."""

    code = forms.CharField(
        label=_("The code you were told"),
        max_length=20,
        help_text=_("Eight letters and digits, told by the person who asked for your access."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    field_order = ("code", "new_password1", "new_password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_code(self.user):
            del self.fields["code"]

    def save(self, commit: bool = True) -> Any:
        return self.user
