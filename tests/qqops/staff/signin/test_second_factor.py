"""The second factor at the door: who needs one, what lies where of it, and each code good once."""

import subprocess
import sys
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.test import Client

from qqops.audit.verify import verify
from qqops.staff.access import services as access
from qqops.staff.models import Staff, StaffSession
from qqops.staff.people import services as people
from qqops.staff.people.services import reset_password
from qqops.staff.signin import throttle
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.signin.steps import (
    CODE,
    DOOR,
    ENROL,
    LOGIN,
    app_of,
    at_code,
    code_of,
    cookie_of,
    head,
    inside,
    recovery_codes_of,
    sign_in,
    told,
)

pytestmark = pytest.mark.django_db


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
        access.revoke(officer, "officer", actor=sysadmin, reason="moves to another desk")
    elif meanwhile == "password":
        reset_password(officer, "quite another Pass 8", actor=officer, reason="")
    else:
        people.deactivate(officer, actor=sysadmin, reason="lost his telephone")
    answer = browser.post(CODE, {"code": code_of(secret)}, follow=True)
    assert answer.redirect_chain[-1][0] == LOGIN and answer.status_code == 200  # and not round in circles
    assert not inside(browser) and not StaffSession.objects.filter(staff=officer).exists()
