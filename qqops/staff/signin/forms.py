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
from django.contrib.auth.forms import SetPasswordForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from qqops.seal import CannotOpen, seal, unseal
from qqops.staff.services import signin

PENDING = "staff.pending-factor"  # what a secret is sealed for while nobody has copied it yet


class LoginForm(PasswordForm):
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


class AddPasskeyForm(AddWebAuthnForm):
    def clean(self) -> Any:
        try:
            return super().clean()
        except ValueError as error:  # what no browser sends, and allauth does not expect
            raise get_adapter().validation_error("incorrect_code") from error


class _Recorded:
    """A passkey that is not taken is on the record, as a wrong code is."""

    user: Any

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # the form this is mixed into
        except ValidationError:
            signin.failed(self.user.username if self.user else "", "passkey")
            raise


class PasskeyForm(_Recorded, AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(_Recorded, ReauthenticateWebAuthnForm):
    pass


class PasskeyAloneForm(_Recorded, LoginWebAuthnForm):
    pass


class WelcomeForm(SetPasswordForm):  # type: ignore[type-arg]  # not generic at run time
    """The first password; the service saves it."""

    def save(self, commit: bool = True) -> Any:
        return self.user
