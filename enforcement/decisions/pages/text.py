"""How decisions, measures and effects read on a page."""

import datetime
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.lifecycle import FOREVER
from enforcement.decisions.durations import LOST
from enforcement.decisions.queries import rulings_on
from enforcement.models import Decision, Ground, Measure
from enforcement.policy import RULES, Effect, Kind, Scope
from qqops.approvals.models import State
from qqops.templatetags.ops import badge, minute, moment

STATE_TONES = {
    State.PROPOSED: "warn",
    State.APPROVED: "info",
    State.APPLIED: "good",
    State.REFUSED: "bad",
    State.LAPSED: "quiet",
    State.VOID: "quiet",
    State.STOPPED: "warn",
}

# What a button leads to, before it is pressed: what stays, what is lost, how it is undone (10.4).
CONSEQUENCES = {
    Kind.RESTRICT: gettext_lazy("The holder cannot use what you choose; everything else stays. It can be lifted."),
    Kind.FREEZE: gettext_lazy("The holder cannot use the number until the end; nothing is deleted. It can be lifted."),
    Kind.TERMINATE: LOST,
    Kind.LIFT: gettext_lazy("The measures you choose end now; every other measure stays in force."),
    Kind.ADJUST: gettext_lazy(
        "The measures you choose run on with the end and the scopes that you say; each counts against the holder as"
        " before."
    ),
    Kind.RESTORE: gettext_lazy("The number returns to the state before; measures still running stay in force."),
    Kind.UNDO: gettext_lazy(
        "What that decision did is taken back, exactly; a measure that is over ceases to count; what changed since is a"
        " conflict: listed, and not touched."
    ),
}


def state_badge(decision: Decision) -> Any:
    state = State.LAPSED if decision.has_lapsed else State(decision.state)
    return badge(state.label, STATE_TONES[state])


def effect_sentence(effect: str, approvers: int) -> str:
    if effect == Effect.AT_ONCE:
        return _("It acts at once; nobody else is needed.")
    people = ngettext("%(n)d approver", "%(n)d approvers", approvers) % {"n": approvers}
    if effect == Effect.PROVISIONAL:
        return _("It acts at once, provisionally, and ends by itself unless %(people)s agreed within 72 hours.") % {
            "people": people
        }
    return _("Nothing happens yet: it waits for %(people)s.") % {"people": people}


RULES_BY_CODE = {rule.code: rule.label for rule in RULES}


def rule_text(decision: Decision) -> str:
    """Who must agree, while it waits; then under which rule it was, and who agreed to it or did not."""
    if decision.state == State.PROPOSED and not decision.has_lapsed:
        return effect_sentence(decision.effect, len(decision.approvers))
    rule = {"rule": RULES_BY_CODE.get(decision.rule, decision.rule)}
    if not decision.approvers:
        return _("%(rule)s: it acted at once; nobody else was needed.") % rule
    ruled = rulings_on(decision)
    if refused := [str(one.approver) for one in ruled if not one.agreed]:
        return _("%(rule)s: refused by %(people)s.") % (rule | {"people": _(", ").join(refused)})
    if len(ruled) == len(decision.approvers):
        return _("%(rule)s: agreed to by %(people)s.") % (
            rule | {"people": _(", ").join(str(a.approver) for a in ruled)}
        )
    if decision.state == State.VOID:
        return _("%(rule)s: it came to nothing before it was agreed to.") % rule
    return _("%(rule)s: it lapsed before it was agreed to.") % rule


def ground_text(ground: Ground) -> str:
    """Number and version, never the heading (12.6)."""
    if ground.clause is None:
        return ground.citation
    return _("%(clause)s (%(version)s)") % {"clause": ground.clause.number, "version": ground.clause.version.version}


def grounds_text(decision: Decision) -> str:
    return _(", ").join(ground_text(g) for g in decision.grounds.all())


def term_text(decision: Decision) -> str:
    if decision.kind == Kind.ADJUST:
        return end_text(decision.until) if decision.until else ""
    if decision.kind not in (Kind.FREEZE, Kind.RESTRICT):
        return ""
    if decision.ends_at:
        return minute(decision.ends_at)
    if decision.duration:
        return duration_text(decision.duration)
    return _("without end")


def end_text(until: datetime.datetime | None) -> str:
    """An end that is not there, or that is for ever, is “without end”."""
    return minute(until) if until and until != FOREVER else _("without end")


def duration_text(duration: Any) -> str:
    hours = int(duration.total_seconds() // 3600)
    if hours % 24:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}


def measure_name(measure: Measure) -> str:
    """“violation freeze”, or “restrict: send messages, add friends”."""
    if measure.kind == Kind.FREEZE:
        return str(measure.get_freeze_kind_display())
    return _("%(measure)s: %(scopes)s") % {
        "measure": measure.get_kind_display(),
        "scopes": scopes_text(measure.scopes),
    }


def scopes_text(scopes: Iterable[str]) -> str:
    return _(", ").join(str(Scope(scope).label) for scope in scopes)


def measure_end(measure: Measure) -> str:
    if measure.ended_at:
        return format_html("{} {}", moment(measure.ended_at), measure.get_end_reason_display())
    if measure.until is None:
        return _("until lifted")
    over = _(" (over)") if measure.until <= timezone.now() else ""
    return format_html("{}{}", moment(measure.until), over)
