"""The names that a template may use, which of them each letter knows and needs, and what each stands for.

Every value comes from what does not change any more (the decision, its grounds, when the notice was written), so that
a letter can be made again, to the letter.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings

from accounts.quarantine import policy as closing
from enforcement.letters import phrases
from enforcement.letters.phrases import NOTHING, Both
from enforcement.measures.changes import Changed
from enforcement.models import Decision, Ground, Measure, Notice
from enforcement.policy import Effect, Kind, Letter
from qqops.approvals.models import State

REVERSALS = (Kind.LIFT, Kind.RESTORE, Kind.UNDO)


@dataclass(frozen=True)
class About:
    """What one letter is about. Of the holder himself nothing: no name, no address."""

    decision: Decision
    grounds: Sequence[Ground]  # with their clauses, as they were filed: the Rules before any other document (12.2)
    number: int
    stage: str
    at: datetime.datetime  # when the notice was written, with the act it tells of
    ended: Sequence[Measure] = ()  # of a lift: the measures that it ended; at an end: the measure that is over
    changed: Sequence[Changed] = ()  # of a change

    @property
    def letter(self) -> Letter:
        if self.stage != Notice.Stage.ACT:
            return Letter(self.stage)
        if self.decision.kind in REVERSALS and self.decision.in_error:
            return Letter.APOLOGY
        return Letter(self.decision.kind)


def _measure(about: About) -> Both:
    """Of a reversal: what is taken back; of a change: what is changed."""
    decision = about.decision
    if decision.kind == Kind.LIFT:
        return phrases.joined(dict.fromkeys(map(phrases.of_measure, about.ended)))
    if decision.kind == Kind.ADJUST:
        return phrases.joined(dict.fromkeys(phrases.of_measure(one.was) for one in about.changed))
    if decision.kind == Kind.RESTORE:
        return phrases.MEASURES[Kind.TERMINATE]
    if decision.kind == Kind.UNDO:
        return phrases.of_measure(decision.undoes) if decision.undoes else NOTHING
    return phrases.of_measure(decision)


def _from(about: About) -> Both:
    decision = about.decision
    if decision.kind not in (Kind.RESTRICT, Kind.FREEZE):
        return phrases.of_moment(about.at)
    if decision.effective_at is None:
        return NOTHING
    return phrases.of_moment(max(decision.effective_at, decision.proposed_at))


def _until(about: About) -> Both:
    decision, ends = about.decision, about.decision.ends_at
    zh, en = phrases.of_end(ends)
    lapses = decision.expires_at
    if decision.effect == Effect.PROVISIONAL and lapses and (ends is None or lapses < ends):  # DESIGN §4
        by_zh, by_en = phrases.of_moment(lapses)
        zh += f"；现为临时措施，如在 {by_zh}前未经另一名工作人员同意，则届时自行终止"
        en += f"; provisional now: it ends by itself on {by_en} unless another member of staff has agreed by then"
    return zh, en


def _changes(about: About) -> Both:
    """Of each measure the old and the new end, and what is restricted where that changes (T11)."""
    return phrases.joined(map(_change, about.changed), "\n", "\n")


def _change(one: Changed) -> Both:
    (zh, en), was, now = phrases.of_measure(one.was), phrases.of_end(one.was.until), phrases.of_end(one.until)
    if one.until != one.was.until:
        zh, en = (
            f"{zh}：截止时间原为：{was[0]}；现改为：{now[0]}。",
            f"{en}: it was until: {was[1]}; it is now until: {now[1]}.",
        )
    else:
        zh, en = f"{zh}：期限不变，截止时间：{now[0]}。", f"{en}: its end stays, until: {now[1]}."
    if set(one.scopes) == set(one.was.scopes):
        return zh, en
    was, now = phrases.of_scopes(one.was.scopes), phrases.of_scopes(one.scopes)
    return (
        f"{zh}限制范围原为：{was[0]}；现改为：{now[0]}。",
        f"{en} What was restricted: {was[1]}; what is restricted now: {now[1]}.",
    )


def _clauses(about: About) -> Both:
    return phrases.joined(map(phrases.of_ground, about.grounds), "\n", "\n")


def _how_found(about: About) -> Both:
    """Who found it and who decided: no measure is decided by a machine alone (8.1(b), PIPL 24)."""
    decision = about.decision
    rule = decision.policy.code if decision.policy else decision.detected_by
    if not rule:
        return (
            "有关情况由工作人员发现，并由工作人员作出决定。",
            "The facts were found by people, and people decided.",
        )
    return (
        f"有关情况由规则“{rule}”发现，由工作人员审核并作出决定。您有权要求说明（《个人信息保护法》第二十四条）。",
        f"The facts were found by rule “{rule}”; people looked at them and decided. You may ask for an explanation"
        " (Personal Information Protection Law, article 24).",
    )


def _appeal(about: About) -> Both:
    """How to object (clause 11); what comes of it is promised to nobody (7)."""
    zh, en = settings.QQOPS_APPEAL_CONTACT, settings.QQOPS_APPEAL_CONTACT_EN or settings.QQOPS_APPEAL_CONTACT
    if not zh:
        return NOTHING
    (by, _same), days = phrases.of_day(about.at + closing.OBJECTION), closing.OBJECTION.days
    return (
        f"如有异议，您可在 {days} 日内（至 {by}）提出：{zh}。"
        "每一件异议均由未参与本决定的工作人员审查，结果不能预先告知。",
        f"You may object within {days} days (until {by}): {en}. Somebody who took no part in this decision looks at"
        " each objection; its outcome cannot be told beforehand.",
    )


_RIGHTFUL: Both = (
    "依规则采取措施所致的损失由您承担（第 9.3 条）；措施有误的，我们负责更正。",
    "Loss from a rightful measure is yours to bear (9.3); a measure that was wrong is ours to put right.",
)


def _loss(about: About) -> Both:
    """What is lost with the right of use (10.4), and who bears it (9.3)."""
    decision = about.decision
    if decision.kind != Kind.TERMINATE:
        return _RIGHTFUL
    grace = decision.policy.grace_days * closing.DAY if decision.policy else closing.GRACE
    lost: Both = (
        f"使用权终止后保留 {grace.days} 日，其间可以恢复；"
        "此后该号码下的消息、资料、邮件、物品等将被清除（第 10.4 条）。",
        f"For {grace.days} days after the right of use ends it can be restored; then messages, profile, mail and items"
        " of this number are cleared (10.4).",
    )
    return phrases.joined((lost, _RIGHTFUL), "", " ")


def _reclaim_on(about: About) -> Both:
    """The earliest day: it may come later, as all holders of a reclaim are told first."""
    policy = about.decision.policy
    if policy is None:
        return NOTHING
    days = policy.notice_days if about.stage == Notice.Stage.PRIOR else policy.reminder_days
    return phrases.of_day(about.at + days * closing.DAY)


def _ended(about: About) -> Both:
    """How what was told of came to its end: the time was over, nobody confirmed it, or it is not done at all."""
    if about.decision.kind == Kind.TERMINATE:
        return (
            "此前预告的回收不再进行",
            "The reclaim that you were told of is not carried out",
        )
    if not about.ended:
        return NOTHING
    (measure,) = about.ended
    (zh, en), (at_zh, at_en) = phrases.of_measure(measure), phrases.of_moment(measure.ended_at or about.at)
    confirmed = about.decision.effect != Effect.PROVISIONAL or about.decision.state == State.APPLIED
    if confirmed or measure.until == measure.ended_at == about.decision.ends_at:  # and not with its proposal
        return (
            f"此前采取的措施（{zh}）期限已满，自 {at_zh}起结束",
            f"The measure on it ({en}) ended on {at_en}, as its time is over",
        )
    return (
        f"此前采取的临时措施（{zh}）未获另一名工作人员确认，自 {at_zh}起结束，不计入记录",
        f"The provisional measure on it ({en}) was not confirmed by another member of staff. It ended on {at_en} and"
        " does not count against you",
    )


def _same(text: str) -> Both:
    return text, text


VALUES: dict[str, Callable[[About], Both]] = {
    "number": lambda about: _same(str(about.number)),
    "measure": _measure,
    "scope": lambda about: phrases.of_scopes(about.decision.scopes),
    "from": _from,
    "until": _until,
    "changes": _changes,
    "facts": lambda about: _same(about.decision.facts),
    "clauses": _clauses,
    "how_found": _how_found,
    "appeal": _appeal,
    "jurisdiction": lambda about: phrases.jurisdiction(),
    "operator": lambda about: _same(settings.QQOPS_OPERATOR),
    "decision": lambda about: _same(f"#{about.decision.pk}"),
    "date": lambda about: phrases.of_day(about.at),
    "loss": _loss,
    "reclaim_on": _reclaim_on,
    "ended": _ended,
}

# A subject is read by whoever carries the mail: nothing of the holder, not even his number.
IN_SUBJECT = ("measure", "operator", "decision", "date")

_ALWAYS = ("number", "clauses", "operator")
_OF_MEASURES = (*_ALWAYS, "facts", "how_found", "appeal", "jurisdiction")

# What each letter must say: of a measure, its reasons and the way to object; of an end, what is lost (9.3, 10.4).
MUST: dict[Letter, tuple[str, ...]] = {
    Letter.RESTRICT: (*_OF_MEASURES, "scope", "until"),
    Letter.FREEZE: (*_OF_MEASURES, "until"),
    Letter.TERMINATE: (*_OF_MEASURES, "loss"),
    Letter.LIFT: _ALWAYS,
    Letter.ADJUST: (*_OF_MEASURES, "changes"),
    Letter.RESTORE: _ALWAYS,
    Letter.UNDO: _ALWAYS,
    Letter.APOLOGY: _ALWAYS,
    Letter.PRIOR: (*_OF_MEASURES, "loss", "reclaim_on"),
    Letter.REMINDER: (*_OF_MEASURES, "loss", "reclaim_on"),
    Letter.ENDED: (*_ALWAYS, "ended"),
}

_NOT_OF: dict[str, tuple[Letter, ...]] = {
    "scope": tuple(letter for letter in Letter if letter != Letter.RESTRICT),
    "until": tuple(letter for letter in Letter if letter not in (Letter.RESTRICT, Letter.FREEZE)),
    "changes": tuple(letter for letter in Letter if letter != Letter.ADJUST),
    "loss": (Letter.LIFT, Letter.RESTORE, Letter.UNDO, Letter.APOLOGY, Letter.ENDED),
    "reclaim_on": tuple(letter for letter in Letter if letter not in (Letter.PRIOR, Letter.REMINDER)),
    "from": (Letter.PRIOR, Letter.REMINDER),
    "ended": tuple(letter for letter in Letter if letter != Letter.ENDED),
}


def known_to(letter: str) -> tuple[str, ...]:
    """The names that this letter can fill."""
    return tuple(name for name in VALUES if letter not in _NOT_OF.get(name, ()))
