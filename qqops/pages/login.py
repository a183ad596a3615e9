"""The sign-in form: one sentence for every failure, which says nothing of what exists."""

from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils.translation import gettext_lazy as _


class LoginForm(AdminAuthenticationForm):
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": _("The login or the password is not right. Both are case-sensitive."),
    }
