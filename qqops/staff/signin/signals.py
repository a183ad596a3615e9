"""What allauth tells by signal, on the record and in the session. (Signals of a package, not between the apps.)"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import authentication_step_completed
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from qqops.staff.models import Staff
from qqops.staff.sessions import store as sessions
from qqops.staff.sessions.services import end_all
from qqops.staff.signin import recent_auth
from qqops.staff.signin import services as signin


def listen() -> None:
    for signal, receiver in (
        (user_logged_in, _entered),
        (authentication_step_completed, _proved_again),
        (mfa.authenticator_added, _factor_added),
        (mfa.authenticator_removed, _factor_removed),
        (mfa.authenticator_reset, _codes_made),
        (mfa.authentication_failed, _code_failed),
    ):
        signal.connect(receiver, dispatch_uid=f"staff.{receiver.__name__}")


def _entered(request: HttpRequest, user: Staff, **more: Any) -> None:
    """A sign-in is complete: with the second factor, where there is one."""
    sessions.enter(request)
    recent_auth.prove(request)
    if any(record["method"] == "mfa" for record in get_authentication_records(request, user)):
        recent_auth.saw_factor(request)


def _proved_again(request: HttpRequest, user: Staff, method: str, **more: Any) -> None:
    if more.get("reauthenticated"):  # else it is a step of a sign-in
        recent_auth.prove(request)
        if method == "mfa":
            recent_auth.saw_factor(request)
        signin.proved(user, more.get("type") or method)


def _factor_added(request: HttpRequest, user: Staff, authenticator: Any, **more: Any) -> None:
    signin.factor_changed(user, "staff.factor_added", authenticator.type)
    if authenticator.type != authenticator.Type.RECOVERY_CODES and not getattr(request.user, "has_factor", False):
        # The first one: whoever else is in by the password alone is not in any more.
        recent_auth.saw_factor(request)
        store: Any = request.session  # our own
        end_all(user, but=store.row_key(store.session_key))


def _factor_removed(request: HttpRequest, user: Staff, authenticator: Any, **more: Any) -> None:
    signin.factor_changed(user, "staff.factor_removed", authenticator.type)


def _codes_made(request: HttpRequest, user: Staff, authenticator: Any, **more: Any) -> None:
    signin.factor_changed(user, "staff.codes_made", authenticator.type)


def _code_failed(user: Staff, **more: Any) -> None:
    signin.failed(user.username, "code")
