"""Who has part in what is objected to decides nothing on it: its filer, who decided, who changed that since, and of a
second review who had a word in the first. Services, queue, lists and the database say the same (domain.md §9, 2, 3)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.utils import timezone

from accounts.models import Number
from appeals.filing import services as filing
from appeals.filing.filing_validation import tidy
from appeals.hearing import services as hearing
from appeals.hearing.conflicts_of_interest import FUNCTION, HasPart, function_sql
from appeals.models import Appeal, AppealEvidence, RulingApproval
from appeals.queries import decided_first, hearers, rulings_inbox, took_part, waiting_for
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import second_review
from enforcement.decisions.services import Report
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.appeals.heard import WHY, agreed, as_filed, filed, objection, ruled
from tests.appeals.rulings.test_audit_checks import slipped
from tests.enforcement.acts import DAY, approve, broken, decide, terminated, undo

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = pytest.mark.usefixtures("english", "rulebook")


def of(appeal: Appeal) -> set[str]:
    """Whoever has part in it, by login."""
    return set(Staff.objects.filter(HasPart(F("pk"), Value(appeal.pk))).values_list("username", flat=True))


def test_the_database_has_the_function_that_is_written_here() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [FUNCTION])
        (body,) = cursor.fetchone()
    assert body in function_sql(), "what part is has changed: a migration has to replace the function"


def test_a_measure_that_was_changed_lifted_and_put_back_has_all_who_did_that(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    longer = decide(Kind.ADJUST, one, officer2, duration=6 * DAY)
    approve(longer, supervisor)
    lifted = decide(Kind.LIFT, one, reviewer, lift_of=frozen.decision.pk)
    approve(lifted, supervisor2)
    back = undo(lifted, officer2, in_error=False)
    approve(back, supervisor)
    since = {"agent", "reviewer", "supervisor2", "officer2", "supervisor"}
    for objected in (frozen, longer, back):  # what it changed, or put back, has who made that
        assert of(objection(one, objected, agent)) == since | {"officer"}


def test_whoever_voided_it_when_it_was_over_has_part(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, supervisor: Staff, reviewer: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    decide(Kind.LIFT, one, reviewer, lift_of=frozen.decision.pk)
    voided = undo(frozen, officer2)
    approve(voided, supervisor)
    assert Measure.objects.get().end_reason == "voided"
    assert of(objection(one, frozen, agent)) == {"agent", "officer", "reviewer", "officer2", "supervisor"}


def test_a_termination_has_who_gave_the_number_back_and_who_took_that_back(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    ended = terminated(one, officer, supervisor)
    restored = decide(Kind.RESTORE, one, reviewer)
    approve(restored, supervisor)
    back = approve(undo(restored, officer2, in_error=False), supervisor2)
    people = {"agent", "officer", "supervisor", "reviewer", "officer2", "supervisor2"}
    for objected in (ended, back):
        assert of(objection(one, objected, agent)) == people


def test_of_two_terminations_the_one_that_runs_again_stands_behind_it(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    terminated(one, officer, supervisor)
    approve(decide(Kind.RESTORE, one, officer2), supervisor2)
    terminated(one, officer2, supervisor2)
    restored = decide(Kind.RESTORE, one, reviewer)
    approve(restored, supervisor)
    back = approve(undo(restored, officer2, in_error=False), supervisor2)
    assert of(objection(one, back, agent)) == {"agent", "officer2", "supervisor2", "reviewer", "supervisor"}


def test_what_was_not_done_or_to_another_measure_or_number_or_by_this_ruling_is_no_part(
    numbers: Many,
    agent: Staff,
    officer: Staff,
    officer2: Staff,
    reviewer: Staff,
    reviewer2: Staff,
    supervisor: Staff,
    supervisor2: Staff,
) -> None:
    ids = numbers(2)
    one, other = Number.objects.filter(pk__in=ids).order_by("pk")
    frozen = decide(Kind.FREEZE, ids, officer)
    decide(Kind.ADJUST, other, reviewer, lift_of=frozen.decision.pk, duration=DAY)  # of the other number
    restricted = decide(Kind.RESTRICT, one, officer2)
    decide(Kind.LIFT, one, reviewer, lift_of=restricted.decision.pk)  # another measure
    decide(Kind.ADJUST, one, officer2, duration=9 * DAY)  # proposed, and nobody agreed
    appeal = objection(one, frozen, agent)
    assert of(appeal) == {"agent", "officer"}
    waits = ruled(appeal, "upheld", reviewer2)
    assert (waits.state, of(appeal), broken()) == ("applied", {"agent", "officer"}, [])


@pytest.fixture
def shortened(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> Iterator[Appeal]:
    """An objection to a freeze that a reviewer has shortened since."""
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    decide(Kind.ADJUST, one, reviewer, lift_of=frozen.decision.pk, duration=DAY)
    yield objection(one, frozen, agent)


def test_who_changed_it_is_not_given_it_and_may_not_take_it(
    shortened: Appeal, reviewer: Staff, reviewer2: Staff
) -> None:
    assert (took_part(shortened, reviewer), decided_first(shortened, reviewer)) == (True, False)
    assert (list(waiting_for(reviewer)), queue.take_next(actor=reviewer)) == ([], None)
    with pytest.raises(Refused, match="changed that since"):
        queue.take(shortened, actor=reviewer)
    assert list(waiting_for(reviewer2)) == [shortened]
    assert queue.take_next(actor=reviewer2) == shortened
    assert list(hearers(shortened, reviewer2)) == []


def test_who_agreed_to_its_change_does_not_agree_to_the_ruling(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    approve(decide(Kind.ADJUST, one, officer, duration=9 * DAY), supervisor)
    ruling = ruled(objection(one, frozen, agent), "upheld", reviewer)
    assert ruling.state == "proposed"  # a supervisor is overturned
    assert (list(rulings_inbox(supervisor)), list(rulings_inbox(supervisor2))) == ([], [ruling])
    with pytest.raises(Refused, match="changed that since"):
        agreed(ruling, supervisor)
    agreed(ruling, supervisor2)
    assert (Measure.objects.get().end_reason, broken()) == ("voided", [])


def test_the_database_takes_no_word_of_any_of_them(
    shortened: Appeal, number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    ruling = ruled(shortened, "rejected", reviewer2)
    plain: dict[str, Any] = {"state": "refused", "ruled_at": None}
    for person in (reviewer, agent, Staff.objects.get(username="officer")):
        with pytest.raises(IntegrityError, match="who took part in it"), transaction.atomic():
            slipped(ruling, person, maker=person, **plain)
    second_review.ask(shortened.receipt, actor=agent, reason="请再看一次登录记录")
    with pytest.raises(IntegrityError, match="other people's"), transaction.atomic():
        slipped(ruling, reviewer2, maker=reviewer2, round=1, **plain)  # whatever round it says it is of
    waits = slipped(ruling, supervisor, maker=supervisor, round=2, state="proposed", ruled_at=None)
    for person, told in ((reviewer, "who took part in it"), (reviewer2, "other people's")):
        with (
            pytest.raises(IntegrityError, match=told),
            transaction.atomic(),
            recorder.act("appeal.ruling_agreed", actor=person, reason=WHY, facts={"outcome": "x"}) as act,
        ):
            sign(RulingApproval, waits, person, "appeals.approve_ruling", act, agreed=True, reason=WHY)


def put_back(number: Number, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff) -> Report:
    """Frozen by an officer; a reviewer lifted that, and that was undone: he decided on the same before."""
    frozen = decide(Kind.FREEZE, number, officer)
    lifted = decide(Kind.LIFT, number, reviewer, lift_of=frozen.decision.pk)
    return approve(undo(lifted, officer2, in_error=False), supervisor)


def test_who_made_what_an_undo_takes_back_neither_takes_nor_judges_it(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    one = number()
    appeal = objection(one, put_back(one, officer, officer2, reviewer, supervisor), agent)
    assert (list(waiting_for(reviewer)), queue.take_next(actor=reviewer)) == ([], None)
    with pytest.raises(Refused, match="took part"):
        queue.take(appeal, actor=reviewer)
    with pytest.raises(Refused, match="another person speaks for the appellant"):
        hearing.answer(appeal, "他补充说上周换了手机", actor=reviewer)
    ruling = ruled(appeal, "rejected", reviewer2)
    with pytest.raises(IntegrityError, match="who took part in it"), transaction.atomic():
        slipped(ruling, reviewer, maker=reviewer, state="refused", ruled_at=None)
    assert broken() == []


def test_who_agreed_to_the_measure_that_was_changed_does_not_agree_to_the_ruling_on_the_change(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    changed = decide(Kind.ADJUST, one, officer2, duration=9 * DAY)
    approve(changed, supervisor2)
    ruling = ruled(objection(one, changed, agent), "upheld", reviewer)
    assert (ruling.state, list(rulings_inbox(supervisor))) == ("proposed", [])
    with pytest.raises(Refused, match="took part"):
        agreed(ruling, supervisor)
    with (
        pytest.raises(IntegrityError, match="who took part in it"),
        transaction.atomic(),
        recorder.act("appeal.ruling_agreed", actor=supervisor, reason=WHY, facts={"outcome": "x"}) as act,
    ):
        sign(RulingApproval, ruling, supervisor, "appeals.approve_ruling", act, agreed=True, reason=WHY)
    assert broken() == []


def test_next_reads_appeals_in_their_order_and_looks_up_by_key_who_has_part(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    """A plan, not a time: no table that grows is read as a whole, nothing is sorted, one row is looked for."""
    one = number()
    objection(one, decide(Kind.FREEZE, one, officer), agent)
    for _n in range(3):
        filed(number(), "enquiry", agent)
    his = queue._HIS[True, False]
    given: dict[str, Any] = {"actor": reviewer.pk, "now": timezone.now(), "until": timezone.now(), "skipped_for": DAY}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # four rows are read faster than looked up
        cursor.execute(f"EXPLAIN (FORMAT JSON) {queue._NEXT.format(his=his)}", given)
        (found,) = cursor.fetchone()
    plan = json.loads(found) if isinstance(found, str) else found
    read = list(nodes(plan[0]["Plan"]))
    first = [node for node in read if node.get("Alias") == "a"]
    assert [node.get("Index Name") for node in first] == ["appeal_to_be_heard"]
    assert not [node for node in read if node["Node Type"] == "Sort" and node.get("Sort Key", [""])[0] == "a.due_at"]
    whole = [node for node in read if node["Node Type"] == "Seq Scan"]
    assert [node["Relation Name"] for node in whole] == []


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def test_who_brings_evidence_or_an_answer_neither_takes_nor_weighs_nor_rules(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    brought, answered = filed(number(), "recovery", agent), filed(number(), "recovery", agent)
    recovery.add_evidence(brought, [("identity", "与登记一致")], [], actor=reviewer)
    hearing.answer(answered, "他补充说上周换了手机", actor=reviewer)
    assert of(brought) == of(answered) == {"agent", "reviewer"}
    assert (list(waiting_for(reviewer)), queue.take_next(actor=reviewer)) == ([], None)
    for appeal in (brought, answered):
        with pytest.raises(Refused, match="took part"):
            queue.take(appeal, actor=reviewer)
    (item,) = AppealEvidence.objects.filter(appeal=brought)
    with pytest.raises(Refused, match="took part"):
        recovery.weigh(item, "match", actor=reviewer, revision=brought.revision)
    assert queue.take(brought, actor=reviewer2) == brought
    assert broken() == []


def test_who_writes_down_what_another_claimant_says_neither_takes_nor_weighs_nor_rules(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one = number()
    first = filed(one, "recovery", agent, evidence=[("devices", "旧手机")])
    said = tidy(as_filed(one, "recovery", contact="13900000002"))  # and he brings nothing
    assert filing.file_one(said, actor=reviewer) is None
    assert of(first) == {"agent", "reviewer"}
    assert (list(waiting_for(reviewer)), queue.take_next(actor=reviewer)) == ([], None)
    with pytest.raises(Refused, match="took part"):
        recovery.weigh(AppealEvidence.objects.get(), "match", actor=reviewer, revision=first.revision)
    waits = ruled(Appeal.objects.get(), "rejected", reviewer2)
    with pytest.raises(IntegrityError, match="who took part in it"), transaction.atomic():
        slipped(waits, reviewer, maker=reviewer, state="refused", ruled_at=None)
    assert broken() == []


def test_who_asks_for_the_second_review_does_not_hear_it(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    first = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(first, "rejected", reviewer)
    second_review.ask(first.receipt, actor=supervisor, reason="他请求再看一次登录记录")
    assert "supervisor" in of(first)
    assert queue.take_next(actor=supervisor) is None
    with pytest.raises(Refused, match="took part"):
        queue.take(first, actor=supervisor)
    assert queue.take_next(actor=supervisor2) == first
    assert broken() == []
