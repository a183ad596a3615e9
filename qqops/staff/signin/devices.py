"""Devices known to belong to a person: a signed cookie given after each complete sign-in.

Strangers guessing at a login share one counter; a known device has its own. So whoever guesses from outside locks
strangers out, never the colleague at his own desk (OWASP: device cookies).
"""

import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse

from qqops.staff.models import Staff

COOKIE = "qqops_device"
LIFE = 90 * 24 * 3600  # seconds
STRANGERS = "strangers"
_signer = "qqops.device"


def known_as(request: HttpRequest, login: str) -> str:
    """The device's own mark when this browser has signed in as `login` before, else "strangers"."""
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_signer, max_age=LIFE)
    except signing.BadSignature:
        return STRANGERS
    mark = told.get(login.casefold())
    return str(mark) if mark else STRANGERS


def remember(request: HttpRequest, response: HttpResponse, staff: Staff) -> None:
    """Have this browser known as the person's; several people may share a desk."""
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_signer, max_age=LIFE)
    except signing.BadSignature:
        told = {}
    told.pop(staff.username.casefold(), None)
    latest = dict(list(told.items())[-4:]) | {staff.username.casefold(): secrets.token_hex(8)}
    response.set_cookie(
        COOKIE,
        signing.dumps(latest, salt=_signer),
        max_age=LIFE,
        path="/account/",
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )
