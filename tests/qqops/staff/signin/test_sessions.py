"""Sessions: how long they live, where they may be used, and when they end at once."""

import datetime
from typing import Any

import pytest
import time_machine
from django.conf import settings as live
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.access.services import request_reset
from qqops.staff.models import Staff, StaffSession
from qqops.staff.people import services as people
from qqops.staff.people.services import reset_password
from qqops.staff.sessions import services as sessions
from qqops.staff.sessions.store import SessionStore
from qqops.staff.tasks import sweep
from tests.cast import PASSWORD
from tests.enforcement.acts import broken
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.acts import emergency, grant, leaves, reviewed
from tests.qqops.staff.signin.steps import LOGIN, app_of, at_code, cookie_of, head, inside, sign_in, told

pytestmark = pytest.mark.django_db
MINUTE = datetime.timedelta(minutes=1)
HERE, ELSEWHERE = "203.0.113.5", "203.0.113.77"


def at(minutes: float) -> Any:
    return time_machine.travel(timezone.now() + minutes * MINUTE, tick=True)


@pytest.fixture
def desk(officer: Staff) -> Client:
    client = Client(REMOTE_ADDR=HERE, HTTP_USER_AGENT="Browser\x00 of a test")
    assert sign_in(client, "officer").status_code == 302
    return client


# How long


def test_half_an_hour_of_nothing_ends_it(desk: Client) -> None:
    for minutes, alive in ((29.5, True), (59, True), (89.1, False)):
        with at(minutes):
            assert inside(desk) == alive, minutes


def test_twelve_hours_end_it_however_busy(desk: Client) -> None:
    for minutes in range(20, 12 * 60, 20):
        with at(minutes):
            assert inside(desk), minutes
    with at(12 * 60 - 2):  # more than the test takes
        assert inside(desk)
    with at(12 * 60 + 0.2):
        assert not inside(desk)


def test_a_new_password_does_not_begin_the_twelve_hours_anew(desk: Client) -> None:
    (before,) = StaffSession.objects.all()
    new = {"old_password": PASSWORD, "new_password1": "quite another Pass 8", "new_password2": "quite another Pass 8"}
    assert desk.post("/admin/password/", new).status_code == 302 and inside(desk)
    (after,) = StaffSession.objects.all()
    assert (after.started_at, after.staff_id) == (before.started_at, before.staff_id)
    assert after.pk != before.pk


def test_a_sign_in_that_stopped_halfway_ends_after_a_quarter_of_an_hour(officer: Staff) -> None:
    app_of(officer)
    browser = at_code("officer")
    (row,) = StaffSession.objects.all()
    assert (row.staff, row.started_at) == (None, None)
    with at(14):
        assert browser.get("/account/code/").status_code == 200
    with at(30):
        assert browser.get("/account/code/")["Location"] == LOGIN


def test_a_page_costs_two_queries_for_session_and_person_and_a_write_a_minute(desk: Client) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection, ) as captured:  # fmt: skip
            assert desk.get("/admin/jump/").status_code == 302  # a page that asks for nothing itself
        return [q["sql"].partition(" ")[0] for q in captured]

    (row,) = StaffSession.objects.all()
    assert queries() == ["SELECT", "SELECT"]
    with at(1.1):
        assert queries() == ["SELECT", "SELECT", "UPDATE"]
        assert queries() == ["SELECT", "SELECT"]
    (touched,) = StaffSession.objects.all()
    assert touched.seen_at - row.seen_at > MINUTE
    assert touched.expire_date - row.expire_date > MINUTE
    assert (touched.session_data, touched.started_at) == (row.session_data, row.started_at)


def test_what_is_over_is_swept(desk: Client, agent: Staff) -> None:
    sign_in(Client(), "agent")
    StaffSession.objects.filter(staff=agent).update(expire_date=timezone.now())
    sweep(0)
    assert list(StaffSession.objects.values_list("staff__username", flat=True)) == ["officer"]


def test_the_row_says_whose_it_is_and_not_the_cookie(desk: Client) -> None:
    (row,) = StaffSession.objects.all()
    assert (str(row.staff), row.address, row.browser) == ("officer", HERE, "Browser of a test")
    assert row.pk != cookie_of(desk) and len(row.pk) == 40
    stolen = Client(REMOTE_ADDR=HERE)
    stolen.cookies[live.SESSION_COOKIE_NAME] = row.pk  # what the table shows is no cookie
    assert not inside(stolen) and inside(desk)


# Ended


