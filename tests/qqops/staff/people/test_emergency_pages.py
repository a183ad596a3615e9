"""Breaking the glass: at once, for an hour at most, for all to see, reviewed by another."""

import datetime

import pytest
import time_machine
from django.utils import timezone, translation

from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Refused
from qqops.staff.access import services as access
from qqops.staff.emergency.services import break_glass, review_glass
from qqops.staff.models import GlassReview, Holding, Staff
from tests.enforcement.acts import broken, decide
from tests.enforcement.runs.test_races import together
from tests.pages import confirm, preview, rule, text, told
from tests.qqops.staff.people.acting import REFUSED, WHY, at, forget_proof, head, press, record

TAKE = {"role": "supervisor", "minutes": "15", "reason": "no supervisor on the night shift"}
REVIEW = {"justified": "yes", "remarks": "the fraud could not wait"}
MINUTE = datetime.timedelta(minutes=1)


def over(holding: Holding) -> datetime.datetime:
    assert holding.until is not None
    return holding.until + datetime.timedelta(seconds=1)


def test_an_officer_takes_the_role_at_once_and_everybody_can_see_it(desk, numbers, officer, cast):
    browser, waiting = desk("officer"), decide(Kind.TERMINATE, numbers(1), cast["officer2"]).decision
    assert rule(browser, waiting).status_code == 403
    assert at("emergency") in browser.get(at("me")).content.decode()
    before = head()
    shown = preview(browser, at("emergency"), TAKE)
    for part in ("You are supervisor from the click until about", "supervisors and auditors are told at once",
                 "It ends by itself, and another person reviews it within two days"):  # fmt: skip
        assert part in text(shown), part
    assert record(before) == []
    done = confirm(browser, at("emergency"), TAKE, shown.context["token"])
    assert record(before) == [("staff.broke_glass", {"alert": 1, "holding": 1})]
    holding = Holding.objects.get(glass=True)
    assert holding.until and holding.until - holding.since <= 15 * MINUTE
    end = f"{timezone.localtime(holding.until):%H:%M}"
    page = browser.get(done["Location"])
    assert told(page) == [f"You are supervisor until {end}. Supervisors and auditors have been told."]
    for url in ("/admin/", "/admin/accounts/number/", at("me")):
        assert f"Emergency access until {end}" in text(browser.get(url))
    assert "Emergency access until" not in text(desk("officer2").get("/admin/"))
    assert Alert.objects.get().code == "break_glass"
    assert rule(browser, waiting).status_code == 302  # the session goes on, with the role
    with time_machine.travel(over(holding), tick=True):
        later = desk("officer")
        assert later.get("/admin/inbox/").status_code == 403
        assert "Emergency access until" not in text(later.get("/admin/"))
    assert broken() == []


@pytest.mark.parametrize(
    ("login", "change", "status", "sentence"),
    [
        ("officer", {"role": "reviewer"}, 200, "Select a valid choice"),
        ("officer", {"role": "officer"}, 200, "Select a valid choice"),
        ("officer", {"role": "auditor"}, 200, "Select a valid choice"),
        ("officer", {"role": "sysadmin"}, 200, "Select a valid choice"),
        ("officer", {"minutes": "61"}, 200, "Select a valid choice"),
        ("officer", {"reason": "short"}, 200, "at least 6 characters"),
        ("agent", {}, 403, ""),
        ("auditor", {}, 403, ""),
        ("sysadmin", {}, 403, ""),
    ],
)
def test_what_cannot_be_taken_is_told_and_nothing_is_taken(desk, login, change, status, sentence):
    before, browser = head(), desk(login)
    answered = browser.post(at("emergency"), TAKE | change | {"step": "preview"})
    assert answered.status_code == status and sentence in text(answered)
    assert record(before) == ([REFUSED] if status == 403 else []) and not Holding.objects.filter(glass=True).exists()


