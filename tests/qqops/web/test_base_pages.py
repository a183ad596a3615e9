"""The base pages: a list without counts, an object, a history nobody can save from, an act in two steps."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qqops.audit import origin, recorder
from qqops.staff.access.services import request_role
from qqops.staff.models import Staff
from qqops.staff.people import services as people_services
from tests.qqops.web.staff_site import RenamePage

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.qqops.web.staff_site")]
LIST = "/admin/staff/staff/"
ACT = "/admin/rename/?person=1"


@pytest.fixture
def setup_actor() -> Staff:
    return Staff.objects.system("system-setup")


@pytest.fixture
def looker(client: Client, setup_actor: Staff) -> Client:
    """A browser of somebody who may look at staff."""
    return _enter(client, "looker", "auditor", setup_actor)


@pytest.fixture
def outsider(setup_actor: Staff) -> Client:
    return _enter(Client(), "stranger", "agent", setup_actor)


def _enter(client: Client, login: str, role: str, actor: Staff) -> Client:
    with origin.origin(origin.SYSTEM):
        client.force_login(people_services.join(login, role, password="not used here", actor=actor, reason="test"))
    return client


@pytest.fixture
def people(setup_actor: Staff) -> list[str]:
    with origin.origin(origin.SYSTEM):
        return [
            people_services.join(f"p{n:02}", "", password="not used here", actor=setup_actor, reason="test").username
            for n in range(12)
        ]


def logins(response: Any) -> list[str]:
    return [row.username for row in response.context["page"].rows]


def test_the_list_pages_both_ways_and_shows_each_row_once(looker: Client, people: list[str]) -> None:
    everyone = sorted(Staff.objects.values_list("username", flat=True))
    seen, url, pages = [], LIST, []
    while url:
        response = looker.get(url)
        pages.append(logins(response))
        seen += pages[-1]
        last, url = response, response.context["page"].next
    assert seen == everyone
    back = [logins(last)]
    while last.context["page"].previous:
        last = looker.get(last.context["page"].previous)
        back.insert(0, logins(last))
    assert back == pages


def test_a_descending_order_of_two_columns_shows_each_row_once(looker: Client, people: list[str]) -> None:
    Staff.objects.filter(username__in=people[::3]).update(is_active=False)
    seen: list[str] = []
    url = "/admin/newest/"
    while url:
        response = looker.get(url)
        seen += logins(response)
        url = response.context["page"].next
    assert seen == list(Staff.objects.order_by("-is_active", "-id").values_list("username", flat=True))


def test_the_list_neither_counts_nor_grows_in_queries(looker: Client, people: list[str]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        looker.get(LIST)
    assert len(queries) <= 5
    assert not [q for q in queries.captured_queries if re.search(r"count\(|distinct", q["sql"], re.I)]


def test_filters_and_search_narrow_the_list_and_stay_in_its_links(looker: Client, people: list[str]) -> None:
    inside = sorted(Staff.objects.filter(is_system=False).values_list("username", flat=True))
    assert logins(looker.get(LIST, {"kind": "staff"})) == inside[:5]
    assert logins(looker.get(LIST, {"kind": "no such choice"})) == logins(looker.get(LIST))
    response = looker.get(LIST, {"q": "p0", "kind": ""})
    assert logins(response) == people[:5]
    assert "q=p0" in response.context["page"].next
    hit = looker.get(LIST, {"q": "p03"})
    assert hit.status_code == 302
    assert hit["Location"] == f"{LIST}{Staff.objects.get(username='p03').pk}/"
    assert "not a login" in looker.get(LIST, {"q": "!"}).content.decode()
    assert "nobody" in looker.get(LIST, {"kind": "none"}).content.decode()


@pytest.mark.parametrize("query", ["after=~", "after=a~b~c", "before=%00", "after=", "before=x"])
def test_a_broken_cursor_never_breaks_the_list(looker: Client, query: str) -> None:
    assert looker.get(f"{LIST}?{query}").status_code == 200


@pytest.mark.parametrize("query", ["after=x~y", "after=true~99999999999999999999999"])
def test_a_cursor_of_the_wrong_kind_never_breaks_the_list(looker: Client, query: str) -> None:
    assert looker.get(f"/admin/newest/?{query}").status_code == 200


@pytest.mark.parametrize("path", [LIST, f"{LIST}1/", f"{LIST}1/history/", f"{LIST}nonsense/", f"{LIST}0/history/"])
def test_permission_comes_before_everything_and_nothing_takes_a_post(
    looker: Client, outsider: Client, path: str
) -> None:
    assert outsider.get(path).status_code == 403
    for method in ("post", "put", "patch", "delete"):
        assert getattr(looker, method)(path).status_code == 405
    assert Client().get(path)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("key", ["0", "nonsense", "9" * 30, "-1", "１"])
def test_an_unknown_object_is_not_found(looker: Client, key: str) -> None:
    for path in (f"{LIST}{key}/", f"{LIST}{key}/history/"):
        assert looker.get(path).status_code == 404


@pytest.mark.parametrize("path", ["add/", "1/delete/", "1/change/"])
def test_the_generic_doors_do_not_exist(looker: Client, path: str) -> None:
    assert looker.get(LIST + path).status_code == 404


def test_the_history_shows_labelled_changes_and_pages_with_flat_queries(
    looker: Client, people: list[str], setup_actor: Staff
) -> None:
    person = Staff.objects.get(username="p00")
    with origin.origin(origin.SYSTEM):
        for n in range(30):
            facts = {"login": person.username}
            with recorder.act("staff.password_reset", actor=setup_actor, reason=f"why {n}", facts=facts) as act:
                Staff.objects.filter(pk=person.pk).update(name=f"name {n}")
                act.history(Staff, [person.pk])
    path = f"{LIST}{person.pk}/history/"
    with CaptureQueriesContext(connection) as queries:
        response = looker.get(path)
    assert len(queries) <= 6
    newest = response.context["entries"][0]
    assert (newest.text, newest.who) == ("why 29", str(setup_actor))
    assert [(c.before, c.after) for c in newest.changes] == [("name 28", "name 29")]
    assert newest.request_id
    older = looker.get(response.context["older"])
    assert len(response.context["entries"]) + len(older.context["entries"]) == 31
    assert older.context["entries"][-1].changes[0].before is None
    assert not older.context["older"]


def test_nothing_is_neither_struck_out_nor_put_in(looker: Client, people: list[str], setup_actor: Staff) -> None:
    person = Staff.objects.get(username="p00")
    for name in ("Ada", ""):
        with origin.origin(origin.SYSTEM), recorder.act(
            "staff.password_reset", actor=setup_actor, reason="", facts={"login": person.username}
        ) as act:  # fmt: skip
            Staff.objects.filter(pk=person.pk).update(name=name)
            act.history(Staff, [person.pk])
    page = looker.get(f"{LIST}{person.pk}/history/").content.decode()
    gone, named, created = re.findall(r'<ul class="diff".*?</ul>', page, re.DOTALL)
    told = "".join(re.sub(r'<span class="unseen">[^<]*</span>', "", gone + named).split())
    assert "<del>Ada</del>" in told and told.count("<ins>Ada</ins>") == 1
    assert "<del>" not in created and "<ins>" in created and '<span class="arrow"' not in created
    assert 'class="none"' in gone and "<ins>" not in gone


# The act in two steps


@pytest.fixture
def world() -> dict[str, Any]:
    RenamePage.world.clear()
    RenamePage.world |= {"set": 1, "done": []}
    return RenamePage.world


CONTENT = {"name": "Ada", "mood": ["a", "b"], "note": "one\r\ntwo"}


def test_the_history_names_people_and_states_and_leaves_internals_out(
    looker: Client, people: list[str], setup_actor: Staff
) -> None:
    with origin.origin(origin.SYSTEM):
        admin = people_services.join("admin1", "sysadmin", password="not used here", actor=setup_actor, reason="test")
        one = Staff.objects.get(username="p00")
        asked = request_role(one, "agent", actor=admin, reason="works on the phone")
    entry = looker.get(f"/admin/staff/accessrequest/{asked.pk}/history/").context["entries"][0]
    shown = [str(change.after) for change in entry.changes]
    assert "p00" in shown and "admin1" in shown and str(one.pk) not in shown
    assert asked.content_hash not in shown and "staff.approve_access" not in str(shown)


def test_an_act_needs_preview_and_confirmation(looker: Client, outsider: Client, world: dict[str, Any]) -> None:
    assert outsider.get(ACT).status_code == outsider.post(ACT, CONTENT).status_code == 403
    assert "one is renamed" in looker.get(ACT).content.decode()
    shown = looker.post(ACT, CONTENT | {"step": "preview"})
    page = shown.content.decode()
    assert "Rename now" in page and "Amber" in page and "two" in page
    assert world["done"] == []
    done = looker.post(ACT, CONTENT | {"step": "confirm", "token": shown.context["token"]})
    assert (done.status_code, done["Location"]) == (302, "/admin/")
    assert [name for name, _nonce in world["done"]] == ["Ada"]


def test_a_second_click_brings_the_same_nonce_and_a_second_preview_another(
    looker: Client, world: dict[str, Any]
) -> None:
    first = looker.post(ACT, CONTENT | {"step": "preview"}).context["token"]
    second = looker.post(ACT, CONTENT | {"step": "preview"}).context["token"]
    for token in (first, first, second):
        looker.post(ACT, CONTENT | {"step": "confirm", "token": token})
    nonces = [nonce for _name, nonce in world["done"]]
    assert nonces[0] == nonces[1] != nonces[2]


def test_a_changed_set_shows_the_page_again_and_does_nothing(looker: Client, world: dict[str, Any]) -> None:
    token = looker.post(ACT, CONTENT | {"step": "preview"}).context["token"]
    world["set"] = 2
    again = looker.post(ACT, CONTENT | {"step": "confirm", "token": token})
    assert again.status_code == 409
    assert again.context["problem"]
    assert world["done"] == []
    looker.post(ACT, CONTENT | {"step": "confirm", "token": again.context["token"]})
    assert len(world["done"]) == 1


@pytest.mark.parametrize("how", ["forged", "missing", "other content", "other target", "other person", "stale"])
def test_a_token_that_does_not_fit_does_nothing(
    looker: Client, setup_actor: Staff, world: dict[str, Any], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = looker.post(ACT, CONTENT | {"step": "preview"}).context["token"]
    url, content, who = ACT, CONTENT | {"step": "confirm", "token": token}, looker
    if how == "forged":
        content["token"] = token[:-1] + ("a" if token[-1] != "a" else "b")
    elif how == "missing":
        del content["token"]
    elif how == "other content":
        content["name"] = "Bob"
    elif how == "other target":
        url = "/admin/rename/?person=2"
    elif how == "other person":
        who = _enter(Client(), "looker2", "auditor", setup_actor)
    else:
        monkeypatch.setattr("qqops.web.pages.confirm.TOKEN_LIFE", -1)
    answer = who.post(url, content)
    assert answer.status_code == 409
    assert answer.context["problem"]
    assert world["done"] == []


def test_refusals_and_wrong_input_are_sentences_on_the_page(looker: Client, world: dict[str, Any]) -> None:
    wrong = looker.post(ACT, CONTENT | {"name": "bad", "step": "preview"})
    assert (wrong.status_code, "no such name" in wrong.content.decode()) == (200, True)
    empty = looker.post(ACT, {"step": "confirm"})
    assert empty.status_code == 200 and empty.context["form"].errors
    world["refuses"] = True
    for answer in (looker.get(ACT), looker.post(ACT, CONTENT | {"step": "preview"})):
        assert answer.status_code == 403
        page = answer.content.decode()
        assert page.count("you may not") == 1
        assert 'name="mood"' not in page  # no form to fill in for nothing
        assert 'class="button big" href="/admin/"' in page
    assert world["done"] == []


def test_going_back_to_the_form_keeps_what_was_typed(looker: Client, world: dict[str, Any]) -> None:
    page = looker.post(ACT, CONTENT | {"step": "edit"}).content.decode()
    assert 'value="Ada"' in page
    assert world["done"] == []
