"""The second person at the web door: what he sees of an access request, yes and no, and that he is another person."""

import datetime

import pytest
import time_machine
from django.utils import timezone, translation

from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import AccessApproval, AccessRequest, Holding, Staff
from qqops.staff.people import services as people
from qqops.staff.policy import NOT_IN_EMERGENCY
from tests.enforcement.acts import broken
from tests.enforcement.runs.test_races import together
from tests.pages import text, told
from tests.qqops.staff.people.acting import REFUSED, WHY, agree, answer, at, forget_proof, head, record

LATER = datetime.timedelta(hours=73)


@pytest.fixture
def asked(cast: dict[str, Staff]) -> AccessRequest:
    return request_role(cast["outsider"], "officer", actor=cast["sysadmin"], reason=WHY)


def test_an_approver_finds_what_waits_for_him_everywhere_and_others_do_not(desk, asked):
    ruling = at("access_ruling", asked.pk)
    overview = desk("supervisor").get("/admin/")
    assert f"Access request #{asked.pk}" in text(overview) and ruling in overview.content.decode()
    assert "Access requests 1 waiting" in text(overview)
    assert ruling in desk("supervisor").get(at("staff_accessrequest_changelist")).content.decode()
    assert ruling in desk("supervisor").get(at("staff_accessrequest_change", asked.pk)).content.decode()
    for login in ("sysadmin", "auditor"):
        for url in ("/admin/", at("staff_accessrequest_changelist"), at("staff_accessrequest_change", asked.pk)):
            page = desk(login).get(url)
            assert ruling not in page.content.decode() and "requests 1 waiting" not in text(page)
    answer(desk("supervisor"), asked)
    assert ruling not in desk("supervisor").get("/admin/").content.decode()


def test_a_no_needs_a_reason_and_gives_nothing(desk, cast, asked):
    browser, before = desk("supervisor"), head()
    for reason, status, sentence in (("", 200, "This field is required"), ("no", 409, "at least 6 characters")):
        wrong = answer(browser, asked, "refuse", reason)
        assert wrong.status_code == status and sentence in text(wrong)
    assert record(before) == []
    done = answer(browser, asked, "refuse", "nobody is on leave in that team")
    page = browser.get(done["Location"])
    assert told(page) == [f"Request #{asked.pk} was refused."] and "nobody is on leave in that team" in text(page)
    assert record(before) == [("staff.access_refused", {"approval": 1, "request": 1})]
    assert not Holding.objects.filter(staff=cast["outsider"]).exists()
    late = answer(desk("supervisor2"), asked)
    assert late.status_code == 409 and "is not waiting for approval" in text(late)
    assert broken() == []


@pytest.mark.parametrize("login", ["agent", "reviewer", "officer", "resources", "privacy", "auditor", "sysadmin"])
def test_whoever_may_not_approve_is_refused_and_his_attempt_recorded(desk, cast, asked, login):
    before, browser = head(), desk(login)
    assert browser.get(at("access_ruling", asked.pk)).status_code == 403
    assert browser.get(at("access_ruling", 10**30)).status_code == 403
    assert record(before) == []
    for button in ("agree", "refuse"):
        assert answer(browser, asked, button).status_code == 403
    assert record(before) == [REFUSED, REFUSED]
    assert (AccessRequest.objects.get().state, AccessApproval.objects.count()) == ("proposed", 0)
    assert desk("supervisor").get(at("access_ruling", 10**30)).status_code == 404


def test_nobody_is_the_second_person_for_himself(desk, cast, sysadmin):
    own = request_role(cast["supervisor"], "privacy", actor=sysadmin, reason=WHY)
    before, browser = head(), desk("supervisor")
    page = browser.get(at("access_ruling", own.pk))
    assert "This request is for you: another person must rule on it." in text(page)
    assert 'name="agree"' not in page.content.decode()
    raw = answer(browser, own)
    assert raw.status_code == 403 and "This request is for you" in text(raw)
    assert record(before) == [REFUSED] and Event.objects.latest("seq").actor == cast["supervisor"]
    assert at("access_ruling", own.pk) not in browser.get("/admin/").content.decode()


