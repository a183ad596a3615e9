"""Who may open and send the pages of joiners, movers and leavers, and what a second click or a lost role does."""

import pytest
from django.utils import timezone

from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.models import AccessRequest, Holding, Staff, StaffSession
from qqops.staff.people import services as people
from qqops.staff.signin import throttle
from tests.pages import confirm, preview, text, told
from tests.qqops.staff.people.acting import (
    NEWCOMER,
    REFUSED,
    WHY,
    agree,
    at,
    forget_proof,
    head,
    press,
    record,
)

ACTS = {
    "staff_grant": ("sysadmin", {"role": "officer", "reason": WHY}),
    "staff_reset": ("sysadmin", {"reason": WHY}),
    "staff_revoke": ("supervisor", {"role": "agent", "reason": WHY}),
    "staff_deactivate": ("supervisor", {"reason": WHY}),
    "staff_end_sessions": ("supervisor", {"reason": WHY}),
    "staff_unlock": ("supervisor", {"reason": WHY}),
}
MAY = {
    "staff_grant": {"sysadmin"},
    "staff_reset": {"sysadmin"},
    "staff_revoke": {"sysadmin", "supervisor"},
    "staff_deactivate": {"sysadmin", "supervisor"},
    "staff_end_sessions": {"sysadmin", "supervisor"},
    "staff_unlock": {"sysadmin", "supervisor"},
    "staff_invite": {"sysadmin"},
}
ROLES = ("agent", "reviewer", "officer", "supervisor", "resources", "privacy", "auditor", "sysadmin")


@pytest.mark.parametrize("name", [*MAY])
def test_a_raw_post_by_the_wrong_role_is_refused_and_recorded(desk, cast, name):
    args = [] if name == "staff_invite" else [cast["agent"].pk]
    said = NEWCOMER if name == "staff_invite" else ACTS[name][1]
    for role in ROLES:
        if role in MAY[name]:
            continue
        before, browser = head(), desk(role)
        assert browser.get(at(name, *args)).status_code == 403
        assert record(before) == []  # looking at a closed door is not an act
        for step in ("preview", "confirm"):
            assert browser.post(at(name, *args), said | {"step": step, "token": "x"}).status_code == 403
        assert record(before) == [REFUSED, REFUSED], role
        assert Event.objects.latest("seq").actor == cast[role]
    assert AccessRequest.objects.count() == 0


@pytest.mark.parametrize("name", [*ACTS])
def test_nobody_and_a_system_actor_are_404_for_who_may_and_403_for_who_may_not(desk, cast, name):
    system = Staff.objects.system("system-door")
    for pk in (0, 10**30, system.pk):
        assert desk(ACTS[name][0]).get(at(name, pk)).status_code == 404
        assert desk("agent").get(at(name, pk)).status_code == 403


@pytest.mark.parametrize("name", [*ACTS])
def test_an_old_proof_is_asked_for_first_and_what_was_typed_stays(desk, cast, name):
    login, said = ACTS[name]
    url, browser = at(name, cast["agent"].pk), desk(login)
    token = preview(browser, url, said).context["token"]
    forget_proof(browser)
    before = head()
    assert browser.get(url)["Location"].startswith("/account/proof/?next=")
    for late in (preview(browser, url, said), confirm(browser, url, said, token)):
        assert late.status_code == 403 and WHY in text(late) and "Give it again in a new tab" in text(late)
    assert (record(before), AccessRequest.objects.count()) == ([], 0)


@pytest.mark.parametrize("name", [*ACTS])
def test_who_loses_the_role_while_the_form_is_open_is_signed_out_and_does_nothing(desk, cast, name):
    login, said = ACTS[name]
    url, browser = at(name, cast["agent"].pk), desk(login)
    token = preview(browser, url, said).context["token"]
    access.revoke(cast[login], login, actor=cast["supervisor2"], reason=WHY)
    before = head()
    assert confirm(browser, url, said, token)["Location"].startswith("/admin/login/")
    assert (record(before), AccessRequest.objects.count()) == ([], 0)
    assert Staff.objects.get(pk=cast["agent"].pk).roles == {"agent"}


@pytest.mark.parametrize("name", [name for name, (login, _said) in ACTS.items() if login == "supervisor"])
def test_who_has_two_roles_and_loses_the_one_that_is_needed_is_refused(desk, cast, name, sysadmin, supervisor):
    _login, said = ACTS[name]
    agree(request_role(cast["officer"], "supervisor", actor=sysadmin, reason=WHY), supervisor)
    url, browser = at(name, cast["agent"].pk), desk("officer")
    token = preview(browser, url, said).context["token"]
    # Ended by its date, not by an act: the session goes on, the right does not.
    Holding.objects.filter(staff=cast["officer"], role="supervisor").update(until=timezone.now())
    before = head()
    assert confirm(browser, url, said, token).status_code == 403
    assert record(before) == [REFUSED]
    assert browser.get(at("me")).status_code == 200


