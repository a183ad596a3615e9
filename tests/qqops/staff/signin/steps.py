"""Going through the staff's door as a browser without scripts does, and reading what that leaves on the record."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings
from django.test import Client

from qqops.audit.models import Event
from qqops.staff.models import Staff
from qqops.staff.signin.recent_auth import FACTOR
from tests.cast import PASSWORD

LOGIN, CODE, ENROL, FACTORS = "/account/login/", "/account/code/", "/account/factors/app/", "/account/factors/"
PERIOD = 30
DOOR = "system-door"  # who acts on the record until somebody is inside


def sign_in(client: Client, login: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": login, "password": password}, **more)


def english() -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def inside(client: Client) -> bool:
    return bool(client.get("/admin/").status_code == 200)


def app_of(staff: Staff) -> str:
    """Give a person an app and recovery codes, behind the web's back; return the app's secret."""
    secret = str(generate_totp_secret())
    TOTP.activate(staff, secret)
    RecoveryCodes.activate(staff)
    return secret


def code_of(secret: str, periods: int = 0) -> str:
    """The code that the app shows now, or some periods later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD + periods)))


def recovery_codes_of(staff: Staff) -> list[str]:
    codes: list[str] = RecoveryCodes(Authenticator.objects.get(user=staff, type="recovery_codes")).get_unused_codes()
    return codes


def at_code(login: str) -> Client:
    """A browser that has shown the right password and is asked for a code."""
    client = Client()
    assert sign_in(client, login)["Location"] == CODE
    return client


def head() -> int:
    return Event.objects.latest("seq").seq


def told(since: int) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Verb, actor, subject and facts of every event since then."""
    found = Event.objects.filter(seq__gt=since).order_by("seq")
    return [(e.verb, e.actor_label, e.subject_label, e.facts) for e in found]


def verbs(since: int) -> list[str]:
    return [verb for verb, *_rest in told(since)]


def aged(client: Client, seconds: float, *, key: str = "proved_at") -> None:
    """Put the last proof that far back."""
    session = client.session
    session[key] = time.time() - seconds
    session.save()


def with_factor(client: Client, staff: Staff) -> Client:
    """Sign in as one who has shown his second factor just now."""
    client.force_login(staff)
    session = client.session
    session[FACTOR] = True
    session.save()
    return client


def cookie_of(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)
