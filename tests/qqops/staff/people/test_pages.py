"""Joiners, movers, leavers at the web door: who may, what is said before the click, what is done, what is left."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from qqops.audit.models import Event
from qqops.staff.access import services as access
from qqops.staff.models import AccessRequest, CommandToken, Holding, Staff
from qqops.staff.people import services as people
from qqops.staff.signin import throttle
from tests.enforcement.acts import broken
from tests.pages import confirm, preview, text, told
from tests.qqops.staff.people.acting import (
    NEWCOMER,
    REFUSED,
    WHY,
    agree,
    answer,
    at,
    head,
    press,
    record,
)


def shown_datetime(moment: datetime.datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_a_newcomer_is_proposed_by_one_let_in_by_another_and_sets_a_password_by_the_link(desk, cast):
    sysadmin, supervisor, before = desk("sysadmin"), desk("supervisor"), head()
    shown = preview(sysadmin, at("staff_invite"), NEWCOMER)
    for part in (
        "Nothing is given yet",
        "Wang Wu (wangwu) is support agent from then on, without an end",
        "shown a code, once",
    ):
        assert part in text(shown), part
    assert record(before) == [] and not Staff.objects.filter(username="wangwu").exists()
    done = confirm(sysadmin, at("staff_invite"), NEWCOMER, shown.context["token"])
    asked, code = AccessRequest.objects.get(), done.context["code"]
    assert f"Request #{asked.pk} waits for approval" in text(done) and code in text(done)
    assert "no-store" in done["Cache-Control"] and code not in text(
        sysadmin.get(at("staff_accessrequest_change", asked.pk))
    )
    assert record(before) == [("staff.access_requested", {"request": 1, "staff": 1})]
    newcomer = Staff.objects.get(username="wangwu")
    assert (newcomer.is_active, newcomer.may_enter, newcomer.has_usable_password()) == (False, False, False)

    before = head()
    page = text(supervisor.get(at("access_ruling", asked.pk)))
    for part in ("let in · support agent", "Wang Wu (wangwu)", WHY, "HR-7", "sysadmin", "shown a link, once"):
        assert part in page, part
    linked = answer(supervisor, asked)
    assert linked.status_code == 200 and "no-store" in linked["Cache-Control"]
    link = linked.context["link"]
    assert link.startswith("http://testserver/account/welcome/") and link in text(linked)
    assert "good for 72 hours, once" in text(linked)
    assert record(before) == [("staff.access_approved", {"approval": 1, "holding": 1, "request": 1, "staff": 1})]
    assert link.rsplit("/", 2)[1] not in str(list(Event.objects.values_list("facts", "reason")))
    # Nowhere else, and not a second time.
    assert "/welcome/" not in text(supervisor.get(at("staff_accessrequest_change", asked.pk)))
    again = answer(supervisor, asked)
    assert again.status_code == 409 and "is not waiting for approval" in text(again)

    stranger = Client()
    stranger.cookies["django_language"] = "en"
    word = "a brand new long sentence"
    # Who has the link only, as the approver, or the code only, as the maker, gets no further.
    for wrong in ("", "AAAA-2222"):
        refused = stranger.post(link, {"code": wrong, "new_password1": word, "new_password2": word})
        assert refused.status_code == 200 and not Staff.objects.get(username="wangwu").has_usable_password()
    assert code not in text(supervisor.get(at("access_ruling", asked.pk)))
    sent = {"code": code.lower(), "new_password1": word, "new_password2": word}
    assert stranger.post(link, sent).status_code == 302
    newcomer = Staff.objects.get(username="wangwu")
    assert newcomer.check_password(word) and newcomer.roles == {"agent"} and newcomer.may_enter
    assert stranger.get(link).status_code == 404
    assert broken() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"login": "officer"}, "is taken"),
        ({"login": "OFFICER"}, "is taken"),
        ({"login": "system-helper"}, "belong to the house itself"),
        ({"login": "two words"}, "A login is"),
        ({"login": "wang@example.com"}, "Leave personal data out"),
        ({"name": "Wang 13800138000"}, "Leave personal data out"),
        ({"reason": "short"}, "at least 6 characters"),
        ({"reason": "call 13800138000 for it"}, "Leave personal data out"),
        ({"ticket": "13800138000"}, "Leave personal data out"),
        ({"until": "2020-01-01T00:00"}, "lies in the past"),
        ({"role": "superuser"}, "Select a valid choice"),
        ({"role": ""}, "This field is required"),
    ],
)
def test_a_wrong_invitation_is_told_and_leaves_nothing(desk, change, sentence):
    before = head()
    wrong = preview(desk("sysadmin"), at("staff_invite"), NEWCOMER | change)
    assert wrong.status_code == 200 and sentence in text(wrong) and not wrong.context["frozen"]
    assert (record(before), AccessRequest.objects.count()) == ([], 0)


def test_whoever_left_is_invited_anew_and_nobody_else_under_his_name(desk, cast, supervisor, sysadmin):
    people.deactivate(cast["agent"], actor=supervisor, reason=WHY)
    said = NEWCOMER | {"login": "agent"}
    shown = preview(desk("sysadmin"), at("staff_invite"), said)
    assert "agent was here before" in text(shown)
    assert confirm(desk("sysadmin"), at("staff_invite"), said, shown.context["token"]).context["code"]
    asked = AccessRequest.objects.get()
    assert asked.staff == cast["agent"]
    agree(asked, supervisor)
    assert Staff.objects.get(pk=cast["agent"].pk).roles == {"agent"}
    assert Holding.objects.filter(staff=cast["agent"]).count() == 2
    assert broken() == []


def test_cover_is_given_for_a_time_and_ends_by_itself(desk, cast, supervisor):
    sysadmin, outsider = desk("sysadmin"), cast["outsider"]
    end = timezone.now() + datetime.timedelta(days=3)
    said = {"role": "supervisor", "until": shown_datetime(end), "reason": WHY}
    page = text(sysadmin.get(at("staff_grant", outsider.pk)))
    assert "Only to cover for somebody away: the role ends by itself then." in page
    shown = preview(sysadmin, at("staff_grant", outsider.pk), said)
    assert f"until {timezone.localtime(end):%Y-%m-%d %H:%M}, when it ends by itself" in text(shown)
    before = head()
    confirm(sysadmin, at("staff_grant", outsider.pk), said, shown.context["token"])
    asked = AccessRequest.objects.get()
    assert answer(desk("supervisor"), asked).status_code == 302  # a role has no link
    assert record(before) == [
        ("staff.access_requested", {"request": 1}),
        ("staff.access_approved", {"approval": 1, "holding": 1, "request": 1}),
    ]
    holding = Holding.objects.get(staff=outsider)
    assert holding.until == end.replace(second=0, microsecond=0) and holding.request == asked
    assert broken() == []


def test_a_pair_that_excludes_each_other_is_said_in_the_preview_and_refused_at_approval(desk, cast):
    sysadmin, reviewer = desk("sysadmin"), cast["reviewer"]
    said = {"role": "officer", "reason": WHY}
    shown = preview(sysadmin, at("staff_grant", reviewer.pk), said)
    assert "reviewer is appeals reviewer now, and nobody can be both" in text(shown)
    confirm(sysadmin, at("staff_grant", reviewer.pk), said, shown.context["token"])
    asked, supervisor = AccessRequest.objects.get(), desk("supervisor")
    assert "cannot be approved while reviewer is appeals reviewer" in text(
        supervisor.get(at("access_ruling", asked.pk))
    )
    before = head()
    refused = answer(supervisor, asked)
    assert refused.status_code == 403 and "holds this role already, or one that excludes it" in text(refused)
    assert record(before) == [REFUSED] and AccessRequest.objects.get().state == "proposed"
    # The same role twice is such a pair too; another one is not.
    assert "is appeals reviewer already" in text(
        preview(sysadmin, at("staff_grant", reviewer.pk), said | {"role": "reviewer"})
    )
    assert "is appeals reviewer already" not in text(
        preview(sysadmin, at("staff_grant", reviewer.pk), said | {"role": "agent"})
    )


def test_a_new_way_in_ends_the_old_ones_when_it_is_approved(desk, cast, officer, supervisor, token):
    browser, sysadmin, secret = desk("officer"), desk("sysadmin"), token(officer)
    shown = preview(sysadmin, at("staff_reset", officer.pk), {"reason": WHY, "ticket": "H-1"})
    assert "password, second factors, sessions and command tokens of officer end; the roles stay" in text(shown)
    confirm(sysadmin, at("staff_reset", officer.pk), {"reason": WHY, "ticket": "H-1"}, shown.context["token"])
    assert browser.get(at("me")).status_code == 200
    before, asked = head(), AccessRequest.objects.get()
    linked = answer(desk("supervisor"), asked)
    assert "/account/welcome/" in linked.context["link"]
    assert record(before) == [("staff.access_approved", {"alert": 1, "approval": 1, "request": 1, "staff": 1})]
    assert browser.get(at("me"))["Location"].startswith("/admin/login/")
    fresh = Staff.objects.get(pk=officer.pk)
    assert (fresh.roles, fresh.has_usable_password()) == (frozenset({"officer"}), False)
    assert CommandToken.objects.get(digest=CommandToken.hash(secret)).revoked_at is not None
    assert broken() == []


def test_a_role_is_ended_at_once_and_the_sessions_with_it(desk, cast, officer):
    browser, supervisor, before = desk("officer"), desk("supervisor"), head()
    url = at("staff_revoke", officer.pk)
    assert "Nobody else is" not in text(supervisor.get(url))
    assert 'value="agent"' not in supervisor.get(url).content.decode()  # only roles held are offered
    done = press(supervisor, url, {"role": "officer", "reason": WHY})
    assert told(supervisor.get(done["Location"])) == ["officer is no longer enforcement officer."]
    assert record(before) == [("staff.role_ended", {"holding": 1})]
    assert browser.get(at("me"))["Location"].startswith("/admin/login/")
    assert not Staff.objects.get(pk=officer.pk).may_enter
    assert broken() == []


def test_what_takes_something_from_somebody_is_red_on_the_persons_page_and_on_its_own(desk, officer):
    red = []
    for login in ("supervisor", "sysadmin"):
        browser = desk(login)
        for act in browser.get(at("staff_staff_change", officer.pk)).context["acts"]:
            if shown := browser.get(act.url).context.get("preview"):
                assert shown.danger == act.danger, act.label
                red += [act.label] if act.danger else []
    assert red == ["End a role", "End sessions", "Deactivate"] * 2


def test_who_loses_the_last_supervisor_is_warned(desk, cast, supervisor):
    access.revoke(cast["supervisor2"], "supervisor", actor=supervisor, reason=WHY)
    page = preview(desk("sysadmin"), at("staff_deactivate", supervisor.pk), {"reason": WHY})
    assert "Nobody else is supervisor: without one nobody can be let in any more." in text(page)


def test_a_leaver_is_out_at_once_with_everything_he_held(desk, cast, officer, token):
    browser, supervisor = desk("officer"), desk("supervisor")
    token(officer)
    before = head()
    done = press(supervisor, at("staff_deactivate", officer.pk), {"reason": WHY})
    page = supervisor.get(done["Location"])
    assert told(page) == ["officer is deactivated."] and "deactivated" in text(page)
    assert record(before) == [("staff.deactivated", {"holding": 1, "staff": 1})]
    assert browser.get(at("me"))["Location"].startswith("/admin/login/")
    fresh = Staff.objects.get(pk=officer.pk)
    assert (fresh.is_active, fresh.roles, fresh.has_usable_password()) == (False, frozenset(), False)
    assert not any(t.is_live for t in CommandToken.objects.filter(staff=officer))
    for act in ("Give a role", "End a role", "Deactivate", "Unlock"):
        assert act not in text(page)
    assert broken() == []


def test_nobody_deactivates_or_grants_himself_not_even_by_a_raw_post(desk, supervisor, sysadmin):
    for login, name, said, sentence in (
        ("supervisor", "staff_deactivate", {"reason": WHY}, "You cannot deactivate yourself"),
        ("sysadmin", "staff_grant", {"role": "officer", "reason": WHY}, "Nobody gives themselves access"),
        ("sysadmin", "staff_reset", {"reason": WHY}, "Nobody gives themselves access"),
    ):
        own = {"supervisor": supervisor, "sysadmin": sysadmin}[login]
        before = head()
        answered = preview(desk(login), at(name, own.pk), said)
        assert answered.status_code == 403 and sentence in text(answered)
        assert record(before) == [REFUSED]
        assert at(name, own.pk) not in desk(login).get(at("staff_staff_change", own.pk)).content.decode()
    assert (AccessRequest.objects.count(), Staff.objects.get(pk=supervisor.pk).is_active) == (0, True)


def test_sessions_of_somebody_are_ended_and_ones_own_is_kept(desk, cast, officer, supervisor):
    one, two, mine, before = desk("officer"), desk("officer"), desk("supervisor"), head()
    page = mine.get(at("staff_staff_change", officer.pk))
    assert "Sessions 2" in text(page)
    done = press(mine, at("staff_end_sessions", officer.pk), {"reason": WHY})
    assert told(mine.get(done["Location"])) == ["2 sessions of officer ended."]
    assert "Your other sessions end at once; this one stays" in text(mine.get(at("staff_end_sessions", supervisor.pk)))
    assert record(before) == [("staff.session_ended", {})]
    event = Event.objects.latest("seq")
    assert (event.facts, event.reason, event.subject_id) == ({"why": "ended", "n": 2}, WHY, str(officer.pk))
    assert one.get(at("me")).status_code == two.get(at("me")).status_code == 302
    desk("supervisor")
    own = press(mine, at("staff_end_sessions", supervisor.pk), {"reason": WHY})
    assert told(mine.get(own["Location"])) == ["1 session of supervisor ended."]


def test_whoever_is_locked_out_is_unlocked(desk, cast, officer):
    for _try in range(7):
        throttle.hit("sign-in", "officer", "strangers")
    assert not throttle.hit("sign-in", "officer", "strangers").within
    before, supervisor = head(), desk("supervisor")
    done = press(supervisor, at("staff_unlock", officer.pk), {"reason": WHY})
    assert told(supervisor.get(done["Location"])) == ["officer can try to sign in again."]
    assert record(before) == [("staff.unlocked", {})]
    assert throttle.hit("sign-in", "officer", "strangers").within
