"""What every answer carries besides its page, and what no address ever serves."""

import logging
import re
from typing import Any

import pytest
from django.conf import settings as live
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.static import serve

from qqops.boot.logs import HideLinks
from qqops.staff.models import Staff
from tests.qqops.boot.test_setup import GOOD, run
from tests.qqops.staff.signin.steps import sign_in

pytestmark = pytest.mark.django_db
BARE = 'class="bare"'


@pytest.fixture
def desk(officer: Staff) -> Client:
    client = Client()
    sign_in(client, "officer")
    return client


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that fails."""
    from qqops.staff.signin import recent_auth

    def fail(request: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(recent_auth, "is_fresh", fail)


def guarded(answer: Any, *, page: bool = True) -> None:
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy and "*" not in policy and "http:" not in policy
    for rule in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'",
                 "base-uri 'self'", "frame-ancestors 'none'", "form-action 'self'"):  # fmt: skip
        assert rule in policy
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == answer["Cross-Origin-Resource-Policy"] == "same-origin"
    permissions = answer["Permissions-Policy"]
    for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
        assert f"{feature}=()" in permissions
    if page:
        assert re.search(r"no-store", answer["Cache-Control"]) and "private" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 302), ("/account/login/", 302), ("/account/factors/", 200), ("/account/code/", 302), ("/admin/", 200),
        ("/admin/password/", 200), ("/admin/tokens/", 200), ("/admin/audit/event/", 403), ("/admin/nowhere/", 404),
        ("/nowhere/", 404), ("/account/welcome/MQ/x-y/", 404), ("/account/logout/", 405), ("/media/list.html", 404),
    ],
)  # fmt: skip
def test_every_answer_carries_them(desk: Client, path: str, status: int) -> None:
    for browser in (desk, Client()):
        answer = browser.get(path)
        assert answer.status_code == (status if browser is desk else answer.status_code), path
        guarded(answer)


def test_so_do_errors_which_are_bare(desk: Client, broken: None) -> None:
    desk.raise_request_exception = False
    failed = desk.get("/admin/password/")
    strange = Client().get("/admin/", headers={"host": "evil.example"})
    forged = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "officer"})
    missing = Client().get("/nowhere/")
    forbidden = desk.get("/admin/audit/event/")
    found = [(failed, 500), (strange, 400), (forged, 403), (missing, 404), (forbidden, 403)]
    for answer, status in found:
        assert answer.status_code == status
        assert BARE in answer.content.decode() and "Traceback" not in answer.content.decode()
        guarded(answer)


def test_static_files_may_be_kept_and_are_guarded_too(desk: Client) -> None:
    for path in ("/static/ops/desk.css", "/static/ops/mark.svg"):
        answer = Client().get(path)
        assert answer.status_code == 200 and "no-store" not in answer["Cache-Control"]
        guarded(answer, page=False)


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(desk: Client) -> None:
    assert {name: (bool(c["httponly"]), c["samesite"]) for name, c in desk.cookies.items() if name != "messages"} == {
        "sessionid": (True, "Lax"),
        "csrftoken": (True, "Lax"),
        "qqops_device": (True, "Strict"),
    }
    assert not desk.cookies["sessionid"]["max-age"]  # gone with the browser's window


def test_production_speaks_https_only() -> None:
    code = (
        "import django; django.setup()\n"
        "from django.test import RequestFactory\n"
        "from django.http import HttpResponse\n"
        "from django.middleware.security import SecurityMiddleware\n"
        "from django.conf import settings as s\n"
        "at = lambda secure: SecurityMiddleware(lambda r: HttpResponse('x'))(\n"
        "    RequestFactory(SERVER_NAME='qqops.example').get('/admin/', secure=secure))\n"
        "print(at(True)['Strict-Transport-Security'], at(False)['Location'], sep='|')\n"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SECURE_PROXY_SSL_HEADER)\n"
    )
    done = run("-c", code, **GOOD)
    assert done.stdout.splitlines() == [
        "max-age=31536000; includeSubDomains; preload|https://qqops.example/admin/",
        "True True True None",
    ], done.stderr
    behind = run("-c", code, **GOOD | {"QQOPS_BEHIND_PROXY": "1"})
    assert behind.stdout.splitlines()[1].endswith("('HTTP_X_FORWARDED_PROTO', 'https')")


def test_nothing_uploaded_is_ever_served_as_a_page() -> None:
    """No address hands out files but the static ones, and those come from the checkout alone."""

    def views(resolver: URLResolver) -> Any:
        for one in resolver.url_patterns:
            yield from views(one) if isinstance(one, URLResolver) else [one]

    served: list[URLPattern] = list(views(get_resolver()))
    assert served and not [
        v for v in served if v.callback is serve or "static" in getattr(v.callback, "__module__", "")
    ]
    assert (live.MEDIA_URL, live.MEDIA_ROOT) == ("/", "")
    for path in ("/../manage.py", "/static/../manage.py", "/static/%2e%2e/manage.py", "/manage.py", "/.demo/secret"):
        assert Client().get(path).status_code == 404


def test_a_link_to_a_first_password_stands_in_no_log() -> None:
    path = "/account/welcome/MQ/a-b/"
    said = logging.LogRecord("django.request", logging.WARNING, "", 0, "Not Found: %s", (path,), None)
    assert HideLinks().filter(said) and said.getMessage() == "Not Found: /account/welcome/…"
    other = logging.LogRecord("x", logging.WARNING, "", 0, "%s of %d", ("one", 2), None)
    assert HideLinks().filter(other) and other.getMessage() == "one of 2"
    handlers: Any = live.LOGGING["handlers"]
    assert "links" in handlers["console"]["filters"]
