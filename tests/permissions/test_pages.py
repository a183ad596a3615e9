"""Every role at every address with every method: the expected answer stands in docs/permissions.md.

Each reader's walk past all of them, and what its pages carry, is in tests/hunt/test_pages.py.
"""

import re
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.db import transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import reverse

from qqops.audit.models import Event
from qqops.boot.probes import PROBES
from qqops.staff.models import Staff
from qqops.staff.signin.recent_auth import PROVED
from tests.permissions.addresses import Address
from tests.permissions.table import FILE, READERS, ROLES, read, written

OTHERS = ("put", "patch", "delete", "options")


def ask(browser: Client, method: str, url: str) -> Any:
    """One request, and nothing left of it."""
    cookies = copy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(url)
        transaction.set_rollback(True)
    browser.cookies = cookies  # a sign-out is forgotten too
    return answer


Met = dict[str, str]


def met(browser: Client, url: str, asking: Callable[[Client, str, str], Any] = ask) -> Met:
    got, sent = (asking(browser, method, url) for method in ("get", "post"))
    for answer in (got, sent):
        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Request-ID"] and answer["Permissions-Policy"] and answer["Cache-Control"]
    if got.status_code == 200 and got["Content-Type"].startswith("text/html"):
        page = got.content.decode()
        nothing_inline(page)
        if url.startswith("/admin/"):
            nothing_to_edit(page)
    others = sorted({ask(browser, method, url).status_code for method in OTHERS})
    return {"cell": f"{got.status_code}/{sent.status_code}", "others": "·".join(map(str, others))}


def asks_again(browser: Client, url: str) -> bool:
    """Does it lead to the second factor, and back here? Where there is no page to open, when a form is sent."""
    answer = ask(browser, "get", url)
    if answer.status_code == 405:
        answer = ask(browser, "post", url)
    return bool(answer.status_code == 302 and answer["Location"].startswith("/account/proof/?next="))


def nothing_inline(page: str) -> None:
    """What the policy would block, looked for in the page as it went out, and not in its template only."""
    tags = re.findall(r"<[a-z][^>]*>", page)
    scripts = [tag for tag in tags if tag.startswith("<script")]
    assert [tag for tag in scripts if "src=" not in tag and "application/json" not in tag] == []
    whole = "\n".join(tags)
    assert not re.search(r"\s(style|on[a-z]+)\s*=", whole, re.I)
    assert not re.search(r"javascript:|<style|https?://", whole, re.I)


def nothing_to_edit(page: str) -> None:
    """Django's own ways to add, change and delete: whatever is done is done by an act."""
    assert not re.search(r'href="[^"]*/(add|delete|change)/', page)
    assert not re.search(r'name="_(save|continue|addanother)"|deletelink|addlink', page)


def test_the_table_is_as_its_maker_writes_it() -> None:
    assert FILE.read_text() == written(*read())


def test_every_address_stands_in_the_table_and_no_other_does(places: list[Address]) -> None:
    pages, _commands = read()
    assert sorted(pages) == sorted(place.name for place in places)


IN_HAND = {
    f"admin:appeals_{step}" for step in ("take", "ask", "convert", "skip", "transfer", "rule", "weigh", "contest")
}  # by who has the appeal in hand


