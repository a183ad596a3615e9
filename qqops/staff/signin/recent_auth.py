"""Proof: how lately this session's person showed that it is him, by the second factor where he has one.

Needed, not older than 15 minutes, before an adverse act, an export and the like (issue of a token, one's own
security). A fresh sign-in counts. It is asked for when a page is opened, so that no form waits in a session.
"""

import time
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

PROVED = "proved_at"
FACTOR = "factor"  # this session has seen the second factor; that the person has one says nothing of who sits here
FRESH = 15 * 60  # seconds


def prove(request: HttpRequest) -> None:
    request.session[PROVED] = time.time()


def saw_factor(request: HttpRequest) -> None:
    request.session[FACTOR] = True


def lacks_factor(request: HttpRequest) -> bool:
    """Whether the person has a second factor that nobody gave in this session: it began before, with the password."""
    return bool(getattr(request.user, "has_factor", False)) and not request.session.get(FACTOR)


def is_fresh(request: HttpRequest) -> bool:
    return not lacks_factor(request) and bool(0 <= time.time() - request.session.get(PROVED, 0) <= FRESH)


def link(request: HttpRequest) -> str:
    """The address of the question; it leads back to this page."""
    return f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"


def ask(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(link(request))