def test_only_roles_that_can_be_taken_are_offered(desk, officer, cast):
    page = desk("officer").get(at("emergency"))
    offered = [value for value, _label in page.context["form"].fields["role"].choices]
    assert offered == ["agent", "supervisor", "resources", "privacy"] and "are not among them" in text(page)
    every = ("agent", "reviewer", "privacy")
    Holding.objects.bulk_create(
        [Holding(staff=cast["supervisor"], role=role, since=timezone.now()) for role in every]
    )  # officer is excluded by reviewer, resources by supervisor
    page = desk("supervisor").get(at("emergency"))
    assert "There is no other role that you could take in an emergency" in text(page)


def test_while_it_runs_the_page_says_until_when(desk, officer):
    holding = break_glass("supervisor", actor=officer, reason=WHY, minutes=5)
    page = desk("officer").get(at("emergency"))
    assert page.status_code == 403 and holding.until
    assert f"Your emergency access runs until {timezone.localtime(holding.until):%H:%M}." in text(page)
    assert "has not been reviewed" not in text(page) and 'name="role"' not in page.content.decode()


def test_it_is_given_back_at_once_by_whoever_took_it(desk, officer, supervisor):
    browser = desk("officer")
    none = browser.post(at("me"), {"give_back": "1"})
    assert told(browser.get(none["Location"])) == ["You have no emergency access that runs."]
    holding = break_glass("supervisor", actor=officer, reason=WHY)
    page = browser.get(at("me"))
    assert page.content.decode().count('name="give_back"') == 2  # beside the badge, and on the page
    assert 'name="give_back"' in browser.get("/admin/").content.decode()
    assert 'name="give_back"' not in desk("officer2").get(at("me")).content.decode()
    forget_proof(browser)
    before = head()
    done = browser.post(at("me"), {"give_back": "1"})
    page = browser.get(done["Location"])
    assert told(page) == ["The emergency access is over. It is reviewed by another person."]
    assert "Emergency access until" not in text(page) and page.wsgi_request.user.roles == {"officer"}
    event = Event.objects.get(seq__gt=before)
    assert (event.verb, event.actor, event.facts) == (
        "staff.role_ended", officer, {"login": "officer", "role": "supervisor"}
    )  # fmt: skip
    assert record(before) == [("staff.role_ended", {"holding": 1})]
    assert browser.post(at("me"), {"give_back": "1"}).status_code == 302 and len(record(before)) == 1
    review_glass(Holding.objects.get(pk=holding.pk), actor=supervisor, justified=True, remarks=WHY)
    assert broken() == []


def test_one_that_was_not_justified_bars_the_next_for_ninety_days(desk, officer, supervisor):
    holding = break_glass("supervisor", actor=officer, reason=WHY, minutes=1)
    with time_machine.travel(over(holding), tick=True):
        review_glass(holding, actor=supervisor, justified=False, remarks=WHY)
        end = f"{timezone.localtime() + datetime.timedelta(days=90):%Y-%m-%d}"
        before = head()
        barred = preview(desk("officer"), at("emergency"), TAKE)
        assert barred.status_code == 403 and f"there is no other until {end}" in text(barred)
        assert record(before) == [REFUSED]
        with translation.override("en"), pytest.raises(Refused, match="not justified"):
            break_glass("agent", actor=officer, reason=WHY)
    with time_machine.travel(over(holding) + datetime.timedelta(days=89, hours=23), tick=True):
        assert preview(desk("officer"), at("emergency"), TAKE).status_code == 403
    with time_machine.travel(over(holding) + datetime.timedelta(days=90, minutes=1), tick=True):
        assert press(desk("officer"), at("emergency"), TAKE).status_code == 302


def test_a_second_one_waits_for_the_review_of_the_first(desk, officer, supervisor):
    holding = break_glass("supervisor", actor=officer, reason=WHY, minutes=1)
    with time_machine.travel(over(holding), tick=True):
        browser, before = desk("officer"), head()
        page = browser.get(at("emergency"))
        assert page.status_code == 403 and "has not been reviewed yet: ask a supervisor" in text(page)
        assert preview(browser, at("emergency"), TAKE | {"role": "agent"}).status_code == 403
        assert record(before) == [REFUSED]
        review_glass(holding, actor=supervisor, justified=True, remarks=WHY)
        assert press(desk("officer"), at("emergency"), TAKE).status_code == 302
    assert Holding.objects.filter(glass=True).count() == 2


