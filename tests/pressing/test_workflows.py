"""Each workflow of the house from its beginning to its end, in a browser, by everybody who has part in it: from
the page where it begins by the links that stand there, in each language and each theme.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import (
    Breach,
    CorrectionDemand,
    DataRequest,
    Disclosure,
    DormancyPolicy,
    Hold,
    Number,
    NumberRange,
    ResourceProposal,
    RevealRequest,
    Tenure,
)
from appeals.models import Appeal, Ruling
from enforcement.models import Case, Decision, LetterTemplate
from enforcement.policy import Kind
from enforcement.runs.services import halted
from qqops.staff.models import AccessRequest, Holding, Staff
from tests.accounts.allocation import test_pages as test_allocation
from tests.accounts.disclosures import steps as disclosing
from tests.accounts.holders import test_pages as test_holder_correction
from tests.doors.more import FREE, FROZEN, STOLEN, More
from tests.doors.words import ASSESSED, UNGRADED, Variants
from tests.enforcement.acts import decide
from tests.identities import MINOR, tell
from tests.pages import FREEZE, SAID, act_url
from tests.permissions.samples import LEAVING
from tests.pressing.hand import LOOKS, Desk, Hand
from tests.qqops.staff.people.acting import at
from tests.story import Story

Cast = Mapping[str, Staff]
AGREE = {"agree": "1"}
pytestmark = [
    pytest.mark.usefixtures("places"),  # numbers, ranges and policies to stand on
    pytest.mark.parametrize("look", LOOKS[:2], ids=str),
]


@pytest.fixture
def desk(hand: Hand, desk: Desk) -> Desk:
    """Each page has been judged where its act is pressed alone."""
    hand.walk = None
    return desk


def page_of(thing: Any) -> str:
    return reverse(f"admin:{thing._meta.label_lower.replace('.', '_')}_change", args=[thing.pk])


def latest(model: Any) -> Any:
    return model.objects.latest("pk")


def number_of(pk: int) -> Any:
    return Number.objects.select_related("tenure").get(pk=pk)


def test_a_number_is_terminated_by_two_and_that_is_taken_back_by_two(desk: Desk) -> None:
    number = at("accounts_number_change", FREE)
    desk("officer").send(number, act_url("terminate", FREE), said=SAID)
    done = latest(Decision)
    assert number_of(FREE).lifecycle == "in_use"
    desk("supervisor").send(at("inbox"), at("ruling", done.pk), said=AGREE)
    assert number_of(FREE).lifecycle == "terminated"
    desk("officer").send(page_of(done), at("undo", done.pk), said={})
    desk("supervisor2").send(at("inbox"), at("ruling", latest(Decision).pk), said=AGREE)
    assert number_of(FREE).lifecycle == "in_use"


def test_a_slip_is_withdrawn_by_its_maker(desk: Desk) -> None:
    hand = desk("officer")
    hand.send(at("accounts_number_change", FREE), act_url("freeze", FREE), said=FREEZE | {"term": "30"})
    slip = latest(Decision)
    hand.send(page_of(slip), at("withdraw", slip.pk), said={})
    slip.refresh_from_db()
    assert (slip.state, number_of(FREE).frozen_until) == ("void", None)


def test_a_freeze_is_shortened_and_lifted(desk: Desk, more: More) -> None:
    number, hand = at("accounts_number_change", FROZEN), desk("reviewer")
    until = more.frozen.until
    shorter = UNGRADED | {"measures": [str(more.frozen.pk)], "term": "1"}
    hand.send(number, act_url("adjust", FROZEN), said=shorter)
    assert number_of(FROZEN).frozen_until < until
    hand.send(number, act_url("lift", FROZEN), said=UNGRADED)
    assert number_of(FROZEN).frozen_until is None


def test_a_pasted_list_becomes_a_batch_and_its_report_a_file(desk: Desk) -> None:
    hand = desk("officer")
    hand.send(at("batch"), said={"kind": "freeze", "pasted": f"{FREE}\n{STOLEN}"})
    hand.press(FREEZE)
    batch = latest(Decision)
    assert all(Number.objects.filter(pk__in=[FREE, STOLEN]).values_list("frozen_until", flat=True))
    hand.open(page_of(batch))
    assert hand.press({}, to=at("report", batch.pk, "csv"))


def test_a_run_is_slowed_stopped_for_a_while_and_for_good(desk: Desk, more: More) -> None:
    batch, hand = page_of(more.batch), desk("officer")
    for do, said in (("limit", {"rate": "500"}), ("pause", {}), ("resume", {}), ("stop", {})):
        hand.send(batch, at("run", more.batch.pk, do), said=said)
        more.batch.refresh_from_db()
        assert (more.batch.rate, more.batch.paused_at is not None) == (500, do == "pause")
    assert more.batch.state == "stopped"
    for stopped in (True, False):
        desk("supervisor").send(at("halt"), said={})
        assert (halted() is not None) is stopped


def test_a_number_is_registered(desk: Desk) -> None:
    desk("resources").send(at("register_number"), said=test_allocation.SAID | test_allocation.PERSON)
    begun = latest(Tenure)
    assert (begun.number.lifecycle, begun.channel) == ("allocated", "web")


def test_a_number_is_given_back_and_that_is_regretted(desk: Desk, said: Variants) -> None:
    page, hand = at("accounts_number_change", LEAVING), desk("agent")
    hand.send(page, f"{at('cancel')}?number={LEAVING}", said=said["admin:cancel"][""])
    assert number_of(LEAVING).lifecycle == "cancel_pending"
    hand.send(page, f"{at('withdraw_cancellation')}?number={LEAVING}", said={})
    assert number_of(LEAVING).lifecycle == "in_use"


def test_a_holder_is_corrected_by_two(desk: Desk) -> None:
    page = at("accounts_number_change", FREE)
    desk("privacy").send(page, f"{at('correct_holder')}?number={FREE}", said=test_holder_correction.SAID)
    asked = latest(ResourceProposal)
    desk("supervisor").send(page_of(asked), at("resource_ruling", asked.pk), said=AGREE)
    assert number_of(FREE).tenure.seq == 2


def test_a_range_is_opened_planned_anew_and_closed_by_two(desk: Desk, said: Variants) -> None:
    hand = desk("resources")
    hand.send(at("accounts_numberrange_changelist"), at("open_range"), said=said["admin:open_range"][""])
    opened = latest(NumberRange)
    for step, told in (("plan_range", {"plan": "fewer each day"}), ("move_range", {"to": "retired"})):
        desk("resources").send(page_of(opened), at(step, opened.pk), said=told)
        asked = latest(ResourceProposal)
        desk("supervisor").send(page_of(asked), at("resource_ruling", asked.pk), said=AGREE)
    opened.refresh_from_db()
    assert (opened.price, opened.plan, opened.state) == (888, "fewer each day", "retired")


def test_a_policy_is_drafted_and_adopted_by_three(desk: Desk, said: Variants) -> None:
    policies = at("accounts_dormancypolicy_changelist")
    desk("resources").send(policies, at("draft_policy"), said=said["admin:draft_policy"][""])
    asked = latest(ResourceProposal)
    for who in ("supervisor", "privacy"):
        assert not DormancyPolicy.objects.filter(code="lapsed-3").exists()
        desk(who).send(page_of(asked), at("resource_ruling", asked.pk), said=AGREE)
    assert DormancyPolicy.objects.filter(code="lapsed-3").exists()


def test_dormant_numbers_are_reclaimed_by_three(desk: Desk) -> None:
    policy = DormancyPolicy.objects.get(code="dormant-90")
    desk("resources").send(page_of(policy), at("reclaim", policy.pk), said={})
    filed = latest(Decision)
    for who in ("supervisor", "privacy"):
        assert latest(Decision).state == "proposed"
        desk(who).send(at("inbox"), at("ruling", filed.pk), said=AGREE)
    filed.refresh_from_db()
    assert filed.state == "approved"  # its holders are told first


def test_an_items_correction_is_demanded_told_and_withdrawn(desk: Desk, story: Story) -> None:
    one, hand = story.people.adult, desk("agent")
    hand.send(page_of(one), at("identity_verify", one.pk, "email"), said={})
    hand.send(page_of(one), at("identity_demand", one.pk, "email"), said={})
    demand = latest(CorrectionDemand)
    hand.send(page_of(demand), at("correction_told", demand.pk), said={})
    hand.send(page_of(demand), at("correction_withdraw", demand.pk), said={})
    demand.refresh_from_db()
    assert demand.closed


def test_an_item_of_a_minor_is_asked_for_agreed_to_and_seen(desk: Desk, cast: Cast) -> None:
    one = tell(number_of(FREE), cast["agent"], **MINOR)
    case = decide(Kind.FREEZE, [FREE], cast["officer"]).decision
    reveal = at("reveal", one.pk, "holder", "mobile")
    why = {"purpose": "decision", "case_kind": "decision", "case_ref": str(case.pk)}
    desk("officer").send(page_of(one), reveal, said=why)
    asked = latest(RevealRequest)
    desk("privacy").send(page_of(asked), at("reveal_ruling", asked.pk), said=AGREE)
    desk("officer").send(page_of(one), reveal, said=why)
    asked.refresh_from_db()
    assert asked.state == "applied"
    expect(desk("officer").page.get_by_text(MINOR["mobile"]).first).to_be_visible()


def test_the_police_are_answered_by_three(desk: Desk, story: Story) -> None:
    desk("agent").send(
        at("disclosure_kinds"), at("disclosure_register", "police"), said=disclosing.said(story.numbers[0])
    )
    made = latest(Disclosure)
    for paper in made.papers.values_list("kind", flat=True):
        desk("agent").send(page_of(made), at("disclosure_scan", made.pk, paper), said={})
    desk("privacy").send(page_of(made), at("disclosure_review", made.pk), said=disclosing.rulings())
    desk("supervisor").send(page_of(made), at("disclosure_release", made.pk), said=AGREE)
    assert desk("supervisor").send(page_of(made), at("disclosure_open", made.pk, "file"), said={})
    made.refresh_from_db()
    assert made.state == "done"


def test_a_person_is_given_a_copy_by_three(desk: Desk, story: Story) -> None:
    one = story.people.imported
    desk("agent").send(page_of(one), at("data_request", one.pk), said={"kind": "copy"})
    asked = latest(DataRequest)
    desk("privacy").send(page_of(asked), at("data_request_decide", asked.pk), said=AGREE)
    desk("supervisor").send(page_of(asked), at("data_request_carry_out", asked.pk), said=AGREE)
    assert desk("privacy").send(page_of(asked), at("data_request_copy", asked.pk), said={})
    asked.refresh_from_db()
    assert asked.state == "done"


def test_a_hold_is_placed_and_lifted(desk: Desk) -> None:
    desk("officer").send(at("accounts_number_change", FREE), f"{at('place_hold')}?number={FREE}", said={})
    hold = latest(Hold)
    assert number_of(FREE).legal_hold
    desk("privacy").send(page_of(hold), at("lift_hold", hold.pk), said={})
    assert not number_of(FREE).legal_hold


def test_a_breach_is_gone_through_to_its_end(desk: Desk, said: Variants) -> None:
    hand = desk("privacy")
    hand.send(at("accounts_breach_changelist"), at("breach_register"), said={})
    found = latest(Breach)
    steps: dict[str, dict[str, Any]] = {
        "assess": ASSESSED,
        "report": {},
        "tell": {},
        "close": {},
    }
    for step, told in steps.items():
        hand.send(page_of(found), at(f"breach_{step}", found.pk), said=told)
    found.refresh_from_db()
    assert found.reported_at and found.people_told_at and found.closed_at


def test_a_case_is_opened_looked_into_explained_and_closed(desk: Desk, said: Variants) -> None:
    desk("agent").send(at("case_kinds"), at("open_case", "theft"), said=said["admin:open_case"][""])
    case = latest(Case)
    page, hand = page_of(case), desk("officer")
    hand.send(page, at("case_evidence", case.pk), said={"evidence": "the log"})
    hand.send(page, at("case_numbers", case.pk), said={"subject": str(STOLEN)})
    for step in ("details", "cause"):
        hand.send(page, at(f"case_{step}", case.pk), said={})
    desk("supervisor").send(page, at("case_cause_ruling", case.pk), said=AGREE)
    desk("officer").send(page, at("case_close", case.pk), said={"conclusion": "we do not answer for it"})
    case.refresh_from_db()
    assert (case.state, set(case.numbers.values_list("number", flat=True))) == ("closed", {FREE, STOLEN})


def test_a_letter_is_drafted_and_agreed_to(desk: Desk, said: Variants) -> None:
    in_use = LetterTemplate.objects.filter(code="freeze", state="applied").latest("pk")
    desk("officer").send(page_of(in_use), at("draft_letter", "freeze"), said=said["admin:draft_letter"][""])
    draft = latest(LetterTemplate)
    desk("supervisor").send(page_of(draft), at("letter_ruling", draft.pk), said=AGREE)
    draft.refresh_from_db()
    assert draft.state == "applied"


def test_an_objection_is_filed_heard_and_upheld(desk: Desk, more: More, said: Variants) -> None:
    filing = dict(said["admin:file_appeal"][""]) | {
        "kind": "objection", "decision": str(more.frozen.decision_id), "ground": "facts",
        "evidence_kind_1": "", "evidence_text_1": "", "evidence_kind_3": "", "evidence_text_3": "",
    }  # fmt: skip
    filing.pop("url")
    number = at("accounts_number_change", FROZEN)
    desk("agent").send(number, f"{at('file_appeal')}?number={FROZEN}", said=filing)
    appeal = latest(Appeal)
    page, hand = page_of(appeal), desk("reviewer")
    hand.open(page)
    hand.press({}, to=at("appeals_take", appeal.pk))
    hand.send(page, at("appeals_ask", appeal.pk), said={})
    desk("agent").send(page, at("appeals_answer", appeal.pk), said={})
    hand = desk("reviewer")
    hand.open(page)
    hand.press({}, to=at("appeals_take", appeal.pk))
    hand.send(page, at("appeals_rule", appeal.pk), said={**said["admin:appeals_rule"][""], "outcome": "upheld"})
    appeal.refresh_from_db()
    assert (appeal.outcome, number_of(FROZEN).frozen_until) == ("upheld", None)


def test_a_number_is_asked_back_weighed_upheld_and_stopped_while_it_cools(
    desk: Desk, more: More, said: Variants
) -> None:
    lost, page = more.lost, page_of(more.lost)
    desk("agent").send(page, at("appeals_evidence", lost.pk), said=said["admin:appeals_evidence"][""])
    hand = desk("reviewer2")
    hand.open(page)
    hand.press({}, to=at("appeals_take", lost.pk))
    item = lost.evidence.latest("pk")
    hand.send(page, at("appeals_weigh", lost.pk), said={f"item_{item.pk}": "match"})
    hand.send(page, at("appeals_rule", lost.pk), said={**said["admin:appeals_rule"][""], "outcome": "upheld"})
    lost.refresh_from_db()
    assert lost.state == "cooling"
    desk("agent").send(page, at("appeals_stop", lost.pk), said={})
    lost.refresh_from_db()
    assert (lost.state, latest(Ruling).state) == ("filed", "stopped")


def test_a_closed_objection_goes_to_court(desk: Desk, story: Story) -> None:
    appeal, hand = story.hearing.closed, desk("privacy")
    for step in ("negotiate", "sue", "judge"):
        hand.send(page_of(appeal), at(f"appeals_{step}", appeal.pk), said={})
    appeal.refresh_from_db()
    assert appeal.dispute.judgment


def test_a_role_is_given_by_two_and_ended(desk: Desk, cast: Cast) -> None:
    person = cast["reviewer2"]
    desk("sysadmin").send(page_of(person), at("staff_grant", person.pk), said={"role": "agent"})
    asked = latest(AccessRequest)
    desk("supervisor").send(page_of(asked), at("access_ruling", asked.pk), said=AGREE)
    held = Holding.objects.filter(staff=person, role="agent")
    assert held.get().until is None
    desk("supervisor").send(page_of(person), at("staff_revoke", person.pk), said={"role": "agent"})
    assert held.get().until


def test_a_role_is_taken_in_an_emergency_and_that_is_reviewed(desk: Desk) -> None:
    desk("reviewer").send(at("me"), at("emergency"), said={})
    taken = latest(Holding)
    desk("supervisor").send(page_of(taken.staff), at("staff_revoke", taken.staff_id), said={"role": taken.role})
    desk("supervisor").send(at("emergency_list"), at("emergency_review", taken.pk), said={})
    assert taken.review.reviewer.username == "supervisor"
