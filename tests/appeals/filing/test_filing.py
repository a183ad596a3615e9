"""Filing an appeal (7, 11): what is taken in and how it is kept, one of a thing at a time, and what it holds."""

import datetime
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from accounts.declarations.services import declare
from accounts.models import Hold, Number
from appeals.filing import services as filing
from appeals.filing.filing_validation import tidy
from appeals.hearing import services as hearing
from appeals.messages import sealed_text
from appeals.models import Appeal, AppealEvidence, AppealKey, Delivery, Message, PortalFiling
from appeals.queries import story
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core import receipts
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import later, purged, state, terminate
from tests.appeals.heard import CONTACT, STATEMENT, as_filed, filed, objection, ruled
from tests.enforcement.acts import broken, decide, head, verbs
from tests.enforcement.evidence.files import PDF, WINDOWS

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english")
EVIDENCE = [("past_passwords", "3/5"), ("devices", "一台红色的手机")]


@pytest.fixture(autouse=True)
def _rules(rulebook: object) -> None:
    """The clauses that decisions cite."""


def test_what_is_said_and_shown_is_sealed_and_only_its_key_opens_it(number: Make, agent: Staff) -> None:
    one, before = number(), head()
    appeal = filed(one, "recovery", agent, evidence=EVIDENCE, files=[("police", PDF)])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(x::text, '') FROM (SELECT to_jsonb(a) x FROM appeals_appeal a UNION ALL"
            " SELECT to_jsonb(m) FROM appeals_message m UNION ALL SELECT to_jsonb(e) FROM appeals_appealevidence e"
            " UNION ALL SELECT to_jsonb(h) FROM appeals_historicalappeal h UNION ALL SELECT to_jsonb(v) FROM"
            " audit_event v) AS kept"
        )
        raw = cursor.fetchone()[0]
    for said in (STATEMENT, "13800000001", "一台红色的手机"):
        assert said not in raw and said.encode().hex() not in raw
    assert PDF.hex() not in raw
    kept = sealed_text.Words(appeal)
    assert (kept.statement, kept.contact) == (STATEMENT, "+8613800000001")
    first, second, third = AppealEvidence.objects.order_by("pk")
    assert [kept.of_evidence(first), kept.of_evidence(second), kept.file(third)] == ["3/5", "一台红色的手机", PDF]
    assert (third.kind, third.media_type, third.size, third.statement) == ("police", "application/pdf", len(PDF), None)
    assert verbs(before) == ["appeal.filed"]
    event = Event.objects.latest("seq")
    assert event.facts == {"n": 1, "kinds": {"recovery": 1}, "declined": {}}
    assert event.rows == {
        "appeals_historicalappeal": 1, "appeals_message": 1, "appeals_appealevidence": 3, "accounts_historicalhold": 1,
    }  # fmt: skip
    assert broken() == []
    AppealKey.objects.all().delete()
    assert sealed_text.Words(appeal).statement == ""