def test_an_emergency_brings_nothing_that_outlasts_it(desk, cast, sysadmin, supervisor):
    """Nor what chooses its reviewer: who takes the role of a supervisor does not let in, end, review or mark."""
    waiting = request_role(cast["agent"], "resources", actor=sysadmin, reason=WHY)
    break_glass("supervisor", actor=cast["officer"], reason=WHY)
    taken = Staff.objects.get(pk=cast["officer"].pk)
    assert taken.has_perm("enforcement.approve_decision") and not any(map(taken.has_perm, NOT_IN_EMERGENCY))
    browser, before = desk("officer"), head()
    assert answer(browser, waiting).status_code == 403 and record(before) == [REFUSED]
    for act, said in ((people.deactivate, {}), (access.revoke, {"role": "agent"})):
        with pytest.raises(Refused):
            act(cast["agent"], actor=taken, reason=WHY, **said)
    agree(waiting, supervisor)


def test_the_last_one_who_lets_people_in_is_kept(cast, supervisor, supervisor2, sysadmin):
    people.deactivate(supervisor2, actor=sysadmin, reason=WHY)
    for act, said in ((people.deactivate, {}), (access.revoke, {"role": "supervisor"})):
        with translation.override("en"), pytest.raises(Refused, match="Nobody else holds this role for good"):
            act(supervisor, actor=sysadmin, reason=WHY, **said)
    assert Staff.objects.get(pk=supervisor.pk).may_enter


def test_an_approver_who_was_shut_out_meanwhile_approves_nothing(cast, sysadmin, supervisor, supervisor2):
    waiting = request_role(cast["agent"], "resources", actor=sysadmin, reason=WHY)
    stale = Staff.objects.get(pk=supervisor.pk)
    assert stale.has_perm("staff.approve_access")  # read before
    people.deactivate(supervisor, actor=supervisor2, reason=WHY)
    with pytest.raises(Refused):
        agree(waiting, stale)
    people.deactivate(sysadmin, actor=supervisor2, reason=WHY)
    with translation.override("en"), pytest.raises(Invalid, match="not here any more"):
        agree(waiting, supervisor2)


def test_whoever_asked_as_an_administrator_does_not_answer_as_a_supervisor(desk, asked, cast, sysadmin, supervisor):
    other = cast["sysadmin2"]
    access.revoke(sysadmin, "sysadmin", actor=supervisor, reason=WHY)
    agree(request_role(sysadmin, "supervisor", actor=other, reason=WHY), supervisor)
    before, browser = head(), desk("sysadmin")
    page = browser.get(at("access_ruling", asked.pk))
    assert "You made this request: another person must rule on it." in text(page)
    assert 'name="agree"' not in page.content.decode()
    assert answer(browser, asked).status_code == 403 and record(before) == [REFUSED]
    assert at("access_ruling", asked.pk) not in browser.get("/admin/").content.decode()
    assert answer(desk("supervisor"), asked).status_code == 302


def test_what_was_not_seen_is_not_agreed_to(desk, asked):
    browser, before = desk("supervisor"), head()
    for seen in ("0" * 64, ""):
        said = {"reason": "seen and agreed", "agree": "1", "content_hash": seen}
        assert browser.post(at("access_ruling", asked.pk), said).status_code in (200, 409)
    assert (record(before), AccessApproval.objects.count()) == ([], 0)


def test_a_request_lapses_after_three_days(desk, asked):
    with time_machine.travel(timezone.now() + LATER, tick=True):
        browser, before = desk("supervisor"), head()
        page = browser.get(at("access_ruling", asked.pk))
        assert "The request has lapsed; it must be made anew." in text(page)
        assert 'name="agree"' not in page.content.decode()
        assert answer(browser, asked).status_code == 409 and record(before) == []
        assert "Access request #" not in text(browser.get("/admin/"))
        rows = {state: len(browser.get(f"{at('staff_accessrequest_changelist')}?state={state}").context["page"].rows)
                for state in ("waiting", "lapsed", "applied", "refused")}  # fmt: skip
        assert rows == {"waiting": 0, "lapsed": 1, "applied": 0, "refused": 0}
        assert "lapsed" in text(browser.get(at("staff_accessrequest_change", asked.pk)))
        again = request_role(
            Staff.objects.get(username="outsider"), "officer", actor=Staff.objects.get(username="sysadmin"), reason=WHY
        )
        assert again.pk != asked.pk


