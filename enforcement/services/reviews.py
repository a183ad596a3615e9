"""Back to a human: what a list left out, and measures that were to be looked at again when they end. Each a case."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from enforcement.casebook import CaseKind, Party
from enforcement.models import Case, CaseNumber, Decision, Measure, Outcome, Target
from enforcement.policy import LeftOut
from qqops import bulk
from qqops.audit import pen
from qqops.staff.models import Staff


def review_left_out(decision: Decision, *, actor: Staff) -> Case | None:
    """What this decision left out is looked at by hand (3.3: paying exempts nobody)."""
    left = Outcome.objects.filter(decision=decision, why__in=LeftOut.values)
    targets = Target.objects.filter(decision=decision, number__in=left.values("number"))
    return _review(decision, targets, _("Left out of decision #%(id)d.") % {"id": decision.pk}, actor)


def review_ended(decisions: Sequence[int], measures: Sequence[int], *, actor: Staff) -> list[Case]:
    """Of these measures, whose time is over: those of the decisions that they were to come back to."""
    again = Measure.objects.filter(pk__in=measures, end_reason=Measure.EndReason.EXPIRED)
    opened = []
    for decision in Decision.objects.filter(pk__in=decisions).order_by("pk"):
        targets = Target.objects.filter(decision=decision, number__in=again.filter(decision=decision).values("number"))
        what = _("A measure of decision #%(id)d has ended.") % {"id": decision.pk}
        if case := _review(decision, targets, what, actor):
            opened.append(case)
    return opened


def _review(decision: Decision, targets: QuerySet[Target], what: str, actor: Staff) -> Case | None:
    numbers = list(targets.order_by("number_id").values_list("number_id", "tenure_id"))
    if not numbers:
        return None
    details = {"decision": decision.pk}
    case = Case(
        pk=bulk.next_pk(Case), kind=CaseKind.REVIEW, what=what, details=details, maker=actor,
        opened_at=timezone.now(), ticket=decision.ticket,
    )  # fmt: skip
    facts = {"kind": case.kind, "numbers": len(numbers)}
    with pen.act(
        "case.opened",
        actor=actor,
        reason="",
        ticket=decision.ticket,
        subject=case,
        decision_id=decision.pk,
        facts=facts,
    ) as act:
        case.save(force_insert=True)
        act.wrote(pen.history_model(Case))
        CaseNumber.objects.bulk_create(
            (
                CaseNumber(case=case, number_id=number, tenure_id=tenure, party=Party.SUBJECT, event_id=act.event_id)
                for number, tenure in numbers
            ),
            batch_size=10_000,
        )
        act.wrote(CaseNumber, rows=len(numbers))
    return case
