"""The way in: what is right, what is wrong and says so in one sentence, and what each leaves on the record."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher, PBKDF2PasswordHasher, make_password
from django.db import connection
from django.test import Client

from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.staff import services
from qqops.staff.models import Staff, StaffSession
from qqops.staff.signin import throttle
from tests.cast import PASSWORD
from tests.enforcement.acts import broken
from tests.enforcement.test_races import together
from tests.staff.door import (
    CODE,
    ENROL,
    LOGIN,
    aged,
    app_of,
    at_code,
    code_of,
    cookie_of,
    english,
    head,
    inside,
    recovery_codes_of,
    sign_in,
    told,
)  # fmt: skip

pytestmark = pytest.mark.django_db
NOT_RIGHT = "The login or the password is not right."
DOOR = "system-door"


def plain(response: Any) -> str:
    """The page without what is new on each."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"|value="[\w-]*"', "", response.content.decode())


# The password


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
            services.deactivate(cast["officer"], actor=sysadmin, reason="has left the house")
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


# The second factor


@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_second_factor_and_needs_one_gets_nowhere_but_there(compulsory: None, officer: Staff) -> None:
    client = Client()
    assert sign_in(client, "officer").status_code == 302
    for path in ("/admin/", "/admin/accounts/number/", "/admin/act/freeze/", "/admin/password/", "/admin/tokens/",
                 "/admin/jump/?q=1", "/account/factors/codes/", "/account/factors/passkeys/", "/no/such/"):  # fmt: skip
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, answer["Location"]) == (302, ENROL), path
    since = head()
    assert client.post("/admin/tokens/", {"act": "issue"})["Location"] == ENROL
    assert told(since) == []
    page = client.get(ENROL)
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert client.post(ENROL, {"code": "000000" if code_of(secret) != "000000" else "000001"}).status_code == 200
    assert client.post(ENROL, {"code": code_of(secret)})["Location"] == "/account/factors/codes/"
    assert inside(client)
    shown = client.get("/account/factors/codes/").context["unused_codes"]
    assert shown == recovery_codes_of(officer) and len(shown) == 10
    again = client.get("/account/factors/codes/").content.decode()
    assert not any(code in again for code in shown)  # shown once
    assert sorted(facts["factor"] for _verb, _actor, _subject, facts in told(since)) == ["recovery_codes", "totp"]
    assert {(verb, actor) for verb, actor, *_rest in told(since)} == {("staff.factor_added", "officer")}
    other = at_code("officer")
    answer = other.post(CODE, {"code": code_of(secret)})  # used up by the enrolment
    assert answer.status_code == 200 and not inside(other)
    client.post("/account/logout/")
    assert not inside(client)
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_secrets_and_cookies_lie_in_no_table_in_clear(compulsory: None, officer: Staff) -> None:
    client = Client()
    sign_in(client, "officer")
    secret = client.get(ENROL).context["form"].secret

    def stored() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(string_agg(data::text, ' '), '') FROM mfa_authenticator")
            (text,) = cursor.fetchone()
            for table in ("staff_cache", "staff_staffsession", "staff_throttle", "audit_event"):
                cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
                text += cursor.fetchone()[0]
        return text + " ".join(str(session.get_decoded()) for session in StaffSession.objects.all())

    pending = stored()
    assert "mfa.totp.secret" in pending and secret not in pending and cookie_of(client) not in pending
    client.post(ENROL, {"code": "12"})  # a wrong code leaves the same secret waiting
    assert client.get("/account/factors/").status_code == 200 and secret not in stored()
    client.post(ENROL, {"code": code_of(secret)})
    other = at_code("officer")
    other.post(CODE, {"code": recovery_codes_of(officer)[0]})
    assert inside(other)
    after = stored()
    assert "mfa.totp.secret" not in after and cookie_of(other) not in after
    opened = [Authenticator.objects.get(user=officer, type=kind).data for kind in ("totp", "recovery_codes")]
    from allauth.mfa.utils import decrypt

    clear = [decrypt(opened[0]["secret"]), decrypt(opened[1]["seed"])]
    assert clear[0] == secret
    assert not any(one in after for one in [*clear, *recovery_codes_of(officer)])


