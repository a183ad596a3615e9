"""What may happen, as tables: DESIGN §4, domain.md §6.2 and §9. Read it beside the Rules.

Services ask these tables; forms, commands and templates hold no rule. Each row has a test.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(TextChoices):
    RESTRICT = "restrict", _("restrict")
    FREEZE = "freeze", _("freeze")
    TERMINATE = "terminate", _("terminate")
    LIFT = "lift", _("lift")
    ADJUST = "adjust", _("change a measure")
    RESTORE = "restore", _("restore")
    UNDO = "undo", _("undo")


class FreezeKind(TextChoices):
    SECURITY = "security", _("security freeze")
    VIOLATION = "violation", _("violation freeze")
    OWNER = "owner", _("owner-requested freeze")
    LEGAL = "legal", _("legal freeze")


class Scope(TextChoices):
    LOGIN = "login", _("log in")
    SEND_MSG = "send_msg", _("send messages")
    ADD_FRIEND = "add_friend", _("add friends")
    JOIN_GROUP = "join_group", _("join groups")
    CREATE_GROUP = "create_group", _("create groups")
    GROUP_SEND = "group_send", _("speak in groups")
    QZONE_POST = "qzone_post", _("post to Qzone")
    QZONE_VIEW = "qzone_view", _("view Qzone")
    MAIL = "mail", _("mail")
    WALLET_OUT = "wallet_out", _("pay from the wallet")
    TRANSFER_ITEMS = "transfer_items", _("transfer items")
    PARTNER_LOGIN = "partner_login", _("log in to partners")
    PROFILE_EDIT = "profile_edit", _("edit the profile")
    SEARCH_VISIBLE = "search_visible", _("appear in search")


class Severity(TextChoices):
    MINOR = "minor", pgettext_lazy("violation", "minor")
    SERIOUS = "serious", _("serious")
    GRAVE = "grave", _("grave")


class LeftOut(TextChoices):
    """Whom a list may leave for review by hand instead of acting on all alike (domain.md §10, 3)."""

    PAID = "paid", _("paid for")
    PREMIUM = "premium", _("premium")
    PROTECTED = "protected", _("protected")


class Letter(TextChoices):
    """What is written to a holder: one template each."""

    RESTRICT = "restrict", _("restriction")
    FREEZE = "freeze", _("freeze")
    TERMINATE = "terminate", _("termination")
    LIFT = "lift", _("lifting")
    ADJUST = "adjust", _("change of a measure")
    RESTORE = "restore", _("restoring")
    UNDO = "undo", _("taken back")
    APOLOGY = "apology", _("apology")
    PRIOR = "prior", _("before a reclaim")
    REMINDER = "reminder", _("reminder before a reclaim")
    ENDED = "ended", _("end of what was told")


HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
K, F = Kind, FreezeKind

MEASURES = (K.RESTRICT, K.FREEZE, K.TERMINATE)  # what is taken against a holder; the others take back or change it
OF_RUNNING = (K.LIFT, K.ADJUST)  # these name measures in force

# What takes each kind back exactly (a lift or a restore ends it too, and judges what is there now).
UNDO = dict.fromkeys((*MEASURES, K.LIFT, K.ADJUST, K.RESTORE), K.UNDO)
NOT_UNDONE = (K.UNDO,)  # what was taken back wrongly is decided anew, on its own facts

# Where a number must be for an act to reach it (accounts.lifecycle codes; a measure needs a live tenure).
FROM = {
    K.RESTRICT: ("allocated", "in_use", "cancel_pending"),
    K.FREEZE: ("allocated", "in_use", "cancel_pending"),
    K.TERMINATE: ("allocated", "in_use"),  # a cancellation runs its own course (T15, T16)
    K.LIFT: ("allocated", "in_use", "cancel_pending", "terminated"),
    K.ADJUST: ("allocated", "in_use", "cancel_pending", "terminated"),
    K.RESTORE: ("terminated",),
    K.UNDO: ("allocated", "in_use", "cancel_pending", "terminated"),
}


@dataclass(frozen=True)
class Basis:
    """One ground and the measures it allows. `clause` is empty where law or an order stands in for the Rules."""

    code: str
    kinds: tuple[Kind, ...]
    freezes: tuple[FreezeKind, ...] = ()
    lifts: tuple[str, ...] = ()  # of a lift or a change: freeze kinds and "restrict" that this ground reaches
    clause: str | None = None
    prior_notice: bool = False
    citation: bool = False  # a document (law and article, order number) must be named
    article: bool = False  # a clause of another document of the rulebook must be named
    on_demand: bool = False  # alone, it reaches only holders who let the term of a correction demand pass

    @property
    def cites(self) -> str:
        return self.code if self.clause is None else self.clause


# What an ordinary reversal or change reaches; a legal freeze ends or changes by law or order only.
ORDINARY = (K.RESTRICT, F.SECURITY, F.VIOLATION, F.OWNER)

# Clause → measures allowed (domain.md §6.2). The reversal rows read 10.1 ("decide on restoring") and 11.
BASES = (
    Basis("4.1", (K.RESTRICT,), prior_notice=True, on_demand=True),
    Basis("6.2", (K.FREEZE, K.LIFT), (F.SECURITY, F.OWNER), (F.SECURITY, F.OWNER)),
    Basis("7", (K.LIFT, K.ADJUST, K.RESTORE), lifts=ORDINARY),
    Basis("8.1", (K.RESTRICT, K.FREEZE, K.TERMINATE), (F.VIOLATION,)),
    Basis("8.2", (K.RESTRICT, K.FREEZE, K.TERMINATE), (F.VIOLATION,)),
    Basis("8.3", (K.FREEZE,), (F.SECURITY,)),
    Basis("9.4", (K.RESTRICT, K.FREEZE, K.TERMINATE), (F.VIOLATION,)),
    Basis("10.1", (*MEASURES, K.LIFT, K.ADJUST, K.RESTORE, K.UNDO), (F.VIOLATION,), ORDINARY),
    Basis("10.2", (K.TERMINATE,)),
    Basis("10.3", (K.TERMINATE,), prior_notice=True),
    Basis("11", (K.LIFT, K.ADJUST, K.RESTORE, K.UNDO), lifts=ORDINARY),  # it takes back, and never adds (LESSENS)
    # 1.2, 1.3, 12.2(a): another document of the rulebook, by its code, and its clause in the version in force.
    Basis("contract", (K.RESTRICT, K.FREEZE, K.TERMINATE), (F.VIOLATION,), clause="", article=True),
    Basis(
        "law",
        (*MEASURES, K.LIFT, K.ADJUST, K.RESTORE, K.UNDO),
        (F.LEGAL,),
        (*ORDINARY, F.LEGAL),
        clause="",
        citation=True,
    ),
)
BASIS = {b.code: b for b in BASES}
LAW = "law"
RECLAIM = "10.3"  # under a dormancy policy, and nothing else is
ON_DEMAND = tuple(b.code for b in BASES if b.on_demand)
LESSENS = "11"  # an objection shortens or narrows a measure; what adds to one has a ground of its own
# Who reported another's number in good faith has no measure on these while his report is looked into (8.3).
SPARES_FINDERS = ("8.2", "8.3")

OWNER_FREEZE_MAX = 24 * HOUR  # the holder's own request lifts itself


@dataclass(frozen=True)
class Authority:
    """Who may make what: a permission (roles hold them, qqops/staff/policy.py) and how far it reaches."""

    permission: str
    kind: Kind
    freezes: tuple[FreezeKind, ...] = ()
    longest: datetime.timedelta | None = None  # None: any length, also without end
    working_days: int = 0  # or the longest in these (qqops/core/days.py)
    clauses: tuple[str, ...] = ()  # only under these
    not_clauses: tuple[str, ...] = ()
    supervised: bool = False  # never alone, however short
    answering: bool = False  # only what a ruling on an appeal brings (11)


AUTHORITIES = (
    Authority("enforcement.make_security_freeze", K.FREEZE, (F.SECURITY, F.OWNER), longest=24 * HOUR),
    # While a recovery is contested (7).
    Authority("enforcement.make_contested_freeze", K.FREEZE, (F.SECURITY,), working_days=10, supervised=True),
    Authority("enforcement.make_restriction", K.RESTRICT),
    Authority("enforcement.make_freeze", K.FREEZE, tuple(F), longest=7 * DAY),
    Authority("enforcement.make_long_freeze", K.FREEZE, tuple(F)),
    Authority("enforcement.make_termination", K.TERMINATE, not_clauses=(RECLAIM,)),
    Authority("enforcement.make_reclaim", K.TERMINATE, clauses=(RECLAIM,)),
    Authority("enforcement.make_lift", K.LIFT),
    Authority("enforcement.make_lift", K.ADJUST),  # to add to a measure, ADD besides
    Authority("enforcement.make_restore", K.RESTORE),
    Authority("enforcement.make_undo", K.UNDO),
    # Who hears the second review of an objection makes nothing else of these.
    *(Authority("appeals.hear_again", kind, answering=True) for kind in (K.LIFT, K.ADJUST, K.RESTORE, K.UNDO)),
)

ADD = "enforcement.make_extension"  # to extend or widen what runs (T11)
SUPERVISOR, PRIVACY = "enforcement.approve_decision", "enforcement.approve_reclaim"


class Effect(TextChoices):
    AT_ONCE = "at_once", _("acts at once")
    PROVISIONAL = "provisional", _("provisional until decided")
    WAITS = "waits", _("waits for approval")


BATCH_FROM, LARGE_FROM = 100, 10_000  # "more than" these
SOLO_FREEZE, SOLO_WINDOW = 7 * DAY, 30 * DAY
SHORT_RESTRICTION = 30 * DAY
WITHDRAW_WITHIN = datetime.timedelta(minutes=10)
PROPOSAL_LIFE, BATCH_LIFE = 72 * HOUR, 48 * HOUR


@dataclass(frozen=True)
class Case:
    """What the approval table looks at."""

    kind: Kind
    clauses: tuple[str, ...]
    targets: int
    length: datetime.timedelta | None  # None: without end
    scopes: tuple[str, ...] = ()
    past_daily_limit: bool = False
    past_solo_freeze: bool = False  # with what was frozen without approval in 30 days, over 7 days for a tenure
    supervised: bool = False  # the maker's authority asks for a supervisor whatever the length
    lifts_own: bool = False  # or changes
    overturns_supervisor: bool = False
    adds: bool = False  # a change by which a measure ends later or reaches further
    protected: bool = False  # among what would change is a protected number
    terminates: bool = False  # it undoes a restore: what was given back is taken again
    withdraws: bool = False  # the maker takes back his own single act, just made, of which the holder has not heard
    ruling_waits: bool = False  # it answers an appeal, and the ruling on that waits for a second person
    refused_before: bool = False  # a provisional one of this kind came to nothing for a tenure in 30 days


@dataclass(frozen=True)
class Rule:
    code: str
    label: object  # why, for the reader
    effect: Effect
    approvers: tuple[str, ...]

    def applies(self, case: Case) -> bool:
        return CONDITIONS[self.code](case)


# Who approves (DESIGN §4): the first row that applies decides. Batches come first: they are never even provisional.
RULES = (
    Rule("reclaim", _("Reclaim under 10.3"), Effect.WAITS, (SUPERVISOR, PRIVACY)),
    Rule("withdraw", _("Withdrawing your own act at once"), Effect.AT_ONCE, ()),
    Rule("undo_restore", _("Undoing that more than 100 were restored"), Effect.WAITS, (SUPERVISOR, SUPERVISOR)),
    Rule("undo", _("Undoing a decision"), Effect.WAITS, (SUPERVISOR,)),
    Rule("large", _("More than 10,000 numbers"), Effect.WAITS, (SUPERVISOR, SUPERVISOR)),
    Rule("batch_terminate", _("Terminating more than 100 numbers"), Effect.WAITS, (SUPERVISOR, SUPERVISOR)),
    Rule("batch", _("More than 100 numbers"), Effect.WAITS, (SUPERVISOR,)),
    Rule("protected", _("A protected number (system, VIP)"), Effect.WAITS, (SUPERVISOR,)),
    Rule("daily_limit", _("Past your daily limit"), Effect.WAITS, (SUPERVISOR,)),
    Rule("terminate", _("Termination"), Effect.WAITS, (SUPERVISOR,)),
    Rule("restore", _("Restoring a terminated number"), Effect.WAITS, (SUPERVISOR,)),
    Rule("extend", _("Extending or widening a measure"), Effect.WAITS, (SUPERVISOR,)),
    Rule("lifts_own", _("Lifting a measure you made"), Effect.WAITS, (SUPERVISOR,)),
    Rule("changes_own", _("Changing a measure you made"), Effect.WAITS, (SUPERVISOR,)),
    Rule("overturns_supervisor", _("Overturning a supervisor"), Effect.WAITS, (SUPERVISOR,)),
    Rule("by_order", _("Lifting by law or order"), Effect.WAITS, (SUPERVISOR,)),
    Rule("change_by_order", _("Changing a measure by law or order"), Effect.WAITS, (SUPERVISOR,)),
    Rule("ruling", _("With the ruling on an appeal"), Effect.WAITS, (SUPERVISOR,)),
    Rule("refused_before", _("Refused, withdrawn or lapsed provisionally within 30 days"), Effect.WAITS, (SUPERVISOR,)),
    Rule("solo_freeze", _("Frozen alone for more than 7 days in 30"), Effect.WAITS, (SUPERVISOR,)),
    Rule("supervised", _("Security freeze by a reviewer"), Effect.PROVISIONAL, (SUPERVISOR,)),
    Rule("long_freeze", _("Freeze longer than 7 days"), Effect.PROVISIONAL, (SUPERVISOR,)),
    Rule("long_restriction", _("Restriction longer than 30 days"), Effect.PROVISIONAL, (SUPERVISOR,)),
    Rule("login_restriction", _("Restriction of logging in"), Effect.PROVISIONAL, (SUPERVISOR,)),
    Rule("alone", _("Within what one person may do alone"), Effect.AT_ONCE, ()),
)

CONDITIONS: dict[str, Callable[[Case], bool]] = {
    "reclaim": lambda c: c.kind == K.TERMINATE and RECLAIM in c.clauses,
    "withdraw": lambda c: c.kind == K.UNDO and c.withdraws,
    "undo_restore": lambda c: c.kind == K.UNDO and c.terminates and c.targets > BATCH_FROM,
    "undo": lambda c: c.kind == K.UNDO,
    "large": lambda c: c.targets > LARGE_FROM,
    "batch_terminate": lambda c: c.kind == K.TERMINATE and c.targets > BATCH_FROM,
    "batch": lambda c: c.targets > BATCH_FROM,
    "protected": lambda c: c.protected,
    "daily_limit": lambda c: c.past_daily_limit,
    "terminate": lambda c: c.kind == K.TERMINATE,
    "restore": lambda c: c.kind == K.RESTORE,
    "extend": lambda c: c.kind == K.ADJUST and c.adds,
    "lifts_own": lambda c: c.kind == K.LIFT and c.lifts_own,
    "changes_own": lambda c: c.kind == K.ADJUST and c.lifts_own,
    "overturns_supervisor": lambda c: c.kind in OF_RUNNING and c.overturns_supervisor,
    "by_order": lambda c: c.kind == K.LIFT and LAW in c.clauses,
    "change_by_order": lambda c: c.kind == K.ADJUST and LAW in c.clauses,
    "ruling": lambda c: c.ruling_waits,
    "refused_before": lambda c: c.refused_before,
    "solo_freeze": lambda c: c.kind == K.FREEZE and c.past_solo_freeze,
    "supervised": lambda c: c.supervised,
    "long_freeze": lambda c: c.kind == K.FREEZE and (c.length is None or c.length > SOLO_FREEZE),
    "long_restriction": lambda c: c.kind == K.RESTRICT and (c.length is None or c.length > SHORT_RESTRICTION),
    "login_restriction": lambda c: c.kind == K.RESTRICT and Scope.LOGIN in c.scopes,
    "alone": lambda c: True,
}


def rule_for(case: Case) -> Rule:
    """The row of the approval table that decides this case."""
    return next(rule for rule in RULES if rule.applies(case))


def in_order(clauses: tuple[str, ...]) -> tuple[str, ...]:
    """As they are cited: the Rules before any other document, as they go before it where the two conflict (12.2)."""
    return tuple(sorted(dict.fromkeys(clauses), key=lambda code: code in BASIS and BASIS[code].clause == ""))


def spares_finders(clauses: tuple[str, ...]) -> bool:
    """Does a measure on these grounds leave alone who reported in good faith?"""
    return bool(set(clauses) & set(SPARES_FINDERS))


def is_on_demand(clauses: tuple[str, ...]) -> bool:
    """Are all its grounds such that an overdue correction demand, told to the holder, must stand behind it (4.1)?"""
    return bool(clauses) and set(clauses) <= set(ON_DEMAND)


def liftable(clauses: tuple[str, ...]) -> list[str]:
    """Freeze kinds and "restrict" that a lift under these grounds may end, and a change may change."""
    return sorted({str(kind) for code in clauses for kind in BASIS[code].lifts})


def time_alone(length: datetime.timedelta | None) -> datetime.timedelta:
    """How long a freeze would stand on its maker's word only: a longer one is provisional until decided."""
    return length if length is not None and length <= SOLO_FREEZE else PROPOSAL_LIFE


