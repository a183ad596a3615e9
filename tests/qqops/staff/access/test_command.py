"""`manage.py staff`: dry run by default, two people and two tokens, exit codes, and the first two of a new house."""

import datetime

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.db import connections
from django.test import Client
from django.utils import timezone

from qqops.audit.models import Event
from qqops.core.commands import Exit
from qqops.staff.access import services as access
from qqops.staff.access.services import request_reset
from qqops.staff.models import AccessRequest, Holding, Staff, StaffSession
from qqops.staff.signin import throttle
from qqops.staff.tokens.services import issue_token
from tests.enforcement.acts import broken
from tests.qqops.staff.people.acting import REFUSED, WHY, head, record
from tests.terminal import Terminal

SAY = ("--reason", WHY)
INVITE = ("staff", "invite", "wangwu", "--name", "Wang Wu", "--role", "agent", *SAY)


def test_a_newcomer_is_asked_for_with_6_and_let_in_with_0_and_the_link_is_printed_once(terminal: Terminal):
    before = head()
    dry = terminal("sysadmin", *INVITE)
    assert dry.code == Exit.DRY_RUN and "nothing is changed" in dry.out and "support agent" in dry.out
    assert terminal("sysadmin", *INVITE, "--json").json["state"] == "dry_run"
    assert [verb for verb, _rows in record(before)] == ["staff.token_issued"] * 2
    asked = terminal("sysadmin", *INVITE, "--apply", "--json")
    pk = asked.json["request"]
    assert asked.code == Exit.WAITING
    assert {k: asked.json[k] for k in ("state", "kind", "login", "role", "until")} == {
        "state": "proposed", "kind": "join", "login": "wangwu", "role": "agent", "until": None,
    }  # fmt: skip
    assert terminal("sysadmin", *INVITE, "--apply").code == Exit.USAGE  # asked for already

    agree = ("staff", "approve", pk, *SAY)
    dry = terminal("supervisor", *agree)
    assert dry.code == Exit.DRY_RUN and "wangwu" in dry.out and "/welcome/" not in dry.out
    before = head()
    done = terminal("supervisor", *agree, "--apply")
    assert done.code == Exit.DONE and done.out.count("/account/welcome/") == 1
    assert record(before)[1:] == [("staff.access_approved", {"approval": 1, "holding": 1, "request": 1, "staff": 1})]
    link = next(word for word in done.out.split() if word.startswith("/account/welcome/"))
    assert Client().get(link).status_code == 200
    again = terminal("supervisor", *agree, "--apply")
    assert again.code == Exit.USAGE and "is not waiting" in again.error and "/welcome/" not in again.out
    assert (Event.objects.filter(verb="staff.access_approved").get().source) == "command"
    assert broken() == []


def test_cover_is_given_refused_and_said_to_exclude(terminal: Terminal, cast):
    until = f"{timezone.localtime() + datetime.timedelta(days=3):%Y-%m-%d}"
    grant = ("staff", "grant", "outsider", "supervisor", "--until", until, *SAY)
    assert terminal("sysadmin", *grant).code == Exit.DRY_RUN and AccessRequest.objects.count() == 0
    asked = terminal("sysadmin", *grant, "--apply", "--json")
    assert asked.code == Exit.WAITING and asked.json["until"].startswith(f"{until} 00:00:00+08:00")
    refuse = ("staff", "refuse", asked.json["request"], *SAY)
    assert terminal("supervisor", *refuse).code == Exit.DRY_RUN
    done = terminal("supervisor", *refuse, "--apply", "--json")
    assert (done.code, done.json["state"], done.json["link"]) == (Exit.DONE, "refused", "")
    clash = terminal("sysadmin", "staff", "grant", "reviewer", "officer", *SAY, "--apply")
    assert clash.code == Exit.WAITING and "cannot be approved while appeals reviewer is held" in clash.out
    pk = AccessRequest.objects.latest("pk").pk
    before = head()
    assert terminal("supervisor", "staff", "approve", pk, *SAY, "--apply").code == Exit.REFUSED
    assert record(before)[1:] == [REFUSED]


def test_a_new_way_in_is_asked_for_and_given(terminal: Terminal, officer: Staff):
    assert terminal("sysadmin", "staff", "reset", "officer", *SAY).code == Exit.DRY_RUN
    asked = terminal("sysadmin", "staff", "reset", "officer", *SAY, "--apply", "--json")
    assert asked.code == Exit.WAITING
    done = terminal("supervisor", "staff", "approve", asked.json["request"], *SAY, "--apply", "--json")
    assert done.code == Exit.DONE and done.json["link"].startswith("/account/welcome/")
    officer.refresh_from_db()
    assert not is_password_usable(officer.password)


