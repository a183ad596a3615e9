"""The second person at the web door: what he sees, yes and no, and that nobody is his own second person."""

import pytest

from accounts.models import Number
from enforcement.models import Approval, Decision, Measure
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.enforcement.acts import DAY, approve, decide
from tests.enforcement.reclaiming import adopt
from tests.pages import FREEZE, SAID, act, act_url, decision_url, rule, ruling_url, text, told, verbs

LONG = FREEZE | {"term": "30"}


def test_a_supervisor_finds_the_proposal_sees_what_will_happen_and_agrees(desk, number, supervisor):
    n, officer, browser = number(), desk("officer"), desk("supervisor")
    decision = act(officer, "freeze", n.pk, said=LONG)
    inbox = browser.get("/admin/inbox/")
    assert f'href="{ruling_url(decision)}"' in inbox.content.decode() and "1 waiting" in text(inbox)
    page = browser.get(ruling_url(decision))
    shown = text(page)
    for part in (str(FREEZE["facts"]), "screenshot set 7", str(FREEZE["reason"]), "T-17", "88880001", "30 days",
                 "will be changed 1", "10.1 (summary", "officer"):  # fmt: skip
        assert part in shown, part
    answer = rule(browser, decision)
    assert answer["Location"] == decision_url(decision)
    assert told(browser.get(answer["Location"])) == [f"Decision #{decision.pk}: 1 applied, 0 skipped."]
    decision.refresh_from_db()
    n.refresh_from_db()
    approval = Approval.objects.get()
    assert (approval.approver, approval.maker_id, approval.agreed, approval.reason, approval.content_hash) == (
        supervisor, decision.maker_id, True, "seen and agreed", decision.content_hash)  # fmt: skip
    assert decision.state == "applied" and n.frozen_until == Measure.objects.get().until == decision.ends_at
    assert decision.effective_at and decision.ends_at == decision.effective_at + 30 * DAY
    assert verbs()[-2:] == ["decision.approved", "decision.confirmed"]
    assert {str(e.request_id) for e in Event.objects.order_by("-seq")[:2]} == {answer["X-Request-ID"]}
    assert "0 waiting" not in text(browser.get("/admin/")) and "Nothing waits for you" in text(
        browser.get("/admin/inbox/")
    )


def test_a_supervisor_refuses_with_a_reason_and_the_provisional_freeze_ends(desk, number):
    n, officer, browser = number(), desk("officer"), desk("supervisor")
    decision = act(officer, "freeze", n.pk, said=LONG)
    assert Number.objects.get(pk=n.pk).frozen_until is not None
    short = rule(browser, decision, "refuse", reason="no")
    assert short.status_code == 409 and "Give a reason of at least 6 characters." in text(short)
    none = rule(browser, decision, "refuse", reason="")
    assert none.status_code == 200 and "This field is required." in text(none)
    answer = rule(browser, decision, "refuse", reason="the screenshots show another number")
    assert told(browser.get(answer["Location"])) == [f"Decision #{decision.pk} was refused."]
    assert Decision.objects.get().state == "refused"
    assert (Number.objects.get(pk=n.pk).frozen_until, Measure.objects.get().end_reason) == (None, "refused")
    assert [(a.agreed, a.reason) for a in Approval.objects.all()] == [(False, "the screenshots show another number")]
    later = rule(desk("supervisor2"), decision)
    assert later.status_code == 409 and "is not waiting for approval" in text(later)


def test_a_maker_who_may_rule_sees_no_button_and_his_raw_post_is_refused_and_recorded(desk, number, supervisor):
    n, browser = number(), desk("supervisor")
    decision = decide(Kind.RESTRICT, n, supervisor, duration=60 * DAY).decision
    page = browser.get(ruling_url(decision))
    assert page.status_code == 200 and "You made this decision" in text(page)
    assert 'name="agree"' not in page.content.decode()
    assert ruling_url(decision) not in browser.get("/admin/inbox/").content.decode()
    for answer in ("agree", "refuse"):
        before = len(verbs())
        raw = rule(browser, decision, answer)
        assert raw.status_code == 403 and "You made this decision: another person must rule on it." in text(raw)
        assert verbs()[before:] == ["audit.refused"]
    refusal = Event.objects.latest("seq")
    assert (refusal.actor, refusal.subject_id, refusal.source) == (supervisor, str(decision.pk), "web")
    assert (Decision.objects.get().state, Approval.objects.count()) == ("proposed", 0)
    assert rule(desk("supervisor2"), decision).status_code == 302


@pytest.mark.parametrize("login", ["officer", "officer2", "reviewer", "agent", "auditor", "resources", "sysadmin"])
def test_whoever_may_not_rule_is_refused_and_his_attempt_recorded(desk, number, officer, cast, login):
    decision = decide(Kind.TERMINATE, number(), officer).decision
    before = len(verbs())
    assert desk(login).get(ruling_url(decision)).status_code == 403
    assert len(verbs()) == before  # looking at a closed door is not an act
    assert rule(desk(login), decision).status_code == 403
    assert verbs()[before:] == ["audit.refused"]
    refusal = Event.objects.latest("seq")
    assert (refusal.actor, refusal.facts["page"]) == (cast[login], ruling_url(decision))
    assert (Decision.objects.get().state, Approval.objects.count()) == ("proposed", 0)


