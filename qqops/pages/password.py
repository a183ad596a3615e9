"""One's own password is changed by the same recorded act as anybody's."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from qqops.staff.services import reset_password


class PasswordForm(PasswordChangeForm):
    def save(self, commit: bool = True) -> Any:
        reset_password(self.user, self.cleaned_data["new_password1"], actor=self.user, reason="")
        return self.user


class PasswordView(PasswordChangeView):
    form_class = PasswordForm
    template_name = "ops/password.html"
    success_url = reverse_lazy("admin:index")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password was changed."))
        return super().form_valid(form)
