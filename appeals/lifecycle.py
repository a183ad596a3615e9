"""The life of an appeal as data: domain.md §8. Read it beside clauses 7 and 11; nothing here imports the house.

One machine serves both kinds: what differs is which moves a kind has. That somebody else claims the number (contested)
is a fact of its own beside the state, as a measure is beside the life of a number.
"""

from typing import NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    RECOVERY = "recovery", _("recovery")  # clause 7: stolen, forgotten, cannot log in
    OBJECTION = "objection", _("objection")  # clause 11: to an enforcement action
    ENQUIRY = "enquiry", _("enquiry")  # clause 11, “other problems”


class State(TextChoices):
    FILED = "filed", _("to be heard")
    WAITING = "waiting", _("waiting for the appellant")
    RULED = "ruled", _("ruling waits for approval")
    COOLING = "cooling", _("cooling down before it is carried out")
    CLOSED = "closed", _("closed")
    COURT = "court", _("before the court")


class Outcome(TextChoices):
    UPHELD = "upheld", _("upheld")
    PARTLY = "partly", _("partly upheld")
    REJECTED = "rejected", _("rejected")
    MOOT = "moot", _("no longer in force")
    INADMISSIBLE = "inadmissible", _("declined to hear")
    ANSWERED = "answered", _("answered")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ABANDONED = "abandoned", _("abandoned")


class Act(TextChoices):
    ASK = "ask", _("ask the appellant for more")
    ANSWER = "answer", _("the appellant answers")
    CONVERT = "convert", _("take it as another kind")
    RULE = "rule", _("decide")
    AGREE = "agree", _("agree to the ruling")
    SEND_BACK = "send_back", _("send the ruling back")
    STOP = "stop", _("stop what is cooling down")
    CARRY_OUT = "carry_out", _("carry out what has cooled down")
    WITHDRAW = "withdraw", _("the appellant withdraws")
    LAPSE = "lapse", _("no answer in time")
    REVIEW_AGAIN = "review_again", _("second review")
    SUE = "sue", _("taken to court")
    JUDGE = "judge", _("the court has decided")


class Move(NamedTuple):
    act: Act
    source: State
    target: State
    kinds: tuple[Kind, ...]


S, K, A = State, Kind, Act
ALL = tuple(Kind)
MOVES = (
    Move(A.ASK, S.FILED, S.WAITING, ALL),
    Move(A.ANSWER, S.WAITING, S.FILED, ALL),
    Move(A.LAPSE, S.WAITING, S.CLOSED, ALL),
    Move(A.WITHDRAW, S.FILED, S.CLOSED, ALL),
    Move(A.WITHDRAW, S.WAITING, S.CLOSED, ALL),
    Move(A.WITHDRAW, S.COOLING, S.CLOSED, (K.RECOVERY,)),
    Move(A.CONVERT, S.FILED, S.FILED, ALL),
    Move(A.RULE, S.FILED, S.CLOSED, ALL),
    Move(A.RULE, S.FILED, S.COOLING, (K.RECOVERY,)),
    Move(A.RULE, S.FILED, S.RULED, (K.RECOVERY, K.OBJECTION)),
    Move(A.AGREE, S.RULED, S.CLOSED, (K.RECOVERY, K.OBJECTION)),
    Move(A.AGREE, S.RULED, S.COOLING, (K.RECOVERY,)),
    Move(A.SEND_BACK, S.RULED, S.FILED, (K.RECOVERY, K.OBJECTION)),
    Move(A.STOP, S.COOLING, S.FILED, (K.RECOVERY,)),
    Move(A.CARRY_OUT, S.COOLING, S.CLOSED, (K.RECOVERY,)),
    Move(A.REVIEW_AGAIN, S.CLOSED, S.FILED, (K.OBJECTION,)),
    Move(A.SUE, S.CLOSED, S.COURT, (K.OBJECTION,)),
    Move(A.JUDGE, S.COURT, S.CLOSED, (K.OBJECTION,)),
)

# On which outcomes a reviewer may decide, by kind; the other outcomes come of what the appellant does.
RULED_AS = {
    K.RECOVERY: (Outcome.UPHELD, Outcome.REJECTED, Outcome.INADMISSIBLE),
    K.OBJECTION: (Outcome.UPHELD, Outcome.PARTLY, Outcome.REJECTED, Outcome.MOOT, Outcome.INADMISSIBLE),
    K.ENQUIRY: (Outcome.ANSWERED, Outcome.INADMISSIBLE),
}

LIVE = (S.FILED, S.WAITING, S.RULED, S.COOLING)  # not over: nothing of the tenure is purged or released meanwhile

# What the appellant is told of a state; what happens inside the house is no business of a phone call.
TOLD = {
    S.FILED: _("We are looking into it."),
    S.WAITING: _("We need something from you."),
    S.RULED: _("We are looking into it."),
    S.COOLING: _("Decided in your favour; it takes effect after a waiting period."),
    S.CLOSED: _("Decided. The answer goes to the contact you gave."),
    S.COURT: _("It is before the court."),
}


def may(act: Act, kind: str, state: str) -> bool:
    """Has an appeal of this kind, in this state, such a move?"""
    return any(m.act == act and m.source == state and kind in m.kinds for m in MOVES)


def pairs() -> list[tuple[str, str]]:
    """The legal moves, sorted so that the trigger made from them is the same on every run."""
    return sorted({(str(m.source), str(m.target)) for m in MOVES})