def test_what_is_taken_away_needs_one_person_and_no_approval(terminal: Terminal, cast, officer: Staff):
    acts = {
        ("revoke", "officer2", "officer"): ("staff.role_ended", {"holding": 1}),
        ("deactivate", "officer"): ("staff.deactivated", {"holding": 1, "staff": 1}),
        ("unlock", "agent"): ("staff.unlocked", {}),
    }
    for _try in range(6):
        throttle.hit("sign-in", "agent", "strangers")
    for words, left in acts.items():
        before = head()
        dry = terminal("supervisor", "staff", *words, *SAY)
        assert dry.code == Exit.DRY_RUN and words[1] in dry.out
        assert terminal("supervisor", "staff", *words, *SAY, "--json").json["applied"] is False
        assert [verb for verb, _rows in record(before)] == ["staff.token_issued"] * 2
        before = head()
        assert terminal("supervisor", "staff", *words, *SAY, "--apply").code == Exit.DONE
        assert record(before)[1:] == [left]
        again = terminal("supervisor", "staff", *words, *SAY, "--apply")
        assert again.code == (Exit.DONE if words[0] == "unlock" else Exit.USAGE)
    assert not Holding.objects.live().filter(staff__username__in=("officer", "officer2")).exists()
    assert throttle.hit("sign-in", "agent", "strangers").within
    done = terminal("supervisor", "staff", "revoke", "agent", "agent", *SAY, "--apply", "--json")
    assert done.json == {"login": "agent", "active": True, "roles": [], "applied": True}
    assert broken() == []


def test_sessions_are_listed_and_ended(terminal: Terminal, officer: Staff):
    Client().force_login(officer)
    listed = terminal("supervisor", "staff", "sessions", "officer", *SAY)
    assert listed.code == Exit.DONE and "Sessions of officer: 1." in listed.out
    assert len(terminal("supervisor", "staff", "sessions", "officer", *SAY, "--json").json["sessions"]) == 1
    dry = terminal("supervisor", "staff", "sessions", "officer", "--end", *SAY)
    assert dry.code == Exit.DRY_RUN and "Dry run: nothing is changed." in dry.out and "Dry run" not in listed.out
    assert StaffSession.objects.filter(staff=officer).count() == 1
    done = terminal("supervisor", "staff", "sessions", "officer", "--end", *SAY, "--apply")
    assert done.code == Exit.DONE and "Sessions of officer ended: 1." in done.out
    assert not StaffSession.objects.filter(staff=officer).exists()
    assert terminal("auditor", "staff", "sessions", "officer", *SAY).code == Exit.REFUSED


def test_the_access_review_is_an_export_also_at_the_terminal(terminal: Terminal, cast):
    before = head()
    said = terminal("auditor", "staff", "report", *SAY, "--json")
    assert said.code == Exit.DONE and len(said.json["rows"]) == len(cast)
    (row,) = [row for row in said.json["rows"] if row["login"] == "officer"]
    assert (row["role"], row["emergency"], row["second_factor"], row["flags"]) == ("officer", False, False, [])
    assert record(before)[1:] == [("staff.report_exported", {})]
    assert Event.objects.latest("seq").reason == WHY
    lines = terminal("auditor", "staff", "report", *SAY)
    assert "enforcement officer" in lines.out and lines.code == Exit.DONE
    assert lines.out.splitlines()[0].startswith("Login            Role  From – until  Last act  To look at")
    for _time in range(throttle.LIMITS["export"].hits):
        last = terminal("auditor", "staff", "report", *SAY)
    assert last.code == Exit.REFUSED and "limit" in last.error


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("supervisor", ("invite", "wangwu", "--name", "Wang Wu", "--role", "agent")),
        ("supervisor", ("grant", "agent", "officer")),
        ("auditor", ("reset", "officer")),
        ("officer", ("revoke", "agent", "agent")),
        ("auditor", ("deactivate", "agent")),
        ("agent", ("unlock", "officer")),
        ("officer", ("sessions", "agent", "--end")),
        ("officer", ("report",)),
        ("sysadmin", ("grant", "sysadmin", "officer")),  # nobody grants himself
        ("supervisor", ("deactivate", "supervisor")),
    ],
)
def test_whoever_may_not_is_refused_with_5_on_the_record_dry_or_not(terminal: Terminal, login, words):
    for more in ((), ("--apply",)):
        before = head()
        said = terminal(login, "staff", *words, *SAY, *more)
        assert (said.code, record(before)[1:]) == (Exit.REFUSED, [REFUSED]), said
    assert AccessRequest.objects.count() == 0


def test_one_shell_does_not_play_both_people(terminal: Terminal, sysadmin: Staff):
    pk = terminal("sysadmin", *INVITE, "--apply", "--json").json["request"]
    own = issue_token(sysadmin)
    assert terminal("supervisor", "staff", "approve", pk, *SAY, "--apply", token=own).code == Exit.REFUSED
    assert terminal("sysadmin", "staff", "approve", pk, *SAY, "--apply").code == Exit.REFUSED
    assert AccessRequest.objects.get().state == "proposed"


