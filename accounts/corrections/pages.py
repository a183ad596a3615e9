"""Correction demands (4.1) on the staff web: the list, the page of a demand, panels on identities and numbers."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.corrections import services as correct
from accounts.corrections.act_pages import LIST, ONLY_LIMITS, demand_url
from accounts.corrections.queries import Open, demands, open_of, open_on
from accounts.declarations.queries import is_self_dealing, own_numbers
from accounts.identity import verification
from accounts.identity.pages import VIEW, problem_badge
from accounts.identity.queries import Standing, identity_of, standing
from accounts.identity.services import closed_to_change
from accounts.models import CorrectionDemand, Identity, Number, Tenure
from accounts.numbers.pages import begins_numbers, number_link
from accounts.numbers.parsing import parse
from qqops.core.errors import Invalid, Refused
from qqops.templatetags.ops import badge, due, link, minute, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact, Panel

SHOWN = 50


def standing_of(demand: CorrectionDemand) -> Any:
    if demand.closed_at is not None:
        return badge(demand.get_closed_display(), "quiet")
    return badge(_("overdue"), "bad") if demand.due_at <= timezone.now() else badge(_("open"), "warn")


def _notified_cell(demand: CorrectionDemand) -> Any:
    """Return when and how the holder was notified; for an open demand, a badge if they were not."""
    if demand.told_at is not None:
        return [when(demand.told_at), demand.get_told_how_display()]
    return _not_notified_badge() if demand.closed_at is None else None


def _not_notified_badge() -> Any:
    return badge(_("not told yet"), "warn")


def _due_cell(one: Open) -> list[Any]:
    """Return the due date as a link to the demand, with badges if it is overdue or the holder was not notified."""
    until = link(demand_url(one.pk), _("to be corrected by %(at)s") % {"at": minute(one.due_at)})
    badges = [badge(_("overdue"), "bad")] if one.is_overdue else []
    return [until, *badges] if one.told else [until, *badges, _not_notified_badge()]


DUE_FIRST: Sequence[str] = ("due_at", "id")  # the most overdue first, in the order of the index


class CorrectionDemandList(KeysetList):
    page = "corrections"
    title = gettext_lazy("Correction demands")
    permission = VIEW
    model = CorrectionDemand
    columns = (
        Column(gettext_lazy("Demand"), str),
        Column(gettext_lazy("Number"), lambda d: number_link(d.tenure.number_id)),
        Column(gettext_lazy("Item"), lambda d: d.get_field_display()),
        Column(gettext_lazy("Problem"), lambda d: problem_badge(d.problem)),
        Column(gettext_lazy("Standing"), standing_of),
        Column(gettext_lazy("To be corrected by"), lambda d: due(d.due_at, over=bool(d.closed_at))),
        Column(gettext_lazy("Holder told"), _notified_cell),
        Column(gettext_lazy("Made by"), lambda d: d.maker),
    )
    filters = (
        Filter(
            gettext_lazy("Standing"),
            "standing",
            (
                ("open", gettext_lazy("open"), Q(closed_at__isnull=True)),
                ("overdue", gettext_lazy("overdue"), lambda: Q(closed_at__isnull=True, due_at__lte=timezone.now())),
                ("closed", gettext_lazy("closed"), Q(closed_at__isnull=False)),
            ),
        ),
        Filter(
            gettext_lazy("Holder told"),
            "told",
            (
                ("no", gettext_lazy("not told yet"), Q(closed_at__isnull=True, told_at__isnull=True)),
                ("yes", gettext_lazy("told"), Q(told_at__isnull=False)),
            ),
        ),
    )
    order: Sequence[str] = ("-id",)
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The whole number.")
    empty = gettext_lazy("No correction demand matches.")

    def queryset(self) -> QuerySet[CorrectionDemand]:
        return demands()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        if not begins_numbers(text):
            self.text = ""  # other text may be personal data: do not show it again
            raise Invalid(_("Type the whole number."))
        return rows.filter(tenure__number=parse(text))

    def cut(self, rows: QuerySet[Any]) -> None:
        if self.chosen.get("standing") == "overdue":
            self.order = DUE_FIRST
        super().cut(rows)


class CorrectionDemandPage(ObjectPage):
    page = "correction"
    model = CorrectionDemand
    permission = VIEW

    def queryset(self) -> QuerySet[CorrectionDemand]:
        return demands()

    def heading(self, obj: CorrectionDemand) -> str:
        return _("Correction demand %(demand)s") % {"demand": obj}

    def badges(self, obj: CorrectionDemand) -> list[Any]:
        return [standing_of(obj)]

    def facts(self, obj: CorrectionDemand) -> list[Fact]:
        facts = [
            Fact(_("Number"), number_link(obj.tenure.number_id)),
            Fact(_("Item"), obj.get_field_display()),
            Fact(_("Problem"), problem_badge(obj.problem)),
            Fact(_("Made by"), obj.maker),
            Fact(_("Made"), when(obj.made_at, exact=True)),
            Fact(_("To be corrected by"), when(obj.due_at, exact=True), ONLY_LIMITS),
            Fact(_("Holder told"), _notified_cell(obj)),
        ]
        if obj.closed_at:
            facts.append(Fact(_("Closed"), when(obj.closed_at, exact=True)))
        return facts


@admin.register(CorrectionDemand)
class CorrectionDemandAdmin(OpsModelAdmin):
    list_page = CorrectionDemandList
    object_page = CorrectionDemandPage


def _verify_link(tenure: Tenure, item: Standing) -> Any:
    url = reverse("admin:identity_verify", args=[tenure.pk, item.field])
    return link(url, _("verify: %(item)s") % {"item": item.field.label})


def _demand_link(tenure: Tenure, item: Standing) -> Any:
    url = reverse("admin:identity_demand", args=[tenure.pk, item.field])
    return link(url, _("demand a correction: %(item)s") % {"item": item.field.label})


def _to_do(request: HttpRequest, identity: Identity) -> Panel | None:
    """List the items with their problem, their open demand, and links to verify or demand."""
    staff, tenure = panels.staff_at(request), identity.tenure
    may_verify, may_demand = staff.has_perm(verification.VERIFY), staff.has_perm(correct.DEMAND)
    closed = bool(closed_to_change(identity)) or own_numbers(staff).filter(number=tenure.number_id).exists()
    may_verify, may_demand = may_verify and not closed, may_demand and not closed and tenure.ended_at is None
    still, rows = open_on(tenure), []
    for item in standing(tenure):
        one = still.get(item.field)
        acts = [_verify_link(tenure, item)] if may_verify and item.given_at else []
        if may_demand and one is None and correct.problems(tenure, item.field):
            acts.append(_demand_link(tenure, item))
        if acts or one:
            rows.append((item.field.label, problem_badge(item.problem), _due_cell(one) if one else "", acts))
    head = [_("Item"), _("Standing"), _("Correction demand"), _("Act")]
    return Panel(_("Verify and correct"), "ops/panel_table.html", {"head": head, "rows": rows}) if rows else None


def _of_tenure(request: HttpRequest, identity: Identity) -> Panel:
    found = demands().filter(tenure=identity.tenure_id).order_by("-pk")[:SHOWN]
    head = [_("Demand"), _("Item"), _("Problem"), _("To be corrected by"), _("Holder told"), _("Standing")]
    rows = [
        (
            link(demand_url(one.pk), str(one)),
            one.get_field_display(),
            problem_badge(one.problem),
            due(one.due_at, over=bool(one.closed_at)),
            _notified_cell(one),
            standing_of(one),
        )
        for one in found
    ]
    table = {"head": head, "rows": rows, "empty": _("None.")}
    return Panel(_("Correction demands"), "ops/panel_table.html", table)


def _on_number(request: HttpRequest, number: Number) -> Panel | None:
    """List the items that the holder must correct, with due dates, or with links to demand a correction."""
    tenure = number.tenure
    if tenure is None or not request.user.has_perm(VIEW) or closed_to_change(identity_of(tenure)):
        return None
    may = request.user.has_perm(correct.DEMAND) and not is_self_dealing(number)
    still, facts = open_of(number), []
    for item in standing(tenure):
        one = still.get(item.field)
        if not item.problem and one is None:
            continue
        said: list[Any] = [problem_badge(item.problem)] if item.problem else []
        if one:
            said += _due_cell(one)
        elif may:
            said.append(_demand_link(tenure, item))
        facts.append(Fact(item.field.label, said))
    if not facts:
        return None
    return Panel(_("To be corrected"), "ops/panel_facts.html", {"facts": facts}, side="right")


def _letter(request: HttpRequest, demand: CorrectionDemand) -> Panel:
    """Show the letter to the holder, to be read out or copied."""
    letters = [(language, correct.letter(demand, language)) for language in correct.LANGUAGES]
    return Panel(_("Letter to the holder"), "accounts/letter.html", {"letters": letters})


def _tell_act(request: HttpRequest, demand: CorrectionDemand | None) -> Iterable[Act]:
    if demand is None:
        return []
    try:
        correct.check_tell(demand, actor=panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("The holder was told"), reverse("admin:correction_told", args=[demand.pk]), key="t")]


def _withdraw_act(request: HttpRequest, demand: CorrectionDemand | None) -> Iterable[Act]:
    if demand is None:
        return []
    try:
        correct.check_withdraw(demand, actor=panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("Withdraw the demand"), reverse("admin:correction_withdraw", args=[demand.pk]), key="w")]


panels.register("identity", _to_do, order=0)
panels.register("identity", _of_tenure, order=3)
panels.register("number", _on_number, order=2)
panels.register("correction", _letter)
panels.toolbar("correction", _tell_act)
panels.toolbar("correction", _withdraw_act)
panels.sidebar("work", gettext_lazy("Correction demands"), LIST, VIEW, order=4)
