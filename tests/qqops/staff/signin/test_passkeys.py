"""Passkeys, answered by a key made of software: alone, as the second step, as proof; and what is no answer."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from qqops.audit.models import Event
from qqops.staff.access import services as access
from qqops.staff.models import Staff, StaffSession
from qqops.staff.people import services as people
from tests.cast import PASSWORD
from tests.qqops.staff.signin.softkey import Browser, SoftKey
from tests.qqops.staff.signin.steps import (
    CODE,
    DOOR,
    LOGIN,
    aged,
    app_of,
    at_code,
    head,
    inside,
    recovery_codes_of,
    sign_in,
    told,
)

pytestmark = pytest.mark.django_db(transaction=True)
ALONE, ADD = "/account/passkey/", "/account/factors/passkeys/add/"


@pytest.fixture
def key(officer: Staff) -> SoftKey:
    """The officer's key, added through the web."""
    browser, key = Browser(), SoftKey()
    sign_in(browser, "officer")
    options = browser.get(ADD).context["js_data"]["creation_options"]
    since = head()
    answer = browser.post(ADD, {"name": "my desk", "passwordless": "on", "credential": key.create(options)})
    assert answer["Location"] == "/account/factors/codes/"
    assert [(verb, facts["factor"]) for verb, _actor, _subject, facts in told(since)] == [
        ("staff.factor_added", "webauthn"),
        ("staff.factor_added", "recovery_codes"),
    ]
    return key


def question(browser: Browser, path: str = ALONE) -> dict[str, Any]:
    if path == ALONE:
        asked: dict[str, Any] = browser.get(ALONE, headers={"accept": "application/json"}).json()
    else:
        asked = browser.get(path).context["js_data"]
    return dict(asked["request_options"])


def test_a_passkey_alone_lets_in(key: SoftKey, officer: Staff) -> None:
    browser, since = Browser(), head()
    answer = browser.post(ALONE, {"credential": key.get(question(browser))})
    assert answer["Location"] == "/admin/" and inside(browser)
    assert told(since) == [("staff.signed_in", "officer", "officer", {"how": ["webauthn"]})]
    assert browser.get("/admin/tokens/").status_code == 200  # it counts as proof


def test_a_passkey_is_the_second_step_of_a_sign_in(key: SoftKey, officer: Staff) -> None:
    browser = Browser()
    assert sign_in(browser, "officer")["Location"] == CODE
    assert browser.post(CODE, {"credential": key.get(question(browser, CODE), verified=False)})["Location"] == "/admin/"
    assert inside(browser)


@pytest.mark.parametrize("wrong", ["old question", "another key", "nobody", "another person", "not verified", "twice"])
def test_an_answer_that_does_not_fit_is_on_the_record(key: SoftKey, officer: Staff, agent: Staff, wrong: str) -> None:
    browser = Browser()
    options = question(browser)
    answer = key.get(options)
    if wrong == "old question":
        question(browser)
    elif wrong == "another key":
        stranger = SoftKey()  # says that it is the officer's
        answer = stranger.get(options, handle=key.handle)
    elif wrong == "nobody":
        answer = key.get(options, handle=b"999999")
    elif wrong == "another person":
        answer = key.get(options, handle=str(agent.pk).encode())
    elif wrong == "not verified":
        answer = key.get(options, verified=False)  # a key alone, without PIN or finger, is one factor only
    else:
        assert browser.post(ALONE, {"credential": answer})["Location"] == "/admin/"
        browser.post("/account/logout/")
    since = head()
    assert browser.post(ALONE, {"credential": answer})["Location"] == LOGIN
    assert not inside(browser)
    assert told(since) == [("staff.sign_in_failed", DOOR, "", {"login": "?", "how": "passkey"})]


@pytest.mark.parametrize("why", ["deactivated", "inactive", "roleless"])
def test_a_passkey_of_somebody_who_may_not_enter(key: SoftKey, officer: Staff, sysadmin: Staff, why: str) -> None:
    browser = Browser()
    options = question(browser)
    if why == "deactivated":
        people.deactivate(officer, actor=sysadmin, reason="has left the house")
        assert not Authenticator.objects.exists()
    elif why == "inactive":
        Staff.objects.filter(pk=officer.pk).update(is_active=False)
    else:
        access.revoke(officer, "officer", actor=sysadmin, reason="moves to another desk")
    since = head()
    assert browser.post(ALONE, {"credential": key.get(options)})["Location"] == LOGIN
    assert not inside(browser)
    ((verb, _actor, _subject, facts),) = told(since)
    assert (verb, facts["how"]) == ("staff.sign_in_failed", "passkey" if why == "deactivated" else "access")
    # What was shown then counts for nothing when he may enter again: the password alone is not enough.
    Staff.objects.filter(pk=officer.pk).update(is_active=True)
    if why == "inactive":
        assert sign_in(browser, "officer")["Location"] == CODE


