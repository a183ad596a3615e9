"""Reclaim and its policies at the web door (10.3): draft, agree, preview, file, agree, told, run; exempt; end."""

import datetime

import pytest
from django.utils import timezone

from accounts.models import DormancyPolicy, Number, ResourceProposal
from enforcement import tasks
from enforcement.models import Decision
from enforcement.runs import apply
from qqops.audit import origin
from qqops.audit.models import Event
from tests.enforcement.acts import broken
from tests.enforcement.reclaiming import adopt, logs_in
from tests.pages import confirm, decision_url, number_url, preview, rule, text, told, verbs

pytestmark = pytest.mark.usefixtures("feed")
LIST = "/admin/accounts/dormancypolicy/"
DRAFT = "/admin/resources/policies/draft/"
WHY = {"reason": "agreed at the quarter's review", "ticket": ""}


def page_of(policy):
    return f"{LIST}{policy.pk}/"


def reclaim_of(policy):
    return f"/admin/reclaim/{policy.pk}/"


def drafted(**more):
    usual = {
        "code": "not-activated-3", "kind": "not_activated", "threshold_days": "3", "registered_from": "2021-01-01",
        "registered_to": "", "effective_from": f"{timezone.localdate()}", "effective_to": "", "notice_days": "30",
        "reminder_days": "7", "grace_days": "15",
    }  # fmt: skip
    return usual | WHY | more


def through(browser, address, said):
    shown = preview(browser, address, said)
    assert shown.status_code == 200, text(shown)
    done = confirm(browser, address, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return shown, done


def agree(browser, proposal):
    address = f"/admin/resources/inbox/{proposal.pk}/"
    said = {"content_hash": proposal.content_hash, "reason": "agreed with the policy", "agree": "1"}
    return browser.post(address, said)


def test_a_policy_is_drafted_read_in_words_and_ended(desk, cast):
    browser = desk("resources")
    assert DRAFT in browser.get(LIST).content.decode()
    shown, done = through(browser, DRAFT, drafted())
    words = "registered from 2021-01-01, not activated within 3 days; notice 30 days and 7 days before; grace 15 days"
    assert words in text(shown) and "A supervisor and the privacy officer have to agree" in text(shown)
    proposal = ResourceProposal.objects.get()
    assert words in text(desk("privacy").get(done["Location"]))
    assert not DormancyPolicy.objects.exists()
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90)
    assert proposal.state == "proposed"
    page = text(browser.get(page_of(policy)))
    assert "not logged in for 90 days" in page and "in force" in page and "Preview reclaim" in page
    assert "dormant-90" in text(browser.get(LIST))
    assert f"from {timezone.localdate()}" in text(browser.get(f"{page_of(policy)}history/"))
    end = f"/admin/resources/policies/{policy.pk}/end/"
    past = preview(browser, end, {"last": f"{timezone.localdate() - datetime.timedelta(days=1)}"} | WHY)
    assert "never in the past" in text(past)
    shown, done = through(browser, end, {"last": f"{timezone.localdate()}"} | WHY)
    assert "After its last day nothing is filed under it" in text(shown)
    assert ResourceProposal.objects.latest("pk").kind == "policy_end"


def test_bad_terms_are_named_on_the_form_and_nothing_is_recorded(desk):
    browser, before = desk("resources"), len(verbs())
    answer = preview(browser, DRAFT, drafted(effective_from="2020-01-01"))
    assert "not from the past" in text(answer) and 'value="confirm"' not in answer.content.decode()
    assert (len(verbs()), ResourceProposal.objects.count()) == (before, 0)


def test_a_day_that_no_calendar_has_room_for_is_bad_input(desk, cast):
    policy, browser = adopt(cast, "dormant-90", "dormant", threshold_days=90), desk("resources")
    end = f"/admin/resources/policies/{policy.pk}/end/"
    for name in ("registered_from", "registered_to", "effective_from", "effective_to"):
        for day in ("9999-12-31", "0001-01-01"):
            answer = preview(browser, DRAFT, drafted(**{name: day}))
            assert "1990 to 2999" in text(answer) and 'value="confirm"' not in answer.content.decode(), (name, day)
    assert "1990 to 2999" in text(preview(browser, end, {"last": "9999-12-31"} | WHY))


