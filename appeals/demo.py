"""Demo appeals: some wait, one is late, one is in hand, one waits for a supervisor, some are decided."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Number
from appeals.filing import services as filing
from appeals.hearing import services as hearing
from appeals.models import Appeal
from appeals.queue import services as queue
from appeals.rulings import services as rulings
from appeals.rulings.services import Said
from enforcement.models import Decision, Measure, Outcome
from enforcement.policy import Kind as DecisionKind
from qqops.boot import demo
from qqops.staff.models import Staff

_SAID = "我没有发过这些内容，那几天账号被别人登录过，请核查登录记录后恢复。"
_RULED = "经核查登录记录与举报内容，该时段操作并非本人所为，原处置依据不成立。"
_KEPT = "经核查举报截图与登录记录，处置所依据的事实成立。"
_WHY = "演示数据：已核对登录与举报记录"


@demo.step
def appeals(wish: demo.Wish) -> str:
    if Appeal.objects.exists():
        return _("Appeals: there")
    frozen = _frozen()
    agent = _staff("agent")
    waiting = [_objection(next(frozen), agent) for _n in range(6)]
    upheld, kept, asked = (_objection(next(frozen), agent) for _n in range(3))
    _ruled(upheld, "upheld", _RULED)
    _ruled(kept, "rejected", _KEPT)
    taken = queue.take(asked, actor=_staff("reviewer2"))
    hearing.ask(taken, "请补充近三个月的常用登录地与设备型号。", actor=_staff("reviewer2"), revision=taken.revision)
    for number in _ended():
        _ruled(_objection(number, agent), "upheld", _RULED)  # a supervisor has to agree
    _filed(_free(), "recovery", agent, ground="stolen", evidence=(("payments", "2021 年至今的会员支付记录"),))
    _filed(_free(), "enquiry", agent, ground="help", statement="来电询问如何设置密保，已告知入口。")
    queue.take(waiting[0], actor=_staff("reviewer"))
    return _("Appeals: %(n)d filed") % {"n": Appeal.objects.count()}


def _filed(number: int, kind: str, agent: Staff, **more: Any) -> Appeal:
    said: dict[str, Any] = {"statement": _SAID, "contact": "appellant@example.com"}
    said |= {} if kind == "enquiry" else {"agreement": "2026-01"}
    filed = filing.file_one(filing.Filing(number=number, kind=kind, **(said | more)), actor=agent, ticket="DEMO-5")
    assert filed is not None
    return filed


def _objection(number: int, agent: Staff) -> Appeal:
    done = Outcome.objects.filter(number=number, why="").order_by("-decision").values_list("decision", flat=True)
    return _filed(number, "objection", agent, ground="facts", decision=done[0])


def _ruled(appeal: Appeal, outcome: str, text: str) -> None:
    reviewer = _staff("reviewer")
    taken = queue.take(appeal, actor=reviewer)
    rulings.rule(taken, Said(outcome, text, _WHY), actor=reviewer, revision=taken.revision)


def _frozen() -> Iterator[int]:
    """Numbers that officers froze for a violation on their own word."""
    held = Measure.objects.filter(kind=DecisionKind.FREEZE, freeze_kind="violation", ended_at=None)
    alone = held.filter(decision__approvers=[], decision__case=None).order_by("-number")
    return iter(list(alone.values_list("number", flat=True)[:40]))


def _ended() -> list[int]:
    """One of those whose right of use a decision ended."""
    ended = Decision.objects.filter(kind=DecisionKind.TERMINATE, state="applied").values("pk")
    return list(Outcome.objects.filter(decision__in=ended, why="").values_list("number", flat=True)[:1])


def _free() -> int:
    """A number in use under no measure."""
    quiet = Number.objects.filter(lifecycle="in_use", frozen_until=None, restricted_until=None, legal_hold=False)
    open_ones = Appeal.objects.exclude(tenure=None).values("tenure")
    return int(quiet.exclude(tenure__in=open_ones).order_by("-pk").values_list("pk", flat=True)[0])


def _staff(login: str) -> Staff:
    return Staff.objects.get(username=login)