@pytest.mark.parametrize("who", ROLES)
def test_a_page_marked_so_asks_for_the_second_factor_again(
    places: list[Address], reader: Any, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")  # whether it asks is not written in the page
    pages, _commands = read()
    browser = reader(who)
    session = browser.session
    session[PROVED] -= 16 * 60
    session.save()
    asked = set()
    for place in places:
        if asks_again(browser, place.url):
            asked.add(place.name)
    marked = {name for name, row in pages.items() if row["proof"]}
    expected = {name for name in marked if "403" not in pages[name][who]}
    # Whose grant it is, and in whose hand, is judged after the proof: the role may look at its own.
    assert asked >= expected and asked - expected <= {"admin:reveal_shown", *IN_HAND}


def test_an_account_without_a_role_is_nobody(places: list[Address], reader: Any) -> None:
    pages, _commands = read()
    outsider = reader("outsider")
    for place in places:
        got, sent = (ask(outsider, method, place.url).status_code for method in ("get", "post"))
        assert f"{got}/{sent}" == pages[place.name]["nobody"], place.name


@pytest.mark.parametrize("who", ROLES)
def test_a_form_sent_where_one_may_not_is_refused_on_the_record(
    places: list[Address], reader: Any, cast: dict[str, Staff], who: str
) -> None:
    pages, _commands = read()
    browser, barred = reader(who), [p for p in places if pages[p.name][who].endswith("/403")]
    refusals = Event.objects.filter(verb="audit.refused", actor=cast[who])
    before = refusals.count()
    for place in barred:
        browser.post(place.url)
    assert refusals.count() == before + len(barred)


@pytest.mark.parametrize("who", ROLES)
def test_what_is_not_there_is_404_for_who_may_look_and_403_for_who_may_not_and_nothing_is_added(
    places: list[Address], reader: Any, who: str
) -> None:
    pages, _commands = read()
    browser = reader(who)
    for name in (place.name for place in places if re.match(r"admin:\w+_\w+_change$", place.name)):
        missing = reverse(name, args=["99999999999"])
        for url in (missing, missing.replace("99999999999", "０１"), missing.replace("99999999999", "1'--")):
            expected = 403 if pages[name][who].startswith("403") else 404
            assert browser.get(url).status_code == expected, url
    for place in (place for place in places if place.name.endswith("_changelist")):
        for rest in ("add/", "1/change/", "1/delete/"):
            assert browser.post(place.url + rest).status_code in (403, 404, 405), place.url + rest


@pytest.mark.parametrize("who", ["auditor", "nobody"])
def test_a_head_is_answered_as_a_get_is(places: list[Address], reader: Any, who: str) -> None:
    pages, _commands = read()
    browser = reader(who)
    for place in places:
        head = ask(browser, "head", place.url)
        assert (f"{head.status_code}", head.content) == (pages[place.name][who].split("/")[0], b""), place.name


# What the table may never come to say, whoever makes it anew (domain.md §9).


def may_send(row: dict[str, str], who: str) -> bool:
    return row[who].split("/")[1] in ("200", "302", "409")


OWN = re.compile(
    r"account_|mfa_|welcome|/$|admin:(login|me|tokens|password_change|set_language|declared|jump|filters \w+)$"
)


def test_the_auditor_changes_nothing_but_his_own_account() -> None:
    pages, _commands = read()
    sent = {name for name, row in pages.items() if may_send(row, "auditor") and not OWN.match(name)}
    # Copies to take away, on the record; and what is looked up by a receipt number, which stands in no address.
    assert sent <= {
        "admin:access_report_csv",
        "admin:audit_export",
        "admin:audit_report_csv",
        "admin:report",
        "admin:appeals_lookup",
    }


def test_the_administrator_sees_no_number_and_no_decision() -> None:
    pages, commands = read()
    for name, row in pages.items():
        if re.match(r"admin:(accounts_(?!declared)|enforcement_|audit_|act|inbox|ruling)", name):
            assert (
                row["sysadmin"].endswith("403") if row["sysadmin"].startswith("405") else row["sysadmin"][:3] == "403"
            ), name
    for name, row in commands.items():
        if re.match(r"enforce|approve|import_rules|protect", name):
            assert row["sysadmin"] == "5", name


OF_PEOPLE = re.compile(
    r"admin:(accounts_(identity|correctiondemand|reveal|revealrequest|disclosure|datarequest|hold|erasure|breach)_"
    r"|identity|correction|reveal|my_reveals|disclosure|data_request|breach|people|linked|place_hold|lift_hold)"
)


@pytest.mark.parametrize("who", ["resources", "sysadmin"])
def test_whoever_has_nothing_to_do_with_people_sees_nothing_of_them(who: str) -> None:
    pages, commands = read()
    seen = {name for name, row in pages.items() if OF_PEOPLE.match(name) and not row[who].startswith("403")}
    assert seen == set()
    assert len([name for name in pages if OF_PEOPLE.match(name)]) > 50
    assert {row[who] for name, row in commands.items() if re.match("disclosures|identity import", name)} == {"5"}


def test_no_role_takes_two_steps_of_a_disclosure() -> None:
    pages, _commands = read()
    for who in ROLES:
        steps = [s for s in ("register", "review", "release") if may_send(pages[f"admin:disclosure_{s}"], who)]
        assert len(steps) <= 1, who


def test_nobody_but_a_reveal_s_own_reader_opens_it_and_no_agent_opens_anything() -> None:
    pages, _commands = read()
    assert {who for who in READERS if pages["admin:reveal_shown"][who].startswith("200")} == {"officer"}
    opening = ("admin:reveal", "admin:disclosure_open", "admin:data_request_statement", "admin:data_request_copy")
    for who in ("agent", "auditor"):
        assert {pages[name][who] for name in opening} == {"403/403"}, who


def test_nobody_finds_a_form_but_those_of_the_sign_in() -> None:
    pages, _commands = read()
    open_to_all = {"account_login", *PROBES}
    assert {name for name, row in pages.items() if row["nobody"].startswith("200")} == open_to_all
    assert all(re.match(r"302|404|405", row["nobody"]) or name in open_to_all for name, row in pages.items())
    assert {pages[name][who] for name in PROBES for who in READERS} == {"200/405"}


def test_who_proposes_access_does_not_approve_it() -> None:
    pages, commands = read()
    for who in ROLES:
        proposes = may_send(pages["admin:staff_invite"], who) or commands["staff invite"][who] == "4"
        approves = may_send(pages["admin:access_ruling"], who) or commands["staff approve"][who] == "4"
        assert not (proposes and approves), who