def test_a_second_click_takes_nothing_twice_and_is_no_refusal(desk, officer):
    browser = desk("officer")
    token = preview(browser, at("emergency"), TAKE).context["token"]
    first = confirm(browser, at("emergency"), TAKE, token)
    after = head()
    second = confirm(browser, at("emergency"), TAKE, token)
    assert second["Location"] == first["Location"] and head() == after
    assert told(browser.get(second["Location"]))[-1] == "This was done already, by the first press of the button."
    assert Holding.objects.filter(glass=True).count() == 1


def test_an_old_proof_and_a_lost_role_open_nothing(desk, cast, supervisor):
    browser = desk("officer")
    token = preview(browser, at("emergency"), TAKE).context["token"]
    forget_proof(browser)
    before = head()
    assert browser.get(at("emergency"))["Location"].startswith("/account/proof/?next=")
    late = confirm(browser, at("emergency"), TAKE, token)
    assert late.status_code == 403 and "no supervisor on the night shift" in text(late) and record(before) == []
    access.revoke(cast["officer"], "officer", actor=supervisor, reason=WHY)
    assert confirm(browser, at("emergency"), TAKE, token)["Location"].startswith("/admin/login/")
    assert not Holding.objects.filter(glass=True).exists()


def test_the_list_says_who_when_what_was_done_and_by_when_it_is_reviewed(desk, numbers, officer, supervisor):
    holding = break_glass("supervisor", actor=officer, reason=WHY, minutes=1)
    decide(Kind.FREEZE, numbers(1), officer)
    shown = text(desk("auditor").get(at("emergency_list")))
    assert "runs" in shown and "officer" in shown
    with time_machine.travel(over(holding), tick=True):
        page = desk("supervisor").get(at("emergency_list"))
        (row,) = page.context["table"]
        # Taking the role, proposing, applying: what came later is not among them.
        with translation.override("en"):
            assert {str(column.label): value for column, value in row["cells"]}["Done meanwhile"] == 3
        assert "to be reviewed due by" in text(page) and row["url"] == at("emergency_review", holding.pk)
        assert "Emergency accesses 1 waiting" in text(page)
        for reader in ("auditor", "sysadmin"):
            assert at("emergency_review", holding.pk) in desk(reader).get(at("emergency_list")).content.decode()
    with time_machine.travel(over(holding) + datetime.timedelta(days=2), tick=True):
        assert "review overdue" in text(desk("supervisor").get(at("emergency_list")))
        review_glass(holding, actor=supervisor, justified=False, remarks=WHY)
        assert "not justified: supervisor" in text(desk("auditor").get(at("emergency_list")))
        assert len(desk("auditor").get(f"{at('emergency_list')}?review=open").context["page"].rows) == 0
        assert len(desk("auditor").get(f"{at('emergency_list')}?review=done").context["page"].rows) == 1
    assert desk("agent").get(at("emergency_list")).status_code == 403


