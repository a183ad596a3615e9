"""Every role at every URL, with GET and POST: the expected answer stands here, and a URL without one fails."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls import reverse as url_of

from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.enforcement.acts import decide
from tests.web.door import act_url

ROLES = ("agent", "reviewer", "officer", "supervisor", "resources", "privacy", "auditor", "sysadmin")
LOOKERS = frozenset(ROLES) - {"sysadmin"}
EVERYBODY = frozenset(ROLES)
RULERS = frozenset({"supervisor", "privacy"})

# name → (who may GET, what GET answers him, what POST answers him). 405: nothing can be sent there.
OPEN = {
    "index": (EVERYBODY, 200, 405),
    "login": (EVERYBODY, 302, 200),  # already signed in; an empty form is shown again
    "logout": (EVERYBODY, 405, 302),
    "password_change": (EVERYBODY, 200, 200),
    "set_language": (EVERYBODY, 405, 302),
    "jump": (EVERYBODY, 302, 405),
    "tokens": (EVERYBODY, 200, 200),
    "inbox": (RULERS, 200, 405),
    "ruling": (RULERS, 200, 200),
    "accounts_number_changelist": (LOOKERS, 200, 405),
    "accounts_number_change": (LOOKERS, 200, 405),
    "accounts_number_history": (LOOKERS, 200, 405),
    "accounts_ruleversion_changelist": (LOOKERS, 200, 405),
    "accounts_ruleversion_change": (LOOKERS, 200, 405),
    "enforcement_decision_changelist": (LOOKERS, 200, 405),
    "enforcement_decision_change": (LOOKERS, 200, 405),
    "enforcement_decision_history": (LOOKERS, 200, 405),
    "audit_event_changelist": ({"supervisor", "auditor"}, 200, 405),
    "audit_event_change": ({"supervisor", "auditor"}, 200, 405),
    "staff_staff_changelist": ({"auditor", "sysadmin"}, 200, 405),
    "staff_staff_change": ({"auditor", "sysadmin"}, 200, 405),
    "staff_staff_history": ({"auditor", "sysadmin"}, 200, 405),
    "<path:url>": (frozenset(), 404, 404),  # anything else under /admin/ is not there
}
MAKERS = {
    Kind.RESTRICT: {"officer", "supervisor"},
    Kind.FREEZE: {"reviewer", "agent", "officer", "supervisor"},
    Kind.TERMINATE: {"officer", "resources"},
    Kind.LIFT: {"reviewer", "officer"},
    Kind.RESTORE: {"reviewer", "officer"},
}


def names(patterns: Any) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            assert isinstance(pattern, URLPattern)
            yield pattern.name or str(pattern.pattern)


@pytest.fixture
def place(cast: dict[str, Staff], number: Any, rulebook: Any) -> dict[str, str]:
    """An existing address for every name."""
    n = number("in_use", id=10_001)
    decision = decide(Kind.TERMINATE, n, cast["officer2"]).decision
    event = Event.objects.latest("seq")
    ids = {
        "accounts_number": n.pk,
        "accounts_ruleversion": rulebook.pk,
        "enforcement_decision": decision.pk,
        "audit_event": event.pk,
        "staff_staff": cast["agent"].pk,
    }
    found = {}
    for name in OPEN:
        model, _sep, what = name.rpartition("_")
        args = [ids[model]] if what in ("change", "history") and model in ids else []
        found[name] = url_of(f"admin:{name}", args=args) if name not in ("ruling", "<path:url>") else ""
    return found | {"ruling": url_of("admin:ruling", args=[decision.pk]), "<path:url>": "/admin/auth/user/add/"}


def test_every_url_under_the_admin_has_an_expected_answer():
    (admin,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "admin/"]
    assert isinstance(admin, URLResolver)
    assert sorted(names(admin.url_patterns)) == sorted([*OPEN, "act"])
    assert sorted(str(one.pattern) for one in get_resolver().url_patterns) == ["", "admin/"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_meets_every_page_as_the_table_says(desk, place, role):
    met = {}
    for name in OPEN:
        browser = desk(role)  # a new one each time: one of these pages signs out
        got = browser.get(place[name])
        sent = browser.post(place[name])
        met[name] = (got.status_code, sent.status_code)
        for answer in (got, sent):
            assert "default-src 'self'" in answer["Content-Security-Policy"]
            assert answer["X-Request-ID"]
        if got.status_code == 200:
            nothing_inline(got.content.decode())
    expected = {}
    for name, (who, get, post) in OPEN.items():
        inside = role in who or name == "<path:url>"
        expected[name] = (get, post) if inside else (403, 405 if post == 405 else 403)
    assert met == expected


@pytest.mark.parametrize("role", ROLES)
def test_a_role_meets_every_act_as_its_authority_says(desk, place, role):
    browser = desk(role)
    for kind in Kind:
        expected = 200 if role in MAKERS[kind] else 403
        url = act_url(kind, 10_001)
        assert (browser.get(url).status_code, browser.post(url).status_code) == (expected, expected), kind
    # 403 comes before 404: who may not act learns nothing of what exists.
    assert browser.get("/admin/act/banish/?number=10001").status_code == 404
    assert browser.get("/admin/act/freeze/?number=1").status_code == (404 if role in MAKERS[Kind.FREEZE] else 403)


def test_nobody_but_staff_gets_past_the_sign_in(client, cast, place):
    outsider = Client()
    outsider.force_login(cast["outsider"])
    addresses = [place[name] for name in OPEN if name not in ("login", "logout", "set_language")]
    for browser in (client, outsider):
        for url in [*addresses, act_url("freeze", 10_001)]:
            for answer in (browser.get(url), browser.post(url)):
                assert answer.status_code == 302 and answer["Location"].startswith("/admin/login/?next="), url


@pytest.mark.parametrize(
    "name", [n.removesuffix("_change") for n in OPEN if n.count("_") == 2 and n.endswith("_change")]
)
def test_what_is_not_there_is_404_for_who_may_look_and_403_for_who_may_not(desk, name):
    page = f"{name}_change"
    missing = url_of(f"admin:{page}", args=["99999999999"])
    for role in ROLES:
        for url in (missing, missing.replace("99999999999", "０１"), missing.replace("99999999999", "1'--")):
            assert desk(role).get(url).status_code == (404 if role in OPEN[page][0] else 403), (role, url)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_offers_to_add_change_or_delete(desk, place, role):
    browser = desk(role)
    for name, (who, get, _post) in OPEN.items():
        if get != 200 or role not in who:
            continue
        page = browser.get(place[name]).content.decode()
        assert not re.search(r'href="[^"]*/(add|delete|change)/', page), name
        assert not re.search(r'name="_(save|continue|addanother)"|deletelink|addlink', page), name
    for model in ("accounts/number", "enforcement/decision", "audit/event", "staff/staff", "accounts/ruleversion"):
        for rest in ("add/", "1/change/", "1/delete/"):
            answer = browser.post(f"/admin/{model}/{rest}")
            assert answer.status_code in (403, 404, 405), (model, rest)


def nothing_inline(page: str) -> None:
    """What the policy would block, looked for in the page as it went out, and not in its template only."""
    tags = re.findall(r"<[a-z][^>]*>", page)
    assert [t for t in tags if re.search(r"\s(style|on[a-z]+)\s*=", t, re.I)] == []
    assert [t for t in tags if t.startswith("<script") and "src=" not in t] == []
    assert not [t for t in tags if re.search(r"javascript:|<style|https?://", t, re.I)]
