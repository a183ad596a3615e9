"""Reads of enforcement: one number's measures and story, the decisions, the approvals inbox."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.dormancy.queries import unknown_logins
from accounts.models import Number, Tenure
from accounts.numbers.queries import shown_of
from accounts.quarantine.policy import DAY
from enforcement.models import Approval, Decision, Ground, Measure, Notice, Target
from enforcement.policy import WITHDRAW_WITHIN
from qqops.approvals.models import State
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

STORY = ("decision.proposed", "decision.approved", "decision.refused", "decision.withdrawn", "decision.lapsed")
TIMELINE = 100


def decision_by_id(pk: int) -> Decision:
    found = Decision.objects.select_related("maker", "policy").filter(pk=pk).first()
    if found is None:
        raise Invalid(_("There is no decision #%(id)d.") % {"id": pk})
    return found


def decisions() -> QuerySet[Decision]:
    """Decisions with their grounds, and with `only`: the first target, for those that have just one."""
    first = Target.objects.filter(decision=OuterRef("pk")).order_by("number_id").values("number_id")[:1]
    return (
        Decision.objects.annotate(only=Subquery(first))
        .select_related("maker", "policy")
        .prefetch_related(_with_grounds("grounds"))
    )


def _with_grounds(path: str) -> Any:
    """Grounds with their clause and its version, in one query."""
    return Prefetch(path, Ground.objects.select_related("clause__version"))


def inbox(staff: Staff) -> QuerySet[Decision]:
    """Proposals this person may rule on now: not his own, not on a number he declared, not yet ruled on by him."""
    # From his short list to the decisions that reach it, once; not from each decision to its targets.
    dealing = Target.objects.filter(number__in=own_numbers(staff).values("number")).values("decision")
    ruled = Approval.objects.filter(proposal=OuterRef("pk"), approver=staff)
    rights = [p for p in ("enforcement.approve_decision", "enforcement.approve_reclaim") if staff.has_perm(p)]
    return decisions().filter(
        ~Exists(ruled),
        ~Q(maker=staff),
        ~Q(pk__in=dealing),
        state=State.PROPOSED,
        expires_at__gt=timezone.now(),
        approvers__overlap=rights or ["-"],
        ruling=None,  # agreed to with the ruling on its appeal
    )


def rulings_on(decision: Decision) -> list[Approval]:
    """Who ruled on it, in order; asked for once, however many parts of a page need it."""
    prefetch_related_objects(
        [decision], Prefetch("approvals", Approval.objects.select_related("approver").order_by("pk"))
    )
    return list(decision.approvals.all())


def told_before(decision: Decision) -> dict[Notice.Stage, int]:
    """When its holders are told before it runs, in days, by stage: of a reclaim, what its policy says."""
    if decision.policy is None:
        return {}
    days = {Notice.Stage.PRIOR: decision.policy.notice_days, Notice.Stage.REMINDER: decision.policy.reminder_days}
    return {stage: n for stage, n in days.items() if n}


def reminds_now(decision: Decision) -> bool:
    """Are its holders, who were told, to be reminded? From so many days before it would run until it is done."""
    days = told_before(decision).get(Notice.Stage.REMINDER)
    if days is None or decision.effective_at is None or decision.reminded_at is not None:
        return False
    return decision.effective_at - days * DAY <= timezone.now()


def notice_text(decision: Decision) -> str:
    """Of an approved reclaim with notice: whether its holders were told, and when it runs, or what it waits for."""
    told = told_before(decision)
    if decision.state != State.APPROVED or not told:
        return ""
    if decision.announced_at is None:
        return _("Its holders are told now; it runs %(n)d days after that.") % {"n": decision.notice_days}
    if reminds_now(decision):
        return _("Its holders are reminded now; it runs %(n)d days after that.") % {"n": told[Notice.Stage.REMINDER]}
    over = decision.effective_at is not None and decision.effective_at <= timezone.now()
    if over and decision.policy and (why := unknown_logins(decision.policy)):
        return why
    moments = {"at": _minute(decision.announced_at), "runs": _minute(decision.effective_at)}
    return _("Announced on %(at)s, runs on %(runs)s.") % moments


def _minute(at: datetime.datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "–"


def measures_of(number: Number) -> QuerySet[Measure]:
    """All measures on the current tenure, the running ones first; a former holder's are not among them."""
    return _measures(number.pk, number.tenure_id)


def measures_under(tenure: Tenure) -> QuerySet[Measure]:
    """All measures on one tenure, which may have ended."""
    return _measures(tenure.number_id, tenure.pk)


def _measures(number: int, tenure: int | None) -> QuerySet[Measure]:
    return (
        Measure.objects.filter(number=number, tenure=tenure)
        .select_related("decision__maker", "ended_by")
        .prefetch_related(_with_grounds("decision__grounds"))
        .order_by("-pk")
    )


