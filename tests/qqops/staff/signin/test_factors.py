"""One's own second factors: added, moved to a new phone, removed, and never the last where one is compulsory."""

from typing import Any
from urllib.parse import quote

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from qqops.staff.models import Staff
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.signin.steps import (
    CODE,
    ENROL,
    FACTORS,
    aged,
    app_of,
    at_code,
    code_of,
    cookie_of,
    english,
    head,
    recovery_codes_of,
    sign_in,
    told,
    with_factor,
)  # fmt: skip

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_the_first_code_adds_one_app(officer: Staff) -> None:
    browser = Client()
    sign_in(browser, "officer")
    secret = browser.get(ENROL).context["form"].secret
    twin = Client()
    twin.cookies[settings.SESSION_COOKIE_NAME] = cookie_of(browser)
    found = together(*[lambda b=b: b.post(ENROL, {"code": code_of(secret)}) for b in (browser, twin)])
    ends = sorted(answer.get("Location", "the page again") for answer in found)
    assert ends[0] == "/account/factors/codes/" or ends == [FACTORS, "/account/factors/codes/"]
    # Of the two answers the session kept one: the other's, and whoever comes later, is asked for a code.
    proof = f"/account/proof/?next={quote(ENROL, safe='')}"
    assert ends[1] in ("the page again", FACTORS, "/account/factors/codes/", proof)
    assert browser.get(ENROL)["Location"] in (FACTORS, proof)
    assert Authenticator.objects.filter(user=officer).count() == 2


def test_the_only_factor_stays_where_one_is_compulsory(compulsory: None, officer: Staff) -> None:
    secret = app_of(officer)
    browser = at_code("officer")
    assert browser.post(CODE, {"code": code_of(secret)}).status_code == 302
    since = head()
    assert browser.post("/account/factors/app/remove/").status_code == 200
    key = Authenticator.objects.create(user=officer, type="webauthn", data={"name": "key", "credential": {}})
    remove = f"/account/factors/passkeys/{key.pk}/remove/"
    assert browser.delete(remove).status_code == 405
    assert told(since) == [] and Authenticator.objects.filter(user=officer).count() == 3
    assert browser.post("/account/factors/app/remove/")["Location"] == FACTORS
    assert told(since) == [("staff.factor_removed", "officer", "officer", {"factor": "totp"})]
    assert browser.post(remove)["Location"] == "/account/factors/passkeys/"
    assert Authenticator.objects.filter(pk=key.pk).exists() and len(told(since)) == 1


def test_removing_the_only_passkey_is_answered_before_the_button_and_with_the_next_step(
    compulsory: None, officer: Staff
) -> None:
    key = Authenticator.objects.create(user=officer, type="webauthn", data={"name": "key", "credential": {}})
    browser = with_factor(english(), officer)
    remove = f"/account/factors/passkeys/{key.pk}/remove/"
    page = browser.get(remove).content.decode()
    assert "add another first" in page and 'class="button big danger"' not in page
    assert 'href="/account/factors/passkeys/add/"' in page and f'href="{ENROL}"' in page
    app_of(officer)
    page = browser.get(remove).content.decode()
    assert "add another first" not in page and 'class="button big danger"' in page


