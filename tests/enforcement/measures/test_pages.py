"""Measures are changed through the web door and the terminal: old and new stand on the page before and after."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from tests.enforcement.acts import DAY, decide
from tests.pages import (
    FREEZE,
    RESTRICT,
    SAID,
    act,
    act_url,
    confirm,
    decision_url,
    number_url,
    preview,
    rule,
    ruling_url,
    text,
    told,
)

CHANGE = {name: value for name, value in SAID.items() if name not in ("severity", "departure")} | {"term": ""}


def shown(at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def test_a_freeze_is_shortened_and_the_page_says_old_and_new_before_the_click(desk, number):
    n, browser = number(), desk("officer2")
    act(desk("officer"), "freeze", n.pk, said=FREEZE)
    freeze = Measure.objects.get()
    assert f'href="{act_url("adjust", n.pk)}"' in browser.get(number_url(n.pk)).content.decode()
    form = browser.get(act_url("adjust", n.pk))
    assert f"violation freeze, until {shown(freeze.until)} · #{freeze.decision_id}" in text(form)
    assert "will be changed 1" in text(form) and "the end stays" in text(form)
    said = CHANGE | {"measures": [str(freeze.pk)], "term": "1"}
    before = preview(browser, act_url("adjust", n.pk), said)
    assert f"What changes {n.pk} violation freeze Until before: {shown(freeze.until)}" in text(before)
    assert "waits for a supervisor" not in text(before)  # it says itself that nobody is waited for
    assert before.context["preview"].button == "Confirm change"

    decision = act(browser, "adjust", n.pk, said=said)
    assert (decision.state, decision.rule, Measure.objects.get().until) == ("applied", "alone", decision.until)
    assert told(browser.get(number_url(n.pk))) == [f"Change measures: 1 done, 0 skipped. Decision #{decision.pk}."]
    page = text(browser.get(decision_url(decision)))
    assert f"Until before: {shown(freeze.until)} → after: {shown(decision.until)}" in page


def test_a_restriction_is_widened_once_a_supervisor_has_seen_old_and_new(desk, number):
    n, browser = number(), desk("officer")
    act(browser, "restrict", n.pk, said=RESTRICT)
    measure = Measure.objects.get()
    said = CHANGE | {"measures": [str(measure.pk)], "scopes": ["send_msg", "mail"]}
    waiting = preview(browser, act_url("adjust", n.pk), said)
    assert waiting.context["preview"].button == "Send for approval"
    assert "Rule: Extending or widening a measure" in text(waiting)
    decision = act(browser, "adjust", n.pk, said=said)
    assert (decision.state, decision.until, Measure.objects.get().scopes) == ("proposed", None, measure.scopes)
    supervisor = desk("supervisor")
    old_and_new = "Scope before: send messages, add friends → after: send messages, mail"
    assert old_and_new in text(supervisor.get(ruling_url(decision)))
    assert rule(supervisor, decision).status_code == 302
    assert Measure.objects.get().scopes == ["send_msg", "mail"]
    assert old_and_new in text(supervisor.get(decision_url(decision)))


def test_a_reviewer_may_take_away_and_not_add_and_an_agent_neither(desk, number):
    n, reviewer = number(), desk("reviewer")
    act(desk("officer"), "freeze", n.pk, said=FREEZE)
    said = CHANGE | {"measures": [str(Measure.objects.get().pk)]}
    longer = preview(reviewer, act_url("adjust", n.pk), said | {"term": "indefinite"})
    assert longer.status_code == 403 and "neither extend nor widen" in text(longer)
    assert act(reviewer, "adjust", n.pk, said=said | {"term": "1"}).state == "applied"
    assert desk("agent").get(act_url("adjust", n.pk)).status_code == 403


def test_what_is_provisional_or_already_so_is_said_and_has_no_button(desk, number):
    n, browser = number(), desk("officer2")
    act(desk("officer"), "freeze", n.pk, said=FREEZE | {"term": "30"})
    provisional = browser.get(act_url("adjust", n.pk))
    assert not provisional.context["form"].fields["measures"].choices
    act(desk("officer"), "restrict", n.pk, said=RESTRICT)
    measure = Measure.objects.get(kind="restrict")
    said = CHANGE | {"measures": [str(measure.pk)], "scopes": ["add_friend", "send_msg"]}
    same = preview(browser, act_url("adjust", n.pk), said)
    assert "skipped: already so 1" in text(same) and 'value="confirm"' not in same.content.decode()
    nothing = preview(browser, act_url("adjust", n.pk), CHANGE | {"measures": [str(measure.pk)]})
    assert "Say what changes" in text(nothing)


def test_several_numbers_are_changed_by_kind(desk, numbers):
    two, browser = numbers(2), desk("officer2")
    act(desk("officer"), "freeze", *two, said=FREEZE)
    decision = act(browser, "adjust", *two, said=CHANGE | {"measures": ["freeze"], "term": "1"})
    assert decision.target_count == 2
    assert set(Measure.objects.values_list("until", flat=True)) == {decision.until}
    page = text(browser.get(decision_url(decision)))
    assert all(f"{n} violation freeze" in page for n in two)


def test_it_is_undone_from_its_page(desk, number):
    n, browser = number(), desk("officer2")
    act(desk("officer"), "freeze", n.pk, said=FREEZE)
    measure = Measure.objects.get()
    change = act(browser, "adjust", n.pk, said=CHANGE | {"measures": [str(measure.pk)], "term": "1"})
    url = reverse("admin:undo", args=[change.pk])
    assert f'href="{url}"' in browser.get(decision_url(change)).content.decode()
    said = {"clause": "10.1", "reason": "shortened by mistake"}
    officer = desk("officer")
    looked = preview(officer, url, said)
    assert "would be put back 1" in text(looked)
    assert confirm(officer, url, said, looked.context["token"]).status_code == 302
    assert rule(desk("supervisor"), Decision.objects.get(kind="undo")).status_code == 302
    assert Measure.objects.get().until == measure.until


def test_the_terminal_changes_them_too(terminal, number, cast):
    n = number()
    decide(Kind.FREEZE, n, cast["officer"], duration=5 * DAY)
    measure = Measure.objects.get()
    grounds = ("--clause", "10.1", "--fact", "x", "--evidence", "y", "--reason", "looked at it again")
    command = ("enforce", "adjust", n.pk, *grounds, "--measure", measure.pk)
    assert terminal("officer2", *command, "--for", "1d").code == 4
    assert terminal("officer2", *command, "--indefinite", "--apply").code == 6
    assert terminal("reviewer", *command, "--indefinite", "--apply").code == 5
    assert terminal("officer2", *command, "--for", "1d", "--apply").code == 0
    measure.refresh_from_db()
    assert measure.until == Decision.objects.get(kind="adjust", state="applied").until
    assert terminal("officer2", *command, "--apply").code == 2
