"""What somebody may appeal about: the tenures of a number, and the decisions that reached them."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef

from accounts.models import Tenure
from appeals.filing.routing import OBJECTED_TO
from enforcement.models import Decision, Outcome, Target

SHOWN = 50


def tenures_of(number: int) -> list[Tenure]:
    """The latest first."""
    return list(Tenure.objects.filter(number=number).order_by("-seq")[:SHOWN])


def decisions_of(number: int, tenures: Collection[Tenure]) -> list[Target]:
    """What was done to these tenures and may be objected to, the latest first; each with its decision and tenure."""
    done = Outcome.objects.filter(decision=OuterRef("decision"), number=number, why="")
    reached = Target.objects.filter(
        Exists(done), number=number, tenure__in=[tenure.pk for tenure in tenures], decision__kind__in=OBJECTED_TO
    )
    return list(reached.select_related("decision", "tenure").order_by("-decision")[:SHOWN])


def only_target(decision: Decision) -> Target | None:
    """Whom a decision reached that reached one number only, where it may be objected to."""
    if decision.kind not in OBJECTED_TO or decision.target_count != 1:
        return None
    done = Outcome.objects.filter(decision=decision, why="")
    return Target.objects.filter(Exists(done), decision=decision).select_related("tenure").first()