def life_of_proposal(targets: int) -> datetime.timedelta:
    return BATCH_LIFE if targets > BATCH_FROM else PROPOSAL_LIFE


class Why(TextChoices):
    """Why a target was skipped."""

    UNKNOWN = "unknown", _("unknown number")
    NO_TENURE = "no_tenure", _("nobody holds it")
    WRONG_STATE = "wrong_state", _("its state does not allow this")
    LEGAL_HOLD = "legal_hold", _("under a legal hold")
    ALREADY = "already", _("already so")
    NOT_DEMANDED = "not_demanded", _("no correction demand is overdue, or the holder was not told")
    NOTHING_TO_LIFT = "nothing_to_lift", _("no measure in force that this ground reaches")
    NOTHING_TO_ADJUST = "nothing_to_adjust", _("no confirmed measure in force that this ground reaches")
    TOO_LONG = "too_long", _("a freeze at the holder's request would last more than 24 hours")
    NOTHING_TO_RESTORE = "nothing_to_restore", _("was not terminated by a decision")
    STATE_CHANGED = "state_changed", _("changed since the proposal")
    NOTHING_TO_UNDO = "nothing_to_undo", _("was not changed by that decision")
    CONFLICT = "conflict", _("changed since that decision")
    VOIDED = "voided", _("no longer in force: it only ceases to count")  # of an undo: the number stays as it is
    GOOD_FAITH = "good_faith", _("reported another's number in good faith (8.3)")
    # Of a reclaim (10.3): no longer dormant, not due under the policy, or excluded (accounts.dormancy.Excluded).
    USED_SINCE = "used_since", _("used since")
    NOT_DUE = "not_due", _("not due under the policy")
    PAID = "paid", _("paid for")
    PREMIUM = "premium", _("premium")  # of a list that leaves these for review by hand (LeftOut)
    PROTECTED = "protected", _("protected")
    EXEMPT = "exempt", _("exempt from reclaim")
    REQUEST = "request", _("a request about a minor or a deceased")
    HELD = "held", _("an open request or appeal")
    MEASURE = "measure", _("a measure is in force")
