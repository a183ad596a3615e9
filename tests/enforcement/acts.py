"""Short words for the acts in tests: an order with everything it needs, a decision, the second person's yes."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.decisions import services as decisions
from enforcement.decisions.order import Order
from enforcement.decisions.services import Report
from enforcement.models import Decision
from enforcement.policy import FreezeKind, Kind, Scope, Severity
from enforcement.undo import services as undo_services
from enforcement.undo.services import undo_order
from qqops.audit import verify
from qqops.audit.models import Event
from qqops.staff.models import Staff

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
REASON = "按规则处置该号码"
AGREED = "同意该处置决定"

_USUAL: dict[Kind, dict[str, Any]] = {
    Kind.FREEZE: {"freeze_kind": FreezeKind.VIOLATION, "duration": 3 * DAY},
    Kind.RESTRICT: {"scopes": (Scope.SEND_MSG.value,), "duration": 3 * DAY},
    Kind.TERMINATE: {},
    Kind.LIFT: {"lift_kinds": ("freeze", "restrict")},
    Kind.ADJUST: {"lift_kinds": ("freeze",)},
    Kind.RESTORE: {},
    Kind.UNDO: {},
}


def order(kind: Kind = Kind.FREEZE, **more: Any) -> Order:
    """A well-formed order under 10.1; `until` and `indefinite` replace the usual duration."""
    usual = _USUAL[kind] | {
        "clauses": ("10.1",),
        "facts": "群发诈骗链接",
        "evidence": ("风控记录截图",),
        "reason": REASON,
    }
    if kind in (Kind.FREEZE, Kind.RESTRICT, Kind.TERMINATE):
        usual |= {"severity": Severity.SERIOUS.value, "departure": "情节与同类案件相比有别"}
    if {"until", "indefinite"} & more.keys():
        usual.pop("duration", None)
    if {"lift_measures", "lift_of"} & more.keys():
        usual.pop("lift_kinds", None)
    return Order(kind, **(usual | more))


def decide(kind: Kind, numbers: Number | Sequence[int], actor: Staff, **more: Any) -> Report:
    ids = [numbers.pk] if isinstance(numbers, Number) else list(numbers)
    return decisions.decide(order(kind, **more), ids, actor=actor)


def approve(report: Report | Decision, actor: Staff, **more: Any) -> Report:
    decision = report.decision if isinstance(report, Report) else report
    return approval.approve(decision, actor=actor, reason=AGREED, content_hash=decision.content_hash, **more)


def refuse(report: Report | Decision, actor: Staff) -> Report:
    decision = report.decision if isinstance(report, Report) else report
    return approval.refuse(decision, actor=actor, reason="事实不清，不予同意", content_hash=decision.content_hash)


def terminated(number: Number, officer: Staff, supervisor: Staff) -> Report:
    return approve(decide(Kind.TERMINATE, number, officer), supervisor)


def undo(report: Report | Decision, actor: Staff, **more: Any) -> Report:
    """Take a decision back, as found wrong unless said otherwise."""
    decision = Decision.objects.get(pk=(report.decision if isinstance(report, Report) else report).pk)
    said: dict[str, Any] = {"clause": "10.1", "reason": "名单有误，撤销该处置", "in_error": True} | more
    return undo_services.undo(undo_order(decision, **said), actor=actor)


def verbs(after: int) -> list[str]:
    return list(Event.objects.filter(seq__gt=after).order_by("seq").values_list("verb", flat=True))


def head() -> int:
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def broken(cursor: Any = None) -> list[verify.Broken]:
    """What verify finds, within the transaction of a test (verify itself wants one of its own)."""
    if cursor is None:
        with transaction.atomic(), connection.cursor() as own:
            return broken(own)
    return list(verify.checks(cursor))
