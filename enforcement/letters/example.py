"""A letter about an invented number, for whoever drafts a template or rules on one."""

import datetime

from django.utils import timezone

from accounts.models import Clause, DormancyPolicy, RuleVersion
from accounts.rulebook.queries import clauses_in_force
from enforcement.letters.placeholders import About
from enforcement.letters.render import Rendered, Texts, render
from enforcement.measures.changes import changed_by
from enforcement.models import Decision, Ground, Measure, Notice
from enforcement.policy import Effect, FreezeKind, Kind, Letter, Scope

NUMBER = 10_000  # the house's own
DAY = datetime.timedelta(days=1)
_NO_CLAUSE = Clause(number="…", text="…", version=RuleVersion(title="…", version="…"))  # no Rules are loaded yet
_KINDS = {
    Letter.APOLOGY: Kind.UNDO,
    Letter.PRIOR: Kind.TERMINATE,
    Letter.REMINDER: Kind.TERMINATE,
    Letter.ENDED: Kind.FREEZE,
}
_STAGES = {letter: Notice.Stage(letter.value) for letter in (Letter.PRIOR, Letter.REMINDER, Letter.ENDED)}


def example(template: Texts, letter: Letter) -> Rendered:
    """Raises Incomplete where the house itself has not said what the letter needs (settings)."""
    return render(template, about(letter))


def about(letter: Letter) -> About:
    now = timezone.now()
    kind, stage = _KINDS.get(letter) or Kind(letter.value), _STAGES.get(letter, Notice.Stage.ACT)
    decision = _decision(kind, now, in_error=letter == Letter.APOLOGY)
    if letter in (Letter.PRIOR, Letter.REMINDER):
        decision.policy = DormancyPolicy(code="dormant-90", notice_days=30, reminder_days=7, grace_days=30)
    freeze = Measure(kind=Kind.FREEZE, freeze_kind=FreezeKind.VIOLATION, until=now + 7 * DAY, ended_at=now + 7 * DAY)
    ended = [freeze] if letter in (Letter.LIFT, Letter.ENDED) else []
    clause = "10.3" if decision.policy else "10.1"
    changed = [changed_by(decision, freeze)] if letter == Letter.ADJUST else []
    return About(decision, [_ground(clause, now)], NUMBER, stage.value, now, ended, changed)


def _decision(kind: Kind, now: datetime.datetime, *, in_error: bool = False) -> Decision:
    decision = Decision(
        pk=0,
        kind=kind,
        freeze_kind=FreezeKind.VIOLATION if kind == Kind.FREEZE else "",
        scopes=[Scope.SEND_MSG.value, Scope.ADD_FRIEND.value] if kind == Kind.RESTRICT else [],
        duration=7 * DAY if kind in (Kind.FREEZE, Kind.RESTRICT) else None,
        facts="举例：在群内散布诈骗链接 / example: forged links in two groups",
        effect=Effect.AT_ONCE,
        proposed_at=now,
        effective_at=now,
        in_error=in_error or None,
    )
    if kind == Kind.ADJUST:
        decision.until = now + 3 * DAY
    if kind == Kind.UNDO:
        decision.undoes = _decision(Kind.FREEZE, now)
    return decision


def _ground(number: str, now: datetime.datetime) -> Ground:
    clause = clauses_in_force(now, numbers=[number]).first() or _NO_CLAUSE
    return Ground(basis=number, clause=clause)
