"""The shell: one door, one language switch, one jump box, and nothing that the strict policy forbids."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import override

from qqops.audit import origin
from qqops.audit.models import Event
from qqops.site import OpsSite
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from qqops.templatetags.ops import badge, plain, when
from qqops.web import overview, panels
from qqops.web.pages import OpsModelAdmin
from qqops.web.panels import Act, Panel

HOUSE = Path(__file__).resolve().parents[3]
APPS = ("qqops", "accounts", "enforcement", "appeals")
PASSWORD = "a long enough Pass 9"


@pytest.fixture
def agent(client: Client, db: None) -> Client:
    with origin.origin(origin.SYSTEM):
        actor = Staff.objects.system("system-setup")
        client.force_login(people.join("agent9", "agent", password=PASSWORD, actor=actor, reason="test"))
    return client


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty registry, put back afterwards."""
    monkeypatch.setattr(panels, "_items", [])
    for name in ("_figures", "_work", "_series"):
        monkeypatch.setattr(overview, name, [])
    for name in ("_panels", "_acts", "_row_acts", "_entries", "_dashboard", "_jumps"):
        monkeypatch.setattr(panels, name, panels._Hooks())
    yield


def test_only_pages_of_the_house_get_a_door() -> None:
    site = OpsSite(name="other")

    class Stock(admin.ModelAdmin[Group]):
        pass

    site.register(Group)
    site.register(Group, Stock)
    assert not site.is_registered(Group)
    site.register(Group, OpsModelAdmin)
    assert site.is_registered(Group)
    assert all(isinstance(one, OpsModelAdmin) for one in admin.site._registry.values())


def test_the_overview_is_for_staff_only(agent: Client) -> None:
    assert agent.get("/admin/").status_code == 200
    assert agent.post("/admin/").status_code == 405
    assert Client().get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert Client().get("/admin/login/?next=/admin/")["Location"] == "/account/login/?next=%2Fadmin%2F"
    assert Client().get("/")["Location"] == "/admin/"


