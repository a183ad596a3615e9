"""That a person has a second factor says nothing of who sits in a session that began with the password alone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qqops.staff.models import CommandToken, Staff
from tests.cast import PASSWORD
from tests.qqops.staff.signin.steps import ENROL, FACTORS, LOGIN, app_of, code_of, inside, sign_in

PROOF = "/account/proof/?next="


def enrol(client: Client) -> None:
    secret = client.get(ENROL).context["form"].secret
    assert client.post(ENROL, {"code": code_of(secret)}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_whoever_else_was_in_by_the_password_is_out_when_the_person_enrols(officer: Staff, settings: Any) -> None:
    settings.QQOPS_SECOND_FACTOR = True
    thief, owner = Client(), Client()
    for client in (thief, owner):
        sign_in(client, "officer")
        assert client.get("/admin/")["Location"] == ENROL
    enrol(owner)
    assert inside(owner)
    assert thief.get("/admin/tokens/")["Location"].startswith(("/admin/login/", "/account/login/"))
    assert thief.get("/account/factors/codes/").status_code == 302


@pytest.mark.parametrize("compulsory", [True, False])
def test_a_session_that_never_saw_the_factor_is_asked_for_it_first(
    officer: Staff, settings: Any, compulsory: bool
) -> None:
    settings.QQOPS_SECOND_FACTOR = compulsory
    late = Client()
    late.force_login(officer)  # a sign-in that was on its way when the person enrolled
    secret = app_of(officer)
    for path in ("/admin/tokens/", reverse("admin:act", args=["freeze"]) + "?number=88880001", FACTORS + "codes/"):
        answer = late.get(path)
        assert answer.status_code in (302, 404) and answer.get("Location", PROOF).startswith(PROOF), path
    assert late.post("/admin/tokens/", {"issue": "1"}).status_code == 302 and not CommandToken.objects.exists()
    assert inside(late) != compulsory
    assert late.post("/account/code/proof/", {"code": code_of(secret)}).status_code == 302
    assert inside(late) and late.get("/admin/tokens/").status_code == 200


def test_a_page_outside_this_site_is_no_next_one(officer: Staff) -> None:
    for wanted in ("//[", "http://[::1", "https://localhost/x", "//elsewhere.example/", "http://127.0.0.1:1/x"):
        answer = Client().post(f"{LOGIN}?next={wanted}", {"login": "officer", "password": "x"})
        assert answer.status_code == 200, wanted
        done = Client().post(LOGIN, {"login": "officer", "password": PASSWORD, "next": wanted})
        assert done["Location"] == "/admin/", wanted
