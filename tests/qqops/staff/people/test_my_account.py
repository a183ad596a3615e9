"""My account: for everybody who is in, and about nobody else."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from qqops.audit.models import Event
from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import StaffSession
from qqops.staff.people.my_account import browser as browser_name
from tests.pages import text, told
from tests.qqops.staff.people.acting import WHY, agree, at, forget_proof, head, record
from tests.qqops.staff.signin.steps import sign_in

ROLES = ("agent", "reviewer", "officer", "supervisor", "resources", "privacy", "auditor", "sysadmin")


@pytest.mark.parametrize("role", ROLES)
def test_everybody_finds_his_account_in_his_menu_with_what_he_may_do(desk, role):
    browser = desk(role)
    assert f'href="{at("me")}"' in browser.get("/admin/").content.decode()
    page = browser.get(at("me"))
    source = page.content.decode()
    assert page.status_code == 200 and "set-up" in text(page) and "this one" in text(page)
    for url in ("/account/factors/", "/admin/password/", "/admin/tokens/"):
        assert f'href="{url}"' in source
    assert (f'href="{at("emergency")}"' in source) == (role not in ("agent", "auditor", "sysadmin"))


def test_roles_are_shown_with_their_end_and_by_whose_word(desk, cast, sysadmin, supervisor):
    until = timezone.now() + datetime.timedelta(days=2)
    agree(request_role(cast["officer"], "agent", actor=sysadmin, reason=WHY, until=until), supervisor)
    request_role(cast["officer"], "privacy", actor=sysadmin, reason=WHY)
    break_glass("supervisor", actor=cast["officer"], reason=WHY)
    page = text(desk("officer").get(at("me")))
    for part in (f"support agent {timezone.localtime():%Y-%m-%d}", f"{timezone.localtime(until):%Y-%m-%d %H:%M}",
                 "sysadmin, approved by supervisor", "emergency access", "give a role · privacy officer"):  # fmt: skip
        assert part in page, part


def test_one_of_my_sessions_is_ended_and_all_others_and_no_proof_is_needed(desk, officer):
    phone, home, here = desk("officer"), desk("officer"), desk("officer")
    mine = {s.pk for s in StaffSession.objects.filter(staff=officer)}
    assert len(mine) == 3
    forget_proof(here)
    before = head()
    keys = [s.pk for s, _name, current in here.get(at("me")).context["sessions"] if not current]
    done = here.post(at("me"), {"end": keys[0]})
    assert told(here.get(done["Location"])) == ["The session is ended."]
    assert sorted(c.get(at("me")).status_code for c in (phone, home)) == [200, 302]
    again = here.post(at("me"), {"end": keys[0]})
    assert told(here.get(again["Location"])) == ["This session is over already."]
    done = here.post(at("me"), {"end": "others"})
    assert told(here.get(done["Location"])) == ["1 other session ended."]
    assert [c.get(at("me")).status_code for c in (phone, home, here)] == [302, 302, 200]
    assert record(before) == [("staff.session_ended", {})] * 2
    assert [e.facts for e in Event.objects.filter(seq__gt=before)] == [{"why": "own", "n": 1}] * 2


def test_a_browser_is_named_in_two_words(officer):
    for agent, name in (
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
         "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36 Edg/120.0",
         "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Safari/604.1",
         "Safari · iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox · macOS"),
        ("curl/8.5.0", "curl/8.5.0"), ("", ""), ("x" * 200, "x" * 60),
    ):  # fmt: skip
        assert browser_name(agent) == name
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36")
    sign_in(client, "officer")
    page = client.get(at("me")).content.decode()
    assert "Chrome · Linux" in page and "Mozilla" not in page


def test_on_a_phone_each_cell_says_which_column_it_is(desk):
    page = desk("officer").get(at("me")).content.decode()
    for label in ("Until", "Given by"):
        assert f'<td data-label="{label}">' in page


def test_neither_the_session_in_use_nor_anybody_elses_is_ended(desk, officer, supervisor):
    other, browser = desk("supervisor"), desk("officer")
    theirs = StaffSession.objects.get(staff=supervisor).pk
    own = StaffSession.objects.get(staff=officer).pk
    before = head()
    for key, sentence in ((theirs, "over already"), (own, "to end it, log out"), ("", "over already"), ("\0", "over")):
        answered = browser.post(at("me"), {"end": key})
        assert sentence in told(browser.get(answered["Location"]))[0]
    assert record(before) == []
    assert other.get(at("me")).status_code == browser.get(at("me")).status_code == 200


def test_who_is_not_in_has_no_account_page(client, cast):
    for answered in (client.get(at("me")), client.post(at("me"), {"end": "others"})):
        assert answered["Location"].startswith("/admin/login/?next=")
