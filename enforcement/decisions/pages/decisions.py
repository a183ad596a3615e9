"""Decisions on the staff web: the list, the approvals inbox, the case file."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.dormancy.queries import in_words, terms_of
from accounts.numbers.pages import number_link
from accounts.rulebook.pages import clause_text
from enforcement.approval.services import capacity_of
from enforcement.decisions.pages.text import duration_text, ground_text, grounds_text, rule_text, state_badge, term_text
from enforcement.decisions.preview import steps_in_words
from enforcement.decisions.queries import decisions, inbox, notice_text, rulings_on
from enforcement.models import Decision, Outcome
from enforcement.policy import Kind, LeftOut, Why
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact, Panel

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_TARGETS = 50


def kind_text(decision: Decision) -> str:
    kind = str(decision.get_kind_display())
    return f"{kind} · {decision.get_freeze_kind_display()}" if decision.freeze_kind else kind


def targets_text(decision: Decision) -> Any:
    """The number itself where there is one; else how many."""
    if decision.target_count == 1:
        return digits(decision.only)  # type: ignore[attr-defined]
    return _("%(n)s numbers") % {"n": f"{decision.target_count:,}"}


class DecisionList(KeysetList):
    page = "decisions"
    title = gettext_lazy("Decisions")
    model = Decision
    columns = (
        Column(gettext_lazy("Decision"), lambda d: f"#{d.pk}"),
        Column(gettext_lazy("Act"), kind_text),
        Column(gettext_lazy("State"), state_badge),
        Column(gettext_lazy("Clause"), grounds_text),
        Column(gettext_lazy("Targets"), targets_text),
        Column(gettext_lazy("Maker"), lambda d: d.maker),
        Column(gettext_lazy("Proposed"), lambda d: when(d.proposed_at)),
    )
    filters: Sequence[Filter] = (
        Filter(gettext_lazy("State"), "state", tuple((s.value, s.label, Q(state=s.value)) for s in State)),
        Filter(gettext_lazy("Act"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Kind)),
    )
    order = ("-id",)
    search_label: "StrOrPromise" = gettext_lazy("Decision")
    search_help = gettext_lazy("Its number.")
    empty = gettext_lazy("No decision matches.")
    none = gettext_lazy("No decision yet: one is made from the page of a number, or as a new batch.")

    def queryset(self) -> QuerySet[Decision]:
        return decisions()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        wanted = text.lstrip("#")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
            raise Invalid(_("Type the number of a decision."))
        return rows.filter(pk=int(wanted))


class Inbox(DecisionList):
    """What waits for me: an approver's first page. The oldest first, as it lapses first."""

    title = gettext_lazy("Waiting for my approval")
    permission = ""
    filters = ()
    search_label = ""
    order = ("id",)
    nav = "admin:inbox"
    none = empty = gettext_lazy("Nothing waits for you. Proposals of others appear here.")

    def allowed(self) -> bool:
        return any(self.user.has_perm(p) for p in APPROVE)

    def queryset(self) -> QuerySet[Decision]:
        return inbox(self.user)

    def url(self, row: Decision) -> str:
        return reverse("admin:ruling", args=[row.pk])


APPROVE = ("enforcement.approve_decision", "enforcement.approve_reclaim")


class DecisionPage(ObjectPage):
    page = "decision"
    model = Decision

    def queryset(self) -> QuerySet[Decision]:
        return decisions()

    def heading(self, obj: Decision) -> str:
        return _("Decision %(id)s: %(act)s") % {"id": obj, "act": obj.get_kind_display()}

    def badges(self, obj: Decision) -> list[Any]:
        paused = [badge(_("paused"), "warn")] if obj.state == State.APPROVED and obj.paused_at else []
        return [state_badge(obj), *paused]

    def facts(self, obj: Decision) -> list[Fact]:
        return content_facts(obj)


def content_facts(decision: Decision) -> list[Fact]:
    facts = [
        Fact(_("Act"), kind_text(decision)),
        Fact(_("Facts"), decision.facts),
        Fact(_("Evidence"), "\n".join(e.statement for e in decision.evidence.all())),
        Fact(_("Reason"), decision.reason),
        Fact(_("Ticket"), decision.ticket),
        Fact(_("Ends"), term_text(decision)),
        Fact(_("Duration"), duration_text(decision.duration) if decision.duration else ""),
        Fact(_("Scope"), _scopes(decision)),
        Fact(_("Targets"), decision.target_count),
        Fact(_("Maker"), decision.maker),
        Fact(_("Proposed"), when(decision.proposed_at, exact=True)),
        Fact(_("Undoes"), decision_link(decision.undoes_id)),
        Fact(
            _("It was wrong"), _("yes: it never counts, and the holders have an apology") if decision.in_error else ""
        ),
        Fact(_("Severity"), decision.get_severity_display() if decision.severity else ""),
        Fact(_("The ladder suggested"), steps_in_words(Counter(decision.suggestion or {}))),
        Fact(_("Departs from it because"), decision.departure),
        Fact(_("Found by rule or model"), decision.detected_by),
        Fact(_("At its end"), _("back to review") if decision.then_review else ""),
        Fact(_("Left for review by hand"), _(", ").join(str(LeftOut(c).label) for c in decision.leave_out or ())),
        Fact(_("List"), decision.source_name),
        Fact(_("SHA-256 of the list"), decision.source_sha256),
        Fact(_("Paused"), when(decision.paused_at, exact=True) if decision.paused_at else ""),
        Fact(_("Numbers a second"), decision.rate),
        Fact(_("Dormancy policy"), policy_text(decision)),
        Fact(_("Notice"), notice_text(decision)),
        Fact(_("Rule"), rule_text(decision)),
        Fact(_("Lapses"), when(decision.expires_at, exact=True) if decision.state == State.PROPOSED else ""),
    ]
    return [fact for fact in facts if fact.value not in ("", None)]


