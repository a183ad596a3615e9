"""What a change of measures changes (T11), old beside new: before it is confirmed, agreed to, and afterwards."""

from collections.abc import Iterable, Iterator

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.numbers.pages import number_link
from enforcement.decisions.pages.decisions import SHOWN_TARGETS
from enforcement.decisions.pages.text import end_text, measure_name, scopes_text
from enforcement.measures.changes import Changed, as_they_were, changed_by
from enforcement.models import Decision, Measure, Outcome, Target
from enforcement.policy import Kind
from qqops.web import panels
from qqops.web.panels import Change, Panel


def change_choice(measure: Measure) -> str:
    """“restrict: send messages, until 2026-12-31 18:00 · #17”."""
    return (
        _("%(measure)s, until %(end)s")
        % {
            "measure": measure_name(measure),
            "end": end_text(measure.until),
        }
        + f" · #{measure.decision_id}"
    )


def changes_panel(changed: Iterable[tuple[int, Changed]]) -> Panel:
    items = [
        format_html("{} <span>{}</span> {}", number_link(number), measure_name(one.was), _change(one))
        for number, one in changed
    ]
    return Panel(_("What changes"), "ops/panel_list.html", {"items": items, "empty": _("None.")})


def _change(one: Changed) -> str:
    changes = []
    if one.until != one.was.until:
        changes.append(Change(_("Until"), end_text(one.was.until), end_text(one.until)))
    if set(one.scopes) != set(one.was.scopes):
        changes.append(Change(_("Scope"), scopes_text(one.was.scopes), scopes_text(one.scopes)))
    return render_to_string("ops/diff.html", {"changes": changes}) if changes else _("stays")


def _of_decision(request: HttpRequest, decision: Decision) -> Panel | None:
    return changes_panel(_changed(decision)) if decision.kind == Kind.ADJUST else None


def _changed(decision: Decision) -> Iterator[tuple[int, Changed]]:
    """Of the first targets: what was changed, or what is to be."""
    targets = list(Target.objects.filter(decision=decision).order_by("number_id")[:SHOWN_TARGETS])
    numbers = [target.number_id for target in targets]
    outcomes = {o.number_id: o for o in Outcome.objects.filter(decision=decision, number_id__in=numbers)}
    named = [pk for target in targets if target.number_id not in outcomes for pk in target.measures or ()]
    running = Measure.objects.in_bulk(named)
    for target in targets:
        outcome = outcomes.get(target.number_id)
        if outcome is None:
            were = [running[pk] for pk in target.measures or ()]
        else:
            were = [] if outcome.why else as_they_were(outcome)
        for was in were:
            yield target.number_id, changed_by(decision, was)


panels.register("decision", _of_decision)
panels.register("ruling", _of_decision)
