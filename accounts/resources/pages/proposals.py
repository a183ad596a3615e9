"""Proposals about number resources: what waits, one proposal, and the page of who rules on it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.holders.form import holder_panel
from accounts.models import Number, NumberRange, ResourceProposal
from accounts.resources import services
from accounts.resources.pages.text import about, proposal_facts, state_badge
from accounts.resources.policy import Kind
from accounts.resources.proposal_queries import APPROVERS, inbox, proposals, story_of_proposal, waiting
from accounts.resources.services.shown_holder import holder_shown
from accounts.resources.text import WHO_AGREES, consequences_of, whole
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin, RulingPage
from qqops.web.panels import Act, Entry, Fact, Panel

VIEW = "accounts.view_resourceproposal"
LIST = "admin:accounts_resourceproposal_changelist"
SHOWN = 50


def proposal_url(pk: int) -> str:
    return reverse("admin:accounts_resourceproposal_change", args=[pk])


class ProposalList(KeysetList):
    page = "resourceproposals"
    title = gettext_lazy("Resource proposals")
    permission = VIEW
    model = ResourceProposal
    columns = (
        Column(gettext_lazy("Proposal"), lambda p: p),
        Column(gettext_lazy("Kind"), lambda p: p.get_kind_display()),
        Column(gettext_lazy("About"), lambda p: p.about),
        Column(gettext_lazy("State"), state_badge),
        Column(gettext_lazy("Maker"), lambda p: p.maker),
        Column(gettext_lazy("Proposed"), lambda p: when(p.proposed_at)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Proposal")
    search_help = gettext_lazy("Its number.")
    empty = gettext_lazy("No proposal matches.")

    @property
    def filters(self) -> Sequence[Filter]:  # type: ignore[override]
        mine = ("mine", _("made by me"), Q(maker=self.user))
        to_rule = ("inbox", _("waiting for my approval"), lambda: Q(pk__in=inbox(self.user).values("pk")))
        return (
            Filter(
                _("State"),
                "state",
                (("waiting", _("waiting"), waiting), *((s.value, s.label, Q(state=s.value)) for s in State)),
            ),
            Filter(_("My part"), "whose", (to_rule, mine)),
            Filter(_("Kind"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Kind)),
        )

    def queryset(self) -> QuerySet[ResourceProposal]:
        return proposals()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        wanted = text.lstrip("#")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
            raise Invalid(_("Type the number of a proposal."))
        return rows.filter(pk=int(wanted))

    def cut(self, rows: QuerySet[Any]) -> None:
        """With the names of the ranges that the rows are about, all at once."""
        super().cut(rows)
        ranges = NumberRange.objects.in_bulk([p.content["range"] for p in self.rows if "range" in p.content])
        for p in self.rows:
            found = ranges.get(p.content.get("range"))
            p.about = digits(found) if found else about(p)


class ProposalPage(ObjectPage):
    page = "resourceproposal"
    model = ResourceProposal

    def queryset(self) -> QuerySet[ResourceProposal]:
        return proposals()

    def heading(self, obj: ResourceProposal) -> str:
        return _("Proposal %(id)s: %(kind)s") % {"id": obj, "kind": obj.get_kind_display()}

    def badges(self, obj: ResourceProposal) -> list[Any]:
        return [state_badge(obj)]

    def facts(self, obj: ResourceProposal) -> list[Fact]:
        return proposal_facts(obj)

    def context(self) -> dict[str, Any]:
        context = super().context()
        if self.object.state == State.PROPOSED and (said := consequences_of(self.object.kind, self.object.content)):
            leads_to = Panel(_("What it will do"), "ops/panel_list.html", {"items": said})
            context["left"] = [leads_to, *context["left"]]
        return context


@admin.register(ResourceProposal)
class ResourceProposalAdmin(OpsModelAdmin):
    list_page = ProposalList
    object_page = ProposalPage


class ProposalRulingPage(RulingPage):
    nav = LIST
    case_title = gettext_lazy("The proposal")
    user: Staff

    def allowed(self) -> bool:
        return any(self.user.has_perm(p) for p in APPROVERS)

    def setup(self) -> None:
        found = proposals().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.proposal: ResourceProposal = found

    def heading_title(self) -> str:
        return _("Approve or refuse: proposal %(id)s, %(kind)s") % {
            "id": self.proposal,
            "kind": self.proposal.get_kind_display(),
        }

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Resource proposals"), reverse(LIST)), (str(self.proposal), proposal_url(self.proposal.pk))]

    def content_hash(self) -> str:
        return self.proposal.content_hash

    def barred(self) -> None:
        services.capacity_of(self.proposal, self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        answer = services.approve if agree else services.refuse
        done = answer(self.proposal, actor=self.user, **ruling)
        said = _("Agreed. Proposal #%(id)d still waits for another approver.")
        if done.state == State.REFUSED:
            said = _("Proposal #%(id)d was refused; nothing was changed.")
        elif done.state == State.APPLIED:
            said = _("Proposal #%(id)d is done.")
        self.say(said % {"id": done.pk})
        return proposal_url(done.pk)

    def context(self) -> dict[str, Any]:
        hung = panels.panels_for("resourceproposal", self.request, self.proposal)
        return {
            "facts": proposal_facts(self.proposal),
            "consequences": [
                *consequences_of(self.proposal.kind, self.proposal.content),
                _who_agrees(self.proposal),
                _("If you refuse, nothing is changed."),
            ],
            "left": [panel for panel in hung if panel.side == "left"],
            "right": [panel for panel in hung if panel.side == "right"],
        }


def _who_agrees(proposal: ResourceProposal) -> Any:
    missing = len(proposal.approvers) - len(proposal.approvals.all())
    return _("Yours is the last agreement: it is done at once.") if missing == 1 else WHO_AGREES[proposal.rule]


def _holder(request: HttpRequest, proposal: ResourceProposal) -> Panel | None:
    """Who is to hold the number, for as long as the proposal waits."""
    shown = holder_shown(proposal, panels.staff_at(request))
    return holder_panel(shown) if shown else None


def _numbers(request: HttpRequest, proposal: ResourceProposal) -> Panel | None:
    """The first of them as they are now; a list of any length costs the same."""
    first = proposal.numbers[:SHOWN]
    if not first:
        return None
    known = Number.objects.in_bulk(first)
    rows = [
        (
            link(_number_url(n, known=n in known), digits(n)),
            known[n].get_lifecycle_display() if n in known else badge(_("no row yet"), "quiet"),
            known[n].tier if n in known else "",
        )
        for n in first
    ]
    title = _("Numbers")
    if len(proposal.numbers) > len(rows):
        title = _("Numbers: the first %(n)d of %(all)s") % {"n": len(rows), "all": whole(len(proposal.numbers))}
    return Panel(title, "ops/panel_table.html", {"head": [_("Number"), _("Lifecycle"), _("Tier")], "rows": rows})


def _number_url(number: int, *, known: bool) -> str:
    return reverse("admin:accounts_number_change" if known else "admin:free_number", args=[number])


def _approvals(request: HttpRequest, proposal: ResourceProposal) -> Panel | None:
    if not proposal.approvers:
        return None
    rows = [
        (
            a.approver,
            badge(_("agreed"), "good") if a.agreed else badge(_("refused"), "bad"),
            a.reason,
            when(a.at, exact=True),
        )
        for a in proposal.approvals.select_related("approver").order_by("pk")
    ]
    head = [_("Approver"), _("Answer"), _("Reason"), _("Time")]
    missing = len(proposal.approvers) - len(rows)
    note = _("Still missing: %(n)d") % {"n": missing} if proposal.state == State.PROPOSED else _("None.")
    return Panel(_("Approvals"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": note})


def _story(request: HttpRequest, proposal: ResourceProposal) -> Iterable[Entry]:
    return [
        Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))
        for event in story_of_proposal(proposal)
    ]


def _rule_act(request: HttpRequest, proposal: ResourceProposal | None) -> Iterable[Act]:
    if proposal is None or proposal.state != State.PROPOSED:
        return
    try:
        services.capacity_of(proposal, panels.staff_at(request))
    except (Refused, Invalid):
        return
    yield Act(_("Approve or refuse"), reverse("admin:resource_ruling", args=[proposal.pk]), key="a", primary=True)


def _called(pk: int, kind: str) -> tuple[str, str]:
    told = {"id": f"#{pk}", "kind": Kind(kind).label}
    return _("Resource proposal %(id)s: %(kind)s") % told, reverse("admin:resource_ruling", args=[pk])


panels.register("resourceproposal", _holder, order=1)
panels.register("resourceproposal", _numbers)
panels.register("resourceproposal", _approvals)
panels.timeline("resourceproposal", _story)
panels.toolbar("resourceproposal", _rule_act)
overview.work(inbox, _called, what="kind")
panels.page("resources/proposals/<int:pk>/", "resource_ruling", ProposalRulingPage)
panels.sidebar("resources", gettext_lazy("Resource proposals"), LIST, VIEW, count=inbox, order=1)
