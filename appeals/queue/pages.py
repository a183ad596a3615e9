"""Appeals on the staff web: the queue as a list, and the page of one appeal with all that its hearing needs."""

from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.db.models import F, IntegerField, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.numbers.parsing import parse
from appeals.hearing.forms import RuleForm
from appeals.lifecycle import Kind, Outcome, State
from appeals.messages.resend import undelivered
from appeals.messages.sealed_text import Words
from appeals.models import Appeal
from appeals.queries import (
    appeal_by_receipt,
    appeals,
    in_hand,
    lease_of,
    listed,
    overdue_for,
    story,
    waiting_for,
)
from appeals.queue.services import may_hear, may_hear_any
from appeals.rulings.reversal import measure_of
from appeals.text import (
    LIST,
    VIEW,
    appeal_facts,
    appeal_url,
    due,
    marks,
    may,
    rulings_panel,
    said_count,
    said_panels,
    standing,
)
from enforcement.decisions.pages.decisions import content_facts, decision_link, grounds_panel
from enforcement.decisions.pages.text import measure_end, measure_name
from enforcement.decisions.queries import decision_by_id, measures_under
from enforcement.evidence.pages import files_panel
from enforcement.undo.pages import may_be_undone
from qqops.staff.models import Staff
from qqops.staff.signin import recent_auth
from qqops.templatetags.ops import badge, digits, link
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.pages.lists import Choice
from qqops.web.panels import Entry, Fact, Panel

MINE, UNSENT = "mine", "unsent"
BY_SCORE = "score"
# The best score first, what nobody has weighed last; ascending, and never NULL, as a keyset wants it.
RANK = Coalesce(-F("score"), 1)
_RANK_FIELD = IntegerField()
_RANK_FIELD.set_attributes_from_name("rank")


def _overdue() -> Q:
    return Q(state=State.FILED, due_at__lte=timezone.now())


def _holder(appeal: Appeal) -> Any:
    lease = getattr(appeal, "lease", None)
    return lease.staff if lease is not None and lease.until > timezone.now() else ""


class AppealList(KeysetList):
    """What is to be heard, the oldest due first, or recoveries by the score of their evidence, which advises and does
    not decide who is next; whatever else by its state, the latest first."""

    page = "appeals"
    title = gettext_lazy("Appeals")
    model = Appeal
    template = "appeals/list.html"
    columns = (
        Column(gettext_lazy("Receipt number"), lambda a: digits(a.receipt)),
        Column(gettext_lazy("Kind"), lambda a: a.get_kind_display()),
        Column(gettext_lazy("Number"), lambda a: digits(a.number_id)),
        Column(gettext_lazy("State"), lambda a: [standing(a), *marks(a)]),
        Column(gettext_lazy("Due"), due),
        Column(gettext_lazy("Score"), lambda a: a.score, numeric=True),
        Column(gettext_lazy("In hand of"), _holder),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("overdue", gettext_lazy("overdue"), _overdue),
                *((s.value, s.label, Q(state=s.value)) for s in State if s != State.FILED),
            ),
        ),
        Filter(gettext_lazy("Kind"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Kind)),
        Filter(
            gettext_lazy("Mark"),
            "mark",
            (
                (MINE, gettext_lazy("in my hand"), Q()),  # whose hand that is, the page says
                (UNSENT, gettext_lazy("message not delivered"), Q()),  # in whatever state, also the page says
                ("escalated", gettext_lazy("escalated"), Q(escalated_at__isnull=False)),
                ("contested", gettext_lazy("contested"), Q(contested_at__isnull=False)),
                ("supervisor", gettext_lazy("for a supervisor"), Q(round__gt=1) | Q(gated=True)),
            ),
        ),
        Filter(
            gettext_lazy("Sorted"),
            "order",
            ((BY_SCORE, gettext_lazy("recoveries by their score"), Q(kind=Kind.RECOVERY)),),
        ),
    )
    search_label = gettext_lazy("Receipt number or number")
    search_help = gettext_lazy("A whole receipt number, as it is read out, or a number.")
    empty = gettext_lazy("No appeal matches.")
    none = gettext_lazy("No appeal yet: one is filed from the page of a number.")

    @property
    def by_due(self) -> bool:
        return self.request.GET.get("state", "") in ("", "overdue", State.FILED)

    @property
    def order(self) -> tuple[str, ...]:  # type: ignore[override]
        """Each as an index has it."""
        if not self.by_due:
            return ("-id",)
        return ("rank", "id") if self.chosen.get("order") == BY_SCORE else ("due_at", "id")

    def field(self, name: str) -> Any:
        return _RANK_FIELD if name == "rank" else super().field(name)

    def queryset(self) -> QuerySet[Appeal]:
        rows = listed(self.user).annotate(rank=RANK)
        if self.request.GET.get("mark") == MINE:
            return rows.filter(pk__in=in_hand(self.user).values("pk"))
        if self.request.GET.get("mark") == UNSENT:
            return rows.filter(pk__in=undelivered())
        return rows.filter(state=State.FILED) if self.by_due else rows

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        if text[:1].upper() == "R":
            return HttpResponseRedirect(appeal_url(appeal_by_receipt(text, self.user)))
        return listed(self.user).annotate(rank=RANK).filter(number=parse(text))

    def shown_filters(self) -> list[tuple[Any, list[Choice]]]:
        """Without a choice it is not all that is shown, but what is to be heard, and as it is due."""
        (state, (every, *states)), *rest, (order, (usual, *orders)) = super().shown_filters()
        return [
            (state, [Choice(State.FILED.label, every.url, every.current), *states]),
            *rest,
            (order, [Choice(gettext_lazy("as they are due"), usual.url, usual.current), *orders]),
        ]

    def context(self) -> dict[str, Any]:
        hears = may(may_hear_any, self.user)
        return super().context() | {"next_url": reverse("admin:appeals_next") if hears else ""}


