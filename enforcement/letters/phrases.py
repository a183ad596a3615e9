"""How a letter speaks of an act, in Chinese and English; always both.

Sentences stand here and not in the catalogue: a letter is made again from what was decided, and must then read as it
did when it was sent. Only the labels of codes (freeze kinds, scopes) are the catalogue's.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import Clause
from enforcement.models import Decision, Ground, Measure
from enforcement.policy import FreezeKind, Kind, Scope

Both = tuple[str, str]
NOTHING: Both = ("", "")
LANGUAGES = ("zh-hans", "en")

MEASURES: dict[str, Both] = {
    Kind.RESTRICT: ("限制使用", "restriction of use"),
    Kind.FREEZE: ("冻结", "freeze"),
    Kind.TERMINATE: ("终止使用权", "termination of the right of use"),
    Kind.LIFT: ("解除措施", "lifting of measures"),
    Kind.ADJUST: ("变更措施", "change of measures"),
    Kind.RESTORE: ("恢复使用", "restoring of the right of use"),
    Kind.UNDO: ("撤销决定", "taking back of a decision"),
}


def of_label(label: Any) -> Both:
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(str(label))
    return said[0], said[1]


def joined(parts: Iterable[Both], zh: str = "、", en: str = ", ") -> Both:
    found = list(parts)
    return zh.join(one for one, _en in found), en.join(one for _zh, one in found)


def of_measure(act: Decision | Measure) -> Both:
    """What was done: the kind of a freeze with it."""
    zh, en = MEASURES[act.kind]
    if not act.freeze_kind:
        return zh, en
    return of_label(FreezeKind(act.freeze_kind).label)


def of_scopes(scopes: Iterable[str]) -> Both:
    return joined(of_label(Scope(scope).label) for scope in scopes)


def of_moment(at: datetime.datetime) -> Both:
    shown = f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
    return f"{shown}（北京时间）", f"{shown} (Beijing time)"


def of_end(at: datetime.datetime | None) -> Both:
    return of_moment(at) if at else ("无固定期限，至解除为止", "no fixed end, until it is lifted")


def of_day(at: datetime.datetime) -> Both:
    shown = f"{timezone.localtime(at):%Y-%m-%d}"
    return shown, shown


def of_ground(ground: Ground) -> Both:
    """By number, version and text; a heading means nothing and never stands here (12.6)."""
    return of_clause(ground.clause) if ground.clause else (ground.citation, ground.citation)


def of_clause(clause: Clause) -> Both:
    title, version = clause.version.title, clause.version.version
    return (
        f"《{title}》第 {clause.number} 条（版本 {version}）：{clause.text}",
        f"{title}, clause {clause.number} (version {version}): {clause.text_en or clause.text}",
    )


def jurisdiction() -> Both:
    """12.3 to 12.5."""
    zh, en = settings.QQOPS_SIGNED_AT, settings.QQOPS_SIGNED_AT_EN or settings.QQOPS_SIGNED_AT
    if not zh:
        return NOTHING
    return (
        f"规则签订地：{zh}；适用中国大陆地区法律；争议先行协商，协商不成的，由签订地法院管辖（第 12.3 至 12.5 条）。",
        f"The Rules were signed at {en}; the law of mainland China applies; a dispute is first talked over, and then"
        " goes to the court of that place (12.3 to 12.5).",
    )
