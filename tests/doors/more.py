"""What the doors need beside the story: numbers that nothing rests on, one in each state, a batch that waits to run."""

from collections.abc import Mapping
from dataclasses import dataclass

from appeals.models import Appeal
from enforcement.cases import cause
from enforcement.cases.policy import CaseKind, RootCause
from enforcement.models import Case, Decision, Measure
from enforcement.policy import Kind
from qqops.staff.models import SavedFilter, Staff
from qqops.staff.saved_filters.services import save_filter
from tests.appeals.heard import filed
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide
from tests.enforcement.cases.opening import opened

Cast = Mapping[str, Staff]
FREE, FROZEN, ENDED, CLAIMED, STOLEN = 31_001, 31_002, 31_003, 31_004, 31_005
MANY = range(32_001, 32_102)
WHY = "seen and checked by hand"


@dataclass(frozen=True)
class More:
    frozen: Measure
    ended: Decision
    batch: Decision  # agreed to, not begun
    explained: Case  # whose root cause is agreed to
    lost: Appeal  # a recovery that nobody has taken
    shared: SavedFilter  # of the auditor


def more(cast: Cast) -> More:
    officer, supervisor, agent = cast["officer"], cast["supervisor"], cast["agent"]
    make_numbers([FREE, FROZEN, CLAIMED, STOLEN, ENDED, *MANY])
    frozen = decide(Kind.FREEZE, [FROZEN], officer).decision
    ended = approve(decide(Kind.TERMINATE, [ENDED], officer), supervisor).decision
    batch = approve(decide(Kind.FREEZE, MANY, officer), supervisor, later=lambda decision: None).decision
    case = cause.propose_cause(opened(CaseKind.THEFT, agent, STOLEN), RootCause.OTHER, actor=officer, reason=WHY)
    case = cause.rule_on_cause(case, agree=True, content_hash=cause.seen(case), actor=supervisor, reason=WHY)
    shared = save_filter("events", "refusals", {"kind": "refusals"}, shared=True, actor=cast["auditor"])
    return More(Measure.objects.get(decision=frozen), ended, batch, case, filed(CLAIMED, "recovery", agent), shared)