class AppealPage(ObjectPage):
    page = "appeal"
    model = Appeal
    template = "appeals/appeal.html"
    copyable = True
    user: Staff

    def queryset(self) -> QuerySet[Appeal]:
        return appeals(self.user)

    def badges(self, obj: Appeal) -> list[Any]:
        return [standing(obj), *marks(obj)]

    def facts(self, obj: Appeal) -> list[Fact]:
        facts = appeal_facts(obj)
        if self.holder is not None:
            facts.insert(1, Fact(_("In hand of"), self.holder))
        return facts

    @cached_property
    def holder(self) -> Staff | None:
        lease = lease_of(self.object)
        return lease.staff if lease else None

    @property
    def is_mine(self) -> bool:
        return self.holder is not None and self.holder.pk == self.user.pk

    def context(self) -> dict[str, Any]:
        found, appeal = super().context(), self.object
        reads = self.is_mine and recent_auth.is_fresh(self.request)
        said = said_panels(Words(appeal)) if reads else [said_count(appeal), *rulings_panel(appeal)]
        found["left"] = [*said, *found["left"]]
        found["right"] = [*decision_panels(self.request, appeal), *measures_panel(appeal), *found["right"]]
        free = self.holder is None and may(may_hear, appeal, self.user)
        found["take_url"] = reverse("admin:appeals_take", args=[appeal.pk]) if free else ""
        found["prove"] = recent_auth.link(self.request) if self.is_mine and not reads else ""
        if reads and may(may_hear, appeal, self.user):
            found["rule_url"] = reverse("admin:appeals_rule", args=[appeal.pk])
            found["form"] = rule_form(appeal)
        return found


def rule_form(appeal: Appeal, data: Any = None) -> RuleForm:
    return RuleForm(data, appeal=appeal, measure=measure_of(appeal), initial={"revision": appeal.revision})


@admin.register(Appeal)
class AppealAdmin(OpsModelAdmin):
    list_page = AppealList
    object_page = AppealPage


def decision_panels(request: HttpRequest, appeal: Appeal) -> list[Panel]:
    """What is objected to: its facts, its grounds, what it rests on."""
    if appeal.decision_id is None:
        return []
    decision = decision_by_id(appeal.decision_id)
    facts = [Fact(_("Decision"), decision_link(decision.pk)), *content_facts(decision), *_undo_fact(request, appeal)]
    about = Panel(_("Decision objected to"), "ops/panel_facts.html", {"facts": facts}, side="right")
    more = [grounds_panel(request, decision), files_panel(request, decision)]
    return [about, *(replace(panel, side="right") for panel in more if panel)]


def _undo_fact(request: HttpRequest, appeal: Appeal) -> list[Fact]:
    """What was wrong for this number may be so for all that the decision reached: that is a decision of its own."""
    decision = appeal.decision
    if decision is None or appeal.outcome != Outcome.UPHELD or decision.target_count == 1:
        return []
    if not may_be_undone(decision, panels.staff_at(request)):
        return []
    undo = link(reverse("admin:undo", args=[decision.pk]), _("Propose to undo it"))
    said = _(
        "It reached %(n)s numbers, and the ruling this one only. To take it back from all is a decision of its own."
    )
    return [Fact(_("The whole batch"), undo, said % {"n": decision.target_count})]


def measures_panel(appeal: Appeal) -> list[Panel]:
    """Those of this tenure, and of no other holder of the number."""
    if appeal.tenure is None:
        return []
    rows = [
        (
            measure_name(one),
            badge(_("in force"), "cold") if one.in_force else badge(_("over"), "quiet"),
            measure_end(one),
            decision_link(one.decision_id),
        )
        for one in measures_under(appeal.tenure)
    ]
    head = [_("Measure"), _("In force"), _("Until"), _("Decision")]
    table = {"head": head, "rows": rows, "empty": _("None.")}
    return [Panel(_("Measures of this tenure"), "ops/panel_table.html", table, side="right")]


def _story(request: HttpRequest, appeal: Appeal) -> list[Entry]:
    return [
        Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))
        for event in story(appeal)
    ]


panels.timeline("appeal", _story)
panels.sidebar("work", AppealList.title, LIST, VIEW, count=waiting_for, order=1, overdue=overdue_for)