@pytest.mark.django_db(transaction=True)
def test_a_code_lets_in_once_in_any_worker(officer: Staff, process_env: dict[str, str]) -> None:
    secret = app_of(officer)
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    since, code = head(), code_of(secret)
    first, second = at_code("officer"), at_code("officer")
    assert not inside(first)
    assert first.post(CODE, {"code": code})["Location"] == "/admin/" and inside(first)
    assert second.post(CODE, {"code": code}).status_code == 200 and not inside(second)
    assert told(since) == [
        ("staff.signed_in", "officer", "officer", {"how": ["password", "totp"]}),
        ("staff.sign_in_failed", DOOR, "officer", {"login": "officer", "how": "code"}),
    ]
    script = (
        "import sys, time, django; django.setup()\n"
        f"time.time = lambda: {time.time()}\n"  # the clock of this test
        "from allauth.mfa.models import Authenticator\n"
        "from allauth.mfa.totp.internal.auth import validate_totp_code\n"
        "from allauth.mfa.utils import decrypt\n"
        f"app = Authenticator.objects.get(user_id={officer.pk}, type='totp').wrap()\n"
        "print(validate_totp_code(decrypt(app.instance.data['secret']), sys.argv[1]), app.validate_code(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, code]
    done = subprocess.run(command, env=process_env, cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr  # it is the right one, and used


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_one_code_sent_by_several_at_once_lets_one_in(officer: Staff, kind: str) -> None:
    secret = app_of(officer)
    browsers = [at_code("officer") for _n in range(4)]
    code = code_of(secret) if kind == "app" else recovery_codes_of(officer)[3]
    found = together(*[lambda b=b: b.post(CODE, {"code": code}) for b in browsers])
    assert sorted(answer.status_code for answer in found) == [200, 200, 200, 302]
    assert [inside(b) for b in browsers].count(True) == 1
    if kind == "recovery":
        assert code not in recovery_codes_of(officer) and len(recovery_codes_of(officer)) == 9
        assert at_code("officer").post(CODE, {"code": code}).status_code == 200


def test_a_code_of_another_person_is_wrong_and_each_kind_of_code_works(officer: Staff, agent: Staff) -> None:
    mine, other = app_of(officer), app_of(agent)
    for wrong in (code_of(other), recovery_codes_of(agent)[0], code_of(mine, periods=3), "", "１２３"):
        browser = at_code("officer")
        assert browser.post(CODE, {"code": wrong}).status_code == 200 and not inside(browser)
        throttle.forget("second-factor")
    browser, since = at_code("officer"), head()
    assert browser.post(CODE, {"code": recovery_codes_of(officer)[0]}).status_code == 302
    assert told(since)[-1][3] == {"how": ["password", "recovery_codes"]}


def test_a_wrong_code_is_not_a_way_round_the_page(officer: Staff) -> None:
    app_of(officer)
    browser = at_code("officer")
    assert Client().get(CODE)["Location"] == LOGIN  # nobody begins here
    assert browser.get("/admin/")["Location"].startswith("/admin/login/")
    assert browser.get(LOGIN)["Location"] == CODE  # back to where one was
    assert browser.post("/account/logout/")["Location"] == LOGIN
    assert browser.get(LOGIN).status_code == 200 and browser.get(CODE)["Location"] == LOGIN


@pytest.mark.parametrize("meanwhile", ["deactivated", "role", "password", "reset"])
def test_what_changes_between_password_and_code_counts(
    officer: Staff, sysadmin: Staff, supervisor: Staff, meanwhile: str
) -> None:
    secret = app_of(officer)
    browser = at_code("officer")
    if meanwhile == "deactivated":
        Staff.objects.filter(pk=officer.pk).update(is_active=False)
    elif meanwhile == "role":
        services.revoke(officer, "officer", actor=sysadmin, reason="moves to another desk")
    elif meanwhile == "password":
        services.reset_password(officer, "quite another Pass 8", actor=officer, reason="")
    else:
        services.deactivate(officer, actor=sysadmin, reason="lost his telephone")
    answer = browser.post(CODE, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == LOGIN and answer.status_code == 200  # and not round in circles
    assert not inside(browser) and not StaffSession.objects.filter(staff=officer).exists()


# Proof


def test_a_proof_is_the_second_factor_where_there_is_one(officer: Staff) -> None:
    secret = app_of(officer)
    browser = at_code("officer")
    browser.post(CODE, {"code": recovery_codes_of(officer)[0]})
    assert browser.get("/admin/tokens/").status_code == 200  # a fresh sign-in counts
    aged(browser, 15 * 60 + 1)
    asked = browser.get("/admin/tokens/")
    assert asked["Location"] == "/account/proof/?next=%2Fadmin%2Ftokens%2F"
    since = head()
    assert browser.post("/account/proof/", {"password": PASSWORD})["Location"].startswith("/account/code/proof/")
    assert browser.get("/admin/tokens/").status_code == 302 and told(since) == []
    to = browser.get(asked["Location"])["Location"]
    assert to == "/account/code/proof/?next=%2Fadmin%2Ftokens%2F"
    assert browser.post(to, {"code": "000000" if code_of(secret) != "000000" else "1"}).status_code == 200
    done = browser.post(to, {"code": code_of(secret), "next": "/admin/tokens/"})
    assert done["Location"] == "/admin/tokens/" and browser.get("/admin/tokens/").status_code == 200
    assert told(since) == [
        ("staff.sign_in_failed", DOOR, "officer", {"login": "officer", "how": "code"}),
        ("staff.proved", "officer", "officer", {"how": "totp"}),
    ]


def test_without_a_second_factor_the_password_is_the_proof_and_guesses_count(officer: Staff) -> None:
    browser = Client()
    sign_in(browser, "officer")
    aged(browser, 3600)
    since = head()
    assert browser.get("/account/proof/").status_code == 200
    assert browser.post("/account/proof/", {"password": "wrong"}).status_code == 200
    assert browser.post("/account/proof/", {"password": PASSWORD, "next": "/admin/"})["Location"] == "/admin/"
    assert told(since) == [
        ("staff.sign_in_failed", DOOR, "officer", {"login": "officer", "how": "password"}),
        ("staff.proved", "officer", "officer", {"how": "password"}),
    ]


def test_a_password_counts_for_nothing_once_there_is_a_factor(officer: Staff) -> None:
    """The page is opened without one, the factor is added in another tab, then the password is sent."""
    browser = Client()
    sign_in(browser, "officer")
    aged(browser, 3600)
    assert browser.get("/account/proof/").status_code == 200
    app_of(officer)
    assert browser.post("/account/proof/", {"password": PASSWORD}).status_code == 302
    assert browser.get("/admin/tokens/")["Location"].startswith("/account/proof/")


def test_a_form_sent_without_proof_is_kept_nowhere(officer: Staff) -> None:
    for browser in (Client(), Client()):
        if not StaffSession.objects.exists():
            sign_in(browser, "officer")
            aged(browser, 3600)
        for path in (ENROL, "/account/factors/codes/new/", "/account/factors/passkeys/add/", "/admin/tokens/"):
            assert browser.post(path, {"code": "a-secret-of-mine"}).status_code == 302
        assert "a-secret-of-mine" not in str([s.get_decoded() for s in StaffSession.objects.all()])


def test_ones_own_password_is_asked_for_and_guesses_at_it_count(officer: Staff) -> None:
    browser, since = Client(), head()
    sign_in(browser, "officer")
    new = {"new_password1": "quite another Pass 8", "new_password2": "quite another Pass 8"}
    for _guess in range(6):
        assert browser.post("/admin/password/", new | {"old_password": "wrong"}).status_code == 200
    assert browser.post("/admin/password/", new | {"old_password": PASSWORD}).status_code == 200  # too many
    assert [verb for verb, *_rest in told(since)] == [
        "staff.signed_in", *["staff.sign_in_failed"] * 5, "staff.locked_out"
    ]  # fmt: skip
    assert Staff.objects.get(pk=officer.pk).check_password(PASSWORD)


def test_no_page_of_the_door_fails_whoever_comes(officer: Staff, agent: Staff) -> None:
    """allauth's leftovers: a name that has no address here would be a 500."""
    from django.urls import reverse

    from qqops.staff.signin.urls import urlpatterns

    app_of(agent)
    signed, stale, half, factor = Client(), Client(), at_code("agent"), at_code("agent")
    factor.post(CODE, {"code": recovery_codes_of(agent)[0]})
    sign_in(signed, "officer")
    sign_in(stale, "officer")
    aged(stale, 3600)
    for route in urlpatterns:
        given: dict[str, list[Any]] = {"welcome": ["MQ", "a-b"], "mfa_remove_webauthn": [1]}
        path = reverse(str(route.name), args=given.get(str(route.name)))
        for browser in (Client(), signed, stale, half, factor):
            if route.name == "account_logout":
                continue
            for answer in (
                browser.get(path),
                browser.get(path, headers={"accept": "application/json"}),
                browser.head(path),
                browser.post(path),
                browser.post(path, {"credential": "{}", "code": "x", "password": "x", "login": "x"}),
                browser.put(path),
                browser.options(path),
            ):
                assert answer.status_code in (200, 302, 403, 404, 405, 429), (path, answer.status_code)
