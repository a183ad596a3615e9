"""Short words for appeals in tests: a filing with everything it needs, an appeal in hand, a ruling."""

from typing import Any

from accounts.models import Number
from appeals.filing import services as filing
from appeals.models import Appeal, Ruling
from appeals.queue import services as queue
from appeals.rulings import services as rulings
from appeals.rulings.services import Said
from enforcement.decisions.services import Report
from enforcement.models import Decision
from qqops.staff.models import Staff

STATEMENT = "我没有发过这些链接，请核查登录记录。"
CONTACT = "138 0000 0001"
REASONS = "登录记录显示该时段由他人操作，原处置依据不成立。"
WHY = "已核对登录与举报记录"


def filed(number: Number | int, kind: str, actor: Staff, **more: Any) -> Appeal:
    """An appeal of this kind at the desk; `decision` makes it an objection to that."""
    found = filing.file_one(as_filed(number, kind, **more), actor=actor)
    assert found is not None
    return found


def as_filed(number: Number | int, kind: str, **more: Any) -> filing.Filing:
    given: dict[str, Any] = {
        "number": number.pk if isinstance(number, Number) else number,
        "kind": kind,
        "ground": {"recovery": "stolen", "objection": "facts", "enquiry": "help"}[kind],
        "statement": STATEMENT,
        "contact": CONTACT,
        "agreement": "2026-01" if kind != "enquiry" else "",
    }
    return filing.Filing(**(given | more))


def objection(number: Number, to: Report | Decision, actor: Staff, **more: Any) -> Appeal:
    decision = to.decision if isinstance(to, Report) else to
    return filed(number, "objection", actor, decision=decision.pk, **more)


def said(outcome: str, **more: Any) -> Said:
    return Said(outcome=outcome, text=REASONS, reason=WHY, **more)


def ruled(appeal: Appeal, outcome: str, actor: Staff, **more: Any) -> Ruling:
    """Take it in hand and rule on it."""
    taken = queue.take(appeal, actor=actor)
    return rulings.rule(taken, said(outcome, **more), actor=actor, revision=taken.revision)


def agreed(ruling: Ruling, actor: Staff) -> Ruling:
    return rulings.agree(ruling, actor=actor, reason="同意该申诉的裁定", seen=seen(ruling))


def sent_back(ruling: Ruling, actor: Staff) -> Ruling:
    return rulings.send_back(ruling, actor=actor, reason="理由不足，请补充核查", seen=seen(ruling))


def seen(ruling: Ruling) -> str:
    """As it is on the page at this moment."""
    return rulings.as_seen(Ruling.objects.select_related("appeal").get(pk=ruling.pk))
