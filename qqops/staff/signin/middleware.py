"""Who gets through the door, request by request: addresses let in, the session's own address, the second factor."""

import ipaddress
import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from qqops.audit.origin import address_of
from qqops.staff.models import Staff
from qqops.staff.sessions import services as session_acts
from qqops.staff.sessions.store import ENTERED
from qqops.staff.signin import recent_auth

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]

# Where someone may go who has no second factor yet and needs one.
ENROLMENT = (
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_index",
    "admin:set_language",
)


# And where someone whose session began before he had one.
PROVING = (
    "account_logout",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "admin:set_language",
)


class SessionMiddleware(middleware.SessionMiddleware):
    """As Django's, but for what it says of a session that was ended while its page was being made: the act may well be
    done, and Django's answer would be that of a request nobody could read."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted:
            return HttpResponse(render_to_string("400_session.html"), status=400)


class AllowList:
    """With QQOPS_ADDRESSES only requests from these networks are answered at all; the rest cost no query."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        networks = settings.QQOPS_ADDRESSES
        if networks and not _inside(address_of(request), networks):
            log.warning("turned away: %s is not among QQOPS_ADDRESSES", address_of(request))
            return HttpResponseForbidden(render_to_string("403_address.html"))
        return self.get_response(request)


def _inside(address: str | None, networks: list[str]) -> bool:
    return address is not None and any(ipaddress.ip_address(address) in ipaddress.ip_network(n) for n in networks)


class DoorMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        staff = request.user
        if isinstance(staff, Staff):
            if stop := _moved(request, staff) or _needs_factor(request, staff):
                return stop
            request.session.touch()  # type: ignore[attr-defined]  # our own store
        elif _is_over(request):
            messages.warning(
                request, _("Your session is over: idle for 30 minutes, twelve hours old, or ended. Sign in again.")
            )
        return self.get_response(request)


def _is_over(request: HttpRequest) -> bool:
    """Whether the browser names a session that is gone (the answer takes the name away, so it is said once). Not to
    who signs in just now: he would read it when he is in."""
    named, found = request.COOKIES.get(settings.SESSION_COOKIE_NAME), request.session.session_key
    signing_in = request.path == reverse("account_login") and request.method == "POST"
    return bool(named) and not found and not signing_in and request.path != reverse("mfa_login_webauthn")


def _moved(request: HttpRequest, staff: Staff) -> HttpResponse | None:
    """A session lives at the address where it began: a cookie carried elsewhere ends it."""
    began = request.session.get(ENTERED, {}).get("address")
    if began in (None, address_of(request)):  # none: a server that does not know its callers
        return None
    session_acts.moved(staff)
    logout(request)
    messages.warning(request, _("You were signed out: your session was used from another address. Sign in again."))
    return HttpResponseRedirect(reverse("account_login"))


def _needs_factor(request: HttpRequest, staff: Staff) -> HttpResponse | None:
    if not settings.QQOPS_SECOND_FACTOR:
        return None
    if recent_auth.lacks_factor(request):
        return None if request.path in map(reverse, PROVING) else recent_auth.ask(request)
    if staff.has_factor or request.path in map(reverse, ENROLMENT):  # type: ignore[attr-defined]  # from backend.at_desk
        return None
    return HttpResponseRedirect(reverse("mfa_activate_totp"))
