"""Number resources 号码资源 as tables: pools, channels, and who may do what with ranges and numbers that nobody holds.

Preamble, clauses 2 and 3.1, domain.md §7 (T1-T4, T19, T20, T22) and §9. Nothing here imports the house.
"""

import datetime
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

APPROVE, PRIVACY_APPROVE = "accounts.approve_resources", "accounts.approve_policy"


class Pool(TextChoices):
    PUBLIC = "public", _("public")
    PREMIUM = "premium", _("premium")
    INTERNAL = "internal", _("internal")
    TEST = "test", _("test")
    RESERVED = "reserved", _("set aside")


@dataclass(frozen=True)
class Handing:
    """Which tiers a pool hands out by itself, the lowest and the highest; the highest that may be asked for by its
    digits; and whether its holders are people whose identity the law has verified (4.1). What the operator uses itself
    has none."""

    tiers: tuple[int, int] | None
    named: int = 0
    identified: bool = True


# Public allocation never hands out a premium number, and tier 4 is handed out by nobody (DESIGN §3). Tier 3 is passed
# over by every cursor: whoever wants such a number names it, and a supervisor agrees (T4).
HANDING = {
    Pool.PUBLIC: Handing((0, 1), named=1),
    Pool.PREMIUM: Handing((2, 2), named=3),
    Pool.INTERNAL: Handing((0, 2), named=3, identified=False),
    Pool.TEST: Handing((0, 2), named=3, identified=False),
    Pool.RESERVED: Handing(None),
}


@dataclass(frozen=True)
class Channel:
    """What the reference of a registration channel says (3.1), and whether there is no registration without one."""

    reference: Promise
    required: bool = False


CHANNELS = {
    "client": Channel(_("client version, or hash of the device")),
    "web": Channel(_("reference of the web registration")),
    "sms": Channel(_("port and carrier")),
    "ivr": Channel(_("line and carrier")),
    "campaign": Channel(_("campaign"), required=True),
    "other": Channel(_("written authorisation"), required=True),
}

# How long after it was completed a registration is still taken over from the system where it was (3.2): long enough for
# a week in which no file comes. Before that nobody can say any more what held then: no number, no rule of identity.
REGISTERED_WITHIN = datetime.timedelta(days=7)


class Kind(TextChoices):
    """What is proposed, decided and then done to number resources."""

    RANGE = "range", _("open a range")  # T1
    RANGE_MOVE = "range_move", _("move a range")  # T2, T3, T20
    RANGE_PLAN = "range_plan", _("change the plan of a range")
    NUMBERS_MOVE = "numbers_move", _("move numbers")  # T1-T3, T19, T20
    TIER = "tier", _("set the tier")
    ALLOCATE = "allocate", _("allocate a premium number")  # T4 where the tier is 3
    CAMPAIGN = "campaign", _("campaign")
    POLICY = "policy", _("dormancy policy")
    POLICY_END = "policy_end", _("end a dormancy policy")
    CORRECTION = "correction", _("correct the holder")  # T22


# What the operator's licence to correct a holder rests on (8.2(b)); each is named by its reference.
CORRECTION_PAPERS = {
    "licence": _("the operator's written permission"),
    "before": _("declaration of the holder so far"),
    "after": _("declaration of the new holder"),
}

ALONE_UP_TO = 10_000  # numbers that one person may set aside within a day
LIST_MAX = 10_000  # numbers in one proposal; more than that is a range
SUPERVISED_FROM_TIER = 3  # T4: by hand, with a supervisor
PROPOSAL_LIFE = datetime.timedelta(days=7)
PAID_AHEAD = datetime.timedelta(days=3653)  # for how long ahead, at most, a number is paid for: ten years

MAKE = {
    Kind.RANGE: "accounts.manage_resources",
    Kind.RANGE_MOVE: "accounts.manage_resources",
    Kind.RANGE_PLAN: "accounts.manage_resources",
    Kind.NUMBERS_MOVE: "accounts.manage_resources",
    Kind.TIER: "accounts.manage_resources",
    Kind.ALLOCATE: "accounts.allocate_number",
    Kind.CAMPAIGN: "accounts.manage_resources",
    Kind.POLICY: "accounts.draft_policy",
    Kind.POLICY_END: "accounts.draft_policy",
    Kind.CORRECTION: "accounts.correct_holder",
}


@dataclass(frozen=True)
class Case:
    """What the approval table looks at. A free number has no row: its source is the state of its range."""

    kind: Kind
    numbers: int = 1  # how many it is about
    moves: frozenset[tuple[str, str]] = frozenset()  # lifecycle from, to
    before: int = 0  # how many the maker has done alone today: slices count together


@dataclass(frozen=True)
class Rule:
    code: str
    label: Promise
    approvers: tuple[str, ...]


ALONE = Rule("alone", _("Within what one person may do alone"), ())
SUPERVISOR = Rule("supervisor", _("Needs a supervisor"), (APPROVE,))
BOTH = Rule("supervisor_and_privacy", _("Needs a supervisor and the privacy officer"), (APPROVE, PRIVACY_APPROVE))

# What only keeps numbers from being handed out waits for nobody (T2, T3 back).
STOPS = frozenset({("available", "pre_release"), ("available", "reserved"), ("pre_release", "reserved")})
MOVES_TO = ("reserved", "pre_release", "available", "retired")  # where the resource manager moves what nobody holds


def rule_for(case: Case) -> Rule:
    """Who must agree besides the maker (domain.md §7)."""
    if case.kind == Kind.POLICY:
        return BOTH  # 10.3(c): a reason of its own for reclaiming
    if case.moves and case.moves <= STOPS:
        return ALONE
    if case.kind == Kind.RANGE and case.before + case.numbers <= ALONE_UP_TO:
        return ALONE
    return SUPERVISOR
