"""Of a number that two claim both bring evidence (7): each item says whose it is, and only the appellant's makes his
score."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.models import Appeal, AppealEvidence
from appeals.policy import Side
from appeals.queries import weighed
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import filed, objection
from tests.appeals.recovery.test_contested import contest
from tests.appeals.rulings.test_audit_checks import changed, named
from tests.enforcement.acts import broken, decide, head, verbs

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
OTHERS = [("payments", "转账记录一份"), ("identity", "身份证")]


def weigh(item: AppealEvidence, reviewer: Staff) -> int | None:
    revision = Appeal.objects.get(pk=item.appeal_id).revision
    return recovery.weigh(item, "match", actor=reviewer, revision=revision).score


def test_what_the_other_brings_is_weighed_beside_and_counts_in_nothing(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    appeal = contest(filed(number(), "recovery", agent, evidence=[("devices", "旧手机")]), reviewer)
    before = head()
    bill, paper = recovery.add_evidence(appeal, OTHERS, [], actor=agent, side=Side.OTHER)
    event = Event.objects.get(seq=before + 1)
    assert event.facts == {"kind": "recovery", "n": 2, "whose": "other"}
    assert bill.label == "payments and services opened · the other claimant"
    assert [weigh(item, reviewer) for item in (bill, paper)] == [None, None]
    own = AppealEvidence.objects.get(kind="devices")
    assert (own.side, own.label, weigh(own, reviewer)) == ("appellant", "devices used", 10)
    assert Event.objects.latest("seq").facts["whose"] == "appellant"
    assert (weighed(appeal), len(weighed(appeal, of_other=True))) == ([("devices", "match")], 2)
    assert verbs(before) == ["appeal.evidence_added", *["appeal.evidence_weighed"] * 3]
    assert broken() == []

    # A score that counts anything else is named.
    changed(Appeal.objects.get(), reviewer, score=45)
    assert named() == {("score", f"appeal {appeal.pk}")}


def test_what_was_brought_before_it_said_whose_it_is_is_the_appellants(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    appeal = queue.take(filed(number(), "recovery", agent), actor=reviewer)
    with recorder.act("appeal.evidence_added", actor=agent, reason="", facts={"n": 1}) as act:
        old = AppealEvidence(appeal=appeal, kind="friends", statement=b"sealed", sha256="0", maker=agent,
                             at=timezone.now(), event_id=act.event_id)  # fmt: skip
        old.save(force_insert=True)
        act.wrote(AppealEvidence)
    assert (old.side, old.label, weigh(old, reviewer)) == (None, "friend assistance", 10)
    assert Event.objects.latest("seq").facts["whose"] == "appellant" and broken() == []


def test_it_answers_nothing_that_was_asked_of_the_appellant_and_whoever_has_it_open_sees_it(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    appeal = contest(filed(number(), "recovery", agent), reviewer)
    asked = hearing.ask(appeal, "请提供号码注册地与时间", actor=reviewer, revision=appeal.revision)
    recovery.add_evidence(asked, OTHERS, [], actor=agent, side=Side.OTHER)
    now = Appeal.objects.get()
    assert (now.state, now.waits_until, now.due_at) == ("waiting", asked.waits_until, asked.due_at)
    assert (now.waiting_since, now.revision) == (asked.waiting_since, asked.revision + 1)
    assert broken() == []


def test_where_nobody_else_claims_it_there_is_no_other_side(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff
) -> None:
    one = number()
    appeals = [filed(one, "recovery", agent), objection(one, decide(Kind.FREEZE, one, officer), agent)]
    for appeal in appeals:
        with pytest.raises(Invalid, match="Nobody else claims the number"):
            recovery.add_evidence(appeal, OTHERS, [], actor=agent, side=Side.OTHER)
    taken = queue.take(appeals[0], actor=reviewer)
    assert not AppealEvidence.objects.exists() and taken.revision == 0