def test_a_receipt_can_be_read_out_and_tells_a_slip_and_its_answer_waits_to_be_sent(number: Make, agent: Staff) -> None:
    appeal = filed(number(), "recovery", agent)
    assert receipts.read(appeal.receipt.lower()) == appeal.receipt
    for at in range(9, len(appeal.receipt)):
        other = "7" if appeal.receipt[at] != "7" else "8"
        assert receipts.read(appeal.receipt[:at] + other + appeal.receipt[at + 1 :]) is None
    message = Message.objects.get(appeal=appeal)
    assert Delivery.objects.get(message=message).state == "pending"
    letter = sealed_text.Words(appeal).of_message(message)
    assert appeal.receipt in letter and str(appeal.number_id) in letter and "beforehand" in letter  # 7: no promise


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "petition"}, "a recovery, an objection or an enquiry"),
    ({"ground": "facts"}, "this ground does not belong"),
    ({"relation": "friend"}, "the holder, a guardian or an agent"),
    ({"statement": "short"}, "in 6 to 4000 characters"),
    ({"statement": "很" * 4001}, "in 6 to 4000 characters"),
    ({"agreement": " "}, "Name the version of the appeal agreement"),
    ({"agreement": "call 13800000001"}, "by its version only"),
    ({"agreement": "2026\x00"}, "by its version only"),
    ({"contact": "12345"}, "11 digits and begins with 13 to 19"),
    ({"contact": "li@example"}, "not an e-mail address"),
    ({"contact": "+44 7700 900123"}, "mainland China"),
    ({"decision": 1}, "Only an objection names a decision"),
    ({"kind": "objection", "ground": "facts"}, "Name the decision that is objected to"),
    ({"kind": "objection", "ground": "facts", "decision": 10**9}, "no decision #1000000000"),
    ({"evidence": [("horoscope", "Libra")]}, "no such kind of evidence"),
    ({"evidence": [("devices", " ")]}, "1 to 2000 characters"),
    ({"evidence": [("past_passwords", "hunter2")]}, "never a password or an answer"),
    ({"evidence": [("secret", "my mother's name")]}, "never a password or an answer"),
    ({"evidence": [("past_passwords", "5/3")]}, "how many of how many"),
    ({"evidence": [("other", "a paper")] * 31}, "At most 30 items"),
    ({"files": [("police", WINDOWS)]}, "This is a Windows program"),
    ({"files": [("police", b"")]}, "The file is empty"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_what_is_missing_or_wrong_is_told_and_nothing_is_done(
    number: Make, agent: Staff, change: dict[str, Any], sentence: str
) -> None:
    one, before = number(), head()
    with pytest.raises(Invalid, match=sentence) as told:
        filing.file_one(replace(as_filed(one, "recovery"), **change), actor=agent)
    said = str(told.value)
    for value in ("13800000001", "hunter2", "mother"):
        assert value not in said
    assert verbs(before) == [] and not Appeal.objects.exists()


def test_a_contact_is_a_mobile_or_an_e_mail_in_its_one_form() -> None:
    for given, kept in ((CONTACT, "+8613800000001"), ("Li.Wei@Example.COM", "Li.Wei@example.com")):
        assert tidy(as_filed(88_880_001, "enquiry", contact=given)).contact == kept


def test_one_is_open_for_a_tenure_a_kind_and_a_decision_and_the_database_holds_it(
    number: Make, agent: Staff, officer: Staff
) -> None:
    one, other = number(), number()
    first = filed(one, "recovery", agent)
    with pytest.raises(Invalid, match=f"open already: {first.receipt}"):
        filed(one, "recovery", agent)
    filed(other, "recovery", agent)
    filed(one, "enquiry", agent)
    report, second = decide(Kind.RESTRICT, one, officer), decide(Kind.RESTRICT, one, officer, scopes=("add_friend",))
    objection(one, report, agent)
    objection(one, second, agent)
    with pytest.raises(Invalid, match="open already"):
        objection(one, report, agent)
    assert Appeal.objects.count() == 5
    twin = Appeal.objects.get(pk=first.pk)
    twin.pk, twin.receipt, twin.form_key = None, "R20260101A0000000", uuid.uuid4()
    with pytest.raises(IntegrityError, match="appeal_one_open"), transaction.atomic():
        Appeal.objects.bulk_create([twin])


def test_the_same_form_twice_is_one_appeal(number: Make, agent: Staff) -> None:
    said = as_filed(number(), "recovery", form_key=uuid.uuid4())
    first, before = filing.file_one(said, actor=agent), head()
    assert filing.file_one(said, actor=agent) == first
    assert (verbs(before), Appeal.objects.count()) == ([], 1)


def test_a_list_says_what_came_of_each_line_and_twins_in_it_are_one(number: Make, agent: Staff, officer: Staff) -> None:
    one, two = number(), number()
    report = decide(Kind.FREEZE, two, officer)
    known = filed(one, "enquiry", agent)
    lines = [
        as_filed(one, "recovery"),
        as_filed(one, "recovery"),
        as_filed(one, "enquiry"),
        as_filed(two, "recovery"),
        as_filed(one, "objection", decision=report.decision.pk),
    ]
    lines = [tidy(line) for line in lines]
    would = filing.Filed()
    assert filing.count(lines, would) == {}
    done = filing.file(lines, actor=agent)
    figures = {"new": 3, "known": 0, "open": 2, "again": 0, "routed": 1, "gated": 0, "over": 0}
    assert {name: getattr(done, name) for name in figures} == figures
    assert {name: getattr(would, name) for name in figures} == figures
    assert done.declined == would.declined == {"not_his": 1}
    assert done.receipts[0] == done.receipts[1] and done.receipts[2] == known.receipt
    assert len(done.receipts) == 5 and Appeal.objects.count() == 4
    assert broken() == []


def test_who_may_not_file_is_refused_and_that_is_on_the_record(number: Make, officer: Staff, agent: Staff) -> None:
    one, before = number(), head()
    with pytest.raises(Refused, match="may not file"):
        filed(one, "recovery", officer)
    declare(agent, [one.pk], "own", actor=agent)
    with pytest.raises(Refused, match="another person must act"):
        filed(one, "recovery", agent)
    assert verbs(before) == ["audit.refused", "number.declared", "audit.refused"]
    assert not Appeal.objects.exists()


def test_filed_the_second_before_its_grace_ends_the_number_is_not_purged_until_it_is_closed(
    number: Make, agent: Staff, reviewer: Staff, supervisor2: Staff
) -> None:
    one, spare = number(), number()
    terminate([one.pk, spare.pk])
    one.refresh_from_db()
    assert one.due_at is not None
    with time_machine.travel(one.due_at - datetime.timedelta(seconds=1), tick=False):
        appeal = filed(one, "recovery", agent)
        assert (appeal.kind, appeal.state) == ("objection", "filed")
    with later(days=40):
        assert purged() == {"purged": 1, "appeal": 1}
        assert (state(one.pk), state(spare.pk)) == ("terminated", "quarantined")
        hearing.withdraw(appeal, actor=agent, reason="不再需要处理该申诉")
        assert not Hold.objects.filter(tenure=one.tenure_id, lifted_at=None).exists()
        assert purged() == {"purged": 1}


def test_an_appeal_that_is_closed_may_be_filed_anew(number: Make, agent: Staff, reviewer: Staff) -> None:
    one = number()
    first = filed(one, "recovery", agent)
    ruled(first, "rejected", reviewer)
    assert filed(one, "recovery", agent).pk != first.pk


def test_a_line_of_the_portal_that_found_the_same_open_is_known_for_good(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    one = number()
    first = filed(one, "recovery", agent)
    lines = [tidy(as_filed(one, "recovery", portal=portal)) for portal in ("P-1", "P-2")]
    before = head()
    done = filing.file(lines, actor=agent, source="a0")
    assert (done.open, done.receipts) == (2, {0: first.receipt, 1: first.receipt})
    assert verbs(before) == ["appeal.joined"]
    event = Event.objects.latest("seq")
    assert (event.facts, event.rows) == (
        {"n": 2, "sha256": "a0"},
        {"appeals_message": 2, "appeals_portalfiling": 2, "appeals_historicalappeal": 1},
    )
    assert event in story(first)
    ruled(first, "rejected", reviewer)
    before = head()
    again = filing.file(lines, actor=agent)
    assert (again.known, again.receipts, verbs(before)) == (2, done.receipts, [])
    assert Appeal.objects.count() == 1 and broken() == []


def test_a_line_of_the_portal_that_asked_for_the_second_review_is_known_for_good(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    decision = decide(Kind.FREEZE, one, officer).decision
    first = objection(one, decision, agent)
    ruled(first, "rejected", reviewer)
    lines = [tidy(as_filed(one, "objection", decision=decision.pk, portal=portal)) for portal in ("P-1", "P-2")]
    before = head()
    done = filing.file(lines, actor=agent)
    assert (done.again, done.open, done.receipts) == (1, 1, {0: first.receipt, 1: first.receipt})
    assert verbs(before) == ["appeal.asked_again", "appeal.joined", "appeal.joined"]
    first.refresh_from_db()
    hearing.withdraw(first, actor=agent, reason="不再需要处理该申诉")
    again = filing.file(lines, actor=agent)
    assert (again.known, again.new, again.receipts) == (2, 0, done.receipts)
    assert Appeal.objects.count() == 1 and broken() == []


def test_twins_in_a_list_of_the_portal_are_one_appeal_and_both_are_known(number: Make, agent: Staff) -> None:
    one, before = number(), head()
    lines = [tidy(as_filed(one, "recovery", portal=portal)) for portal in ("P-1", "P-2")]
    done = filing.file(lines, actor=agent)
    assert (done.new, done.open, verbs(before)) == (1, 1, ["appeal.filed", "appeal.joined"])
    appeal = Appeal.objects.get()
    assert set(PortalFiling.objects.values_list("portal", "appeal")) == {("P-1", appeal.pk), ("P-2", appeal.pk)}
    assert filing.file(lines, actor=agent).known == 2
    assert broken() == []