def test_an_old_proof_is_asked_for_first_and_the_reason_stays(desk, asked):
    browser = desk("supervisor")
    forget_proof(browser)
    before = head()
    assert browser.get(at("access_ruling", asked.pk))["Location"].startswith("/account/proof/?next=")
    late = answer(browser, asked, reason="read it twice")
    assert late.status_code == 403 and "read it twice" in text(late) and "Give it again in a new tab" in text(late)
    assert record(before) == []


def test_an_approver_who_loses_the_role_meanwhile_is_signed_out_and_approves_nothing(desk, cast, asked):
    browser = desk("supervisor")
    assert browser.get(at("access_ruling", asked.pk)).status_code == 200
    access.revoke(cast["supervisor"], "supervisor", actor=cast["supervisor2"], reason=WHY)
    before = head()
    assert answer(browser, asked)["Location"].startswith("/admin/login/")
    assert (record(before), AccessApproval.objects.count()) == ([], 0)


def test_a_role_is_not_given_to_who_was_deactivated_since(desk, cast, asked, supervisor2):
    people.deactivate(cast["outsider"], actor=supervisor2, reason=WHY)
    late = answer(desk("supervisor"), asked)
    assert late.status_code == 409 and "outsider is not active" in text(late)
    assert AccessRequest.objects.get().state == "proposed"


def test_cover_whose_end_has_passed_is_not_approved_any_more(desk, cast, sysadmin):
    until = timezone.now() + datetime.timedelta(hours=1)
    asked = request_role(cast["outsider"], "officer", actor=sysadmin, reason=WHY, until=until)
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=2), tick=True):
        late = answer(desk("supervisor"), asked)
        assert late.status_code == 409 and "lies in the past" in text(late)


def test_the_history_of_a_request_is_there_to_read(desk, asked):
    answer(desk("supervisor"), asked)
    page = text(desk("auditor").get(at("staff_accessrequest_history", asked.pk)))
    assert "approved access of outsider" in page and "applied" in page


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_once_let_in_once(cast, sysadmin, supervisor, supervisor2):
    for _again in range(3):
        login = f"newcomer{_again}"
        asked = access.invite(login, "agent", name="New Comer", actor=sysadmin, reason=WHY)
        found = together(lambda a=asked: agree(a, supervisor), lambda a=asked: agree(a, supervisor2))  # type: ignore[misc]
        assert sorted(type(f).__name__ for f in found) == ["Invalid", "Ruled"]
        assert asked.approvals.count() == Holding.objects.filter(staff__username=login).count() == 1
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_exclude_each_other_approved_at_once_leave_one(cast, sysadmin, supervisor, supervisor2):
    one = request_role(cast["outsider"], "officer", actor=sysadmin, reason=WHY)
    two = request_role(cast["outsider"], "reviewer", actor=sysadmin, reason=WHY)
    found = together(lambda: agree(one, supervisor), lambda: agree(two, supervisor2))
    assert sorted(type(f).__name__ for f in found) == ["Refused", "Ruled"]
    assert Holding.objects.live().filter(staff=cast["outsider"]).count() == 1
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_the_same_asked_for_at_once_is_one_request(cast, sysadmin):
    ask = lambda: request_role(cast["agent"], "officer", actor=sysadmin, reason=WHY)  # noqa: E731
    call = lambda: access.invite("twice", "agent", name="New Comer", actor=sysadmin, reason=WHY)  # noqa: E731
    for act in (ask, call):
        found = together(act, act, act)
        assert sum(isinstance(f, AccessRequest) for f in found) == 1, found
    assert AccessRequest.objects.count() == 2 and list(verify()) == []
