"""Where allauth's pages of second factors need a rule of the house around them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import views as totp
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn import views as passkeys
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from qqops.staff.models import Staff
from qqops.staff.signin import services as signin


def code(request: HttpRequest) -> HttpResponse:
    """The second step of a sign-in. When there is nothing to ask for (any more), the sign-in begins anew."""
    response: HttpResponse = mfa.authenticate(request)
    if response.status_code == 302 and response["Location"] == reverse("account_login"):
        clear_login(request)  # else that page would send him here again
    return response


def add_app(request: HttpRequest) -> HttpResponse:
    """Whoever presses twice, or comes back, has the app already: show it to him, not how to remove it."""
    response: HttpResponse = totp.activate_totp(request)
    if response.status_code == 302 and response["Location"] == reverse("mfa_deactivate_totp"):
        return HttpResponseRedirect(reverse("mfa_index"))
    return response


def passkey_alone(request: HttpRequest) -> HttpResponse:
    """A sign-in by passkey only. Anybody may ask for a challenge, and each is kept in a session: so many, no more."""
    try:
        signin.try_passkey(request)
    except ValidationError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(reverse("account_login"))
    response: HttpResponse = passkeys.login_webauthn(request)
    return response


def one_by_one(view: Callable[..., Any]) -> Callable[..., Any]:
    """Of two factors removed at the same moment, each would still be there when the other one is asked about."""

    @wraps(view)
    def alone(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            Staff.objects.select_for_update(no_key=True).get(username=request.user.get_username())
            return view(request, *args, **kwargs)

    return alone


class MoveAppView(totp.ActivateTOTPView):
    """Enrol the app on a new phone. The old one is good until the new one has shown its first code: at no moment is
    there none, so it can be done where a factor is compulsory. The recovery codes stay."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self._app().exists():
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        if request.method == "POST" and SECRET_SESSION_KEY not in request.session:  # pressed twice
            return HttpResponseRedirect(reverse("mfa_index"))
        # Not the package's own dispatch: it leads away whoever has an app.
        response: HttpResponseBase = super(totp.ActivateTOTPView, self).dispatch(request, *args, **kwargs)
        return response

    def _app(self) -> QuerySet[Authenticator]:
        found: QuerySet[Authenticator] = Authenticator.objects.filter(
            user_id=self.request.user.pk, type=Authenticator.Type.TOTP
        )
        return found

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            old = self._app().get()  # nobody else's hand is in between: one_by_one
            self._app().delete()  # first, as nobody has two
            signals.authenticator_removed.send(
                sender=Authenticator, request=self.request, user=self.request.user, authenticator=old
            )
            response: HttpResponse = super().form_valid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "moving": True}


move_app = MoveAppView.as_view()


class RemovePasskeyView(passkeys.RemoveWebAuthnView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        adapter = get_adapter()
        blocked = not adapter.can_delete_authenticator(self.object)
        said = adapter.validation_error("cannot_delete_authenticator").message if blocked else ""
        return {**super().get_context_data(**kwargs), "blocked": said}

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.object):
            response: HttpResponse = super().form_valid(form)
            return response
        messages.error(self.request, adapter.validation_error("cannot_delete_authenticator").message)
        return HttpResponseRedirect(self.success_url)


remove_passkey = RemovePasskeyView.as_view()


class ProveByPasskeyView(passkeys.ReauthenticateWebAuthnView):
    def form_invalid(self, form: Any) -> HttpResponse:
        """Asked again, with the page one wanted; the package's own answer forgets it."""
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return HttpResponseRedirect(self.passthrough_next_url(reverse("mfa_reauthenticate_webauthn")))


prove_by_passkey = ProveByPasskeyView.as_view()