def test_another_supervisor_sees_every_act_and_records_what_he_thinks(desk, numbers, officer, cast):
    before_all = head()
    holding = break_glass("supervisor", actor=officer, reason="no supervisor on the night shift", minutes=5)
    decide(Kind.FREEZE, numbers(1), officer)
    running = desk("supervisor").get(at("emergency_review", holding.pk))
    assert "Only emergency access that is over is reviewed." in text(running)
    ends = f'href="{at("staff_revoke", officer.pk)}"'
    assert ends in running.content.decode()
    assert ends in desk("sysadmin").get(at("emergency_review", holding.pk)).content.decode()
    assert ends not in desk("auditor").get(at("emergency_review", holding.pk)).content.decode()
    with time_machine.travel(over(holding), tick=True):
        browser = desk("supervisor")
        page = browser.get(at("emergency_review", holding.pk))
        done = Event.objects.filter(seq__gt=before_all, actor=officer).order_by("seq")[:3]
        assert [e.at for e in page.context["entries"]] == [e.at for e in done]
        assert "no supervisor on the night shift" in text(page)
        before = head()
        empty = browser.post(at("emergency_review", holding.pk), {"remarks": ""})
        assert empty.status_code == 200 and "This field is required" in text(empty) and record(before) == []
        done = browser.post(at("emergency_review", holding.pk), REVIEW)
        assert told(browser.get(done["Location"])) == ["The emergency access of officer is reviewed."]
        assert record(before) == [("staff.glass_reviewed", {"review": 1})]
        review = GlassReview.objects.get()
        assert (review.reviewer, review.justified, review.remarks) == (cast["supervisor"], True, REVIEW["remarks"])
        again = browser.post(at("emergency_review", holding.pk), REVIEW)
        assert again.status_code == 409 and "was reviewed already" in text(again)
        assert REVIEW["remarks"] in text(browser.get(at("emergency_review", holding.pk)))
    assert broken() == []


def test_ones_own_is_reviewed_by_another_and_only_by_who_may(desk, cast):
    holding = break_glass("officer", actor=cast["supervisor"], reason=WHY, minutes=1)
    with time_machine.travel(over(holding), tick=True):
        before = head()
        own = desk("supervisor").post(at("emergency_review", holding.pk), REVIEW)
        assert own.status_code == 403 and "You took this role yourself" in text(own)
        for login in ("agent", "reviewer", "officer", "resources", "privacy", "auditor", "sysadmin"):
            reads = login in ("auditor", "sysadmin")
            assert desk(login).get(at("emergency_review", holding.pk)).status_code == (200 if reads else 403)
            assert desk(login).post(at("emergency_review", holding.pk), REVIEW).status_code == 403
        assert record(before) == [REFUSED] * 8 and not GlassReview.objects.exists()
        assert desk("supervisor2").get(at("emergency_review", 10**30)).status_code == 404
        ordinary = Holding.objects.filter(glass=False).first()
        assert ordinary and desk("supervisor2").get(at("emergency_review", ordinary.pk)).status_code == 404
        stale = desk("supervisor2")
        forget_proof(stale)
        late = stale.post(at("emergency_review", holding.pk), REVIEW)
        assert late.status_code == 403 and REVIEW["remarks"] in text(late) and not GlassReview.objects.exists()
        assert desk("supervisor2").post(at("emergency_review", holding.pk), REVIEW).status_code == 302


def test_who_only_reads_sees_no_form_and_gives_no_proof(desk, officer, numbers):
    holding = break_glass("supervisor", actor=officer, reason="no supervisor on the night shift", minutes=1)
    decide(Kind.FREEZE, numbers(1), officer)
    with time_machine.travel(over(holding), tick=True):
        for login, entries in (("auditor", 3), ("sysadmin", 0)):  # the administrator sees no numbers
            browser = desk(login)
            forget_proof(browser)
            page = browser.get(at("emergency_review", holding.pk))
            assert page.status_code == 200 and "no supervisor on the night shift" in text(page)
            assert 'name="remarks"' not in page.content.decode() and "Your role may not" not in text(page)
            assert len(page.context["entries"]) == entries


@pytest.mark.django_db(transaction=True)
def test_two_reviews_at_once_leave_one(cast, supervisor, supervisor2):
    holding = break_glass("supervisor", actor=cast["officer"], reason=WHY)
    access.revoke(cast["officer"], "supervisor", actor=supervisor, reason="given back early")
    holding = Holding.objects.get(pk=holding.pk)

    def review(actor: Staff) -> GlassReview:
        return review_glass(holding, actor=actor, justified=True, remarks=WHY)

    found = together(lambda: review(supervisor), lambda: review(supervisor2))
    assert sorted(type(f).__name__ for f in found) == ["GlassReview", "Invalid"]
    assert list(verify()) == []