@pytest.mark.django_db(transaction=True)
def test_the_only_app_is_moved_to_a_new_phone_where_one_is_compulsory(compulsory: None, officer: Staff) -> None:
    browser, move = with_factor(english(), officer), f"{ENROL}move/"
    assert browser.get(move)["Location"] == ENROL  # nothing to move yet
    old = app_of(officer)
    codes = recovery_codes_of(officer)
    for path in (FACTORS, f"{ENROL}remove/"):
        assert f'href="{move}"' in browser.get(path).content.decode()
    assert "button big danger" not in browser.get(f"{ENROL}remove/").content.decode()
    page = browser.get(move)
    assert "good until the new phone has shown its first one" in page.content.decode()
    new = page.context["form"].secret
    since = head()
    wrong = next(code for code in ("000000", "000001", "000002") if code not in {code_of(new, n) for n in (-1, 0, 1)})
    assert browser.post(move, {"code": wrong}).status_code == 200
    assert secret_of(officer) == old
    aged(browser, 15 * 60 + 1)
    assert browser.post(move, {"code": code_of(new)})["Location"].startswith("/account/proof/")
    aged(browser, 1)
    assert told(since) == []
    with pytest.MonkeyPatch.context() as stubborn:
        stubborn.setattr(TOTP, "activate", broken_down)
        with pytest.raises(RuntimeError):
            browser.post(move, {"code": code_of(new)})
    assert secret_of(officer) == old and told(since) == []
    cache.clear()  # the code was looked at
    assert browser.post(move, {"code": code_of(new)})["Location"] == FACTORS
    assert browser.post(move, {"code": code_of(new)})["Location"] == FACTORS  # pressed twice
    assert [verb for verb, *_rest in told(since)] == ["staff.factor_removed", "staff.factor_added"]
    assert {label for _verb, _who, label, _facts in told(since)} == {"officer"}
    assert recovery_codes_of(officer) == codes and secret_of(officer) == new


def secret_of(staff: Staff) -> str:
    return str(get_adapter().decrypt(Authenticator.objects.get(user=staff, type="totp").data["secret"]))


def broken_down(*given: Any) -> None:
    raise RuntimeError


def test_where_none_is_compulsory_the_last_one_goes_with_its_codes(officer: Staff) -> None:
    secret = app_of(officer)
    browser = at_code("officer")
    browser.post(CODE, {"code": code_of(secret)})
    assert browser.post("/account/factors/app/remove/").status_code == 302
    assert not Authenticator.objects.filter(user=officer).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_factors_removed_at_once_one_stays(compulsory: None, officer: Staff) -> None:
    secret = app_of(officer)
    key = Authenticator.objects.create(user=officer, type="webauthn", data={"name": "key", "credential": {}})
    browsers = [at_code("officer"), at_code("officer")]
    for browser, code in zip(browsers, (code_of(secret), recovery_codes_of(officer)[0]), strict=True):
        assert browser.post(CODE, {"code": code}).status_code == 302
    paths = ("/account/factors/app/remove/", f"/account/factors/passkeys/{key.pk}/remove/")
    together(*[lambda b=b, p=p: b.post(p) for b, p in zip(browsers, paths, strict=True)])
    assert Authenticator.objects.filter(user=officer).exclude(type="recovery_codes").count() == 1


@pytest.mark.django_db(transaction=True)
def test_new_recovery_codes_take_the_place_of_the_old_and_need_a_proof(officer: Staff) -> None:
    secret = app_of(officer)
    browser, old = at_code("officer"), recovery_codes_of(officer)
    browser.post(CODE, {"code": code_of(secret)})
    aged(browser, 15 * 60 + 1)
    asked = browser.post("/account/factors/codes/new/")
    assert asked["Location"].startswith("/account/proof/") and recovery_codes_of(officer) == old
    aged(browser, 1)
    since = head()
    assert browser.post("/account/factors/codes/new/").status_code == 302
    assert told(since) == [("staff.codes_made", "officer", "officer", {"factor": "recovery_codes"})]
    assert not set(old) & set(recovery_codes_of(officer))


def test_another_persons_passkey_is_no_page_of_mine(officer: Staff, agent: Staff) -> None:
    key = Authenticator.objects.create(user=agent, type="webauthn", data={"name": "key", "credential": {}})
    browser = Client()
    sign_in(browser, "officer")
    path = f"/account/factors/passkeys/{key.pk}/remove/"
    assert [browser.get(path).status_code, browser.post(path).status_code] == [404, 404]
    assert Authenticator.objects.filter(pk=key.pk).exists()