@pytest.mark.parametrize("name", [*ACTS, "staff_invite"])
def test_a_second_click_is_led_to_what_the_first_one_did(desk, cast, name):
    login, said = ACTS.get(name, ("sysadmin", NEWCOMER))
    url = at(name) if name == "staff_invite" else at(name, cast["agent"].pk)
    browser = desk(login)
    token = preview(browser, url, said).context["token"]
    first = confirm(browser, url, said, token)
    led_to = first["Location"] if first.status_code == 302 else first.context["done"]  # a code is shown at once
    after = (head(), AccessRequest.objects.count())
    second = confirm(browser, url, said, token)
    assert second.status_code == 302 and second["Location"] == led_to
    assert told(browser.get(second["Location"]))[-1] == "This was done already, by the first press of the button."
    assert (head(), AccessRequest.objects.count()) == after


def test_the_same_act_again_is_a_new_act_when_it_was_previewed_again(desk, officer):
    browser, before = desk("supervisor"), head()
    for _again in range(2):
        assert press(browser, at("staff_unlock", officer.pk), {"reason": WHY}).status_code == 302
    assert [verb for verb, _rows in record(before)] == ["staff.unlocked"] * 2


def test_the_same_is_asked_for_once_by_one_person(desk, cast, sysadmin):
    first = request_role(cast["agent"], "officer", actor=sysadmin, reason=WHY)
    before = head()
    again = preview(desk("sysadmin"), at("staff_grant", cast["agent"].pk), {"role": "officer", "reason": WHY})
    assert f"You have asked for this already: request #{first.pk} waits for approval." in text(again)
    assert record(before) == []
    other = press(desk("sysadmin"), at("staff_grant", cast["agent"].pk), {"role": "resources", "reason": WHY})
    assert other.status_code == 302 and AccessRequest.objects.count() == 2


def test_a_person_who_changed_since_the_preview_is_shown_again(desk, cast, officer, supervisor):
    browser, said = desk("sysadmin"), {"reason": WHY}
    token = preview(browser, at("staff_deactivate", officer.pk), said).context["token"]
    asked = request_role(officer, "agent", actor=cast["sysadmin"], reason=WHY)
    agree(asked, supervisor)
    before = head()
    stale = confirm(browser, at("staff_deactivate", officer.pk), said, token)
    assert stale.status_code == 409 and "Nothing was done: see the new figures" in text(stale)
    assert record(before) == []
    assert confirm(browser, at("staff_deactivate", officer.pk), said, stale.context["token"]).status_code == 302


def test_the_list_is_filtered_searched_and_offers_to_invite_whom_it_concerns(desk, cast, supervisor):
    people.deactivate(cast["agent"], actor=supervisor, reason=WHY)

    def found(query: str, login: str = "sysadmin") -> list[str]:
        return [row.username for row in desk(login).get(f"/admin/staff/staff/{query}").context["page"].rows]

    assert found("?standing=gone") == ["agent"] and found("?role=officer") == ["officer", "officer2"]
    assert "system-door" in found("?standing=system") and "officer" not in found("?standing=system")
    assert found("?q=offi") == ["officer", "officer2"]
    assert desk("auditor").get("/admin/staff/staff/?q=officer")["Location"] == at(
        "staff_staff_change", cast["officer"].pk
    )
    assert at("staff_invite") in desk("sysadmin").get("/admin/staff/staff/").content.decode()
    assert at("staff_invite") not in desk("supervisor").get("/admin/staff/staff/").content.decode()


def test_a_persons_page_says_what_is_held_by_whose_word_and_what_happened(desk, cast, sysadmin, supervisor):
    asked = request_role(cast["outsider"], "officer", actor=sysadmin, reason=WHY)
    agree(asked, supervisor)
    request_role(cast["outsider"], "agent", actor=sysadmin, reason=WHY)
    page = desk("auditor").get(at("staff_staff_change", cast["outsider"].pk))
    shown = text(page)
    for part in ("sysadmin, approved by supervisor", "Second factor not set up yet", "give a role · support agent",
                 "approved access of outsider", "joined as"):  # fmt: skip
        assert part in shown, part
    assert at("staff_accessrequest_change", asked.pk) in page.content.decode()
    for act in ("Give a role", "End a role", "Deactivate", "Unlock"):
        assert act not in shown  # an auditor only looks


