"""Where django-allauth asks the house: limits, words, the record, sealed secrets."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qqops.audit.origin import address_of
from qqops.crypto.seal import seal, unseal
from qqops.site import desk_name
from qqops.staff.backend import factors
from qqops.staff.models import Staff
from qqops.staff.sealed_fields import PURPOSE
from qqops.staff.signin import devices, recent_auth
from qqops.staff.signin import services as signin

NOT_RIGHT = _("The login or the password is not right. The password is case-sensitive.")
HALFWAY = "halfway"  # in the session: what the password was at the first step of a sign-in, hashed


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {"username_password_mismatch": NOT_RIGHT}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # staff are let in by staff

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "0.0.0.0"  # nosec B104  # a name for "unknown", nothing listens there

    def is_safe_url(self, url: str) -> bool:
        """Back to a page of this very site only: allauth would take every allowed host, and any scheme."""
        request = context.request
        hosts, https = {request.get_host()}, request.is_secure()
        try:
            return url_has_allowed_host_and_scheme(url, hosts, require_https=https)
        except ValueError:  # brackets that are no address
            return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        return not recent_auth.is_fresh(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor proves himself by it: a password alone may have been looked over a shoulder."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        factors = [m for m in methods if m["id"] != "reauthenticate"]
        if len(factors) > 1 and not MFAAdapter().is_mfa_enabled(user, [Authenticator.Type.TOTP]):
            factors.reverse()  # the passkey first: recovery codes are for when it is lost
        return factors or methods

    def add_message(
        self, request: HttpRequest, level: int, message_template: Any = None, *args: Any, **more: Any
    ) -> None:
        if message_template not in ("account/messages/logged_in.txt", "account/messages/logged_out.txt"):
            super().add_message(request, level, message_template, *args, **more)

    # The password

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        signin.try_password(request, credentials.get("username", ""))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user:
            signin.password_was_right(request, credentials.get("username", ""))
        return user

    def _rollback_login_failed_rl_usage(self) -> None:
        """allauth's own counter is off: LIMITS of signin/throttle.py count."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        signin.failed(credentials.get("username", ""), "password")

    # The way in

    def pre_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse | None:
        if not user.may_enter:  # a passkey knows nothing of roles
            raise self._turned_away(request, user)
        request.session[HALFWAY] = user.get_session_auth_hash()
        return None

    def login(self, request: HttpRequest, user: Any) -> None:
        # Between password and code the person may have been deactivated, or given a new password.
        fresh = Staff.objects.get(pk=user.pk)
        begun = request.session.pop(HALFWAY, "")
        if not fresh.may_enter or not constant_time_compare(begun, fresh.get_session_auth_hash()):
            raise self._turned_away(request, user)
        how = [r.get("type") or r["method"] for r in get_authentication_records(request, user)]
        super().login(request, user)
        signin.signed_in(user, how)

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **more)
        devices.remember(request, response, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        staff = request.user
        super().logout(request)
        if isinstance(staff, Staff):
            signin.signed_out(staff)

    def _turned_away(self, request: HttpRequest, staff: Staff) -> ImmediateHttpResponse:
        clear_login(request)  # what was shown so far counts for nothing any more
        signin.failed(staff.username, "access")
        messages.error(request, str(NOT_RIGHT))
        return ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("The code is not right, or was used already. Wait for the next one."),
        "cannot_delete_authenticator": _("This is your only second factor, and one is compulsory: add another first."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, PURPOSE)

    def get_totp_issuer(self) -> str:
        return desk_name()

    def _get_site_name(self) -> str:
        return desk_name()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not settings.QQOPS_SECOND_FACTOR or authenticator.type == Authenticator.Type.RECOVERY_CODES:
            return True
        return factors().filter(user=authenticator.user).exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        made = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Passkey %(n)d") % {"n": made + 1}
