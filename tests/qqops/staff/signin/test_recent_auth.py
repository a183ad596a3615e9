"""Proving oneself again inside: by the second factor where there is one, else by the password; guesses count."""

import pytest
from django.test import Client

from qqops.staff.models import Staff, StaffSession
from tests.cast import PASSWORD
from tests.qqops.staff.signin.steps import (
    CODE,
    DOOR,
    ENROL,
    aged,
    app_of,
    at_code,
    code_of,
    head,
    recovery_codes_of,
    sign_in,
    told,
)

pytestmark = pytest.mark.django_db


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
