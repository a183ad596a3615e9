"""Taking a decision back, and holding up what is being applied, on the staff web."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Number
from enforcement.approval import withdrawal
from enforcement.models import Decision, Halt, Measure
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.approvals.models import State
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, approve, broken, decide, head, verbs
from tests.pages import confirm, decision_url, number_url, preview, rule, text, told

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Client]
WHY = {"reason": "the list was wrong"}
APOLOGY = "It never counts against the holder again, and the holder is sent an apology."
UNDO = WHY | {"clause": "10.1", "in_error": "on"}


def run_url(decision: Decision, do: str) -> str:
    return reverse("admin:run", args=[decision.pk, do])


def undo_url(decision: Decision) -> str:
    return reverse("admin:undo", args=[decision.pk])


def press(browser: Client, url: str, said: dict[str, Any]) -> Any:
    shown = preview(browser, url, said)
    assert shown.status_code == 200, text(shown)
    return confirm(browser, url, said, shown.context["token"])


def test_a_decision_is_taken_back_by_two_who_see_what_would_be_left(
    desk: Desk, numbers: Callable[..., list[int]], cast: dict[str, Staff]
) -> None:
    ids = numbers(3)
    frozen = decide(Kind.FREEZE, ids, cast["officer"]).decision
    decide(Kind.RESTRICT, ids[:1], cast["officer2"])
    officer2, supervisor = desk("officer2"), desk("supervisor")
    assert undo_url(frozen) in officer2.get(decision_url(frozen)).content.decode()
    shown = preview(officer2, undo_url(frozen), UNDO)
    page = text(shown)
    assert "would be put back 2" in page and "changed since that decision 1" in page and str(ids[0]) in page
    right = {key: value for key, value in UNDO.items() if key != "in_error"}
    assert [APOLOGY in text(preview(officer2, undo_url(frozen), said)) for said in (UNDO, right)] == [True, False]
    done = confirm(officer2, undo_url(frozen), UNDO, shown.context["token"])
    undo = Decision.objects.latest("pk")
    assert (done.status_code, done["Location"], undo.undoes, undo.state) == (
        302,
        decision_url(undo),
        frozen,
        "proposed",
    )
    again = confirm(officer2, undo_url(frozen), UNDO, shown.context["token"])
    assert (again["Location"], Decision.objects.count()) == (decision_url(undo), 3)
    assert rule(supervisor, undo).status_code == 302
    assert Number.objects.filter(frozen_until__isnull=False).get().pk == ids[0]
    assert f"#{undo.pk}" in text(supervisor.get(decision_url(frozen)))  # “Undone by”
    assert undo_url(undo) not in officer2.get(decision_url(undo)).content.decode()
    assert broken() == []


def test_a_slip_is_withdrawn_at_once_and_others_may_not_undo(
    desk: Desk, number: Callable[..., Number], cast: dict[str, Staff]
) -> None:
    one = number()
    slip = decide(Kind.FREEZE, one, cast["officer"]).decision
    for login in ("agent", "auditor", "supervisor"):
        assert desk(login).get(undo_url(slip)).status_code == 403, login
    browser = desk("officer")
    done = press(browser, undo_url(slip), UNDO)
    assert done.status_code == 302
    page = browser.get(done["Location"])
    assert told(page) == [f"Taken back: 1. Decision #{Decision.objects.latest('pk').pk}."]
    assert "undone" in text(browser.get(number_url(one.pk))) or "found wrong" in text(browser.get(number_url(one.pk)))
    assert broken() == []


def test_a_measure_that_is_over_only_ceases_to_count_and_the_pages_say_so(
    desk: Desk, number: Callable[..., Number], cast: dict[str, Staff]
) -> None:
    one = number()
    wrong = decide(Kind.FREEZE, one, cast["officer"]).decision
    decide(Kind.LIFT, one, cast["officer2"], lift_of=wrong.pk)
    officer2, supervisor = desk("officer2"), desk("supervisor")
    shown = preview(officer2, undo_url(wrong), UNDO)
    assert "would be put back 0 no longer in force: it only ceases to count 1" in text(shown)
    assert confirm(officer2, undo_url(wrong), UNDO, shown.context["token"]).status_code == 302
    undo = Decision.objects.latest("pk")
    ruling = text(supervisor.get(reverse("admin:ruling", args=[undo.pk])))
    assert "no longer in force: it only ceases to count 1" in ruling
    assert rule(supervisor, undo).status_code == 302
    assert "no longer in force: it only ceases to count" in text(officer2.get(decision_url(undo)))
    assert Measure.objects.get().end_reason == "voided" and broken() == []


def test_what_waits_is_withdrawn_by_its_maker_and_by_nobody_else(
    desk: Desk, number: Callable[..., Number], cast: dict[str, Staff]
) -> None:
    one = number()
    filed = decide(Kind.FREEZE, one, cast["officer"], indefinite=True).decision
    url, browser, officer2 = reverse("admin:withdraw", args=[filed.pk]), desk("officer"), desk("officer2")
    assert url in browser.get(decision_url(filed)).content.decode()
    assert url not in officer2.get(decision_url(filed)).content.decode()
    assert officer2.post(url, WHY).status_code == desk("auditor").get(url).status_code == 403
    at = head()
    assert "at least 6 characters" in text(preview(browser, url, {"reason": "no"}))
    shown = text(preview(browser, url, WHY))
    assert "The proposal is void. What it does provisionally ends now and never counts" in shown
    assert re.search(rf"Now Act freeze · violation freeze .* Number {one.pk} Clause 10\.1 .* Proposed", shown)
    done = press(browser, url, WHY)
    page = browser.get(done["Location"])
    assert told(page) == [f"Decision #{filed.pk} is withdrawn."] and url not in page.content.decode()
    assert verbs(at) == ["decision.withdrawn", "measure.dropped"] and broken() == []
    assert "not waiting for approval" in text(preview(browser, url, WHY))


def test_the_rule_of_a_decision_says_who_agreed_once_it_is_decided(
    desk: Desk, number: Callable[..., Number], cast: dict[str, Staff]
) -> None:
    browser, waits = desk("auditor"), "Nothing happens yet: it waits for 1 approver."
    agreed, refused, gone = (decide(Kind.TERMINATE, number(), cast["officer"]).decision for _n in range(3))
    assert waits in text(browser.get(decision_url(agreed)))
    rule(desk("supervisor"), agreed)
    rule(desk("supervisor"), refused, "refuse")
    withdrawal.withdraw(gone, actor=cast["officer"], reason="typed for another number")
    alone = decide(Kind.FREEZE, number(), cast["officer"]).decision
    with time_machine.travel(timezone.now() - 73 * HOUR):
        lapsed = decide(Kind.TERMINATE, number(started_at=timezone.now()), cast["officer2"]).decision
    for decision, said in (
        (agreed, f"Termination: agreed to by {cast['supervisor']}."),
        (refused, f"Termination: refused by {cast['supervisor']}."),
        (gone, "Termination: it came to nothing before it was agreed to."),
        (alone, "Within what one person may do alone: it acted at once; nobody else was needed."),
        (lapsed, "Termination: it lapsed before it was agreed to."),
    ):
        page = text(browser.get(decision_url(decision)))
        assert said in page and waits not in page, decision.state


@pytest.fixture
def running(numbers: Callable[..., list[int]], cast: dict[str, Staff], settings: Any) -> Decision:
    """101 numbers, agreed to, of which 40 are done."""
    settings.QQOPS_CHUNK = 40
    filed = decide(Kind.FREEZE, numbers(101), cast["officer"])
    batch = approve(filed, cast["supervisor"], later=lambda decision: None).decision

    def one_chunk(n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(batch, actor=cast["officer"], progress=one_chunk)
    return Decision.objects.get(pk=batch.pk)


def test_a_run_is_paused_slowed_resumed_and_stopped(desk: Desk, running: Decision, cast: dict[str, Staff]) -> None:
    officer2, agent = desk("officer2"), desk("agent")
    assert preview(agent, run_url(running, "pause"), WHY).status_code == 403
    page = officer2.get(decision_url(running)).content.decode()
    assert run_url(running, "pause") in page and run_url(running, "resume") not in page
    at = head()
    now = "Now Act freeze · violation freeze State running Done 40 of 101 applied 40 Rate limit no limit"
    before = text(preview(officer2, run_url(running, "pause"), WHY))
    assert now in before and "Paused" not in before
    assert press(officer2, run_url(running, "pause"), WHY).status_code == 302
    assert Decision.objects.get(pk=running.pk).paused_at is not None
    assert "approved, being applied paused" in text(officer2.get(decision_url(running)))
    assert "It is so already" in text(preview(officer2, run_url(running, "pause"), WHY))
    assert press(officer2, run_url(running, "limit"), WHY | {"rate": "500"}).status_code == 302
    unlimited = text(preview(officer2, run_url(running, "limit"), WHY | {"rate": ""}))
    slower = text(preview(officer2, run_url(running, "limit"), WHY | {"rate": "1"}))
    assert "at most 1 number a second." in slower
    assert "Numbers a second no limit" in unlimited and "as fast as it goes" in unlimited
    assert "Rate limit 500 numbers a second Paused" in unlimited
    assert f"Paused by {cast['officer2']}" in unlimited
    assert press(officer2, run_url(running, "resume"), WHY).status_code == 302
    assert press(officer2, run_url(running, "stop"), WHY).status_code == 302
    stopped = Decision.objects.get(pk=running.pk)
    assert (stopped.state, stopped.rate, Measure.objects.count()) == (State.STOPPED, 500, 40)
    assert verbs(at) == ["run.paused", "run.limited", "run.resumed", "run.stopped"]
    assert officer2.get(run_url(running, "fly")).status_code == 404
    assert broken() == []


def test_all_runs_are_stopped_by_one_and_go_on_by_a_supervisor(desk: Desk, running: Decision) -> None:
    url = reverse("admin:halt")
    officer, supervisor = desk("officer"), desk("supervisor")
    assert desk("agent").get(url).status_code == 403
    assert "Now Runs that would stop 1 Numbers left in them 61" in text(preview(officer, url, WHY))
    assert press(officer, url, WHY).status_code == 302
    assert Halt.objects.get().ended_at is None
    assert "All runs are stopped" in text(supervisor.get("/admin/"))
    assert preview(officer, url, WHY).status_code == 403
    assert "All runs are stopped: resume them" in text(supervisor.get(url))
    assert "Runs that would go on 1 Numbers left in them 61" in text(preview(supervisor, url, WHY))
    assert press(supervisor, url, WHY).status_code == 302
    assert Halt.objects.get().ended_at is not None and broken() == []
