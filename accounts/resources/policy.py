"""Tables of number resources 号码资源: pools, channels, kinds of proposal, and the approvals that each kind needs.

Preamble, clauses 2 and 3.1; T1–T4, T19, T20 and T22 in docs/lifecycles.md. Imports no module of this project.
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
    """The numbers that a pool hands out.

    `tiers`: the lowest and the highest tier that it hands out by itself, or None. `named`: the highest tier that may be
    requested by its digits. `identified`: True if a holder needs a verified identity (4.1); False for numbers that the
    operator uses itself.
    """

    tiers: tuple[int, int] | None
    named: int = 0
    identified: bool = True


# The public pool never hands out a premium number, and no pool hands out tier 4. Every cursor skips tier 3: a number of
# that tier must be requested by its digits, and a supervisor must agree (T4).
HANDING = {
    Pool.PUBLIC: Handing((0, 1), named=1),
    Pool.PREMIUM: Handing((2, 2), named=3),
    Pool.INTERNAL: Handing((0, 2), named=3, identified=False),
    Pool.TEST: Handing((0, 2), named=3, identified=False),
    Pool.RESERVED: Handing(None),
}


@dataclass(frozen=True)
class Channel:
    """A registration channel (3.1): the meaning of its reference, and whether the reference is required."""

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

# The age up to which a completed registration is accepted from the upstream system (3.2): long enough for a week
# without a file. For an older one, the state of the number and the identity rules of that time cannot be established.
REGISTERED_WITHIN = datetime.timedelta(days=7)


class Kind(TextChoices):
    """The kinds of proposal about number resources."""

    RANGE = "range", _("open a range")  # T1
    RANGE_MOVE = "range_move", _("move a range")  # T2, T3, T20
    RANGE_PLAN = "range_plan", _("change the plan of a range")
    NUMBERS_MOVE = "numbers_move", _("move numbers")  # T1-T3, T19, T20
    TIER = "tier", _("set the tier")
    ALLOCATE = "allocate", _("allocate a premium number")  # T4, tier 3
    CAMPAIGN = "campaign", _("campaign")
    POLICY = "policy", _("dormancy policy")
    POLICY_END = "policy_end", _("end a dormancy policy")
    CORRECTION = "correction", _("correct the holder")  # T22


# The papers that a correction of the holder requires (8.2(b)). Each is given by its reference.
CORRECTION_PAPERS = {
    "licence": _("the operator's written permission"),
    "before": _("declaration of the holder so far"),
    "after": _("declaration of the new holder"),
}

ALONE_UP_TO = 10_000  # numbers that one person may put into new ranges within a day without approval
LIST_MAX = 10_000  # numbers in one proposal; for more, use a range
SUPERVISED_FROM_TIER = 3  # T4: requested by its digits, with approval of a supervisor
PROPOSAL_LIFE = datetime.timedelta(days=7)
PAID_AHEAD = datetime.timedelta(days=3653)  # a number can be paid for at most ten years ahead

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
    """The input of the approval table. The source state of a free number is that of its range."""

    kind: Kind
    numbers: int = 1  # how many numbers it affects
    moves: frozenset[tuple[str, str]] = frozenset()  # lifecycle from, to
    before: int = 0  # numbers that the maker has put into ranges without approval today: split requests count together


@dataclass(frozen=True)
class Rule:
    code: str
    label: Promise
    approvers: tuple[str, ...]


ALONE = Rule("alone", _("Within what one person may do alone"), ())
SUPERVISOR = Rule("supervisor", _("Needs a supervisor"), (APPROVE,))
BOTH = Rule("supervisor_and_privacy", _("Needs a supervisor and the privacy officer"), (APPROVE, PRIVACY_APPROVE))

# Moves that only keep numbers from being handed out need no approval (T2, and T3 in reverse).
STOPS = frozenset({("available", "pre_release"), ("available", "reserved"), ("pre_release", "reserved")})
MOVES_TO = ("reserved", "pre_release", "available", "retired")  # the targets of moves by a resource manager


def rule_for(case: Case) -> Rule:
    """Return the rule that lists the approvers besides the maker."""
    if case.kind == Kind.POLICY:
        return BOTH  # 10.3(c): a policy adds a ground for reclaiming numbers
    if case.moves and case.moves <= STOPS:
        return ALONE
    if case.kind == Kind.RANGE and case.before + case.numbers <= ALONE_UP_TO:
        return ALONE
    return SUPERVISOR