def decision_link(pk: int | None) -> Any:
    return link(reverse("admin:enforcement_decision_change", args=[pk]), f"#{pk}") if pk else ""


def policy_text(decision: Decision) -> Any:
    """Whoever sees decisions sees what this one was made under; the policy's own page only with its right."""
    return f"{decision.policy}{_(': ')}{in_words(terms_of(decision.policy))}" if decision.policy else ""


def _scopes(decision: Decision) -> str:
    labels = dict(Decision._meta.get_field("scopes").base_field.flatchoices)
    return _(", ").join(str(labels[s]) for s in decision.scopes)


@admin.register(Decision)
class DecisionAdmin(OpsModelAdmin):
    list_page = DecisionList
    object_page = DecisionPage


def grounds_panel(request: HttpRequest, decision: Decision) -> Panel:
    rows = [(ground_text(g), clause_text(g.clause) if g.clause else "") for g in decision.grounds.all()]
    return Panel(_("Grounds"), "ops/panel_table.html", {"head": [_("Clause and version"), _("Text")], "rows": rows})


def _approvals(request: HttpRequest, decision: Decision) -> Panel | None:
    if not decision.approvers:
        return None
    rows = [
        (
            a.approver,
            badge(_("agreed"), "good") if a.agreed else badge(_("refused"), "bad"),
            a.reason,
            when(a.at, exact=True),
        )
        for a in rulings_on(decision)
    ]
    head = [_("Approver"), _("Answer"), _("Reason"), _("Time")]
    missing = len(decision.approvers) - len(rows)
    note = _("Still missing: %(n)d") % {"n": missing} if decision.state == State.PROPOSED else _("None.")
    return Panel(_("Approvals"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": note}, side="right")


def targets_panel(request: HttpRequest, decision: Decision) -> Panel:
    """The first targets and what came of each; a list of any length costs the same."""
    targets = list(decision.targets.order_by("number_id").values_list("number_id", flat=True)[:SHOWN_TARGETS])
    outcomes = {o.number_id: o for o in Outcome.objects.filter(decision=decision, number_id__in=targets)}
    rows = [(number_link(n), _outcome(outcomes.get(n))) for n in targets]
    title = _("Targets")
    if decision.target_count > len(rows):
        title = _("Targets: the first %(n)d of %(all)d") % {"n": len(rows), "all": decision.target_count}
    return Panel(title, "ops/panel_table.html", {"head": [_("Number"), _("Outcome")], "rows": rows})


def _outcome(outcome: Outcome | None) -> Any:
    if outcome is None:
        return badge(_("not yet"), "quiet")
    return badge(Why(outcome.why).label, "warn") if outcome.why else badge(_("applied"), "good")


def _rule_act(request: HttpRequest, decision: Decision | None) -> list[Act]:
    if decision is None or decision.state != State.PROPOSED:
        return []
    try:
        capacity_of(decision, panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("Approve or refuse"), reverse("admin:ruling", args=[decision.pk]), key="a", primary=True)]


def _jump(request: HttpRequest, text: str) -> str | None:
    wanted = text.removeprefix("#")
    if not (text.startswith("#") and wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
        return None
    known = request.user.has_perm("enforcement.view_decision") and Decision.objects.filter(pk=int(wanted)).exists()
    return reverse("admin:enforcement_decision_change", args=[wanted]) if known else None


def _undone_by(request: HttpRequest, decision: Decision) -> Panel | None:
    undone = list(decisions().filter(undoes=decision).order_by("-pk")[:10])
    if not undone:
        return None
    rows = [(decision_link(d.pk), state_badge(d), d.target_count, d.maker, when(d.proposed_at)) for d in undone]
    head = [_("Decision"), _("State"), _("Targets"), _("Maker"), _("Proposed")]
    return Panel(_("Undone by"), "ops/panel_table.html", {"head": head, "rows": rows})


panels.register("decision", grounds_panel)
panels.register("decision", _undone_by)
panels.register("decision", _approvals)
panels.register("decision", targets_panel)
panels.toolbar("decision", _rule_act)
panels.page("inbox/", "inbox", Inbox)
panels.sidebar("work", gettext_lazy("Waiting for approval"), "admin:inbox", APPROVE, count=inbox)
panels.sidebar(
    "enforcement", gettext_lazy("Decisions"), "admin:enforcement_decision_changelist", "enforcement.view_decision"
)
panels.jump(_jump)
