"""Requests to reveal a minor's item: the list, one of them, and the page of whoever answers."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import RevealRequest
from accounts.reveals import minors as services
from accounts.reveals.pages.text import asked_facts, case_text, item_text, request_state
from accounts.reveals.queries import PRIVACY, SUPERVISOR, is_lapsed, is_waiting, requests, waiting_for
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, digits, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin, RulingPage
from qqops.web.panels import Act, Fact, Panel

LIST = "admin:accounts_revealrequest_changelist"


def request_url(request: RevealRequest) -> str:
    return reverse("admin:accounts_revealrequest_change", args=[request.pk])


class RequestList(KeysetList):
    page = "revealrequests"
    title = gettext_lazy("Reveal requests")
    model = RevealRequest
    columns = (
        Column(gettext_lazy("No."), lambda r: f"#{r.pk}"),
        Column(gettext_lazy("Number"), lambda r: digits(r.tenure.number_id)),
        Column(gettext_lazy("Item"), item_text),
        Column(gettext_lazy("Case"), case_text),
        Column(gettext_lazy("State"), request_state),
        Column(gettext_lazy("Maker"), lambda r: r.maker),
        Column(gettext_lazy("Proposed"), lambda r: when(r.proposed_at)),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("waiting", State.PROPOSED.label, is_waiting),
                ("agreed", gettext_lazy("agreed"), Q(state__in=(State.APPROVED, State.APPLIED))),
                ("refused", State.REFUSED.label, Q(state=State.REFUSED)),
                ("lapsed", State.LAPSED.label, is_lapsed),
            ),
        ),
    )
    order = ("-id",)
    empty = gettext_lazy("No request matches.")

    def queryset(self) -> QuerySet[RevealRequest]:
        return requests()


class RequestPage(ObjectPage):
    page = "revealrequest"
    model = RevealRequest

    def queryset(self) -> QuerySet[RevealRequest]:
        return requests()

    def heading(self, obj: RevealRequest) -> str:
        return _("Reveal request %(request)s") % {"request": obj}

    def badges(self, obj: RevealRequest) -> list[Any]:
        return [request_state(obj)]

    def facts(self, obj: RevealRequest) -> list[Fact]:
        return request_facts(obj)


def request_facts(request: RevealRequest) -> list[Fact]:
    facts = [
        *asked_facts(request),
        Fact(_("Maker"), request.maker),
        Fact(_("Proposed"), when(request.proposed_at, exact=True)),
    ]
    if request.state in (State.PROPOSED, State.APPROVED):
        facts.append(Fact(_("Lapses"), when(request.expires_at, exact=True)))
    return facts


@admin.register(RevealRequest)
class RevealRequestAdmin(OpsModelAdmin):
    list_page = RequestList
    object_page = RequestPage


class RevealRulingPage(RulingPage):
    """What somebody wants to see of a minor, for which case and why."""

    nav = LIST
    case_title = gettext_lazy("The request")
    user: Staff

    def allowed(self) -> bool:
        return self.user.has_perm(PRIVACY) or self.user.has_perm(SUPERVISOR)

    def setup(self) -> None:
        found = requests().select_related("tenure__number", "tenure__identity", "tenure__registrant")
        one = found.filter(pk=self.kwargs["pk"]).first()
        if one is None:
            raise Http404
        self.asked: RevealRequest = one

    def heading_title(self) -> str:
        return _("Approve or refuse: reveal request %(request)s") % {"request": self.asked}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Reveal requests"), reverse(LIST)), (str(self.asked), request_url(self.asked))]

    def content_hash(self) -> str:
        return self.asked.content_hash

    def barred(self) -> None:
        services.capacity_of(self.asked, self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        answer = services.approve if agree else services.refuse
        ruled = answer(self.asked, actor=self.user, **ruling)
        said = {"id": ruled.pk}
        if ruled.state == State.VOID:
            self.say(_("Request #%(id)d is void: the item has changed since it was asked for.") % said)
        elif agree:
            self.say(_("Request #%(id)d is approved.") % said)
        else:
            self.say(_("Request #%(id)d was refused.") % said)
        return request_url(ruled)

    def context(self) -> dict[str, Any]:
        return {"facts": request_facts(self.asked), "consequences": self.consequences()}

    def consequences(self) -> list[str]:
        if self.asked.state != State.PROPOSED or self.asked.has_lapsed:
            return []
        if not services.is_as_asked(self.asked):
            return [_("The item has changed since it was asked for: whatever you answer, the request becomes void.")]
        said = _("%(who)s may reveal this one item once, for this case, until the request lapses.")
        return [said % {"who": self.asked.maker}]


def _answers(request: HttpRequest, asked: RevealRequest) -> Panel:
    rows = [
        (
            a.approver,
            badge(_("agreed"), "good") if a.agreed else badge(_("refused"), "bad"),
            a.reason,
            when(a.at, exact=True),
        )
        for a in asked.approvals.select_related("approver").order_by("pk")
    ]
    head = [_("Approver"), _("Answer"), _("Reason"), _("Time")]
    table = {"head": head, "rows": rows, "empty": _("Nobody has answered yet.")}
    return Panel(_("Approvals"), "ops/panel_table.html", table, side="right")


def _ruling_act(request: HttpRequest, asked: RevealRequest | None) -> list[Act]:
    if asked is None:
        return []
    try:
        services.capacity_of(asked, panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("Approve or refuse"), reverse("admin:reveal_ruling", args=[asked.pk]), key="a", primary=True)]


def _next(request: HttpRequest, asked: RevealRequest) -> Act | None:
    """Chosen without a query per row; the page judges again."""
    staff = panels.staff_at(request)
    waits = asked.state == State.PROPOSED and not asked.has_lapsed and asked.maker_id != staff.pk
    if waits and any(map(staff.has_perm, asked.approvers)):
        return Act(_("Approve or refuse"), reverse("admin:reveal_ruling", args=[asked.pk]))
    return None


def _called(pk: int, _what: str) -> tuple[str, str]:
    return _("Reveal request %(request)s") % {"request": f"#{pk}"}, reverse("admin:reveal_ruling", args=[pk])


panels.page("reveal-requests/<int:pk>/", "reveal_ruling", RevealRulingPage)
panels.register("revealrequest", _answers)
panels.toolbar("revealrequest", _ruling_act)
panels.row_act("revealrequests", _next)
overview.work(waiting_for, _called)
panels.sidebar("work", gettext_lazy("Reveal requests"), LIST, "accounts.view_revealrequest", count=waiting_for, order=5)
