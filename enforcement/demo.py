"""Demo decisions, made by the demo's own staff through the one service: measures of every kind, some waiting."""

import datetime

from django.utils.translation import gettext as _

from accounts.lifecycle import Lifecycle
from accounts.models import Number
from enforcement import services
from enforcement.ladder import is_graduated
from enforcement.models import Decision
from enforcement.order import Order
from enforcement.policy import FreezeKind, Kind, Scope, Severity
from enforcement.services.letters import in_use, load_shipped
from qqops import demo
from qqops.staff.models import Staff

DAY = datetime.timedelta(days=1)


@demo.step
def templates(wish: demo.Wish) -> str:
    load_shipped(actor=wish.setup)
    return _("Letter templates in use: %(n)d") % {"n": len(in_use())}


@demo.step
def decisions(wish: demo.Wish) -> str:
    if Decision.objects.exists():
        return _("Decisions: there")
    officer, officer2, supervisor = (Staff.objects.get(username=n) for n in ("officer", "officer2", "supervisor"))
    held = Number.objects.filter(lifecycle=Lifecycle.IN_USE, legal_hold=False).order_by("revision", "-id")
    pool = iter(list(held.values_list("pk", flat=True)[:400]))

    def take(n: int) -> list[int]:
        return [pk for pk, _n in zip(pool, range(n), strict=False)]

    def order(kind: Kind, clause: str, facts: str, **more: object) -> Order:
        graded = is_graduated(kind, str(more.get("freeze_kind", "")), (clause,))
        more |= {"severity": Severity.SERIOUS, "departure": "演示数据：首次且情节较轻"} if graded else {}
        return Order(kind, (clause,), facts, ("风控记录截图",), "演示数据：按规则处置", ticket="DEMO-1", **more)  # type: ignore[arg-type]

    made = [
        services.decide(
            order(Kind.FREEZE, "10.1", "群发诈骗链接，多人举报", freeze_kind=FreezeKind.VIOLATION, duration=3 * DAY),
            take(24),
            actor=officer,
        ),
        services.decide(
            order(Kind.FREEZE, "6.2", "异地登录，疑似被盗", freeze_kind=FreezeKind.SECURITY, duration=2 * DAY),
            take(9),
            actor=officer2,
        ),
        services.decide(
            order(
                Kind.RESTRICT,
                "10.1",
                "频繁添加陌生人并发送广告",
                scopes=(Scope.ADD_FRIEND.value, Scope.GROUP_SEND.value),
                duration=14 * DAY,
            ),
            take(31),
            actor=officer,
        ),
        services.decide(
            order(Kind.FREEZE, "8.2", "在交易平台售卖号码", freeze_kind=FreezeKind.VIOLATION, duration=30 * DAY),
            take(2),
            actor=officer,
        ),
        services.decide(order(Kind.TERMINATE, "10.2", "当前使用人不是初始申请注册人"), take(1), actor=officer2),
    ]
    batch = services.decide(
        order(Kind.FREEZE, "8.1", "同一设备批量注册", freeze_kind=FreezeKind.VIOLATION, duration=30 * DAY),
        take(120),
        actor=officer2,
    )
    ended = services.decide(order(Kind.TERMINATE, "10.1", "多次违规，屡教不改"), take(12), actor=officer)
    for report in (batch, ended):
        services.approve(
            report.decision,
            actor=supervisor,
            reason="演示数据：同意处置",
            content_hash=report.decision.content_hash,
        )
    return _("Decisions: %(n)d made") % {"n": len(made) + 2}