def liftable(number: int) -> list[Measure]:
    """The measures in force on a number's current tenure."""
    running = Measure.objects.filter(number=number, tenure=F("number__tenure"), ended_at=None).order_by("pk")
    return [m for m in running.select_related("decision") if m.in_force]


def changeable(number: int) -> list[Measure]:
    """Those of them that are not provisional: what waits is decided on first."""
    return [m for m in liftable(number) if m.decision.state != State.PROPOSED]


@dataclass
class Entry:
    """One line of the timeline: who, when, which clause and text version, why, before → after."""

    event: Event
    grounds: list[Ground] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # label, before, after

    def as_json(self) -> dict[str, Any]:
        e = self.event
        return {
            "at": e.at.isoformat(),
            "actor": e.actor_label,
            "verb": e.verb,
            "sentence": e.sentence,
            "reason": e.reason,
            "ticket": e.ticket,
            "decision": e.decision_id,
            "request_id": str(e.request_id),
            "source": e.source,
            "clauses": [
                {"clause": str(g), "version": g.clause.version.version if g.clause else None} for g in self.grounds
            ],
            "changes": [{"what": w, "before": b, "after": a} for w, b, a in self.changes],
        }


def timeline(number: Number) -> list[Entry]:
    """The story of a number under its present holder, or since it has none: nothing of anybody who held it before."""
    return _story(number.pk, number.tenure_id)


def timeline_of(tenure: Tenure) -> list[Entry]:
    """The story of a number under one holder, who may have gone."""
    return _story(tenure.number_id, tenure.pk)


def _story(number: int, tenure: int | None) -> list[Entry]:
    """Every recorded change of the number and the tenure, and the decisions about both, newest first. Three queries."""
    rows = list(Number.history.filter(id=number, tenure_id=tenure).order_by("-history_id")[: TIMELINE + 1])
    of_tenure = Tenure.history.filter(id=tenure).order_by("-history_id").values("event_id")
    decided = Target.objects.filter(number=number, tenure=tenure).order_by("-decision_id").values("decision_id")
    # A union and not an OR, of which one part is a subquery: each part has its index.
    changed = Event.objects.filter(pk__in=[r.event_id for r in rows]).order_by()
    begun = Event.objects.filter(pk__in=of_tenure[:TIMELINE]).order_by()
    story = Event.objects.filter(decision_id__in=decided[:TIMELINE], verb__in=STORY).order_by()
    events = changed.union(begun, story).order_by("-seq")[: TIMELINE * 2]
    changes = _changes(rows)
    entries = [Entry(event, changes=changes.get(event.pk, [])) for event in events]
    grounds = _grounds([e.event.decision_id for e in entries if e.event.decision_id])
    for entry in entries:
        entry.grounds = grounds[entry.event.decision_id]
    return entries


def story_of_decision(decision: Decision) -> list[Event]:
    return list(Event.objects.filter(decision_id=decision.pk).order_by("-seq")[:TIMELINE])


def _changes(rows: list[Any]) -> dict[uuid.UUID, list[tuple[str, str, str]]]:
    """Before → after of each history row against the one before it, with labels."""
    found: dict[uuid.UUID, list[tuple[str, str, str]]] = {}
    for after, before in zip(rows, [*rows[1:], None], strict=True):
        if before is None:
            continue
        at: datetime.datetime = after.history_date
        was, now = shown_of(before, at), shown_of(after, at)
        found[after.event_id] = [(_("state"), str(was.label), str(now.label))] if was != now else []
        if before.protection != after.protection:
            label = str(Number._meta.get_field("protection").verbose_name)
            found[after.event_id].append((label, before.get_protection_display(), after.get_protection_display()))
        for name in ("frozen_until", "restricted_until"):
            if getattr(before, name) != getattr(after, name):
                label = str(getattr(Number._meta.get_field(name), "verbose_name", name))
                found[after.event_id].append((label, _end(getattr(before, name)), _end(getattr(after, name))))
    return found


def _end(at: datetime.datetime | None) -> str:
    if at is None:
        return ""
    return _("without end") if at.year == 9999 else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _grounds(decision_ids: Iterable[int]) -> defaultdict[int | None, list[Ground]]:
    found: defaultdict[int | None, list[Ground]] = defaultdict(list)
    for ground in Ground.objects.filter(decision_id__in=decision_ids).select_related("clause__version", "decision"):
        found[ground.decision_id].append(ground)
    return found


def is_slip(decision: Decision) -> bool:
    """Is it minutes old, and has no holder been told of it? Then its maker may still take it back alone (DESIGN §4)."""
    told = Notice.objects.filter(decision=decision).exclude(state=Notice.State.PENDING)
    return decision.proposed_at > timezone.now() - WITHDRAW_WITHIN and not told.exists()
