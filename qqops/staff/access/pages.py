"""Access requests: the list, one with what was answered, and the second person's page."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff import queries
from qqops.staff.access import services as access
from qqops.staff.access.services import may_rule, still_stands
from qqops.staff.models import AccessRequest, Staff
from qqops.staff.text import asked_for, holdings_panel, request_state, request_url, role_text, roles_text, staff_url
from qqops.templatetags.ops import badge, link, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin, RulingPage
from qqops.web.panels import Act, Fact, Panel

LIST = "admin:staff_accessrequest_changelist"
APPROVE = "staff.approve_access"
Kind = AccessRequest.Kind
STATES = (
    ("waiting", State.PROPOSED.label, queries.is_open),
    ("applied", gettext_lazy("approved"), Q(state=State.APPLIED)),
    ("refused", State.REFUSED.label, Q(state=State.REFUSED)),
    ("lapsed", State.LAPSED.label, lambda: Q(state=State.PROPOSED, expires_at__lte=timezone.now())),
)


class RequestList(KeysetList):
    page = "accessrequests"
    title = gettext_lazy("Access requests")
    model = AccessRequest
    columns = (
        Column(gettext_lazy("No."), lambda r: f"#{r.pk}"),
        Column(gettext_lazy("For"), lambda r: r.staff),
        Column(gettext_lazy("Access"), asked_for),
        Column(gettext_lazy("State"), request_state),
        Column(gettext_lazy("Maker"), lambda r: r.maker),
        Column(gettext_lazy("Proposed"), lambda r: when(r.proposed_at)),
    )
    filters = (
        Filter(gettext_lazy("State"), "state", STATES),
        Filter(gettext_lazy("Access"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Kind)),
    )
    order = ("-id",)
    empty = gettext_lazy("No request matches.")

    def queryset(self) -> QuerySet[AccessRequest]:
        return queries.requests()


class RequestPage(ObjectPage):
    page = "accessrequest"
    model = AccessRequest

    def queryset(self) -> QuerySet[AccessRequest]:
        return queries.requests()

    def heading(self, obj: AccessRequest) -> str:
        return _("Access request %(request)s") % {"request": obj}

    def badges(self, obj: AccessRequest) -> list[Any]:
        return [request_state(obj)]

    def facts(self, obj: AccessRequest) -> list[Fact]:
        return request_facts(obj)


def request_facts(request: AccessRequest) -> list[Fact]:
    facts = [
        Fact(_("Access"), asked_for(request)),
        Fact(_("For"), link(staff_url(request.staff_id), request.staff)),
        Fact(_("Until"), when(request.until, exact=True) if request.until else ""),
        Fact(_("Reason"), request.reason),
        Fact(_("Ticket"), request.ticket),
        Fact(_("Maker"), request.maker),
        Fact(_("Proposed"), when(request.proposed_at, exact=True)),
        Fact(_("Lapses"), when(request.expires_at, exact=True) if request.state == State.PROPOSED else ""),
    ]
    return [fact for fact in facts if fact.value != ""]


@admin.register(AccessRequest)
class RequestAdmin(OpsModelAdmin):
    list_page = RequestList
    object_page = RequestPage


class AccessRulingPage(RulingPage):
    """What is asked for, by whom and why, and what the person holds now."""

    permission = APPROVE
    nav = LIST
    case_title = gettext_lazy("The request")
    user: Staff

    def setup(self) -> None:
        found = queries.requests().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.asked: AccessRequest = found

    def heading_title(self) -> str:
        return _("Approve or refuse: access request %(request)s") % {"request": self.asked}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Access requests"), reverse(LIST)), (str(self.asked), request_url(self.asked))]

    def content_hash(self) -> str:
        return self.asked.content_hash

    def barred(self) -> None:
        may_rule(self.asked, self.user)
        still_stands(self.asked)

    def rule(self, *, agree: bool, **ruling: Any) -> HttpResponseBase | str:
        answer = access.approve if agree else access.refuse
        ruled = answer(self.asked, actor=self.user, **ruling)
        if ruled.link:
            return self.hand_over(ruled.link)
        said = {"id": self.asked.pk}
        self.say(_("Request #%(id)d is approved.") % said if agree else _("Request #%(id)d was refused.") % said)
        return request_url(self.asked)

    def hand_over(self, path: str) -> HttpResponseBase:
        """The link is here and nowhere else: no redirect, and no page of the admin is kept by a browser."""
        self.template = "staff/link.html"
        return self.render(link=self.request.build_absolute_uri(path), done=request_url(self.asked))

    def context(self) -> dict[str, Any]:
        held = queries.held_by(self.asked.staff)
        return {
            "asked": self.asked,
            "facts": request_facts(self.asked),
            "consequences": self.consequences([h.role for h in held]),
            "left": [holdings_panel(held, links=True)],
        }

    def consequences(self, held: list[str]) -> list[str]:
        asked, who = self.asked, {"who": self.asked.staff}
        said = []
        if asked.kind == Kind.JOIN:
            said.append(_("%(who)s is let in at once.") % who)
        if asked.kind == Kind.RESET:
            said.append(_("Password, second factors, sessions and command tokens of %(who)s end now.") % who)
        if asked.role:
            text = _("%(who)s is %(role)s from now on, without an end.")
            if asked.until:
                text = _("%(who)s is %(role)s from now on; it ends by itself at the time given.")
            said.append(text % (who | {"role": role_text(asked.role)}))
        if asked.kind != Kind.GRANT:
            said.append(_("You are shown a link, once, and hand it over; it opens only with the maker's code."))
        if asked.state != State.PROPOSED:
            return []
        if clash := queries.clashing(asked.role, held):
            text = _("It cannot be approved while %(who)s is %(held)s: that must end first.")
            said.append(text % (who | {"held": roles_text(clash)}))
        return said


def _answers(request: HttpRequest, asked: AccessRequest) -> Panel:
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
    return Panel(
        _("Approvals"),
        "ops/panel_table.html",
        {"head": head, "rows": rows, "empty": _("Nobody has answered yet.")},
        side="right",
    )


def _rule_act(request: HttpRequest, asked: AccessRequest | None) -> list[Act]:
    if asked is None:
        return []
    try:
        may_rule(asked, panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("Approve or refuse"), reverse("admin:access_ruling", args=[asked.pk]), key="a", primary=True)]


def _row_act(request: HttpRequest, asked: AccessRequest) -> Act | None:
    acts = _rule_act(request, asked)
    return acts[0] if acts else None


def _called(pk: int, kind: str) -> tuple[str, str]:
    told = {"request": f"#{pk}", "kind": AccessRequest.Kind(kind).label}
    return _("Access request %(request)s: %(kind)s") % told, reverse("admin:access_ruling", args=[pk])


panels.page("access/<int:pk>/", "access_ruling", AccessRulingPage)
panels.register("accessrequest", _answers)
panels.toolbar("accessrequest", _rule_act)
panels.row_act("accessrequests", _row_act)
overview.work(queries.waiting_for, _called, what="kind")
panels.sidebar(
    "system", gettext_lazy("Access requests"), LIST, "staff.view_accessrequest", count=queries.waiting_for, order=1
)