@pytest.mark.parametrize(
    ("login", "words", "told"),
    [
        ("sysadmin", ("invite", "officer", "--name", "x", "--role", "agent"), "is taken"),
        ("sysadmin", ("invite", "two words", "--name", "x", "--role", "agent"), "A login is"),
        ("sysadmin", ("invite", "wangwu", "--name", "x", "--role", "agent", "--until", "tomorrow"), "tomorrow"),
        ("sysadmin", ("invite", "wangwu", "--name", "x", "--role", "agent", "--until", "2020-01-01"), "past"),
        ("sysadmin", ("grant", "nobody", "officer"), "nobody"),
        ("sysadmin", ("grant", "system-door", "officer"), "system-door"),
        ("supervisor", ("approve", "99999"), "99999"),
        ("supervisor", ("revoke", "agent", "officer"), "does not hold"),
        ("supervisor", ("deactivate", "nobody"), "nobody"),
    ],
)
def test_bad_input_is_told_with_2_and_leaves_nothing(terminal: Terminal, login, words, told):
    for more in ((), ("--apply",)):
        before = head()
        said = terminal(login, "staff", *words, *SAY, *more)
        assert (said.code, told in said.error) == (Exit.USAGE, True), said
        assert [verb for verb, _rows in record(before)] == ["staff.token_issued"]


@pytest.mark.parametrize("words", [("staff", "unlock", "agent"), ("staff", "deactivate", "agent"), INVITE[:-2]])
def test_a_reason_is_given_dry_or_not(terminal: Terminal, words):
    for more in ((), ("--apply",)):
        short = terminal("sysadmin", *words, "--reason", "short", *more)
        assert short.code == Exit.USAGE and "at least 6 characters" in short.error


@pytest.mark.django_db(transaction=True)
def test_the_first_two_of_a_new_house_are_let_in_once_and_never_again(terminal: Terminal, cast):
    found = ("staff", "found", "root", "boss")
    before = head()
    assert terminal(None, *found, "--apply").code == Exit.REFUSED and record(before) == [REFUSED]
    Holding.objects.update(until=timezone.now())
    before = head()
    assert terminal(None, *found, "--apply").code == Exit.REFUSED and record(before) == [REFUSED]  # nor when they left
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM staff_holding")  # a house where nobody has ever held a role
    before = head()
    dry = terminal(None, *found)
    assert (dry.code, record(before)) == (Exit.DRY_RUN, []) and "root" in dry.out and "/welcome/" not in dry.out
    for words, told in (
        (("boss", "BOSS"), "two people"),
        (("officer", "boss"), "taken"),
        (("a b", "boss"), "A login is"),
    ):
        wrong = terminal(None, "staff", "found", *words, "--apply")
        assert wrong.code == Exit.USAGE and told in wrong.error and record(before) == []
    done = terminal(None, *found, "--apply", "--json")
    assert done.code == Exit.DONE and list(done.json["links"]) == ["root", "boss"]
    assert record(before) == [("staff.joined", {"holding": 1, "staff": 1})] * 2
    assert {e.actor.username for e in Event.objects.filter(seq__gt=before)} == {"system-setup"}
    for path in done.json["links"].values():
        assert Client().get(path).status_code == 200
    root, boss = (Staff.objects.get(username=login) for login in ("root", "boss"))
    assert (*root.roles, *boss.roles) == ("sysadmin", "supervisor")
    again = terminal(None, "staff", "found", "root2", "boss2", "--apply")
    assert again.code == Exit.REFUSED and "Somebody has held a role already" in again.error
    # The two let in everybody else.
    asked = access.invite("third", "officer", name="Third", actor=root, reason=WHY)
    access.approve(asked, actor=boss, reason=WHY, content_hash=asked.content_hash)
    assert Staff.objects.get(username="third").roles == {"officer"}


def test_a_link_names_the_house_where_the_settings_do(terminal: Terminal, sysadmin: Staff, settings):
    asked = request_reset(Staff.objects.get(username="officer"), actor=sysadmin, reason=WHY)
    settings.PRODUCTION, settings.ALLOWED_HOSTS = True, [".wide.example", "desk.example"]
    done = terminal("supervisor", "staff", "approve", asked.pk, *SAY, "--apply")
    assert "  https://desk.example/account/welcome/" in done.out, done


@pytest.mark.parametrize(("command", "acts"), [("staff", "{invite,grant,"), ("decisions", "{show,run,pause,")])
def test_a_command_without_an_act_says_which_there_are(terminal: Terminal, command, acts):
    said = terminal(None, command)
    assert f"the following arguments are required: {acts}" in said.error
