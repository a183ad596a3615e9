"""Every page of the door, whoever comes."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qqops.staff.models import Staff
from qqops.staff.signin.urls import urlpatterns
from tests.qqops.staff.signin.steps import CODE, aged, app_of, at_code, recovery_codes_of, sign_in

pytestmark = pytest.mark.django_db


def test_no_page_of_the_door_fails_whoever_comes(officer: Staff, agent: Staff) -> None:
    """allauth's leftovers: a name that has no address here would be a 500."""
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
