"""Restrict, terminate, lift and restore through the web door, each with its second person where one is needed."""

from accounts.models import Number
from enforcement.models import Measure, Outcome
from qqops.audit.models import Event
from tests.pages import FREEZE, RESTRICT, SAID, act, act_url, number_url, preview, rule, text, told


def shown(number):
    return Number.objects.values_list("lifecycle", "frozen_until", "restricted_until").get(pk=number.pk)


def test_a_restriction_keeps_to_its_scopes_and_a_freeze_runs_beside_it(desk, number):
    n, browser = number(), desk("officer")
    first = act(browser, "restrict", n.pk, said=RESTRICT)
    second = act(browser, "freeze", n.pk, said=FREEZE)
    running = Measure.objects.order_by("pk")
    assert [(m.kind, m.scopes, m.decision_id) for m in running] == [
        ("restrict", ["send_msg", "add_friend"], first.pk),
        ("freeze", [], second.pk),
    ]
    page = text(browser.get(number_url(n.pk)))
    assert "restrict: send messages, add friends in force" in page and "violation freeze in force" in page
    lifecycle, frozen, restricted = shown(n)
    assert (lifecycle, frozen, restricted) == ("in_use", running[1].until, running[0].until)


def test_lifting_one_measure_leaves_the_other_and_ones_own_needs_another_person(desk, number):
    n, maker, other = number(), desk("officer"), desk("officer2")
    act(maker, "restrict", n.pk, said=RESTRICT)
    act(maker, "freeze", n.pk, said=FREEZE)
    restriction, freeze = Measure.objects.order_by("pk")
    form = other.get(act_url("lift", n.pk))
    assert [value for value, _label in form.context["form"].fields["measures"].choices] == [
        str(restriction.pk),
        str(freeze.pk),
    ]
    said = SAID | {"clauses": ["11"], "measures": [str(freeze.pk)]}
    own = preview(maker, act_url("lift", n.pk), said)
    assert own.context["preview"].button == "Send for approval" and "Rule: Lifting a measure you made" in text(own)
    decision = act(other, "lift", n.pk, said=said)
    assert (decision.state, decision.rule) == ("applied", "alone")
    freeze.refresh_from_db()
    restriction.refresh_from_db()
    assert (freeze.end_reason, freeze.ended_by_id, restriction.ended_at) == ("lifted", decision.pk, None)
    assert shown(n) == ("in_use", None, restriction.until)


def test_several_numbers_are_lifted_by_kind(desk, numbers):
    two, browser = numbers(2), desk("officer2")
    act(desk("officer"), "freeze", *two, said=FREEZE)
    act(desk("officer"), "restrict", two[0], said=RESTRICT)
    decision = act(browser, "lift", *two, said=SAID | {"clauses": ["11"], "measures": ["freeze"]})
    assert decision.target_count == 2
    assert list(Measure.objects.filter(ended_at=None).values_list("kind", "number_id")) == [("restrict", two[0])]


def test_a_number_is_terminated_and_restored_by_two_people_each_time(desk, number):
    n, officer, supervisor = number(), desk("officer"), desk("supervisor")
    act(officer, "freeze", n.pk, said=FREEZE)
    freeze = Measure.objects.get()
    termination = act(officer, "terminate", n.pk, said=SAID)
    assert (termination.state, shown(n)[0]) == ("proposed", "in_use")
    assert told(officer.get(number_url(n.pk)))[-1] == f"Decision #{termination.pk} waits for approval."
    assert rule(supervisor, termination).status_code == 302
    assert shown(n) == ("terminated", freeze.until, None)

    page = officer.get(number_url(n.pk)).content.decode()
    assert act_url("restore", n.pk) in page and act_url("terminate", n.pk) not in page
    restoring = act(officer, "restore", n.pk, said=SAID | {"clauses": ["11"]})
    assert (restoring.state, shown(n)[0]) == ("proposed", "terminated")
    assert rule(desk("supervisor2"), restoring).status_code == 302
    assert shown(n) == ("in_use", freeze.until, None)
    assert Outcome.objects.filter(why="").count() == 3 and not Measure.objects.exclude(ended_at=None).exists()


def test_nothing_to_do_is_said_before_the_click_and_there_is_no_button(desk, number):
    n, browser = number(), desk("officer")
    act(browser, "freeze", n.pk, said=FREEZE)
    again = preview(browser, act_url("freeze", n.pk), FREEZE)
    assert again.status_code == 200 and "skipped: already so 1" in text(again)
    assert 'value="confirm"' not in again.content.decode()
    restore = preview(browser, act_url("restore", n.pk), SAID)
    assert "skipped: already so 1" in text(restore) and 'value="confirm"' not in restore.content.decode()


def test_an_agent_may_freeze_for_security_for_a_day_and_no_longer_and_the_refusal_is_recorded(desk, number):
    n, browser = number(), desk("agent")
    day = SAID | {"clauses": ["6.2"], "freeze_kind": "security", "term": "1"}
    week = preview(browser, act_url("freeze", n.pk), day | {"term": "7"})
    assert week.status_code == 403 and "further than your role may go" in text(week)
    refusal = Event.objects.latest("seq")
    assert (refusal.verb, refusal.actor.username, refusal.facts["act"], refusal.facts["targets"]) == (
        "audit.refused", "agent", "freeze", 1)  # fmt: skip
    assert act(browser, "freeze", n.pk, said=day).state == "applied"
    assert Measure.objects.get().freeze_kind == "security"
