"""A ruling, an agreement or a weighing by one who has part in the appeal, past the triggers: `audit_verify` names it,
and nothing that was right when it was said (domain.md §9, 2 and 3)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Number
from appeals import audit_checks as proof
from appeals.hearing import services as hearing
from appeals.models import Appeal, AppealEvidence, Ruling, RulingApproval, Weighing
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import second_review
from enforcement.policy import Kind
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.audit.verify import parts
from qqops.staff.models import Staff
from tests.appeals.heard import WHY, filed, objection, ruled
from tests.appeals.hearing.test_conflicts_of_interest import nodes
from tests.appeals.rulings.test_audit_checks import named, slipped
from tests.enforcement.acts import DAY, approve, decide, undo

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")


@contextmanager
def past_the_triggers() -> Iterator[None]:
    """By pgtrigger's own switch, which anybody has who has the application's role."""
    models: tuple[Any, ...] = (Ruling, RulingApproval)
    names = [one.get_pgid(model) for model in models for one in model._meta.triggers if one.name == "not_involved"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{','.join(names)}}}"])
        yield
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{}', true)")


def forged(ruling: Ruling, person: Staff, **more: Any) -> str:
    """Another word on the same appeal, by him; it was sent back, so that it has nothing to show for."""
    with past_the_triggers():
        plain: dict[str, Any] = {"state": "refused", "ruled_at": None}
        made = slipped(Ruling.objects.get(pk=ruling.pk), person, maker=person, **(plain | more))
    return f"ruling {made.pk}"


def part(*rows: str) -> set[tuple[str, str]]:
    return {("part", row) for row in rows}


def test_who_filed_decided_or_changed_it_and_ruled_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    decide(Kind.ADJUST, one, reviewer2, lift_of=frozen.decision.pk, duration=DAY)
    ruling = ruled(objection(one, frozen, agent), "rejected", reviewer)
    assert named() == set()
    wrong = part(*[forged(ruling, person) for person in (agent, officer, reviewer2)])
    assert named() == wrong


def test_who_made_what_stands_behind_it_and_ruled_is_named(
    number: Make, agent: Staff, officer: Staff, officer2: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    lifted = decide(Kind.LIFT, one, reviewer, lift_of=frozen.decision.pk)
    back = approve(undo(lifted, officer2, in_error=False), supervisor)
    ruling = ruled(objection(one, back, agent), "rejected", reviewer2)
    assert named() == set()
    wrong = part(forged(ruling, reviewer), forged(ruling, officer))
    assert named() == wrong


def test_who_had_a_word_in_the_first_review_and_rules_on_the_second_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    first = ruled(objection(one, decide(Kind.FREEZE, one, officer), agent), "rejected", reviewer)
    second_review.ask(first.appeal.receipt, actor=agent, reason="请再看一次登录记录")
    assert named() == set()  # of the first review he is no other
    wrong = part(forged(first, reviewer, round=2))
    assert named() == wrong


def test_who_agreed_to_the_measure_and_to_the_ruling_is_named(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    ruling = ruled(objection(one, frozen, agent), "rejected", reviewer)
    with (
        past_the_triggers(),
        recorder.act("appeal.ruling_agreed", actor=supervisor, reason=WHY, facts={"outcome": "x"}) as act,
    ):
        sign(RulingApproval, ruling, supervisor, "appeals.approve_ruling", act, agreed=True, reason=WHY)
    assert named() == part(f"approval {RulingApproval.objects.get().pk}")


def test_who_brought_evidence_and_weighs_it_is_named(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    appeal = filed(number(), "recovery", agent, evidence=[("devices", "旧手机")])
    item = AppealEvidence.objects.get()
    queue.take(appeal, actor=reviewer)
    recovery.weigh(item, "match", actor=reviewer, revision=0)
    recovery.add_evidence(appeal, [("friends", "三位好友可证明")], [], actor=reviewer2)
    assert named() == set()
    facts = {"evidence": "devices", "match": "match"}
    with recorder.act("appeal.evidence_weighed", actor=reviewer2, reason="", facts=facts) as act:
        row = Weighing(evidence=item, match="match", checker=reviewer2, at=timezone.now(), event_id=act.event_id)
        row.save()
        act.wrote(Weighing)
    assert named() == part(f"weighing {row.pk}")


def test_what_he_did_only_later_makes_no_earlier_word_false(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    """He lifts what he had found right, and after a recovery was stopped he speaks for the appellant."""
    one = number()
    frozen = decide(Kind.FREEZE, one, officer)
    rejected = ruled(objection(one, frozen, agent), "rejected", reviewer)
    decide(Kind.LIFT, one, reviewer, lift_of=frozen.decision.pk)
    assert named() == set()
    wrong = part(forged(rejected, reviewer))
    assert named() == wrong
    appeal = filed(number(), "recovery", agent)
    ruling = ruled(appeal, "upheld", reviewer)
    recovery.stop(appeal, actor=agent, reason="当前绑定人来电反对")
    recovery.add_evidence(appeal, [("friends", "三位好友可证明")], [], actor=reviewer)
    hearing.answer(Appeal.objects.get(pk=appeal.pk), "他补充说上周换了手机", actor=reviewer)
    assert named() == wrong
    wrong |= part(forged(ruling, reviewer))
    assert named() == wrong


def test_what_it_was_taken_as_only_later_makes_no_earlier_word_false(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    """Of a recovery he had part in nothing; it became the objection to a freeze of his."""
    one = number()
    frozen = decide(Kind.FREEZE, one, reviewer, clauses=("6.2",), freeze_kind="security")
    appeal = filed(one, "recovery", agent, evidence=[("devices", "旧手机")])
    assert (appeal.kind, frozen.applied) == ("recovery", 1)
    taken = queue.take(appeal, actor=reviewer)
    recovery.weigh(AppealEvidence.objects.get(), "match", actor=reviewer, revision=taken.revision)
    queue.transfer(taken, reviewer2, actor=reviewer, reason=WHY)
    taken = Appeal.objects.get()
    hearing.convert(
        taken, "objection", "facts", frozen.decision.pk, actor=reviewer2, reason=WHY, revision=taken.revision
    )
    assert named() == set()
    ruled(Appeal.objects.get(), "rejected", reviewer2)
    assert named() == set()


@pytest.mark.parametrize("query", [proof._RULED_IN_PART, proof._AGREED_IN_PART, proof._WEIGHED_IN_PART])
def test_each_word_is_looked_up_by_key_however_many_there_are(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, query: str
) -> None:
    """A plan, not a time: what is read as a whole are the words themselves, each once."""
    one = number()
    ruled(objection(one, decide(Kind.FREEZE, one, officer), agent), "rejected", reviewer)
    with connection.cursor() as cursor:
        cursor.execute(parts.SESSION)
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {query}")
        (found,) = cursor.fetchone()
    plan = json.loads(found) if isinstance(found, str) else found
    read = list(nodes(plan[0]["Plan"]))
    assert [node["Relation Name"] for node in read if node["Node Type"] == "Seq Scan"] == []
    assert [node for node in read if node["Node Type"].endswith("Join") and "Hash" in node["Node Type"]] == []
