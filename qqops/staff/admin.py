"""The staff web's own people: who has which role, and one's own command tokens."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops import panels
from qqops.pages import Column, KeysetList, ObjectPage, OpsModelAdmin, Page
from qqops.panels import Fact
from qqops.staff import services
from qqops.staff.models import CommandToken, Staff
from qqops.staff.roles import ROLE_LABELS
from qqops.templatetags.ops import badge


def roles_of(staff: Staff) -> str:
    return _(", ").join(str(ROLE_LABELS.get(g.name, g.name)) for g in staff.groups.all())


def standing(staff: Staff) -> Any:
    if staff.is_system:
        return badge(_("system actor"), "info")
    return badge(_("active"), "good") if staff.is_active else badge(_("deactivated"), "quiet")


class StaffList(KeysetList):
    page = "staff"
    title = gettext_lazy("Staff")
    model = Staff
    columns = (
        Column(gettext_lazy("Login"), lambda s: s.username),
        Column(gettext_lazy("Name"), lambda s: s.name),
        Column(gettext_lazy("Role"), roles_of),
        Column(gettext_lazy("Standing"), standing),
    )
    order = ("username",)

    def queryset(self) -> QuerySet[Staff]:
        return Staff.objects.prefetch_related("groups")


class StaffPage(ObjectPage):
    page = "staffmember"
    model = Staff

    def badges(self, obj: Staff) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: Staff) -> list[Fact]:
        return [
            Fact(_("Login"), obj.username),
            Fact(_("Name"), obj.name),
            Fact(_("Role"), roles_of(obj)),
            Fact(_("Joined"), obj.date_joined),
        ]


@admin.register(Staff)
class StaffAdmin(OpsModelAdmin):
    list_page = StaffList
    object_page = StaffPage


class TokenPage(Page):
    """Issue a command token to oneself (its secret is shown this once), or revoke all of one's own."""

    title = gettext_lazy("Command tokens")
    permission = "staff.issue_token"
    template = "staff/tokens.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:tokens"
    secret = ""

    def respond(self) -> HttpResponseBase:
        if self.request.method == "POST":
            if "revoke" in self.request.POST:
                services.revoke_tokens(self.user, actor=self.user, reason="")
                self.say(_("Your command tokens are revoked."))
                return HttpResponseRedirect(reverse("admin:tokens"))
            self.secret = services.issue_token(self.user)
        response = self.render()
        response["Cache-Control"] = "no-store"
        return response

    def context(self) -> dict[str, Any]:
        live = [t for t in CommandToken.objects.filter(staff=self.user).order_by("-pk")[:20] if t.is_live]
        return {"tokens": live, "secret": self.secret}


panels.page("tokens/", "tokens", TokenPage)
panels.sidebar("system", gettext_lazy("Staff"), "admin:staff_staff_changelist", "staff.view_staff")
panels.sidebar("system", gettext_lazy("Command tokens"), "admin:tokens", "staff.issue_token", order=5)
