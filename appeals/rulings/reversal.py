"""What an upheld ruling changes of the number, as the order of a decision: lift, shorten, restore, or cease to count.

It reaches the appellant's own number only: what the same decision did to others is its own decision (undo). And it only
ever lessens what he is under (11): nothing is put back by it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lifecycle import FOREVER, Lifecycle
from appeals.hearing.conflicts_of_interest import touched
from appeals.lifecycle import Outcome
from appeals.models import Appeal
from appeals.policy import REVERSING
from appeals.recovery import contested
from enforcement.decisions.order import Order
from enforcement.models import Decision, Measure
from enforcement.models import Outcome as Done
from enforcement.policy import MEASURES, NOT_UNDONE, FreezeKind, Kind
from qqops.approvals.models import State
from qqops.core.errors import Invalid

OBJECTION = "11"
_REACHED = f"""
SELECT m.id FROM enforcement_measure m JOIN enforcement_decision d ON {touched("m", "d")}
WHERE m.number_id = %s AND m.tenure_id = %s AND d.id = %s"""
CAME_TO_NOTHING = (State.REFUSED, State.LAPSED, State.VOID)  # what it did provisionally has ended, and never counted


@dataclass(frozen=True)
class Terms:
    """What a measure becomes that is upheld in part: a nearer end, or fewer scopes."""

    until: datetime.datetime | None = None
    scopes: tuple[str, ...] = ()


class Said(Protocol):
    @property
    def reason(self) -> str: ...
    @property
    def ticket(self) -> str: ...
    @property
    def terms(self) -> Terms: ...


def measures_of(appeal: Appeal) -> list[Measure]:
    """What the decision objected to imposed on this tenure, or changed or put back of what was there; the one that ends
    last comes first."""
    found = Measure.objects.filter(pk__in=RawSQL(_REACHED, (appeal.number_id, appeal.tenure_id, appeal.decision_id)))
    return list(found.select_related("decision").order_by(F("until").desc(nulls_first=True), "-pk"))


def measure_of(appeal: Appeal) -> Measure | None:
    """The one that an objection upheld in part makes less; None where none runs."""
    return next((measure for measure in measures_of(appeal) if measure.in_force), None)


def in_force(appeal: Appeal) -> list[Measure]:
    """Those of them that run, and longer or further than they would without the decision."""
    if appeal.decision is None:
        return []
    without = terms_without(appeal.decision, appeal.number_id)
    runs = [measure for measure in measures_of(appeal) if measure.in_force]
    return [measure for measure in runs if measure.pk not in without or _beyond(measure, without[measure.pk])]


def is_over(appeal: Appeal) -> bool:
    """Has what is objected to no effect any more?"""
    return not in_force(appeal) and not _ended_by_it(appeal)


def must_be_over(appeal: Appeal) -> None:
    """What still has its effect is not moot."""
    if not is_over(appeal):
        raise Invalid(_("It is still in force: decide on it."))


def terms_without(decision: Decision, number: int) -> dict[int, Terms]:
    """Of a change, and of one that took a change back: the end (None: none) and the scopes that each of its measures
    would have without it."""
    changed = decision if decision.kind == Kind.ADJUST else decision.undoes
    if changed is None or changed.kind != Kind.ADJUST:
        return {}
    done = Done.objects.get(decision=changed, number=number)
    before = {one["id"]: _terms(one) for one in (done.before or {}).get("terms") or ()}
    if changed == decision:
        return before
    return {
        pk: Terms(changed.until or terms.until, tuple(changed.scopes) or terms.scopes) for pk, terms in before.items()
    }


def _terms(before: dict[str, Any]) -> Terms:
    """As an outcome keeps them."""
    until = before["until"] and datetime.datetime.fromisoformat(before["until"])
    return Terms(until, tuple(before["scopes"]))


def _beyond(one: Measure | Terms, other: Measure | Terms) -> bool:
    """Does it end later, or reach further?"""
    return (one.until or FOREVER) > (other.until or FOREVER) or not set(one.scopes) <= set(other.scopes)


def ends_use(decision: Decision) -> bool:
    """A termination; and to take a restoration back is one too."""
    return decision.kind == Kind.TERMINATE or decision.undoes is not None and decision.undoes.kind == Kind.RESTORE


def _ended_by_it(appeal: Appeal) -> bool:
    """Is the right of use over by this decision, and not by one that came after it?"""
    if appeal.decision is None or appeal.number.lifecycle != Lifecycle.TERMINATED or not ends_use(appeal.decision):
        return False
    kinds = Q(kind=Kind.TERMINATE)
    if appeal.decision.kind != Kind.TERMINATE:  # that a termination runs again is still that termination's doing
        kinds |= Q(undoes__kind=Kind.RESTORE)
    ended = Decision.objects.filter(
        kinds, targets__number=appeal.number_id, targets__tenure=appeal.tenure_id,
        outcomes__number=appeal.number_id, outcomes__why="",
    ).order_by("-pk")  # fmt: skip
    return ended.first() == appeal.decision


def orders_for(appeal: Appeal, outcome: Outcome, said: Said, *, waits: bool) -> Sequence[Order]:
    """What does it, the most exact first: of these the first that does anything is made. None where the ruling changes
    nothing of the number, or where nothing is left to change; Invalid where it cannot be made."""
    decision = appeal.decision
    if decision is None:
        freed = contested.order_for(appeal, outcome, said.reason, said.ticket, waits=waits)
        return (freed,) if freed else ()
    if outcome not in REVERSING:
        return ()
    less_of, weighs = measure_of(appeal), in_force(appeal)
    if any(measure.freeze_kind == FreezeKind.LEGAL for measure in (less_of, *weighs) if measure):
        raise Invalid(_("A legal freeze ends by law or order only: have a decision made that names it."))
    common: dict[str, Any] = {
        "facts": _("Objection %(receipt)s was upheld.") % {"receipt": appeal.receipt},
        "evidence": (_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        "reason": said.reason,
        "ticket": said.ticket,
        "ruling": appeal.receipt,
        "ruling_waits": waits,
    }
    if outcome == Outcome.PARTLY:
        common["facts"] = _("Objection %(receipt)s was upheld in part.") % {"receipt": appeal.receipt}
        # The measure stands, and counts: it was not wrong.
        return (Order(Kind.ADJUST, (OBJECTION,), **_less(less_of, said.terms), **common),)
    common["in_error"] = True  # void from the beginning: it never counts again, and the holder has an apology
    if ends_use(decision):
        if not _ended_by_it(appeal):
            raise Invalid(_("It is not by this decision that the right of use is over now: nothing of it is in force."))
        return (Order(Kind.RESTORE, (OBJECTION,), **common),)
    lifts = (Order(Kind.LIFT, (OBJECTION,), lift_measures=tuple(m.pk for m in weighs), **common),) if weighs else ()
    undoes = (Order(Kind.UNDO, (OBJECTION,), undoes=decision, **common),) if _may_be_undone(appeal, weighs) else ()
    # Of what has run out nothing is put back by an undo: it only ceases to count.
    return (*lifts, *undoes) if decision.kind in MEASURES else (*undoes, *lifts)


def _may_be_undone(appeal: Appeal, weighs: Sequence[Measure]) -> bool:
    """Is there anything to take back, that counts, and would that only lessen?"""
    decision = appeal.decision
    assert decision is not None
    if decision.kind in NOT_UNDONE or decision.state in CAME_TO_NOTHING:
        return False
    if decision.kind != Kind.ADJUST:
        return True
    without = terms_without(decision, appeal.number_id)
    return bool(weighs) and not any(_beyond(without[m.pk], m) for m in weighs)


def _less(measure: Measure | None, terms: Terms) -> dict[str, Any]:
    """The measure, its nearer end and its fewer scopes; Invalid where that is not less than what runs now."""
    if measure is None:
        raise Invalid(
            _("Nothing runs that could be shortened or narrowed: uphold the objection as a whole, or reject it.")
        )
    if measure.decision.state == State.PROPOSED:
        raise Invalid(_("The measure is provisional: whoever is to agree to it decides first."))
    if terms.until is None and not terms.scopes:
        raise Invalid(_("Say what the measure becomes: a nearer end, or fewer restrictions."))
    if terms.until is not None and not timezone.now() < terms.until < (measure.until or FOREVER):
        raise Invalid(_("The new end must lie ahead, and before the end that the measure has now."))
    if terms.scopes and not set(terms.scopes) < set(measure.scopes):
        raise Invalid(_("What is still restricted must be a part of what is restricted now."))
    scopes = tuple(scope for scope in measure.scopes if scope in terms.scopes)
    return {"lift_measures": (measure.pk,), "until": terms.until, "scopes": scopes}