@pytest.mark.parametrize("why", ["deactivated", "role", "reset", "password", "ended"])
def test_it_ends_at_once_and_says_nothing_else(
    desk: Client, officer: Staff, sysadmin: Staff, supervisor: Staff, why: str
) -> None:
    app_of(officer)
    other = Client(REMOTE_ADDR=HERE)
    other.force_login(officer)
    assert inside(desk) and inside(other)
    since = head()
    if why == "deactivated":
        people.deactivate(officer, actor=sysadmin, reason="has left the house")
    elif why == "role":
        access.revoke(officer, "officer", actor=supervisor, reason="moves to another desk")
    elif why == "reset":
        from tests.qqops.staff.acts import agree

        agree(request_reset(officer, actor=sysadmin, reason="lost his telephone"), supervisor)
    elif why == "password":
        reset_password(officer, "quite another Pass 8", actor=officer, reason="")
    else:
        assert sessions.end_others(officer, actor=sysadmin, reason="desk left open") == 2
        assert told(since) == [("staff.session_ended", "sysadmin", "officer", {"why": "ended", "n": 2})]
    assert not StaffSession.objects.filter(staff=officer).exists()
    for browser in (desk, other):
        answer = browser.get("/admin/me/")
        assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/me/")
    assert broken() == []


OVER = "Your session is over: idle for 30 minutes, twelve hours old, or ended. Sign in again."


def test_the_sign_in_page_says_once_that_a_session_is_over_and_only_to_who_had_one(
    desk: Client, officer: Staff, supervisor: Staff
) -> None:
    desk.cookies["django_language"] = "en"
    with at(31):
        page = desk.get("/admin/me/", follow=True)
        assert page.content.decode().count(OVER) == 1
        assert OVER not in desk.get("/admin/me/", follow=True).content.decode()
        assert sign_in(desk, "officer")["Location"] == "/admin/"
        access.revoke(officer, "officer", actor=supervisor, reason="moves to another desk")
        assert OVER in desk.get(LOGIN).content.decode()
    fresh = Client()
    fresh.cookies["django_language"] = "en"
    assert OVER not in fresh.get("/admin/me/", follow=True).content.decode()


def test_who_signs_in_with_the_page_of_an_old_session_open_reads_nothing_of_it_inside(desk: Client) -> None:
    desk.cookies["django_language"] = "en"
    with at(31):
        assert OVER not in sign_in(desk, "officer", follow=True).content.decode()
    desk.post("/account/logout/")
    assert OVER not in desk.get(LOGIN).content.decode()


