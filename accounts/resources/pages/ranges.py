"""Number resources on the staff web: the ranges and how full they are, one range, and a number that has no row."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lifecycle import PREMIUM_FROM_TIER, RANGE_STATES, L
from accounts.models import Number, NumberRange
from accounts.numbers.parsing import parse
from accounts.premium.policy import NEVER_PUBLIC
from accounts.resources.policy import HANDING, Pool
from accounts.resources.proposal_queries import story_of_range, waiting_for_range
from accounts.resources.queries import Use, density_of, free_number, range_of, use_of, use_of_pools
from accounts.resources.text import channels_text, percent, whole, yuan
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Entry, Fact, Panel

VIEW, MANAGE = "accounts.view_numberrange", "accounts.manage_resources"
LIST = "admin:accounts_numberrange_changelist"
TONES = {L.AVAILABLE: "good", L.PRE_RELEASE: "info", L.RESERVED: "quiet", L.RETIRED: "bad"}
AT_MOST = gettext_lazy("at most: among them may be numbers that have a row, or a tier that the pool does not hand out")


def range_url(pk: int) -> str:
    return reverse("admin:accounts_numberrange_change", args=[pk])


def range_badge(found: NumberRange) -> Any:
    return badge(found.get_state_display(), TONES[L(found.state)])


def left_text(use: Use) -> str:
    return f"≤ {whole(use.left)}" if use.left else "0"


class RangeList(KeysetList):
    page = "ranges"
    title = gettext_lazy("Number ranges")
    permission = VIEW
    model = NumberRange
    template = "accounts/resource_list.html"
    columns = (
        Column(gettext_lazy("Range"), digits),
        Column(gettext_lazy("Pool"), lambda r: r.get_pool_display()),
        Column(gettext_lazy("State"), range_badge),
        Column(gettext_lazy("Size"), lambda r: whole(r.size), numeric=True),
        Column(gettext_lazy("Held"), lambda r: whole(r.use.held), numeric=True),
        Column(gettext_lazy("Share"), lambda r: percent(r.use.share), numeric=True),
        Column(gettext_lazy("Left"), lambda r: left_text(r.use), numeric=True),
    )
    filters = (
        Filter(gettext_lazy("Pool"), "pool", tuple((p.value, p.label, Q(pool=p.value)) for p in Pool)),
        Filter(gettext_lazy("State"), "state", tuple((s.value, s.label, Q(state=s.value)) for s in RANGE_STATES)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The range in which it lies.")
    empty = gettext_lazy("No range matches.")
    none = gettext_lazy("No range yet: open one.")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        found = range_of(parse(text))
        return HttpResponseRedirect(range_url(found.pk)) if found else rows.none()

    def cut(self, rows: QuerySet[Any]) -> None:
        super().cut(rows)
        uses = use_of([one.pk for one in self.rows])
        for one in self.rows:
            one.use = uses[one.pk]

    def context(self) -> dict[str, Any]:
        return super().context() | {"above": [pools_panel()]}


def pools_panel() -> Panel:
    rows = [
        (
            link(f"{reverse(LIST)}?pool={one.pool}", one.pool.label),
            whole(one.ranges),
            whole(one.use.size),
            whole(one.use.held),
            percent(one.use.share),
            left_text(one.use),
        )
        for one in use_of_pools()
    ]
    head = [_("Pool"), _("Ranges"), _("Size"), _("Held"), _("Share"), _("Left in open ranges")]
    return Panel(_("Use of the pools"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


class RangePage(ObjectPage):
    page = "range"
    model = NumberRange
    permission = VIEW
    copyable = True

    def queryset(self) -> QuerySet[NumberRange]:
        return NumberRange.objects.select_related("proposal__maker")

    def setup(self) -> None:
        super().setup()
        self.use = use_of([self.object.pk])[self.object.pk]

    def badges(self, obj: NumberRange) -> list[Any]:
        return [range_badge(obj), badge(obj.get_pool_display(), "quiet")]

    def facts(self, obj: NumberRange) -> list[Fact]:
        opened = obj.proposal
        return [
            Fact(_("Size"), whole(obj.size)),
            Fact(_("Pool"), obj.get_pool_display(), handing_text(obj.pool)),
            Fact(_("State"), obj.get_state_display(), _("of all its numbers that have no row of their own")),
            Fact(_("Purpose"), obj.purpose),
            Fact(_("Release plan"), obj.plan),
            Fact(_("Opens on"), obj.opens_on),
            Fact(_("Price"), yuan(obj.price)),
            Fact(_("Channels"), channels_text(obj.channels)),
            Fact(_("Opened by"), _("%(who)s, proposal %(id)s") % {"who": opened.maker, "id": opened}),
        ]

    def context(self) -> dict[str, Any]:
        context = super().context()
        context["left"] = [_use_panel(self.object, self.use), *context["left"]]
        return context


def handing_text(pool: str) -> str:
    tiers = HANDING[Pool(pool)].tiers
    if tiers is None:
        return _("it hands nothing out")
    return _("it hands out tiers %(low)d to %(high)d") % {"low": tiers[0], "high": tiers[1]}


def _use_panel(found: NumberRange, use: Use) -> Panel:
    density = density_of(found)
    looked = _("of all its numbers") if density.exact else _("of a sample of %(n)d") % {"n": density.looked_at}
    facts = [
        Fact(_("Held"), f"{whole(use.held)} · {percent(use.share)}"),
        Fact(_("Left"), left_text(use), AT_MOST),
        *(Fact(state.label, whole(use.rows[state])) for state in L if use.rows.get(state)),
        Fact(_("Without a row"), whole(use.without_row), _("in the state of the range")),
        Fact(_("Premium numbers"), percent(density.share), looked),
    ]
    return Panel(_("Use"), "ops/panel_facts.html", {"facts": facts})


def _waiting(request: HttpRequest, found: NumberRange) -> Panel | None:
    if not request.user.has_perm("accounts.view_resourceproposal"):
        return None
    rows = [
        (link(reverse("admin:accounts_resourceproposal_change", args=[p.pk]), p), p.get_kind_display(), p.maker,
         when(p.proposed_at))
        for p in waiting_for_range(found)[:20]
    ]  # fmt: skip
    head = [_("Proposal"), _("Kind"), _("Maker"), _("Proposed")]
    return Panel(_("Proposals that wait"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _story(request: HttpRequest, found: NumberRange) -> Iterable[Entry]:
    return [
        Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))
        for event in story_of_range(found)
    ]


@admin.register(NumberRange)
class NumberRangeAdmin(OpsModelAdmin):
    list_page = RangeList
    object_page = RangePage


class FreeNumberPage(ObjectPage):
    """A number that nobody ever held has no row: this page says what it is all the same."""

    page = "free_number"
    model = Number
    permission = "accounts.view_number"
    copyable = True

    def setup(self) -> None:
        try:
            number = parse(self.kwargs["number"])
        except Invalid:
            raise Http404 from None
        found = free_number(number)
        if found is None or str(number) != self.kwargs["number"]:  # one number, one address
            raise Http404
        self.free = found
        self.object = Number(pk=number, lifecycle=found.range.state, tier=found.tier)

    def respond(self) -> Any:
        if Number.objects.filter(pk=self.object.pk).exists():
            return HttpResponseRedirect(reverse("admin:accounts_number_change", args=[self.object.pk]))
        return super().respond()

    def history_url(self, obj: Number) -> str:
        return ""

    def badges(self, obj: Number) -> list[Any]:
        fine = [badge(_("premium %(tier)d") % {"tier": obj.tier}, "info")] if obj.tier >= PREMIUM_FROM_TIER else []
        return [badge(obj.get_lifecycle_display(), "quiet"), *fine]

    def facts(self, obj: Number) -> list[Fact]:
        found = self.free.range
        named: Any = digits(found)
        if self.user.has_perm(VIEW):
            named = link(range_url(found.pk), named)
        never = _("it is never handed out") if obj.tier == NEVER_PUBLIC else ""
        return [
            Fact(_("Holder"), _("nobody, and nobody ever was")),
            Fact(_("State"), obj.get_lifecycle_display(), _("the state of its range")),
            Fact(_("Range"), named),
            Fact(_("Pool"), found.get_pool_display(), handing_text(found.pool)),
            Fact(_("Tier"), obj.tier, never),
            Fact(_("Pattern"), self.free.patterns or _("an ordinary number")),
        ]


def _pools(request: HttpRequest) -> Panel | None:
    """On the overview of whoever may see ranges, by name a link to them."""
    return pools_panel() if request.user.has_perm(VIEW) else None


panels.page("number/<str:number>/free/", "free_number", FreeNumberPage)
panels.register("range", _waiting)
panels.timeline("range", _story)
panels.dashboard(_pools, order=3)
panels.sidebar("resources", gettext_lazy("Number ranges"), LIST, VIEW)
