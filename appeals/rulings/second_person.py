"""Which rulings on an appeal take a second person: what the table of policy asks about this appeal."""

from accounts.identity.queries import concerns_minor
from accounts.lifecycle import FOREVER, PREMIUM_FROM_TIER
from appeals.lifecycle import Kind, Outcome
from appeals.models import Appeal
from appeals.policy import ENDING, Heard, Rule, second_person
from appeals.rulings.reversal import ends_use
from enforcement.approval.supervision import was_supervised
from enforcement.models import Ground
from enforcement.policy import BATCH_FROM, LAW, FreezeKind
from enforcement.policy import Kind as DecisionKind


def second_for(appeal: Appeal, outcome: Outcome) -> Rule | None:
    """The row by which somebody else must agree if it is decided so; None: one person decides."""
    return second_person(_heard(appeal, outcome))


def _heard(appeal: Appeal, outcome: Outcome) -> Heard:
    decision = appeal.decision
    kind = Kind(appeal.kind)
    if kind == Kind.RECOVERY and outcome in ENDING:
        tenure = appeal.tenure
        return Heard(
            kind, outcome, appeal.round, contested=appeal.contested_at is not None,
            premium=appeal.number.tier >= PREMIUM_FROM_TIER, minor=tenure is not None and concerns_minor(tenure),
        )  # fmt: skip
    if decision is None:
        return Heard(kind, outcome, appeal.round)
    return Heard(
        kind,
        outcome,
        appeal.round,
        terminated=ends_use(decision),
        indefinite=decision.until == FOREVER
        or decision.kind in (DecisionKind.FREEZE, DecisionKind.RESTRICT)
        and decision.ends_at is None,
        batch=decision.target_count > BATCH_FROM,
        legal=decision.freeze_kind == FreezeKind.LEGAL or Ground.objects.filter(decision=decision, basis=LAW).exists(),
        supervised=was_supervised(decision),
    )
