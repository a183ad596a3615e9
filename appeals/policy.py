"""How appeals are heard, as tables: clauses 7 and 11, domain.md §2, §8 B and §9. Read it beside the Rules.

Services ask these tables; forms, commands and templates hold no rule. Each row has a test.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from appeals.lifecycle import Kind, Outcome

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
K = Kind


class Ground(TextChoices):
    STOLEN = "stolen", _("stolen")
    FORGOTTEN = "forgotten", _("password forgotten")
    CANNOT_LOG_IN = "cannot_log_in", _("cannot log in for another reason")
    FACTS = "facts", _("the facts are not so")
    NOT_ME = "not_me", _("it was not me")
    TOO_HARD = "too_hard", _("the measure goes too far")
    OTHER = "other", _("another reason")
    HELP = "help", _("needs help")


# Why somebody appeals, by kind (7(a), 11(a), 11(b)).
GROUNDS = {
    K.RECOVERY: (Ground.STOLEN, Ground.FORGOTTEN, Ground.CANNOT_LOG_IN),
    K.OBJECTION: (Ground.FACTS, Ground.NOT_ME, Ground.TOO_HARD, Ground.OTHER),
    K.ENQUIRY: (Ground.HELP, Ground.OTHER),
}


class Relation(TextChoices):
    """Who appeals: the holder, or who may for him."""

    HOLDER = "holder", _("the holder")
    GUARDIAN = "guardian", _("guardian")
    AGENT = "agent", _("authorised agent")


class Why(TextChoices):
    """Why an appeal is not heard (受理 / 不予受理)."""

    NEVER_HELD = "never_held", _("nobody held this number then")
    PURGED = "purged", _("the right of use ended and the data is gone (10.3, 10.4)")
    CANCELLED = "cancelled", _("its holder cancelled it (12.1)")
    NOT_HIS = "not_his", _("the decision does not concern this tenure")
    NOTHING_DONE = "nothing_done", _("the decision changed nothing for this tenure")
    TOO_LATE = "too_late", _("more than 180 days have passed")
    FINAL = "final", _("it was decided already, and reviewed")


class Route(TextChoices):
    """What filing made of it besides hearing it as it was filed."""

    OBJECTION = "objection", _("taken as an objection: the number was frozen or terminated by a decision")
    AGAIN = "again", _("taken as the second review of an objection that was decided")


# Of an objection: what may be reviewed once more, as it was not, or not wholly, for who objected.
AGAINST = (Outcome.PARTLY, Outcome.REJECTED, Outcome.MOOT, Outcome.INADMISSIBLE)
ADMISSIBLE_FOR = 180 * DAY  # after the act objected to
SECOND_REVIEW_WITHIN = 30 * DAY  # after the first answer
PER_WINDOW, WINDOW = 3, 30 * DAY  # more appeals of one kind about one thing: a supervisor hears them (misuse)
WAIT_FOR_ANSWER = 7 * DAY  # asked for more and silent for so long: abandoned
COOL_DOWN = 72 * HOUR  # of an upheld recovery, so that whoever is bound now can stop it
LEASE = 30 * HOUR / 60  # how long an item stays with who has taken it: half an hour
SKIPPED_FOR = 12 * HOUR  # an item that was skipped does not come back to the same person before
ESCALATE_AT = 0.8  # of the time to the deadline

# Clocks (domain.md §2, §8): the first row that applies. Hours run through; working days are the Chinese calendar's.


@dataclass(frozen=True)
class Timed:
    """What the clock of an appeal looks at."""

    kind: Kind
    paid: bool = False
    terminated: bool = False  # objection: the decision ended the right of use
    by_law: bool = False  # objection: the decision cites a law (fraud: answered within a day)


@dataclass(frozen=True)
class Clock:
    code: str
    label: object
    applies: Callable[[Timed], bool]
    hours: datetime.timedelta | None = None
    working_days: int = 0


CLOCKS = (
    Clock("enquiry", _("enquiry: 72 hours"), lambda t: t.kind == K.ENQUIRY, hours=72 * HOUR),
    Clock("paid", _("recovery of a paid number: 8 hours"), lambda t: t.kind == K.RECOVERY and t.paid, hours=8 * HOUR),
    Clock("recovery", _("recovery: 72 hours"), lambda t: t.kind == K.RECOVERY, hours=72 * HOUR),
    Clock("by_law", _("objection to a measure by law: 24 hours"), lambda t: t.by_law, hours=24 * HOUR),
    Clock("termination", _("objection to a termination: 5 working days"), lambda t: t.terminated, working_days=5),
    Clock("measure", _("objection to a measure: 3 working days"), lambda t: True, working_days=3),
)
CEILING = 10  # working days, whatever the clock


def clock_of(timed: Timed) -> Clock:
    return next(clock for clock in CLOCKS if clock.applies(timed))


# Who must agree to a ruling (domain.md §8, §9). What it changes of a number is a decision, and that asks its own table
# (enforcement/policy.py); these rows add to it.

FILE, HEAR, APPROVE = "appeals.file_appeal", "appeals.hear_appeal", "appeals.approve_ruling"
REPORT, DISPUTE = "appeals.report_appeals", "appeals.handle_dispute"
HEAR_AGAIN = "appeals.hear_again"  # the second review, and what somebody files too often


@dataclass(frozen=True)
class Heard:
    """What the approval table looks at."""

    kind: Kind
    outcome: Outcome
    round: int = 1
    terminated: bool = False
    indefinite: bool = False
    batch: bool = False
    legal: bool = False
    supervised: bool = False  # a supervisor made or agreed to what is objected to
    contested: bool = False
    premium: bool = False
    minor: bool = False


@dataclass(frozen=True)
class Rule:
    code: str
    label: object
    applies: Callable[[Heard], bool]


ENDING = (Outcome.UPHELD, Outcome.PARTLY, Outcome.REJECTED, Outcome.INADMISSIBLE)  # to decline is to reject, too
REVERSING = (Outcome.UPHELD, Outcome.PARTLY)


def _objection(h: Heard) -> bool:
    return h.kind == K.OBJECTION and h.round == 1 and h.outcome in ENDING


def _recovery(h: Heard) -> bool:
    return h.kind == K.RECOVERY and h.outcome in ENDING


SECOND_PERSON = (
    Rule("terminated", _("Objection to a termination"), lambda h: _objection(h) and h.terminated),
    Rule("indefinite", _("Objection to a measure without end"), lambda h: _objection(h) and h.indefinite),
    Rule("batch", _("Objection to one of more than 100"), lambda h: _objection(h) and h.batch),
    Rule("legal", _("Objection to what law or order asked for"), lambda h: _objection(h) and h.legal),
    Rule("supervised", _("Overturning a supervisor"),
         lambda h: _objection(h) and h.supervised and h.outcome in REVERSING),
    Rule("contested", _("Two claim the number"), lambda h: _recovery(h) and h.contested),
    Rule("premium", _("Recovery of a premium number"), lambda h: _recovery(h) and h.premium),
    Rule("minor", _("Recovery of a minor's number"), lambda h: _recovery(h) and h.minor),
)  # fmt: skip


def second_person(heard: Heard) -> Rule | None:
    """The row by which somebody else must agree to this ruling; None: one person decides."""
    return next((rule for rule in SECOND_PERSON if rule.applies(heard)), None)


# Evidence of a recovery (domain.md §8 A), weighed by whoever checks it. The score advises and sorts; a human decides.


class EvidenceKind(TextChoices):
    PAST_PASSWORDS = "past_passwords", _("past passwords, as the sign-in system compared them")
    REGISTRATION = "registration", _("time, place and channel of registration")
    MOBILE = "mobile", _("bound mobile or e-mail")
    SECRET = "secret", _("secret protection")  # nosec B105
    IDENTITY = "identity", _("identity verification")
    DEVICES = "devices", _("devices used")
    PAYMENTS = "payments", _("payments and services opened")
    PLACES = "places", _("places of login")
    FRIENDS = "friends", _("friend assistance")
    POLICE = "police", _("police report")
    OTHER = "other", _("another paper")


WEIGHTS = {
    EvidenceKind.PAST_PASSWORDS: 20,
    EvidenceKind.REGISTRATION: 15,
    EvidenceKind.MOBILE: 15,
    EvidenceKind.SECRET: 10,
    EvidenceKind.IDENTITY: 25,
    EvidenceKind.DEVICES: 10,
    EvidenceKind.PAYMENTS: 10,
    EvidenceKind.PLACES: 5,
    EvidenceKind.FRIENDS: 10,
    EvidenceKind.POLICE: 5,
    EvidenceKind.OTHER: 0,
}


class Side(TextChoices):
    """Who brings it: both who claim a number are heard, each for himself (7)."""

    APPELLANT = "appellant", _("the appellant")
    OTHER = "other", _("the other claimant")


class Match(TextChoices):
    MATCH = "match", _("matches")
    PARTIAL = "partial", _("matches in part")
    MISMATCH = "mismatch", _("does not match")
    UNVERIFIABLE = "unverifiable", _("cannot be verified")


COUNTS = {Match.MATCH: 1.0, Match.PARTIAL: 0.5, Match.MISMATCH: -1.0, Match.UNVERIFIABLE: 0.0}
ENOUGH = 100  # weight of matching evidence that makes the full score


def score(weighed: list[tuple[str, str]]) -> int:
    """0 to 100 from (kind, match) of each item of one side, each kind once, by its best and worst word together."""
    by_kind: dict[str, list[float]] = {}
    for kind, match in weighed:
        by_kind.setdefault(kind, []).append(COUNTS[Match(match)])
    total = sum(WEIGHTS[EvidenceKind(kind)] * (max(said) + min(said)) / 2 for kind, said in by_kind.items())
    return max(0, min(100, round(100 * total / ENOUGH)))
