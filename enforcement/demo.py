"""Demo decisions, made by the demo's own staff through the one service: measures of every kind, some waiting; and the
cases that some of them came of."""

import datetime
from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lifecycle import Lifecycle
from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.cases import cause
from enforcement.cases import services as casework
from enforcement.cases.policy import CaseKind, Heard, RootCause
from enforcement.cases.services import Finding
from enforcement.decisions.ladder import is_graduated
from enforcement.decisions.order import Order
from enforcement.decisions.services import decide
from enforcement.letters.services import in_use, load_shipped
from enforcement.models import Case, Decision
from enforcement.policy import FreezeKind, Kind, Scope, Severity
from qqops.boot import demo
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
    officer, officer2, supervisor = _staff("officer", "officer2", "supervisor")
    pool = _held(400)

    def take(n: int) -> list[int]:
        return [pk for pk, _n in zip(pool, range(n), strict=False)]

    made = [
        decide(
            _order(Kind.FREEZE, "10.1", "群发诈骗链接，多人举报", freeze_kind=FreezeKind.VIOLATION, duration=3 * DAY),
            take(24),
            actor=officer,
        ),
        decide(
            _order(Kind.FREEZE, "6.2", "异地登录，疑似被盗", freeze_kind=FreezeKind.SECURITY, duration=2 * DAY),
            take(9),
            actor=officer2,
        ),
        decide(
            _order(
                Kind.RESTRICT,
                "10.1",
                "频繁添加陌生人并发送广告",
                scopes=(Scope.ADD_FRIEND.value, Scope.GROUP_SEND.value),
                duration=14 * DAY,
            ),
            take(31),
            actor=officer,
        ),
        decide(
            _order(Kind.FREEZE, "8.2", "在交易平台售卖号码", freeze_kind=FreezeKind.VIOLATION, duration=30 * DAY),
            take(2),
            actor=officer,
        ),
        decide(_order(Kind.TERMINATE, "10.2", "当前使用人不是初始申请注册人"), take(1), actor=officer2),
    ]
    batch = decide(
        _order(Kind.FREEZE, "8.1", "同一设备批量注册", freeze_kind=FreezeKind.VIOLATION, duration=30 * DAY),
        take(120),
        actor=officer2,
    )
    ended = decide(_order(Kind.TERMINATE, "10.1", "多次违规，屡教不改"), take(12), actor=officer)
    for report in (batch, ended):
        approval.approve(
            report.decision,
            actor=supervisor,
            reason="演示数据：同意处置",
            content_hash=report.decision.content_hash,
        )
    return _("Decisions: %(n)d made") % {"n": len(made) + 2}


@demo.step
def cases(wish: demo.Wish) -> str:
    if Case.objects.exists():
        return _("Cases: there")
    pool = _held(60)
    for tell in (_cluster, _incident, _finder):
        tell(pool)
    return _("Cases: %(n)d opened") % {"n": Case.objects.count()}


def _cluster(pool: Iterator[int]) -> None:
    """Registered by machine, looked at by hand; the worst of them are frozen (8.1)."""
    agent, officer = _staff("agent", "officer")
    numbers = [pk for pk, _n in zip(pool, range(42), strict=False)]
    said = {"cluster": "c-1101", "devices": 1, "addresses": 2, "rate": 40, "detected_by": "rule r-8"}
    found = Finding(
        CaseKind.CLUSTER, "同一设备一小时内注册四十余个号码，昵称均为同一则广告", said, {"subject": numbers},
        evidence=("注册日志 c-1101", "昵称清单"),
    )  # fmt: skip
    case = casework.open_case(found, actor=agent, reason=_DEMO, ticket="DEMO-2")
    casework.amend(case, said | {"sampled": 20, "wrong": 1}, actor=officer, reason="演示数据：人工抽查二十个号码")
    order = _order(
        Kind.FREEZE, "8.1", "批量注册用于群发广告", freeze_kind=FreezeKind.VIOLATION, duration=3 * DAY, case=case.pk
    )
    decide(order, numbers[:12], actor=officer)


def _incident(pool: Iterator[int]) -> None:
    """Ours, as a second person agreed; it is closed with that (9.2)."""
    officer, supervisor = _staff("officer2", "supervisor")
    began = timezone.localdate() - 3 * DAY
    found = Finding(
        CaseKind.INCIDENT, "登录网关更新后两小时内未校验设备，部分号码可能被他人登录",
        {"began_on": began, "system": "登录网关"}, {"subject": [next(pool), next(pool)]}, evidence=("网关变更记录",),
    )  # fmt: skip
    case = casework.open_case(found, actor=officer, reason=_DEMO, ticket="DEMO-3")
    case = cause.propose_cause(case, RootCause.OPERATOR, actor=officer, reason="演示数据：变更时遗漏了设备校验")
    seen = cause.seen(case)
    cause.rule_on_cause(case, agree=True, content_hash=seen, actor=supervisor, reason="演示数据：记录与日志相符")
    casework.close(case, "已恢复校验，涉及的号码已转赔偿", actor=officer, reason=_DEMO)


def _finder(pool: Iterator[int]) -> None:
    """Who found a password and said so is not penalised; the number is frozen until its holder is reached (8.3)."""
    agent, officer = _staff("agent", "officer2")
    lost, finder = next(pool), next(pool)
    found = Finding(
        CaseKind.FINDER, "来电人称捡到写有密码的便条，未曾登录，请我们转告失主",
        {"heard": Heard.HOTLINE, "reported_on": timezone.localdate(), "good_faith": True},
        {"subject": [lost], "finder": [finder]}, evidence=("来电记录",),
    )  # fmt: skip
    case = casework.open_case(found, actor=agent, reason=_DEMO, ticket="DEMO-4")
    order = _order(
        Kind.FREEZE, "8.3", "他人报告得知密码，先行保护", freeze_kind=FreezeKind.SECURITY, duration=DAY, case=case.pk
    )
    decide(order, [lost], actor=officer)


_DEMO = "演示数据：按规则登记案件"


def _staff(*logins: str) -> list[Staff]:
    return [Staff.objects.get(username=login) for login in logins]


def _held(most: int) -> Iterator[int]:
    """Numbers in use that nobody has acted on."""
    held = Number.objects.filter(lifecycle=Lifecycle.IN_USE, legal_hold=False).order_by("revision", "-id")
    return iter(list(held.values_list("pk", flat=True)[:most]))


def _order(kind: Kind, clause: str, facts: str, **more: object) -> Order:
    graded = is_graduated(kind, str(more.get("freeze_kind", "")), (clause,))
    more |= {"severity": Severity.SERIOUS, "departure": "演示数据：首次且情节较轻"} if graded else {}
    return Order(kind, (clause,), facts, ("风控记录截图",), "演示数据：按规则处置", ticket="DEMO-1", **more)  # type: ignore[arg-type]