def test_the_privacy_officer_rules_on_a_reclaim_only_and_both_must_agree(desk, number, officer, resources, cast, feed):
    privacy, supervisor = desk("privacy"), desk("supervisor")
    termination = decide(Kind.TERMINATE, number(), officer).decision
    answer = rule(privacy, termination)
    assert answer.status_code == 403 and "Your role may not rule on this decision." in text(answer)
    n = number(id=55_555)
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90)
    reclaim = decide(Kind.TERMINATE, n, resources, clauses=("10.3",), policy=policy).decision
    assert text(privacy.get("/admin/inbox/")).count("terminate") == 1
    first = rule(privacy, reclaim)
    assert told(privacy.get(first["Location"])) == [f"Agreed. Decision #{reclaim.pk} still waits for another approver."]
    twice = rule(privacy, reclaim)
    assert twice.status_code == 403 and "You have already ruled on this decision." in text(twice)
    assert Number.objects.get(pk=n.pk).lifecycle == "in_use"
    rule(supervisor, reclaim)
    assert Number.objects.get(pk=n.pk).lifecycle == "terminated"


def test_what_was_not_seen_is_not_agreed_to(desk, number, officer):
    n, browser = number(), desk("supervisor")
    decision = decide(Kind.TERMINATE, n, officer).decision
    said = {"reason": "seen and agreed", "agree": "1"}
    for seen in ("0" * 64, ""):
        answer = browser.post(ruling_url(decision), said | {"content_hash": seen})
        assert answer.status_code in (200, 409) and Decision.objects.get().state == "proposed", seen
    assert Approval.objects.count() == 0


def test_an_answer_that_says_neither_yes_nor_no_or_both_is_none(desk, number, officer):
    browser = desk("supervisor")
    decision = decide(Kind.TERMINATE, number(), officer).decision
    said = {"content_hash": decision.content_hash, "reason": "seen and agreed"}
    before = len(verbs())
    for buttons in ({}, {"agree": "1", "refuse": "1"}, {"agreed": "1"}):
        answer = browser.post(ruling_url(decision), said | buttons)
        assert answer.status_code == 409 and "press one of the two buttons" in text(answer), buttons
    assert verbs()[before:] == [] and Decision.objects.get().state == "proposed" and not Approval.objects.exists()
    assert browser.post(ruling_url(decision), said | {"agree": "1"}).status_code == 302


def test_a_target_that_changed_since_voids_a_single_decision(desk, number, officer, officer2):
    n, browser = number(), desk("supervisor")
    decision = decide(Kind.TERMINATE, n, officer).decision
    decide(Kind.FREEZE, n, officer2)
    assert "changed since the proposal 1" in text(browser.get(ruling_url(decision)))
    answer = rule(browser, decision)
    assert told(browser.get(answer["Location"])) == [
        f"Decision #{decision.pk} is void: its target changed since; nothing was done."
    ]
    assert (Decision.objects.get(pk=decision.pk).state, Number.objects.get(pk=n.pk).lifecycle) == ("void", "in_use")


def test_a_second_click_on_agree_is_told_and_counts_once(desk, number, officer):
    browser = desk("supervisor")
    decision = decide(Kind.TERMINATE, number(), officer).decision
    assert rule(browser, decision).status_code == 302
    again = rule(browser, decision)
    assert again.status_code == 409 and "is not waiting for approval" in text(again)
    assert Approval.objects.count() == 1


def test_no_proposal_is_404_for_who_may_rule_and_403_for_who_may_not(desk):
    for pk in (1, 10**30):
        assert desk("supervisor").get(f"/admin/inbox/{pk}/").status_code == 404
        assert desk("officer").get(f"/admin/inbox/{pk}/").status_code == 403


def test_a_supervisors_measure_is_not_overturned_by_one_person(desk, number, supervisor):
    n = number()
    decide(Kind.FREEZE, n, supervisor)
    said = SAID | {"clauses": ["11"], "measures": [str(Measure.objects.get().pk)]}
    decision = act(desk("officer"), "lift", n.pk, said=said)
    assert (decision.state, decision.rule) == ("proposed", "overturns_supervisor")
    assert desk("officer").get(act_url("lift", n.pk)).status_code == 200
    assert rule(desk("supervisor2"), decision).status_code == 302
    assert Measure.objects.get().ended_by_id == decision.pk


def test_the_undo_of_a_batch_is_not_ruled_on_by_its_own_approver(desk, numbers, officer, officer2, supervisor):
    batch = approve(decide(Kind.FREEZE, numbers(101), officer), supervisor).decision
    undo = decide(Kind.LIFT, [t.number_id for t in batch.targets.all()], officer2, lift_of=batch.pk).decision
    own = rule(desk("supervisor"), undo)
    assert own.status_code == 403 and "You took part in what this undoes: another person must rule on it." in text(own)
    assert verbs()[-1] == "audit.refused" and not Measure.objects.exclude(ended_at=None).exists()
    assert rule(desk("supervisor2"), undo).status_code == 302
