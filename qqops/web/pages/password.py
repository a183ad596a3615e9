"""One's own password is changed by the same recorded act as anybody's."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid
from qqops.staff.people.services import reset_password
from qqops.staff.signin import services as signin


class PasswordForm(PasswordChangeForm):
    def clean_old_password(self) -> str:
        """Guesses count by the person: who finds a desk unattended has few, and none of them locks the sign-in."""
        signin.try_own_password(self.user)
        try:
            old: str = super().clean_old_password()
        except ValidationError:
            signin.failed(self.user.get_username(), "password")
            raise
        signin.own_password_was_right(self.user)
        return old

    def save(self, commit: bool = True) -> Any:
        reset_password(self.user, self.cleaned_data["new_password1"], actor=self.user, reason="")
        return self.user


class PasswordView(PasswordChangeView):
    form_class = PasswordForm
    template_name = "ops/password.html"
    success_url = reverse_lazy("admin:index")

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            response = super().form_valid(form)
        except Invalid as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("Your password was changed."))
        return response