def test_the_language_is_switched_by_a_form_and_stays(client: Client, db: None) -> None:
    assert client.get(reverse("admin:set_language")).status_code == 405
    for code, html in (("en", '<html lang="en">'), ("zh-hans", '<html lang="zh-hans">')):
        answer = client.post(reverse("admin:set_language"), {"language": code, "next": "/account/login/"})
        assert answer["Location"] == "/account/login/"
        assert html in client.get("/account/login/").content.decode()
    away = client.post(reverse("admin:set_language"), {"language": "en", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/"


def test_the_jump_box_leads_where_an_app_says_or_back_with_a_sentence(agent: Client, registry: None) -> None:
    panels.jump(lambda request, text: "/admin/password/" if text == "12345" else None)
    panels.jump(lambda request, text: HttpResponse("a page") if text == "67890" else None)
    assert agent.post("/admin/jump/", {"q": " 12345 "})["Location"] == "/admin/password/"
    assert agent.post("/admin/jump/", {"q": "67890"}).content == b"a page"
    missed = agent.post("/admin/jump/", {"q": "张伟民"}, follow=True)
    assert missed.redirect_chain == [("/admin/", 302)]
    assert "张伟民" not in missed.content.decode() and len(missed.context["messages"]) == 1
    for empty in (agent.post("/admin/jump/"), agent.get("/admin/jump/", {"q": "12345"})):
        assert empty["Location"] == "/admin/"
    assert agent.put("/admin/jump/").status_code == 405


def test_the_jump_box_sends_a_form_that_only_this_site_can_send(agent: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = agent.cookies
    form = re.search(r'<form class="jump" method="post".*?</form>', browser.get("/admin/").content.decode(), re.S)
    assert form and browser.post("/admin/jump/", {"q": "12345"}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form[0])
    assert token
    assert browser.post("/admin/jump/", {"q": "12345", "csrfmiddlewaretoken": token[1]}).status_code == 302


def test_who_may_see_no_number_is_offered_no_jump_to_one(agent: Client, registry: None) -> None:
    page = agent.get("/admin/").content.decode()
    assert 'id="nav-filter"' in page and "号码" in page
    with origin.origin(origin.SYSTEM):
        actor = Staff.objects.system("system-setup")
        admin = people.join("admin9", "sysadmin", password=PASSWORD, actor=actor, reason="test")
    browser = Client()
    browser.force_login(admin)
    browser.post(reverse("admin:set_language"), {"language": "en"})
    page = browser.get("/admin/").content.decode()
    assert 'id="nav-filter"' not in page and "Type a number" not in page and "Nothing is waiting for you." in page


def test_the_sidebar_shows_what_one_may_see_and_counts_in_one_query(
    agent: Client, registry: None, django_assert_num_queries: Any
) -> None:
    panels.sidebar("work", "Mine", "admin:password_change", "accounts.view_number", lambda _staff: Staff.objects.all())
    panels.sidebar("system", "Others", "admin:jump", "", lambda _staff: Staff.objects.filter(username="agent9"))
    panels.sidebar("system", "Secret", "account_logout", "audit.view_event", lambda _staff: Staff.objects.all())
    panels.sidebar("work", "Either", "admin:index", ("audit.view_event", "accounts.view_number"))
    with django_assert_num_queries(3):  # the session, the person with permissions, the counts
        page = agent.get("/admin/").content.decode()
    assert "Mine" in page and "Others" in page and "Either" in page and "Secret" not in page
    assert re.search(rf"Mine</span><span class=\"pill\">{Staff.objects.count()}<", page)
    assert re.search(r"Others</span><span class=\"pill\">1<", page)


def test_the_dashboard_is_made_of_what_apps_hang_there(agent: Client, registry: None) -> None:
    panels.dashboard(lambda request: Panel("Latest", "ops/panel_list.html", {"items": ["<b>", badge("x", "good")]}))
    panels.dashboard(lambda request: None)
    page = agent.get("/admin/").content.decode()
    assert "Latest" in page and "&lt;b&gt;" in page and "没有" in page


def test_the_registry_refuses_what_would_fail_later(registry: None) -> None:
    with pytest.raises(ValueError, match="section"):
        panels.sidebar("nowhere", "x", "admin:index", "")
    with pytest.raises(ValueError, match="tone"):
        badge("x", "purple")
    panels.row_act("p", lambda request, row: None)
    panels.row_act("p", lambda request, row: Act("Freeze", "/f/"))
    row_act = panels.row_act_for("p", RequestFactory().get("/"), object())
    assert row_act is not None and row_act.label == "Freeze"


def test_ones_own_password_is_changed_by_a_recorded_act(agent: Client) -> None:
    new = "quite another Pass 8"
    page = agent.get("/admin/password/")
    assert page.status_code == 200
    same = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    assert agent.post("/admin/password/", same).status_code == 200
    assert agent.post("/admin/password/", same | {"old_password": PASSWORD}).status_code == 302
    assert agent.get("/admin/").status_code == 200  # still signed in
    assert Staff.objects.get(username="agent9").check_password(new)
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor_label) == ("staff.password_reset", "agent9")


def test_signing_in_and_out_works_without_scripts(db: None) -> None:
    with origin.origin(origin.SYSTEM):
        actor = Staff.objects.system("system-setup")
        people.join("agent8", "agent", password=PASSWORD, actor=actor, reason="test")
    client = Client(enforce_csrf_checks=True)
    page = client.get("/account/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    sent = {"login": "agent8", "password": PASSWORD, "next": "/admin/", "csrfmiddlewaretoken": token[1]}
    assert client.post("/account/login/", sent | {"password": "wrong"}).status_code == 200
    assert client.post("/account/login/", sent | {"csrfmiddlewaretoken": ""}).status_code == 403
    assert client.post("/account/login/", sent)["Location"] == "/admin/"
    page = client.get("/admin/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    assert client.get("/account/logout/").status_code == 405
    assert client.post("/account/logout/").status_code == 403  # 403_csrf.html
    assert client.post("/account/logout/", {"csrfmiddlewaretoken": token[1]})["Location"] == "/account/login/"
    assert client.get("/admin/").status_code == 302


def test_an_unknown_page_is_a_bare_page(agent: Client) -> None:
    missing = agent.get("/admin/no/such/page/")
    assert missing.status_code == 404
    assert b'class="bare"' in missing.content


@pytest.mark.parametrize(
    "name",
    [
        "400.html",
        "400_session.html",
        "403.html",
        "403_address.html",
        "403_csrf.html",
        "404.html",
        "500.html",
        "503.html",
        "503_sealed.html",
    ],
)
def test_error_pages_need_neither_a_person_nor_a_database(name: str) -> None:
    assert 'class="bare"' in render_to_string(name)


@pytest.mark.parametrize("path", ["/admin/", "/account/login/", "/admin/password/", "/admin/no/"])
def test_every_answer_carries_the_strict_policy(agent: Client, path: str) -> None:
    policy = agent.get(path)["Content-Security-Policy"]
    for rule in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy


def test_no_template_has_what_the_policy_forbids() -> None:
    forbidden = re.compile(  # a script that is data is none
        r"<style|\sstyle=|\son[a-z]+\s*=|javascript:|<script(?![^>]*(\bsrc=|type=.application/json.))"
        r"|https?://(?!www\.w3\.org)",
        re.I,
    )
    templates = [path for app in APPS for path in (HOUSE / app).rglob("templates/**/*.html")]
    assert templates
    assert [p.name for p in templates if forbidden.search(p.read_text())] == []


def test_values_are_shown_as_a_reader_expects() -> None:
    assert "—" in plain(None)
    assert plain("a\nb") == "a<br>b"
    assert plain("<i>\n") == "&lt;i&gt;<br>"
    assert when(None) == plain(None)
    assert plain({"kind": None, "who": "<i>"}) == f"kind：{plain(None)}；who：&lt;i&gt;"
    with override("en"):
        assert plain({"kind": None, "who": "<i>"}) == f"kind: {plain(None)}; who: &lt;i&gt;"
    assert plain([badge("x", "good"), "<i>"]).startswith('<span class="badge') and "&lt;i&gt;" in plain(["<i>", "a"])
    assert " whole" in badge("in force") and " whole" not in badge("waiting for approval")


def test_times_are_relative_with_the_exact_one_in_shanghai_beside() -> None:
    at = datetime.datetime(2020, 1, 1, 0, 30, tzinfo=datetime.UTC)
    shown = when(at)
    assert 'datetime="2020-01-01T08:30:00+08:00"' in shown and 'title="2020-01-01 08:30"' in shown
    assert "2020-01-01 08:30 " in when(at, exact=True)
    assert "<time" not in when(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC))
