"""What enforcement hangs into the numbers' pages: the acts that are legal now, the measures, the story."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.declarations.queries import is_self_dealing
from accounts.models import Number, Tenure
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.acts import TITLES
from enforcement.decisions.pages.text import (
    CONSEQUENCES,
    ground_text,
    grounds_text,
    measure_end,
    measure_name,
    state_badge,
)
from enforcement.decisions.queries import Entry as Line
from enforcement.decisions.queries import measures_of, measures_under, story_of_decision, timeline, timeline_of
from enforcement.models import Decision, Measure
from enforcement.policy import FROM, Kind
from qqops.approvals.models import State
from qqops.audit.models import Event
from qqops.templatetags.ops import badge, link, moment, when
from qqops.web import panels
from qqops.web.panels import Act, Change, Entry, Panel

LATEST = 10
KEYS = {Kind.RESTRICT: "r", Kind.FREEZE: "f", Kind.TERMINATE: "t", Kind.LIFT: "l", Kind.ADJUST: "e", Kind.RESTORE: "o"}
TONES = {
    "decision.applied": "warn",
    "decision.confirmed": "warn",
    "decision.approved": "good",
    "decision.refused": "bad",
}


def _url(kind: Kind, number: int | None = None) -> str:
    url = reverse("admin:act", args=[kind.value])
    return f"{url}?{urlencode({'number': number})}" if number else url


def _legal(kind: Kind, number: Number) -> bool:
    """Could this act reach the number as it stands? The service judges again; this only chooses the buttons."""
    if number.tenure_id is None or number.lifecycle not in FROM[kind] or is_self_dealing(number):
        return False
    now = timezone.now()
    running = any(until and until > now for until in (number.frozen_until, number.restricted_until))
    return {Kind.LIFT: running, Kind.ADJUST: running, Kind.TERMINATE: not number.legal_hold}.get(kind, True)


def _acts(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    for kind in TITLES:
        if not may_order(kind, panels.staff_at(request)):
            continue
        if number is None or _legal(kind, number):
            yield Act(
                TITLES[kind],
                _url(kind, number.pk if number else None),
                key=KEYS[kind],
                danger=kind in (Kind.FREEZE, Kind.TERMINATE),
                consequence=CONSEQUENCES[kind],
            )


def _next_act(request: HttpRequest, number: Number) -> Act | None:
    """The sensible next act of a row: lift what runs, restore what is terminated, else freeze."""
    for kind in (Kind.RESTORE, Kind.LIFT, Kind.FREEZE):
        if may_order(kind, panels.staff_at(request)) and _legal(kind, number):
            return Act(TITLES[kind], _url(kind, number.pk), danger=kind == Kind.FREEZE)
    return None


def _measures(request: HttpRequest, number: Number) -> Panel:
    return _measure_table(measures_of(number))


def _measures_under(request: HttpRequest, tenure: Tenure) -> Panel:
    return _measure_table(measures_under(tenure))


def _measure_table(found: Iterable[Measure]) -> Panel:
    rows = [_measure_row(m) for m in found]
    head = [_("Measure"), _("In force"), _("Clause"), _("From"), _("Until"), _("Decision")]
    return Panel(_("Measures"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _measure_row(m: Measure) -> tuple[Any, ...]:
    standing = badge(_("in force"), "cold") if m.in_force else badge(_("over"), "quiet")
    if m.in_force and m.decision.state == State.PROPOSED:
        standing = badge(_("provisional, waiting for approval"), "warn")
    decision = link(reverse("admin:enforcement_decision_change", args=[m.decision_id]), f"#{m.decision_id}")
    return measure_name(m), standing, grounds_text(m.decision), moment(m.starts_at), measure_end(m), decision


def _story(request: HttpRequest, number: Number) -> list[Entry]:
    return [_entry(line) for line in timeline(number)]


def _story_of_tenure(request: HttpRequest, tenure: Tenure) -> list[Entry]:
    return [_entry(line) for line in timeline_of(tenure)]


def _decision_story(request: HttpRequest, decision: Decision) -> list[Entry]:
    return [_entry(Line(event)) for event in story_of_decision(decision)]


def _entry(line: Line) -> Entry:
    event: Event = line.event
    notes = [_("ground: %(ground)s") % {"ground": ground_text(g)} for g in line.grounds]
    if event.ticket:
        notes.append(_("ticket: %(ticket)s") % {"ticket": event.ticket})
    url = reverse("admin:enforcement_decision_change", args=[event.decision_id]) if event.decision_id else ""
    case = line.grounds[0].decision if line.grounds else None
    waiting = event.verb == "decision.proposed" and case and case.state == State.PROPOSED and not case.has_lapsed
    if waiting:
        notes.insert(0, _("waiting for approval"))
    return Entry(
        at=event.at,
        title=f"{event.sentence} · #{event.decision_id}" if event.decision_id else event.sentence,
        who=event.actor_label,
        text=event.reason,
        tone="warn" if waiting else TONES.get(event.verb, ""),
        changes=[Change(*change) for change in line.changes],
        url=url,
        request_id=str(event.request_id),
        notes=notes,
    )


def _latest(request: HttpRequest) -> Panel | None:
    if not request.user.has_perm("enforcement.view_decision"):
        return None
    rows = [
        (
            link(reverse("admin:enforcement_decision_change", args=[d.pk]), f"#{d.pk} {d.get_kind_display()}"),
            state_badge(d),
            d.target_count,
            d.maker,
            when(d.proposed_at),
        )
        for d in Decision.objects.select_related("maker").order_by("-pk")[:LATEST]
    ]
    head = [_("Decision"), _("State"), _("Targets"), _("Maker"), _("Proposed")]
    return Panel(_("Latest decisions"), "ops/panel_table.html", {"head": head, "rows": rows})


panels.toolbar("number", _acts)
panels.toolbar("numbers", _acts)
panels.row_act("numbers", _next_act)
panels.register("number", _measures)
panels.timeline("number", _story)
panels.register("tenure", _measures_under)
panels.timeline("tenure", _story_of_tenure)
panels.timeline("decision", _decision_story)
panels.dashboard(_latest, order=2)
