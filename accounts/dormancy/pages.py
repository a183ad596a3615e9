"""Dormancy policies (10.3) on the staff web: the list, the page of a policy, and the pages that draft and end one."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.dormancy import services as policies
from accounts.dormancy.policy import Kind as Dormancy
from accounts.dormancy.policy import Terms
from accounts.dormancy.queries import ONE_DAY, in_force, in_words, is_in_force, terms_facts, terms_of
from accounts.models import DormancyPolicy
from accounts.resources.forms import CODE_HELP, WhyForm
from accounts.resources.pages.acts import ProposePage
from accounts.resources.pages.proposals import VIEW as VIEW_PROPOSAL
from accounts.resources.pages.proposals import proposal_url
from accounts.resources.policy import MAKE, Kind
from accounts.resources.services import Wanted
from qqops.templatetags.ops import badge, link
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact

VIEW = "accounts.view_dormancypolicy"
LIST = "admin:accounts_dormancypolicy_changelist"
DAYS = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def policy_url(policy: DormancyPolicy) -> str:
    return reverse("admin:accounts_dormancypolicy_change", args=[policy.pk])


def standing(policy: DormancyPolicy) -> Any:
    if is_in_force(policy):
        return badge(_("in force"), "good")
    to_come = policy.effective.lower > timezone.localdate()
    return badge(_("to come"), "info") if to_come else badge(_("over"), "quiet")


def _to_come() -> Q:
    return Q(effective__startswith__gt=timezone.localdate())


def _over() -> Q:
    return Q(effective__endswith__lte=timezone.localdate())


class PolicyList(KeysetList):
    page = "policies"
    title = gettext_lazy("Dormancy policies")
    permission = VIEW
    model = DormancyPolicy
    template = "accounts/resource_list.html"
    columns = (
        Column(gettext_lazy("Policy"), lambda p: p.code),
        Column(gettext_lazy("Kind"), lambda p: p.get_kind_display()),
        Column(gettext_lazy("State"), standing),
        Column(gettext_lazy("In words"), lambda p: in_words(terms_of(p))),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("in_force", gettext_lazy("in force"), in_force),
                ("to_come", gettext_lazy("to come"), _to_come),
                ("over", gettext_lazy("over"), _over),
            ),
        ),
        Filter(gettext_lazy("Kind"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Dormancy)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Policy")
    search_help = gettext_lazy("Its whole code.")
    empty = gettext_lazy("No dormancy policy matches.")
    none = gettext_lazy("No dormancy policy yet: draft one. Without one nothing is reclaimed.")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        return rows.filter(code=text)


class PolicyPage(ObjectPage):
    page = "policy"
    model = DormancyPolicy
    permission = VIEW

    def queryset(self) -> QuerySet[DormancyPolicy]:
        return DormancyPolicy.objects.select_related("proposal__maker")

    def badges(self, obj: DormancyPolicy) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: DormancyPolicy) -> list[Fact]:
        adopted: Any = obj.proposal
        if self.user.has_perm(VIEW_PROPOSAL):
            adopted = link(proposal_url(obj.proposal_id), adopted)
        return [*terms_facts(terms_of(obj)), Fact(_("Proposed by"), obj.proposal.maker), Fact(_("Proposal"), adopted)]


@admin.register(DormancyPolicy)
class PolicyAdmin(OpsModelAdmin):
    list_page = PolicyList
    object_page = PolicyPage


class PolicyForm(WhyForm):
    code = forms.CharField(label=gettext_lazy("Code of the policy"), max_length=40, help_text=CODE_HELP)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Dormancy.choices, widget=forms.RadioSelect)
    threshold_days = forms.IntegerField(label=gettext_lazy("Days until it is due"), min_value=1)
    registered_from = forms.DateField(label=gettext_lazy("Registered from"), required=False, widget=DAYS)
    registered_to = forms.DateField(label=gettext_lazy("Registered until"), required=False, widget=DAYS)
    effective_from = forms.DateField(
        label=gettext_lazy("In force from"),
        widget=DAYS,
        help_text=gettext_lazy("Leave your colleagues the time to agree: after that day they no longer can."),
    )
    effective_to = forms.DateField(label=gettext_lazy("In force until"), required=False, widget=DAYS)
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days of notice"), min_value=0, initial=30, help_text=gettext_lazy("0: no notice before.")
    )
    reminder_days = forms.IntegerField(label=gettext_lazy("Days before, reminded once more"), min_value=0, initial=7)
    grace_days = forms.IntegerField(label=gettext_lazy("Days of grace"), min_value=1, initial=30)


class DraftPolicyPage(ProposePage):
    kind = Kind.POLICY
    permission = MAKE[Kind.POLICY]
    title = gettext_lazy("Draft a dormancy policy")
    form_class = PolicyForm
    nav = LIST

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Dormancy policies"), reverse(LIST))]

    def wanted(self, form: forms.BaseForm) -> Wanted:
        assert isinstance(form, PolicyForm)
        terms = {name: value for name, value in form.cleaned_data.items() if name not in ("reason", "ticket")}
        return policies.wanted(Terms(**terms))


class EndPolicyForm(WhyForm):
    last = forms.DateField(label=gettext_lazy("Last day in force"), widget=DAYS)


class EndPolicyPage(ProposePage):
    kind = Kind.POLICY_END
    permission = MAKE[Kind.POLICY_END]
    form_class = EndPolicyForm
    nav = LIST

    def setup(self) -> None:
        found = DormancyPolicy.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.policy: DormancyPolicy = found

    def heading_title(self) -> str:
        return _("End policy %(code)s") % {"code": self.policy}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Dormancy policies"), reverse(LIST)), (str(self.policy), policy_url(self.policy))]

    def standing(self) -> str:
        return str(self.policy.effective)

    def wanted(self, form: forms.BaseForm) -> Wanted:
        assert isinstance(form, EndPolicyForm)
        return policies.ended(self.policy, form.cleaned_data["last"])


def _acts(request: HttpRequest, policy: DormancyPolicy | None) -> Iterable[Act]:
    if not request.user.has_perm(MAKE[Kind.POLICY]):
        return
    if policy is None:
        yield Act(_("Draft a dormancy policy"), reverse("admin:draft_policy"), key="o", primary=True)
    elif policy.effective.upper is None or policy.effective.upper > timezone.localdate() + ONE_DAY:
        yield Act(_("End policy"), reverse("admin:end_policy", args=[policy.pk]))


panels.page("resources/policies/draft/", "draft_policy", DraftPolicyPage)
panels.page("resources/policies/<int:pk>/end/", "end_policy", EndPolicyPage)
panels.toolbar("policies", _acts)
panels.toolbar("policy", _acts)
panels.sidebar("resources", gettext_lazy("Dormancy policies"), LIST, VIEW, order=3)
