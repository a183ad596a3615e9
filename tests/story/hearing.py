"""Appeals in every state, on numbers of their own: what was said in them is sealed."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appeals.court import services as court
from appeals.filing import services as filing
from appeals.hearing import services as hearing
from appeals.models import Appeal, AppealEvidence, Delivery, Ruling
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import services as rulings
from appeals.rulings.services import Said
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide
from tests.story.canary import ANSWER, APPEAL, APPELLANT, ITEM, PHOTO, RULED

WHY = "已核对登录与举报记录"


@dataclass(frozen=True)
class Hearing:
    filed: Appeal  # an objection that nobody has taken
    in_hand: Appeal  # a recovery, in the hand of the second reviewer, with evidence
    item: AppealEvidence  # of it: a file
    waiting: Appeal  # for the appellant
    ruled: Appeal  # that waits for the second supervisor
    ruling: Ruling  # on it
    closed: Appeal  # an objection that was rejected
    cooling: Appeal
    sued: Appeal


def hearing_room(cast: Mapping[str, Staff], first: int) -> Hearing:
    ids = list(range(first + 40, first + 48))
    make_numbers(ids)
    one, lost, asked_of, ended, agreed, kept, back, fought = ids
    officer, reviewer, reviewer2, agent = (cast[who] for who in ("officer", "reviewer", "reviewer2", "agent"))
    frozen = decide(Kind.FREEZE, [one, asked_of, kept, fought], officer).decision
    over = approve(decide(Kind.TERMINATE, [ended, agreed], officer), cast["supervisor"]).decision
    filed = _objection(one, frozen, agent)
    in_hand = _filed(lost, "recovery", agent, ground="stolen")
    recovery.add_evidence(in_hand, [("payments", ITEM)], [("police", PHOTO)], actor=agent)
    in_hand = queue.take(in_hand, actor=reviewer2)
    words = AppealEvidence.objects.get(appeal=in_hand, size=None)
    in_hand = recovery.weigh(words, "match", actor=reviewer2, revision=in_hand.revision)
    waiting = queue.take(_objection(asked_of, frozen, agent), actor=reviewer)
    waiting = hearing.ask(waiting, RULED, actor=reviewer, revision=waiting.revision)
    waiting = hearing.answer(waiting, ANSWER, actor=agent)
    waiting = queue.take(waiting, actor=reviewer)
    waiting = hearing.ask(waiting, RULED, actor=reviewer, revision=waiting.revision)
    ruled = _objection(ended, over, agent)
    ruling = _ruled(ruled, "upheld", reviewer)
    _agreed(_ruled(_objection(agreed, over, agent), "rejected", reviewer), cast["supervisor2"])
    closed, sued = (_objection(number, frozen, agent) for number in (kept, fought))
    queue.skip(queue.take(closed, actor=reviewer2), actor=reviewer2, reason=WHY)
    for appeal in (closed, sued):
        _ruled(appeal, "rejected", reviewer)
    Delivery.objects.filter(message__appeal=closed, message__kind="receipt").update(state=Delivery.State.FAILED)
    brought = court.Brought("深圳市南山区人民法院", f"(2026)粤0305民初{first}号", datetime.date(2026, 1, 5))
    court.negotiate(sued, RULED, actor=cast["privacy"])
    court.sue(sued, brought, actor=cast["privacy"], reason=WHY)
    cooling = _filed(back, "recovery", agent, ground="forgotten", portal=f"P-{first}")
    _ruled(cooling, "upheld", reviewer)
    item = AppealEvidence.objects.get(appeal=in_hand, size__isnull=False)
    found = [Appeal.objects.get(pk=appeal.pk) for appeal in (filed, in_hand, waiting, ruled, closed, cooling, sued)]
    filed, in_hand, waiting, ruled, closed, cooling, sued = found
    return Hearing(filed, in_hand, item, waiting, ruled, ruling, closed, cooling, sued)


def _filed(number: int, kind: str, agent: Staff, **more: Any) -> Appeal:
    said: dict[str, Any] = {"statement": APPEAL, "contact": APPELLANT, "agreement": "2026-01"}
    filed = filing.file_one(filing.Filing(number=number, kind=kind, **(said | more)), actor=agent)
    assert filed is not None
    return filed


def _objection(number: int, to: Decision, agent: Staff) -> Appeal:
    return _filed(number, "objection", agent, ground="facts", decision=to.pk)


def _agreed(ruling: Ruling, supervisor: Staff) -> None:
    rulings.agree(ruling, actor=supervisor, reason=WHY, seen=rulings.as_seen(ruling))


def _ruled(appeal: Appeal, outcome: str, reviewer: Staff) -> Ruling:
    taken = queue.take(appeal, actor=reviewer)
    return rulings.rule(taken, Said(outcome, RULED, WHY), actor=reviewer, revision=taken.revision)
