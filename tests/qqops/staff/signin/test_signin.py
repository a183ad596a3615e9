"""The way in by password: what is right, what is wrong and says so in one sentence, and what each leaves behind."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, PBKDF2PasswordHasher, make_password
from django.db import connection
from django.test import Client

from qqops.audit.models import Event
from qqops.staff.models import Staff, StaffSession
from qqops.staff.people import services as people
from tests.cast import PASSWORD
from tests.enforcement.acts import broken
from tests.qqops.staff.signin.steps import DOOR, LOGIN, cookie_of, english, head, inside, sign_in, told

pytestmark = pytest.mark.django_db
NOT_RIGHT = "The login or the password is not right."


def plain(response: Any) -> str:
    """The page without what is new on each."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|value="[\w-]*"', "", response.content.decode())


def test_the_right_password_lets_in_under_a_new_session_and_csrf_is_asked_for(officer: Staff) -> None:
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client, "officer").status_code == 403
    page = client.get(LOGIN).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    client.get("/account/passkey/", headers={"accept": "application/json"})  # begins an anonymous session
    before, since = cookie_of(client), head()
    answer = client.post(LOGIN, {"login": "officer", "password": PASSWORD, "csrfmiddlewaretoken": token[1]})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert cookie_of(client) != before and inside(client)
    (session,) = StaffSession.objects.all()
    assert (session.staff, session.address) == (officer, "127.0.0.1")
    assert told(since) == [("staff.signed_in", "officer", "officer", {"how": ["password"]})]


@pytest.fixture
def shut(cast: dict[str, Staff], sysadmin: Staff, settings: Any) -> Callable[[str], str]:
    """`shut("roleless")`: the login of somebody who may not enter for that reason, whose password is right."""

    def make(why: str) -> str:
        if why == "deactivated":
            people.deactivate(cast["officer"], actor=sysadmin, reason="has left the house")
        elif why == "inactive":
            Staff.objects.filter(username="officer").update(is_active=False)
        elif why == "demo":
            Staff.objects.filter(username="officer").update(is_demo=True)
            settings.PRODUCTION = True
        return {"unknown": "nobody", "roleless": "outsider", "system": "system-setup"}.get(why, "officer")

    return make


@pytest.mark.parametrize("why", ["wrong", "unknown", "deactivated", "inactive", "roleless", "demo", "system"])
def test_all_that_may_not_enter_read_one_page_and_take_one_hash(
    why: str, shut: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = shut(why)
    usual = plain(sign_in(english(), "agent", "not the password"))
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    client, since = english(), head()
    answer = sign_in(client, login, "not the password" if why == "wrong" else PASSWORD)
    assert answer.status_code == 200 and NOT_RIGHT in answer.content.decode() and plain(answer) == usual
    assert len(hashed) == 1
    assert not inside(client) and not StaffSession.objects.exists()
    known = "?" if why == "unknown" else login
    label = "" if why == "unknown" else login
    assert told(since) == [("staff.sign_in_failed", DOOR, label, {"login": known, "how": "password"})]


def test_what_was_typed_as_a_login_stands_nowhere_on_the_record(cast: dict[str, Staff]) -> None:
    typed = "MyPassword-by-mistake"
    for _attempt in range(7):  # the last two are a lock-out
        sign_in(Client(), typed, "x")
    assert "staff.locked_out" in set(Event.objects.values_list("verb", flat=True))
    with connection.cursor() as cursor:
        everything = ""
        for table in ("audit_event", "staff_throttle", "alerts_alert", "staff_cache", "staff_staffsession"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            everything += str(cursor.fetchone()[0])
    assert "sign-in" in everything and typed.lower() not in everything.lower()


def test_the_stock_login_is_no_way_in(officer: Staff) -> None:
    client = Client()
    for sent in ({"username": "officer", "password": PASSWORD}, {"login": "officer", "password": PASSWORD}):
        assert client.post("/admin/login/", sent | {"next": "/admin/"}).status_code in (302, 405)
        assert not inside(client)
    assert client.get("/admin/login/?next=/admin/me/")["Location"] == "/account/login/?next=%2Fadmin%2Fme%2F"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "https:/evil.example", "javascript:alert(1)",
     "http:///evil.example", "\thttps://evil.example"],
)  # fmt: skip
def test_no_next_leads_off_the_site(officer: Staff, wanted: str) -> None:
    client = Client()
    assert sign_in(client, "officer").status_code == 302
    for answer in (
        client.post(LOGIN, {"login": "officer", "password": PASSWORD, "next": wanted}),
        client.get(LOGIN, {"next": wanted}),
        client.get("/admin/login/", {"next": wanted}),
        client.post("/account/proof/", {"password": PASSWORD, "next": wanted}),
        client.post("/admin/language/", {"language": "en", "next": wanted}),
    ):
        assert answer.status_code == 302
        assert re.fullmatch(r"/[a-z/]*", answer["Location"]), answer["Location"]
    client = Client()
    assert client.post(LOGIN, {"login": "officer", "password": PASSWORD, "next": wanted})["Location"] == "/admin/"
    client = Client()
    assert (
        client.post(LOGIN, {"login": "officer", "password": PASSWORD, "next": "/admin/me/"})["Location"] == "/admin/me/"
    )


def test_an_old_hash_is_made_anew_at_sign_in_without_a_trace_on_the_record(officer: Staff) -> None:
    """Weaker parameters, or another algorithm, from before an upgrade: no act, and no way round one."""
    old = make_password(PASSWORD, hasher=PBKDF2PasswordHasher())
    Staff.objects.filter(pk=officer.pk).update(password=old)
    since = head()
    client = Client()
    assert sign_in(client, "officer").status_code == 302 and inside(client)
    assert Staff.objects.get(pk=officer.pk).password.startswith("md5$")
    assert [verb for verb, *_rest in told(since)] == ["staff.signed_in"] and broken() == []
    stale = Staff.objects.get(pk=officer.pk)
    stale.password = old
    Staff.objects.filter(pk=officer.pk).update(password="!shut out meanwhile")
    assert stale.check_password(PASSWORD)
    assert Staff.objects.get(pk=officer.pk).password == "!shut out meanwhile"


def test_passwords_are_argon2id() -> None:
    hashers = [name for name in settings.PASSWORD_HASHERS if "MD5" not in name]  # the tests' own, for speed
    assert hashers[0].endswith(".Argon2PasswordHasher")
    assert make_password(PASSWORD, hasher=Argon2PasswordHasher()).startswith("argon2$argon2id$")


def test_a_sign_out_is_a_post_and_on_the_record(officer: Staff) -> None:
    client = Client()
    sign_in(client, "officer")
    since = head()
    assert client.get("/account/logout/").status_code == 405 and inside(client)
    assert client.post("/account/logout/")["Location"] == LOGIN
    assert not inside(client) and not StaffSession.objects.exists()
    assert told(since) == [("staff.signed_out", "officer", "officer", {})]
    assert client.post("/account/logout/").status_code == 302  # twice is no act
    assert len(told(since)) == 1
