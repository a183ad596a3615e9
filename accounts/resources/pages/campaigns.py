"""Campaigns 活动 (3.1(4)) on the staff web: who hands out how many numbers in which time, and how many he has."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Campaign
from accounts.resources.forms import CampaignForm
from accounts.resources.pages.acts import ProposePage
from accounts.resources.pages.proposals import VIEW as VIEW_PROPOSAL
from accounts.resources.pages.proposals import proposal_url
from accounts.resources.pages.ranges import MANAGE
from accounts.resources.policy import Kind
from accounts.resources.services import Wanted, campaigns
from accounts.resources.text import percent, whole
from qqops.templatetags.ops import badge, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact

VIEW = "accounts.view_campaign"
LIST = "admin:accounts_campaign_changelist"


def _to_come() -> Q:
    return Q(starts_at__gt=timezone.now())


def _running() -> Q:
    now = timezone.now()
    return Q(starts_at__lte=now, ends_at__gt=now)


def _over() -> Q:
    return Q(ends_at__lte=timezone.now())


def standing(campaign: Campaign) -> Any:
    now = timezone.now()
    if campaign.ends_at <= now:
        return badge(_("over"), "quiet")
    return badge(_("to come"), "info") if campaign.starts_at > now else badge(_("running"), "good")


class CampaignList(KeysetList):
    page = "campaigns"
    title = gettext_lazy("Campaigns")
    permission = VIEW
    model = Campaign
    template = "accounts/resource_list.html"
    columns = (
        Column(gettext_lazy("Campaign"), lambda c: c.code),
        Column(gettext_lazy("Authorised organiser"), lambda c: c.organiser),
        Column(gettext_lazy("State"), standing),
        Column(gettext_lazy("Quota"), lambda c: whole(c.quota), numeric=True),
        Column(gettext_lazy("Used"), lambda c: whole(c.use.used), numeric=True),
        Column(gettext_lazy("Share"), lambda c: percent(c.use.used / c.quota), numeric=True),
        Column(gettext_lazy("Starts"), lambda c: when(c.starts_at)),
        Column(gettext_lazy("Ends"), lambda c: when(c.ends_at)),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("running", gettext_lazy("running"), _running),
                ("to_come", gettext_lazy("to come"), _to_come),
                ("over", gettext_lazy("over"), _over),
            ),
        ),
    )
    order = ("-id",)
    search_label = gettext_lazy("Campaign")
    search_help = gettext_lazy("Its whole code.")
    empty = gettext_lazy("No campaign matches.")
    none = gettext_lazy("No campaign yet: open one.")

    def queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.select_related("use")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        return rows.filter(code=text)


class CampaignPage(ObjectPage):
    page = "campaign"
    model = Campaign
    permission = VIEW

    def queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.select_related("use", "proposal__maker")

    def badges(self, obj: Campaign) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: Campaign) -> list[Fact]:
        opened: Any = obj.proposal
        if self.user.has_perm(VIEW_PROPOSAL):
            opened = link(proposal_url(obj.proposal_id), opened)
        return [
            Fact(_("Authorised organiser"), obj.organiser),
            Fact(_("Written authorisation"), obj.authorisation),
            Fact(_("Quota"), whole(obj.quota)),
            Fact(_("Used"), f"{whole(obj.use.used)} · {percent(obj.use.used / obj.quota)}"),
            Fact(_("Left"), whole(obj.quota - obj.use.used)),
            Fact(_("Starts"), when(obj.starts_at, exact=True)),
            Fact(_("Ends"), when(obj.ends_at, exact=True)),
            Fact(_("Proposed by"), obj.proposal.maker),
            Fact(_("Proposal"), opened),
        ]


@admin.register(Campaign)
class CampaignAdmin(OpsModelAdmin):
    list_page = CampaignList
    object_page = CampaignPage


class OpenCampaignPage(ProposePage):
    kind = Kind.CAMPAIGN
    title = gettext_lazy("Open a campaign")
    form_class = CampaignForm
    nav = LIST

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Campaigns"), reverse(LIST))]

    def wanted(self, form: forms.BaseForm) -> Wanted:
        assert isinstance(form, CampaignForm)
        told = {name: value for name, value in form.cleaned_data.items() if name not in ("reason", "ticket")}
        return campaigns.wanted(**told)


def _acts(request: HttpRequest, campaign: Campaign | None) -> Iterable[Act]:
    if campaign is None and request.user.has_perm(MANAGE):
        yield Act(_("Open a campaign"), reverse("admin:open_campaign"), key="o", primary=True)


panels.page("resources/campaigns/open/", "open_campaign", OpenCampaignPage)
panels.toolbar("campaigns", _acts)
panels.sidebar("resources", gettext_lazy("Campaigns"), LIST, VIEW, order=2)