def test_whoever_has_only_a_passkey_proves_himself_by_it_first(key: SoftKey, officer: Staff) -> None:
    browser = Browser()
    browser.post(ALONE, {"credential": key.get(question(browser))})
    aged(browser, 3600)
    ask = browser.get("/admin/tokens/")["Location"]
    page = browser.get(ask)["Location"]
    assert page == "/account/passkey/proof/?next=%2Fadmin%2Ftokens%2F"
    since = head()
    given = {"credential": key.get(question(browser, page), verified=False), "next": "/admin/tokens/"}
    assert browser.post(page, given)["Location"] == "/admin/tokens/"
    assert browser.get("/admin/tokens/").status_code == 200
    assert told(since) == [("staff.proved", "officer", "officer", {"how": "webauthn"})]
    aged(browser, 3600)
    assert browser.post("/account/code/proof/", {"code": recovery_codes_of(officer)[0]}).status_code == 302
    assert browser.get("/admin/tokens/").status_code == 200
    aged(browser, 3600)
    since = head()
    again = browser.post(page, given)  # the answer of before
    assert again["Location"] == page  # asked again, and the page one wanted is kept
    assert browser.get("/admin/tokens/").status_code == 302
    assert told(since) == [("staff.sign_in_failed", DOOR, "officer", {"login": "officer", "how": "passkey"})]


def test_with_an_app_the_code_is_asked_for_first(key: SoftKey, officer: Staff) -> None:
    app_of(officer)
    browser = Browser()
    browser.post(ALONE, {"credential": key.get(question(browser))})
    aged(browser, 3600)
    assert browser.get("/account/proof/")["Location"] == "/account/code/proof/"


ANSWER = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AA", "userHandle": "MQ"}
JUNK = [
    [], 1, "x", None, {}, {"response": None}, {"response": {}},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": ANSWER},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": ANSWER | {"userHandle": None}},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": ANSWER | {"userHandle": "_w", "clientDataJSON": ""}},
    {"id": 1, "rawId": "é", "response": ANSWER | {"userHandle": 5, "attestationObject": "AA"}},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": ANSWER | {"attestationObject": "oA"}},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": ANSWER | {"authenticatorData": "A" * 50}},
]  # fmt: skip


def test_what_is_no_answer_at_all_is_refused_like_a_wrong_one(key: SoftKey, officer: Staff) -> None:
    signed = Browser()
    signed.post(ALONE, {"credential": key.get(question(signed))})
    for junk in ["", "{", *map(json.dumps, JUNK)]:
        for path in (ALONE, "/account/passkey/proof/", ADD, CODE):
            browser = Browser() if path in (ALONE, CODE) else signed
            if path == CODE:
                sign_in(browser, "officer", PASSWORD)
            if path == ALONE:
                question(browser)
            else:
                browser.get(path)
            assert browser.post(path, {"credential": junk, "name": "x"}).status_code in (200, 302), (path, junk)
            assert path not in (ALONE, CODE) or not inside(browser)
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_challenges_are_given_to_an_address_only_so_often(monkeypatch: pytest.MonkeyPatch, officer: Staff) -> None:
    from qqops.staff.signin import throttle

    monkeypatch.setitem(throttle.LIMITS, "passkey", throttle.Limit(3, throttle.MINUTE))
    since = head()
    for _n in range(5):
        Browser().get(ALONE, headers={"accept": "application/json"})
    assert StaffSession.objects.count() == 3
    assert told(since) == [("staff.locked_out_address", DOOR, "", {})]
    elsewhere = Browser(REMOTE_ADDR="10.9.8.7")
    assert elsewhere.get(ALONE, headers={"accept": "application/json"}).status_code == 200


@pytest.mark.parametrize("sent", ['{"id": 1}', "[" * 5000, '{"response": []}', "null", '"x"', "9" * 60_000])
def test_what_no_browser_sends_is_refused_in_words(officer: Staff, sent: str) -> None:
    client = Client()
    client.get("/account/passkey/", headers={"accept": "application/json"})
    assert client.post("/account/passkey/", {"credential": sent}).status_code == 302
    app_of(officer)
    half = at_code("officer")
    for _guess in range(6):
        answer = half.post(CODE, {"credential": sent})
        assert answer.status_code == 200
    told_of = Event.objects.filter(verb__startswith="staff.locked_out").count()
    assert told_of == (1 if sent in ('{"id": 1}', '{"response": []}', '"x"') else 0)  # the rest is not even looked at