@pytest.mark.parametrize(("login", "acts"), [("supervisor", 5), ("sysadmin", 6), ("auditor", 2)])
def test_the_buttons_are_those_of_ones_rights(desk, cast, login, acts):
    page = desk(login).get(at("staff_staff_change", cast["agent"].pk))
    urls = {act.url for act in page.context["acts"]} - {at("staff_staff_history", cast["agent"].pk)}
    assert len(urls) == acts
    for url in urls:
        assert desk(login).get(url).status_code == 200


def test_no_session_is_left_of_who_was_deactivated(desk, cast, officer, supervisor):
    desk("officer")
    people.deactivate(officer, actor=supervisor, reason=WHY)
    assert not StaffSession.objects.filter(staff=officer).exists()


def test_a_lock_out_is_seen_on_the_persons_page_and_only_then_is_there_something_to_unlock(desk, cast, officer):
    browser, url = desk("supervisor"), at("staff_staff_change", officer.pk)
    free = browser.get(url)
    assert "Sign-in locked no" in text(free) and at("staff_unlock", officer.pk) not in free.content.decode()
    for name in ("sign-in", "second-factor"):
        for _try in range(throttle.LIMITS[name].hits):
            throttle.hit(name, "officer", "strangers")
        shut = browser.get(url)
        assert "Sign-in locked until" in text(shut) and at("staff_unlock", officer.pk) in shut.content.decode()
        assert "Sign-in locked no" in text(browser.get(at("staff_staff_change", cast["officer2"].pk)))
        press(browser, at("staff_unlock", officer.pk), {"reason": WHY})
        assert "Sign-in locked no" in text(browser.get(url))
    door = Staff.objects.system("system-door")
    with recorder.act("staff.locked_out", actor=door, reason="", subject=officer, facts={"login": "officer"}):
        pass
    titles = [entry.title for entry in browser.get(url).context["timeline"]]
    assert titles[:3] == [
        "too many attempts to sign in as officer: locked for a while",
        *["unlocked the sign-in of officer"] * 2,
    ]


def test_what_somebody_did_is_one_click_away_for_who_may_read_events(desk, cast, officer):
    link, url = "/admin/audit/event/?staff=officer", at("staff_staff_change", officer.pk)
    for login, may in (("supervisor", True), ("auditor", True), ("sysadmin", False)):
        assert (f'href="{link}"' in desk(login).get(url).content.decode()) == may, login


def test_an_invitation_preselects_no_role_and_names_every_wrong_field_at_once(desk, cast):
    browser = desk("sysadmin")
    assert '<option value="" selected>' in browser.get(at("staff_invite")).content.decode()
    wrong = {"login": "two words", "name": "Wang 13800138000", "role": "", "until": "2020-01-01T00:00",
             "reason": "short", "ticket": "13800138000"}  # fmt: skip
    errors = preview(browser, at("staff_invite"), wrong).context["form"].errors
    assert set(errors) == set(wrong)
    assert "lies in the past" in errors["until"][0] and "at least 6 characters" in errors["reason"][0]


def test_whoever_was_deactivated_is_invited_again_with_login_and_name_filled_in(desk, cast, supervisor):
    url = at("staff_staff_change", cast["agent"].pk)
    assert "Invite again" not in text(desk("sysadmin").get(url))
    people.deactivate(cast["agent"], actor=supervisor, reason=WHY)
    assert "Invite again" not in text(desk("supervisor").get(url))
    browser = desk("sysadmin")
    (again,) = [act for act in browser.get(url).context["acts"] if "invite" in act.url]
    assert 'name="login" value="agent"' in browser.get(again.url).content.decode()
    shown = preview(browser, again.url, NEWCOMER | {"login": "agent"})
    assert "agent was here before" in text(shown)


def test_whoever_asked_finds_his_open_requests_on_the_overview(desk, cast, sysadmin, supervisor):
    one = request_role(cast["outsider"], "agent", actor=sysadmin, reason=WHY)
    url = at("staff_accessrequest_change", one.pk)
    assert (
        "My open requests" in text(desk("sysadmin").get("/admin/"))
        and url in desk("sysadmin").get("/admin/").content.decode()
    )
    assert "My open requests" not in text(desk("supervisor").get("/admin/"))
    agree(one, supervisor)
    assert "My open requests" not in text(desk("sysadmin").get("/admin/"))
    page = text(desk("sysadmin").get(url))
    assert "approved" in page and "applied" not in page  # to agree to a request is to do it
    listed = desk("sysadmin").get(at("staff_accessrequest_changelist"))
    assert "applied" not in text(listed) and "No. For Access State" in text(listed)