def test_a_reclaim_is_previewed_filed_agreed_to_and_waits_for_its_notices(desk, cast, numbers):
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7)
    many = numbers(4)
    Number.objects.filter(pk=many[3]).update(reclaim_exempt_reason="linked to a phone line")
    logs_in(many[2])
    browser = desk("resources")
    assert reclaim_of(policy) in browser.get(page_of(policy)).content.decode()
    form = text(browser.get(reclaim_of(policy)))
    assert "Messages, profile, mail and items are lost" in form and "due today" not in form
    shown, done = through(browser, reclaim_of(policy), WHY)
    for part in ("due today 3", "kept: exempt from reclaim 1", "would be reclaimed 2", str(many[0]), str(many[1])):
        assert part in text(shown), part
    decision = Decision.objects.get()
    assert done["Location"] == decision_url(decision)
    assert told(browser.get(done["Location"])) == [f"Decision #{decision.pk} waits for approval."]
    assert "Its holders are told first: it runs 30 days after that." in text(
        desk("supervisor").get(f"/admin/inbox/{decision.pk}/")
    )
    rule(desk("supervisor"), decision)
    last = desk("privacy")
    answer = rule(last, decision)
    assert told(last.get(answer["Location"])) == [
        f"Decision #{decision.pk} is approved. Its holders are told now; it runs 30 days after that."
    ]
    with origin.origin(origin.WORKER):
        tasks.announce(0)
    decision.refresh_from_db()
    page = text(browser.get(decision_url(decision)))
    assert f"runs on {timezone.localtime(decision.effective_at):%Y-%m-%d}" in page
    assert "dormant-90: registered at any time, not logged in for 90 days" in page
    assert f"#{decision.pk}" in text(browser.get(page_of(policy)))
    assert not Number.objects.filter(lifecycle="terminated").exists()


def test_a_second_click_leads_to_what_the_first_one_filed(desk, cast, numbers):
    policy, browser = adopt(cast), desk("resources")
    numbers(1, "allocated")
    shown = preview(browser, reclaim_of(policy), WHY)
    first, second = (confirm(browser, reclaim_of(policy), WHY, shown.context["token"]) for _click in range(2))
    assert first["Location"] == second["Location"] and Decision.objects.count() == 1


def test_when_somebody_uses_his_number_meanwhile_the_new_figures_are_shown_first(desk, cast, numbers):
    policy, browser = adopt(cast, "dormant-90", "dormant", threshold_days=90), desk("resources")
    one, _other = numbers(2)
    shown = preview(browser, reclaim_of(policy), WHY)
    logs_in(one)
    answer = confirm(browser, reclaim_of(policy), WHY, shown.context["token"])
    assert answer.status_code == 409 and "would be reclaimed 1" in text(answer)
    assert not Decision.objects.exists()


def test_nobody_due_is_nothing_to_file_and_too_many_are_filed_at_the_terminal(desk, cast, numbers, monkeypatch):
    policy, browser = adopt(cast), desk("resources")
    nobody = preview(browser, reclaim_of(policy), WHY)
    assert "There is nothing to file." in text(nobody) and nobody.context["preview"].blocked
    ids = numbers(30, "allocated")
    shown = text(preview(browser, reclaim_of(policy), WHY))
    assert all(str(one) in shown for one in ids)  # up to fifty are looked over by eye
    monkeypatch.setattr("enforcement.reclaim.pages.LARGE_FROM", 2)
    many = preview(browser, reclaim_of(policy), WHY)
    assert "manage.py reclaim --policy not-activated-3" in text(many) and many.context["preview"].blocked


def test_who_may_not_reclaim_does_not_and_the_attempt_is_recorded(desk, cast):
    policy, officer = adopt(cast), desk("officer")
    assert reclaim_of(policy) not in officer.get(page_of(policy)).content.decode()
    assert officer.get(reclaim_of(policy)).status_code == 403
    before = len(verbs())
    assert preview(officer, reclaim_of(policy), WHY).status_code == 403
    assert verbs()[before:] == ["audit.refused"]


def test_a_number_is_exempt_with_a_reason_that_it_shows_and_that_ends(desk, number):
    one, browser = number(), desk("resources")
    address = f"/admin/exempt/?number={one.pk}"
    assert address in browser.get(number_url(one.pk)).content.decode()
    assert address not in desk("officer").get(number_url(one.pk)).content.decode()
    said = {"because": "linked to a phone line"} | WHY
    shown, done = through(browser, address, said)
    assert "will be changed 1" in text(shown) and done["Location"] == number_url(one.pk)
    page = browser.get(number_url(one.pk))
    assert told(page) == ["Exemption changed: 1."] and "linked to a phone line" in text(page)
    assert "Nothing would change" in text(preview(browser, address, said))
    personal = preview(browser, address, said | {"because": "line 13812345678"})
    assert 'value="confirm"' not in personal.content.decode()
    through(browser, address, said | {"because": ""})
    assert Number.objects.get(pk=one.pk).reclaim_exempt_reason == ""
    assert list(Event.objects.order_by("-seq").values_list("verb", flat=True)[:2]) == [
        "number.exemption_ended", "number.exempted",
    ]  # fmt: skip
    assert broken() == []


def test_one_number_is_reclaimed_by_the_act_itself_under_its_policy(desk, cast, number):
    policy, one = adopt(cast), number("allocated")
    browser, address = desk("resources"), f"/admin/act/terminate/?number={one.pk}"
    said = {"clauses": ["10.3"], "citation": "", "facts": "not activated", "evidence": "no login", "policy": ""} | WHY
    assert "made under a dormancy policy" in text(preview(browser, address, said))
    through(browser, address, said | {"policy": policy.code})
    decision = Decision.objects.get()
    assert (decision.policy, decision.rule, decision.state) == (policy, "reclaim", "proposed")
    assert 'name="policy"' not in desk("officer").get(address).content.decode()
    assert apply.would(decision) == {"": 1}