def test_a_role_given_for_a_time_ends_by_itself_and_the_session_can_do_nothing_more(
    desk: Client, officer: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    grant(officer, "supervisor", sysadmin, supervisor, timezone.now() + 10 * MINUTE)
    assert desk.get("/admin/audit/event/").status_code == 200
    with at(11):
        assert desk.get("/admin/audit/event/").status_code == 403
        assert inside(desk)  # he is still an officer
    access.revoke(officer, "supervisor", actor=sysadmin, reason="colleague is back")
    assert not inside(desk)


def test_ones_own_are_ended_one_by_one_or_all_others(desk: Client, officer: Staff, agent: Staff) -> None:
    phone, tablet = Client(), Client()
    for browser in (phone, tablet):
        sign_in(browser, "officer")
    keys = {browser: SessionStore.row_key(cookie_of(browser)) for browser in (desk, phone, tablet)}
    since = head()
    with pytest.raises(Invalid):
        sessions.end(keys[phone], actor=agent)  # not hers
    sessions.end(keys[phone], actor=officer)
    with pytest.raises(Invalid):
        sessions.end(keys[phone], actor=officer)
    assert [inside(b) for b in (desk, phone, tablet)] == [True, False, True]
    assert sessions.end_others(officer, actor=officer, but=keys[desk]) == 1
    assert [inside(b) for b in (desk, tablet)] == [True, False]
    own = {"why": "own", "n": 1}
    assert told(since) == [("staff.session_ended", "officer", "officer", own)] * 2
    with pytest.raises(Refused):
        sessions.end_others(officer, actor=agent)
    assert inside(desk)


def test_new_password_ends_the_others_and_keeps_this_one(desk: Client, officer: Staff) -> None:
    phone = Client()
    sign_in(phone, "officer")
    new = {"old_password": PASSWORD, "new_password1": "quite another Pass 8", "new_password2": "quite another Pass 8"}
    old = cookie_of(desk)
    assert desk.post("/admin/password/", new).status_code == 302
    assert inside(desk) and not inside(phone) and cookie_of(desk) != old


# Where


def test_a_cookie_carried_to_another_address_ends_the_session_and_says_so(desk: Client, officer: Staff) -> None:
    thief = Client(REMOTE_ADDR=ELSEWHERE)
    thief.cookies[live.SESSION_COOKIE_NAME] = cookie_of(desk)
    thief.cookies["django_language"] = "en"
    since = head()
    answer = thief.post("/admin/password/", {"old_password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [(LOGIN, 302)]
    assert "your session was used from another address" in answer.content.decode()
    assert told(since) == [("staff.session_ended", "system-door", "officer", {"why": "address", "n": 1})]
    assert not inside(thief) and not inside(desk)  # whoever has the cookie, it is worth nothing now
    assert not StaffSession.objects.exists()
    assert len(told(since)) == 1


@pytest.mark.parametrize(
    ("behind", "forwarded", "remote", "known"),
    [
        (False, "198.51.100.1", HERE, HERE),  # anybody can write this header
        (True, "198.51.100.1", HERE, "198.51.100.1"),
        (True, "10.0.0.1, 198.51.100.1", HERE, "198.51.100.1"),  # the last is the proxy's, the rest the caller's
        (True, "", HERE, None),
        (True, "unknown", HERE, None),
        (True, "198.51.100.1:443", HERE, None),
        (True, "'; DROP TABLE", HERE, None),
        (False, "", "::ffff:203.0.113.5", HERE),
        (False, "", "2001:DB8::1", "2001:db8::1"),
        (False, "", "", None),
    ],
)
def test_an_address_is_what_the_one_in_front_of_us_says(
    officer: Staff, settings: Any, behind: bool, forwarded: str, remote: str, known: str | None
) -> None:
    settings.QQOPS_BEHIND_PROXY = behind
    client = Client(REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded})
    assert sign_in(client, "officer").status_code == 302 and inside(client)
    assert StaffSession.objects.get().address == known


def test_behind_a_proxy_a_made_up_header_does_not_keep_a_stolen_session(officer: Staff, settings: Any) -> None:
    settings.QQOPS_BEHIND_PROXY = True
    mine = Client(headers={"x-forwarded-for": HERE})
    sign_in(mine, "officer")
    thief = Client(headers={"x-forwarded-for": f"{HERE}, {ELSEWHERE}"})
    thief.cookies[live.SESSION_COOKIE_NAME] = cookie_of(mine)
    assert not inside(thief) and not inside(mine)


def test_only_addresses_on_the_list_are_answered(officer: Staff, settings: Any, django_assert_num_queries: Any) -> None:
    settings.QQOPS_ADDRESSES = ["203.0.113.0/28", "2001:db8::/32"]
    for address, let in ((HERE, True), ("2001:db8::5", True), (ELSEWHERE, False), ("::1", False), ("", False)):
        client = Client(REMOTE_ADDR=address)
        if let:
            assert sign_in(client, "officer").status_code == 302 and inside(client)
            continue
        with django_assert_num_queries(0):
            for answer in (client.get("/account/login/"), sign_in(client, "officer"), client.get("/admin/no/")):
                assert answer.status_code == 403 and 'class="bare"' in answer.content.decode()
                assert "unsafe" not in answer["Content-Security-Policy"] and answer["Cache-Control"]
    settings.QQOPS_BEHIND_PROXY = True
    assert Client(REMOTE_ADDR=HERE).get(LOGIN).status_code == 403  # the proxy says nothing: nobody knows who it is


# At the same time


def test_a_session_that_ends_during_a_request_is_a_sentence_and_nothing_comes_back(
    desk: Client, officer: Staff, sysadmin: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qqops.staff.signin import recent_auth

    def end_meanwhile(request: Any) -> bool:
        people.deactivate(officer, actor=sysadmin, reason="has left the house")
        request.session["something"] = "written by the page"
        return True

    monkeypatch.setattr(recent_auth, "is_fresh", end_meanwhile)
    desk.cookies["django_language"] = "en"
    answer = desk.get("/admin/password/")
    assert answer.status_code == 400 and 'class="bare"' in answer.content.decode()
    assert "look whether what you sent was done" in answer.content.decode() and answer["Content-Language"] == "en"
    assert answer["Cache-Control"] == "no-store, private" and "default-src" in answer["Content-Security-Policy"]
    assert not StaffSession.objects.exists()
    monkeypatch.undo()
    assert not inside(desk)


@pytest.mark.django_db(transaction=True)
def test_many_requests_of_one_session_at_once_all_succeed(desk: Client) -> None:
    cookie = cookie_of(desk)

    def page() -> int:
        client = Client(REMOTE_ADDR=HERE)
        client.cookies[live.SESSION_COOKIE_NAME] = cookie
        return int(client.get("/admin/tokens/").status_code)

    with at(2):  # each would count the idle time anew
        assert together(*[page] * 8) == [200] * 8
    assert StaffSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_signs_in_while_he_is_deactivated_is_not_in(officer: Staff, sysadmin: Staff) -> None:
    browsers = [Client() for _n in range(3)]
    together(lambda: leaves(officer, sysadmin), *[lambda b=b: sign_in(b, "officer") for b in browsers])
    assert not any(inside(b) for b in browsers)


def test_an_emergency_gives_rights_to_the_session_and_takes_them_back(
    desk: Client, officer: Staff, supervisor: Staff
) -> None:
    assert desk.get("/admin/alerts/alert/").status_code == 403
    holding = emergency(officer, "supervisor")
    assert desk.get("/admin/alerts/alert/").status_code == 200
    with at(61):
        sign_in(desk, "officer")
        assert desk.get("/admin/alerts/alert/").status_code == 403
    reviewed(holding, supervisor)
    assert not inside(desk)
