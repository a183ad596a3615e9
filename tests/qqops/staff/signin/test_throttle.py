"""Guessing is limited over all workers, and nobody can lock a colleague out of his own desk."""

import datetime
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client

from qqops.alerts.models import Alert
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff, Throttle
from qqops.staff.signin import devices, throttle
from qqops.staff.signin import services as signin
from qqops.staff.signin.throttle import LIMITS, bucket, forgive, hit, network
from qqops.staff.tasks import sweep
from tests.cast import PASSWORD
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.acts import codes, let_in
from tests.qqops.staff.signin.steps import (
    CODE,
    app_of,
    at_code,
    code_of,
    head,
    inside,
    recovery_codes_of,
    sign_in,
    told,
)

pytestmark = pytest.mark.django_db
TOO_MANY = "Too many attempts."
WINDOW = LIMITS["sign-in"].within


def guess(client: Client, login: str = "officer", password: str = "wrong") -> bool:
    """Whether the guess was looked at."""
    client.cookies["django_language"] = "en"
    answer = sign_in(client, login, password)
    return answer.status_code == 302 or TOO_MANY not in answer.content.decode()


def back(by: datetime.timedelta) -> None:
    """Let time pass for the counters: nothing moves PostgreSQL's clock."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE staff_throttle SET since = since - %s", [by])  # type: ignore[list-item]


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_over_many_connections_five_are_looked_at(officer: Staff) -> None:
    since = head()
    for _round in range(2):  # the second finds a counter that is there already
        found = together(*[lambda: guess(Client()) for _n in range(10)])
        assert found.count(True) == (5 if _round == 0 else 0)
    verbs = [verb for verb, *_rest in told(since)]
    assert verbs.count("staff.sign_in_failed") == 5 and verbs.count("staff.locked_out") == 1 and len(verbs) == 6
    assert not guess(Client(), password=PASSWORD)  # not even the right one
    assert guess(Client(), "agent")  # another login is another counter
    assert guess(Client(), "OFFICER") is False  # but not in other letters


@pytest.mark.django_db(transaction=True)
def test_of_many_codes_at_once_five_are_looked_at(officer: Staff) -> None:
    secret = app_of(officer)
    wrong = next(code for code in ("000000", "000001", "000002") if code not in {code_of(secret, n) for n in (0, 1)})
    browsers = [at_code("officer") for _n in range(8)]
    since = head()
    together(*[lambda b=b: b.post(CODE, {"code": wrong}) for b in browsers])
    verbs = [verb for verb, *_rest in told(since)]
    assert verbs.count("staff.sign_in_failed") == 5 and verbs.count("staff.locked_out_code") == 1 and len(verbs) == 6
    assert list(Alert.objects.values_list("code", "facts")) == [("locked_out_code", {"login": "officer"})]
    late = at_code("officer")
    assert late.post(CODE, {"code": recovery_codes_of(officer)[0]}).status_code == 200 and not inside(late)
    assert len(recovery_codes_of(officer)) == 10  # not looked at, so not used up
    back(WINDOW)
    assert late.post(CODE, {"code": recovery_codes_of(officer)[0]}).status_code == 302


def test_a_lock_out_is_told_once_and_ends_with_its_window(officer: Staff) -> None:
    since, client = head(), Client()
    assert [guess(client) for _n in range(8)] == [True] * 5 + [False] * 3
    facts = {"login": "officer"}
    assert told(since)[5:] == [("staff.locked_out", "system-door", "officer", facts)]
    assert list(Alert.objects.values_list("code", "facts")) == [("locked_out", facts)]
    back(WINDOW - datetime.timedelta(seconds=10))
    assert not guess(client)
    back(datetime.timedelta(seconds=10))
    assert [guess(client) for _n in range(6)] == [True] * 5 + [False]
    assert Alert.objects.count() == 1  # events each time; everybody is told once an hour
    assert [verb for verb, *_rest in told(since)].count("staff.locked_out") == 2
    back(WINDOW)
    assert guess(client, password=PASSWORD) and inside(client)


def test_a_right_password_gives_the_attempts_back(officer: Staff) -> None:
    client = Client()
    for _round in range(3):
        assert [guess(client) for _n in range(4)] == [True] * 4
        assert guess(client, password=PASSWORD)
        client.post("/account/logout/")
    assert not Throttle.objects.filter(bucket__startswith=bucket("sign-in", "officer")).exists()
    assert Throttle.objects.get(bucket=bucket("sign-in-address", "127.0.0.1")).hits == 4  # guesses before he was known


def test_strangers_lock_out_strangers_and_not_the_colleague_at_his_desk(officer: Staff) -> None:
    desk, stranger = Client(), Client()
    sign_in(desk, "officer")
    desk.post("/account/logout/")
    while guess(stranger):
        pass
    assert not guess(Client(), password=PASSWORD)
    assert guess(desk, password=PASSWORD) and inside(desk)
    desk.post("/account/logout/")
    assert [guess(desk) for _n in range(6)] == [True] * 5 + [False]  # his desk has a counter of its own
    assert not guess(desk, password=PASSWORD)


def test_a_forged_cookie_or_another_persons_is_a_strangers(officer: Staff, agent: Staff) -> None:
    while guess(Client()):
        pass
    mine = Client()
    sign_in(mine, "agent")
    real = mine.cookies[devices.COOKIE]
    assert (real["path"], real["samesite"], bool(real["httponly"])) == ("/account/", "Strict", True)
    told_of = signing.loads(real.value, salt="qqops.device")
    assert list(told_of) == ["agent"]
    for value in (
        real.value,  # another person's
        real.value[:-1] + ("a" if real.value[-1] != "a" else "b"),
        signing.dumps({"officer": "x"}, salt="elsewhere"),
        signing.dumps({"officer": "x"}, salt="qqops.device", key="another key"),
        "officer",
        "",
    ):
        client = Client()
        client.cookies[devices.COOKIE] = value
        assert not guess(client, password=PASSWORD)


def test_a_device_cookie_ends_and_does_not_grow(cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Client()
    for login in ("agent", "officer", "reviewer", "agent", "supervisor", "privacy", "auditor"):
        sign_in(desk, login)
        desk.post("/account/logout/")
    told_of = signing.loads(desk.cookies[devices.COOKIE].value, salt="qqops.device")
    assert list(told_of) == ["reviewer", "agent", "supervisor", "privacy", "auditor"]
    assert len(set(told_of.values())) == 5
    while guess(Client(), "agent"):
        pass
    monkeypatch.setattr(devices, "LIFE", -1)
    assert not guess(desk, "agent", PASSWORD)
    monkeypatch.undo()
    assert guess(desk, "agent", PASSWORD)


def test_an_address_that_tries_many_logins_is_stopped_and_leaves_no_counter_for_each(officer: Staff) -> None:
    since = head()
    tried = [guess(Client(), f"nobody{n}") for n in range(60)]
    assert tried == [True] * 50 + [False] * 10
    assert Throttle.objects.count() == 51
    assert not guess(Client(), password=PASSWORD)
    elsewhere = Client(REMOTE_ADDR="10.9.8.7")
    assert guess(elsewhere, password=PASSWORD) and inside(elsewhere)
    assert told(since)[50] == ("staff.locked_out_address", "system-door", "", {})
    assert [verb for verb, *_rest in told(since)].count("staff.locked_out_address") == 1
    assert list(Alert.objects.values_list("code", flat=True)) == ["locked_out_address"]


def test_an_address_is_counted_for_failures_only(officer: Staff) -> None:
    for _n in range(55):
        assert guess(Client(), password=PASSWORD)


def test_a_supervisor_unlocks_and_others_do_not(
    officer: Staff, supervisor: Staff, sysadmin: Staff, auditor: Staff, agent: Staff
) -> None:
    secret = app_of(officer)
    for by in (supervisor, sysadmin):
        while guess(Client()):
            pass
        throttle.hit("second-factor", "officer", "strangers")
        since = head()
        for other in (auditor, agent, officer):
            with pytest.raises(Refused):
                signin.unlock("officer", actor=other, reason="let me in")
        assert not guess(Client(), password=PASSWORD)
        assert [verb for verb, *_rest in told(since)] == ["audit.refused"] * 3
        since = head()
        assert signin.unlock("officer", actor=by, reason="telephoned, it was himself") == 2
        assert told(since) == [("staff.unlocked", by.username, "officer", {"login": "officer"})]
        browser = at_code("officer")
        assert browser.post(CODE, {"code": recovery_codes_of(officer)[0]}).status_code == 302
    assert secret
    with pytest.raises(Invalid):
        signin.unlock("nobody", actor=supervisor, reason="typing error")


def test_a_link_that_is_guessed_at_is_stopped(officer: Staff) -> None:
    client = Client()
    for _n in range(20):
        assert client.get("/account/welcome/MQ/abc-def/").status_code == 404
    from qqops.staff.access.services import welcome_link

    good = welcome_link(officer)
    stopped = client.get(good)  # it says to wait, not that the link is no good
    assert stopped.status_code == 429 and "no good" not in stopped.content.decode()
    assert Client(REMOTE_ADDR="10.9.8.7").get(good).status_code == 200


def test_counters_that_are_over_are_swept_and_attempts_given_back_never_go_below_none(db: None) -> None:
    for n in range(3):
        hit("search", n)
    forgive("search", 0)
    forgive("search", 0)
    assert Throttle.objects.get(bucket=bucket("search", 0)).hits == 0
    forgive("search", "never tried")
    hit("sign-in", "somebody")
    hit("sign-in-address", "10.1.2.3")
    hit("people", 1)
    back(max(limit.within for name, limit in LIMITS.items() if name.startswith("s")) + datetime.timedelta(seconds=1))
    hit("search", "new")
    sweep(0)  # each by its own span: what was typed at the door does not lie here for a day
    kept = set(Throttle.objects.values_list("bucket", flat=True))
    assert kept == {bucket("search", "new"), bucket("people", 1)}
    back(max(limit.within for limit in LIMITS.values()))
    sweep(0)
    assert not Throttle.objects.exists()


def test_forgetting_one_forgets_no_other(db: None) -> None:
    for whose in (("a", "x"), ("a", "y"), ("ab", "x")):
        hit("sign-in", *whose)
    assert throttle.forget("sign-in", "a") == 2
    assert list(Throttle.objects.values_list("bucket", flat=True)) == [bucket("sign-in", "ab", "x")]


def test_each_limit_counts_up_to_itself(db: None) -> None:
    for name, limit in LIMITS.items():
        verdicts: list[Any] = [hit(name, "somebody") for _n in range(limit.hits + 2)]
        assert [v.within for v in verdicts] == [True] * limit.hits + [False] * 2
        assert [v.first for v in verdicts] == [False] * limit.hits + [True, False]


def test_so_many_at_once_count_as_so_many_and_are_given_back_as_so_many(db: None) -> None:
    most = LIMITS["cancel"].hits
    assert hit("cancel", 1, many=most) == throttle.Verdict(within=True, first=False)
    forgive("cancel", 1, many=most + 5)
    assert Throttle.objects.get(bucket=bucket("cancel", 1)).hits == 0
    assert hit("cancel", 1, many=most - 1).within
    assert hit("cancel", 1, many=2) == throttle.Verdict(within=False, first=True)
    assert hit("cancel", 1, many=2) == throttle.Verdict(within=False, first=False)
    back(LIMITS["cancel"].within)
    assert hit("cancel", 1, many=3).within and Throttle.objects.get(bucket=bucket("cancel", 1)).hits == 3


def test_of_ipv6_a_whole_customer_is_counted_and_of_ipv4_each_address() -> None:
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") != network("2001:db8:1:3::1")
    assert network("192.0.2.1") != network("192.0.2.2")


def test_a_newcomers_browser_is_known_from_the_first_password_on(sysadmin: Staff, supervisor: Staff) -> None:
    browser, stranger = Client(), Client(REMOTE_ADDR="10.9.8.7")
    _newcomer, link = let_in("newcomer", "agent", sysadmin, supervisor)
    word = "a brand new long sentence"
    browser.post(link, {"code": codes[link], "new_password1": word, "new_password2": word})
    for _guess in range(6):
        sign_in(stranger, "newcomer", "wrong")
    assert not sign_in(stranger, "newcomer", word).has_header("Location")
    assert sign_in(browser, "newcomer", word).status_code == 302 and inside(browser)
