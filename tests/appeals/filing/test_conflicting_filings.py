"""A line of the portal's file about what is on the register, by somebody else: his words count for nobody but him."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Number
from appeals.filing import services as filing
from appeals.filing.filing_validation import Filing, tidy
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, Delivery, Message, PortalFiling
from appeals.queries import portal_ids, story
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from enforcement.policy import Kind
from qqops.alerts import catalogue
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.commands import Exit
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.imports.files import csv_of, put
from tests.appeals.heard import CONTACT, as_filed, filed, objection, ruled, said
from tests.enforcement.acts import broken, decide, head, verbs
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
SAYS, HIS, OTHER = "我才是号码的持有人，密码被他人改了。", "密码保护手机一直在我手上", "139 0000 0002"


@pytest.fixture
def system() -> Staff:
    return Staff.objects.system("system-appeals")


def line(number: Number | int, portal: str, kind: str = "recovery", **more: Any) -> Filing:
    given = {"statement": SAYS, "contact": OTHER, "evidence": (("mobile", HIS), ("past_passwords", "5/5"))}
    return tidy(as_filed(number, kind, portal=portal, **(given | more)))


def marked(appeal: Appeal) -> tuple[str, bool, bool]:
    found = Appeal.objects.get(pk=appeal.pk)
    return found.state, found.contested_at is not None, found.escalated_at is not None


def test_what_another_claimant_says_is_no_answer_and_no_evidence_of_whoever_filed_first_and_a_person_looks(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    first = filed(one, "recovery", agent, evidence=[("devices", "一台红色的手机")])
    taken = queue.take(first, actor=reviewer)
    before = head()
    lines = [line(one, "P-1"), line(one, "P-2", contact=CONTACT, evidence=())]
    done = filing.file(lines, actor=system, source="a0")
    assert (done.others, done.open, done.receipts, done.refused) == ({0}, 1, {1: first.receipt}, {})
    assert verbs(before) == ["appeal.joined", "appeal.claimed"]
    event = Event.objects.latest("seq")
    assert event.facts == {"n": 1, "sha256": "a0"} and event in story(first)
    assert event.rows == {
        "appeals_message": 1, "appeals_appealevidence": 2, "appeals_portalfiling": 1, "appeals_historicalappeal": 1,
        "alerts_alert": 1,
    }  # fmt: skip
    opened = Words(first)
    items = [(item.side, opened.of_evidence(item)) for item in AppealEvidence.objects.order_by("pk")]
    assert items == [("appellant", "一台红色的手机"), ("other", HIS), ("other", "5/5")]
    words = {one.kind: opened.of_message(one) for one in Message.objects.filter(appeal=first)}
    assert (words["answer"], opened.contact) == (SAYS, "+8613800000001")
    assert words["another"] == f"{SAYS}\n\nContact: +8613900000002"
    assert not Delivery.objects.filter(message__kind="another").exists()
    assert all(HIS.encode() not in bytes(message.text) for message in Message.objects.all())
    assert marked(first) == ("filed", True, True)
    with pytest.raises(Invalid, match="has changed since you looked"):
        rulings.rule(first, said("rejected"), actor=reviewer, revision=taken.revision)
    alert = Alert.objects.get()
    assert (alert.code, alert.facts) == ("appeals_claimed", {"n": 1, "appeals": [first.receipt]})
    told = catalogue.sentence(alert.code, alert.facts)
    assert first.receipt in told and "hear both" in told

    # He is no appellant of it: neither now, nor when his line comes again.
    before = head()
    again = filing.file(lines, actor=system)
    assert (again.known, again.others, again.receipts, verbs(before)) == (2, {0}, {1: first.receipt}, [])
    would = filing.Filed()
    assert filing.count(lines, would) == {1: first.receipt} and would.known == 2
    assert portal_ids(first) == ["P-2"] and PortalFiling.objects.count() == 2
    assert broken() == []


def test_two_decide_between_the_two_and_the_reviewer_has_the_number_frozen(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    first = filed(one, "recovery", agent)
    filing.file([line(one, "P-1")], actor=system)
    taken = queue.take(first, actor=reviewer)
    assert rulings.look(taken, said("upheld"), actor=reviewer).waits
    found = recovery.contest(taken, actor=reviewer, reason="门户有人主张同一号码", revision=taken.revision)
    assert found.contest_decision is not None and broken() == []


def test_what_was_asked_of_the_appellant_is_not_answered_by_another(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    taken = queue.take(filed(one, "recovery", agent), actor=reviewer)
    asked = hearing.ask(taken, "请提供号码注册地与时间", actor=reviewer, revision=taken.revision)
    filing.file([line(one, "P-1")], actor=system)
    now = Appeal.objects.get()
    assert marked(now) == ("waiting", True, True)
    assert (now.waiting_since, now.waits_until, now.due_at) == (asked.waiting_since, asked.waits_until, asked.due_at)


def test_what_cools_down_cools_on_and_somebody_is_rung_who_may_stop_it(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    ruled(filed(one, "recovery", agent), "upheld", reviewer)
    cooling = Appeal.objects.get()
    filing.file([line(one, "P-1")], actor=system)
    assert marked(cooling) == ("cooling", True, True)
    assert Appeal.objects.get().waits_until == cooling.waits_until
    assert (Alert.objects.get().level, Alert.objects.get().facts["appeals"]) == ("critical", [cooling.receipt])
    recovery.stop(cooling, actor=agent, reason="门户有人主张同一号码")
    assert marked(cooling) == ("filed", True, False) and broken() == []


def test_twins_of_one_file_under_two_contacts_are_two_people(number: Make, system: Staff) -> None:
    one, before = number(), head()
    done = filing.file([line(one, "P-1", contact=CONTACT), line(one, "P-2")], actor=system)
    appeal = Appeal.objects.get()
    assert (done.new, done.open, done.receipts, done.others) == (1, 0, {0: appeal.receipt}, {1})
    assert verbs(before) == ["appeal.filed", "appeal.claimed"]


def test_nobody_else_uses_up_the_second_review(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    decision = decide(Kind.FREEZE, one, officer).decision
    first = objection(one, decision, agent)
    ruled(first, "rejected", reviewer)
    before = head()
    done = filing.file([line(one, "P-1", "objection", decision=decision.pk)], actor=system)
    assert (done.others, done.again, done.receipts, marked(first)) == ({0}, 0, {}, ("closed", False, False))
    assert verbs(before) == ["appeal.claimed"]
    at_desk = line(one, "", "objection", decision=decision.pk)
    for act in (filing.look, filing.file_one):
        with pytest.raises(Invalid, match="gave another contact. If it is the same person") as refused:
            act(at_desk, actor=agent)
        assert first.receipt not in str(refused.value)
    own = AppealEvidence.objects.exclude(side="other")
    assert marked(first)[0] == "closed" and not own.exists()
    filing.file_one(line(one, "", "objection", decision=decision.pk, contact=CONTACT), actor=agent)
    assert marked(first)[0] == "filed" and own.count() == 2 and broken() == []


def test_at_the_desk_he_is_kept_apart_as_well_and_who_has_the_contact_is_told_the_receipt(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    taken = queue.take(filed(one, "recovery", agent), actor=reviewer)
    first = hearing.ask(taken, "请提供号码注册地与时间", actor=reviewer, revision=taken.revision)
    his = line(one, "", contact=CONTACT)
    assert filing.look(his, actor=agent).open_receipt == first.receipt
    with pytest.raises(Invalid, match=f"open already: {first.receipt}"):
        filing.file_one(his, actor=agent)
    others = line(one, "")
    looked = filing.look(others, actor=agent)
    assert (looked.open_of_other, looked.open_receipt) == (True, None)
    before = head()
    assert filing.file_one(others, actor=agent, ticket="T-9") is None
    assert verbs(before) == ["appeal.claimed"]
    event = Event.objects.latest("seq")
    assert (event.subject_id, event.ticket, event.facts) == (str(first.pk), "T-9", {"n": 1})
    assert marked(first) == ("waiting", True, True) and Appeal.objects.get().waits_until == first.waits_until
    assert not PortalFiling.objects.exists() and Alert.objects.get().code == "appeals_claimed"
    assert broken() == []


def test_his_line_is_answered_without_a_receipt_number_each_time_that_it_comes(
    terminal: Terminal, tmp_path: Path, agent: Staff, numbers: Many
) -> None:
    one, two = numbers(2)
    first = filed(one, "recovery", agent)
    head_of = ["portal_id", "number", "kind", "ground", "statement", "contact", "agreement"]
    rows = [[f"P-{n}", str(n), "recovery", "stolen", SAYS, "13900000002", "2026-01"] for n in (one, two)]
    path = put(tmp_path, csv_of(rows, head_of))
    dry = terminal(None, "appeals", "file", path, "--json")
    assert (dry.code, dry.json["open"], first.receipt in dry.out) == (Exit.DRY_RUN, 1, False)
    for new, known in ((1, 0), (0, 2)):
        done = terminal(None, "appeals", "file", path, "--apply", "--json")
        assert (done.code, done.json["new"], done.json["known"]) == (Exit.PARTLY, new, known)
        assert done.json["others"] == {f"P-{one}": "It was received and is kept, and a person will look at it."}
        assert list(done.json["receipts"]) == [f"P-{two}"] and first.receipt not in done.out
    text = terminal(None, "appeals", "file", path, "--apply")
    assert text.code == Exit.PARTLY and first.receipt not in text.out
    assert f"without a receipt number: P-{one}: It was received and is kept" in text.out


def test_so_many_lines_take_as_many_statements_as_few(numbers: Many, system: Staff) -> None:
    ids = numbers(24)
    filing.file([line(n, f"P-{n}", contact=CONTACT) for n in ids], actor=system)
    took = []
    for few, name in ((ids[:4], "few"), (ids[4:], "many")):
        with CaptureQueriesContext(connection) as queries:
            assert len(filing.file([line(n, f"{name}-{n}") for n in few], actor=system).others) == len(few)
        took.append(len(queries))
    assert took[0] == took[1]
