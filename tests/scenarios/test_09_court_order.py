"""Scenario 9: a court orders that a number is unfrozen before its time, and its entry does not count again."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Hold, Number
from accounts.numbers.queries import shown_of
from accounts.retention import holds
from appeals.models import Appeal
from enforcement.decisions.preview import preview
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import RULED, both_steps, of, page_of, take
from tests.desk import desk
from tests.enforcement.acts import DAY, approve, broken, decide, order
from tests.pages import SAID, act, decision_url, number_url, rule, text
from tests.terminal import Terminal

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
ORDER = "（2026）粤0305民初3338号"


def test_a_court_unfreezes_a_number_before_its_time_and_two_people_carry_it_out(
    number: Callable[..., Number], cast: dict[str, Staff], terminal: Terminal, desk: Callable[[str], Client]
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, cast["officer"], duration=90 * DAY)
    approve(frozen, cast["supervisor"])
    lift = (
        "enforce", "lift", one.pk, "--of", frozen.decision.pk, "--clause", "law", "--in-error",
        "--fact", "the court found the posts not proved", "--evidence", "judgment, page 7", "--reason", "court order",
    )  # fmt: skip
    assert "order and its number" in terminal("officer2", *lift, "--apply").error
    filed = terminal("officer2", *lift, "--citation", ORDER, "--apply", "--json")
    assert (filed.code, filed.json["state"], filed.json["applied"]) == (6, "proposed", 0)
    executed = Decision.objects.get(pk=filed.json["decision"])
    assert executed.rule in ("by_order", "overturns_supervisor")
    assert rule(desk("officer2"), executed).status_code == 403  # its maker, and no supervisor
    assert rule(desk("supervisor2"), executed).status_code == 302
    one.refresh_from_db()
    measure = Measure.objects.get()
    assert (shown_of(one), measure.end_reason, measure.ended_by) == ("in_use", "voided", executed)
    page = text(desk("auditor").get(decision_url(executed)))
    assert ORDER in page and "yes: it never counts" in page
    # The next sanction starts at the foot of the ladder again.
    found = preview(order(Kind.FREEZE, duration=7 * DAY), [one.pk], actor=cast["officer"])
    assert dict(found.suggested) == {"freeze:7": 1}
    assert "found wrong" in text(desk("officer").get(number_url(one.pk)))
    assert broken() == []


def test_a_freeze_that_a_court_ordered_ends_by_its_order_only(
    number: Callable[..., Number], cast: dict[str, Staff], terminal: Terminal
) -> None:
    one = number()
    asked = decide(
        Kind.FREEZE, one, cast["officer"], clauses=("law",), citation=ORDER, freeze_kind="legal", indefinite=True
    )
    approve(asked, cast["supervisor"])
    lift = (
        "enforce", "lift", one.pk, "--what", "freeze", "--fact", "the holder asked", "--evidence", "his letter",
        "--reason", "lift at his request",
    )  # fmt: skip
    refused = terminal("officer2", *lift, "--clause", "10.1", "--apply")
    assert "no measure in force that this ground reaches" in refused.error
    ended = terminal("officer2", "enforce", "terminate", one.pk, "--clause", "10.2", *lift[5:], "--apply")
    assert "legal hold" in ended.error
    assert terminal("officer2", *lift, "--clause", "law", "--citation", ORDER, "--apply").code == 6
    assert broken() == []


def test_an_objection_that_was_rejected_goes_to_court_and_what_it_orders_is_done_and_held_until_then(
    number: Callable[..., Number], cast: dict[str, Staff], desk: Callable[[str], Client]
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, cast["officer"], duration=90 * DAY)
    approve(frozen, cast["supervisor"])
    objection = {"kind": "objection", "decision": str(frozen.decision.pk), "ground": "facts"}
    through(desk("agent"), file_url(one.pk, kind="objection", decision=frozen.decision.pk), FILED | objection)
    appeal, reviewer, privacy = Appeal.objects.get(), desk("reviewer"), desk("privacy")
    take(reviewer, appeal)
    both_steps(reviewer, of("rule", appeal), RULED | {"revision": "0"})
    talks = {"text": "双方就冻结期限协商，未达成一致。", "ticket": ""}
    both_steps(privacy, of("negotiate", appeal), talks)
    sued = {"court": "深圳市南山区人民法院", "case_no": ORDER, "brought_on": "2026-01-05", "reason": "已收到应诉通知书"}
    both_steps(privacy, of("sue", appeal), sued)
    one.refresh_from_db()
    assert one.legal_hold and ORDER in text(privacy.get(page_of(appeal)))

    measure = Measure.objects.get()
    ordered = SAID | {"clauses": ["law"], "citation": ORDER, "measures": [str(measure.pk)], "in_error": "on"}
    lift = act(desk("officer2"), "lift", one.pk, said=ordered)
    assert rule(desk("supervisor2"), lift).status_code == 302
    judged = {"judgment": "against_us", "judged_on": f"{timezone.localdate()}", "reason": "判决已生效并已执行"}
    both_steps(privacy, of("judge", appeal), judged)
    appeal.refresh_from_db()
    one.refresh_from_db()
    measure.refresh_from_db()
    assert (appeal.state, appeal.outcome, measure.end_reason) == ("closed", "rejected", "voided")
    assert one.legal_hold  # until another person lifts it
    holds.lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason="判决已执行完毕")
    one.refresh_from_db()
    assert (one.legal_hold, shown_of(one)) == (False, "in_use")
    assert broken() == []
