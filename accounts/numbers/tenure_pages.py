"""The page of a tenure (持有期), and the panel of earlier tenures on the page of a number.

The page of a number shows data of its present holder only. Each earlier holder has a tenure page, which shows nothing
of later holders (9.1).
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.identity.pages import VIEW, identity_url
from accounts.identity.queries import identity_of
from accounts.models import HolderCorrection, Number, Registration, Tenure
from accounts.numbers.pages import charge, number_link
from qqops.templatetags.ops import badge, link, minute, when
from qqops.web import panels
from qqops.web.pages import ObjectPage, OpsModelAdmin
from qqops.web.pages.base import Crumb
from qqops.web.panels import Fact, Panel

SHOWN = 50  # earlier tenures on a page; a number changes hands every year at most


def tenure_link(tenure: Tenure) -> Any:
    return link(reverse("admin:accounts_tenure_change", args=[tenure.pk]), str(tenure))


class TenurePage(ObjectPage):
    page = "tenure"
    model = Tenure
    nav = "admin:accounts_number_changelist"

    def queryset(self) -> QuerySet[Tenure]:
        return Tenure.objects.select_related("number", "rules_version", "identity", "registration", "certificate")

    def heading(self, obj: Tenure) -> str:
        return _("Tenure no. %(seq)d of %(number)d") % {"seq": obj.seq, "number": obj.number_id}

    def crumbs(self) -> list[Crumb]:
        return [
            (_("Numbers"), reverse("admin:accounts_number_changelist")),
            (str(self.object.number_id), reverse("admin:accounts_number_change", args=[self.object.number_id])),
        ]

    def badges(self, obj: Tenure) -> list[Any]:
        return [badge(pgettext("tenure", "ended"), "quiet") if obj.ended_at else badge(_("live"), "good")]

    def facts(self, obj: Tenure) -> list[Fact]:
        facts = [
            Fact(_("Number"), number_link(obj.number_id)),
            Fact(_("From"), when(obj.started_at, exact=True)),
            Fact(_("Until"), when(obj.ended_at, exact=True) if obj.ended_at else _("now")),
            Fact(_("Registered by"), " · ".join(filter(None, [obj.get_channel_display(), obj.channel_ref]))),
            Fact(_("Charge"), charge(obj)),
            Fact(_("Rules accepted"), f"{obj.rules_version.version} · {obj.get_acceptance_display()}"),
        ]
        if known := Registration.objects.filter(tenure=obj).first():
            facts.append(Fact(_("Registration"), known.registration_id))
        if corrected := HolderCorrection.objects.select_related("before", "proposal").filter(after=obj).first():
            licence = dict(corrected.papers).get("licence", "")
            facts.append(Fact(_("Holder corrected"), tenure_link(corrected.before), licence))
        if self.user.has_perm(VIEW) and identity_of(obj):
            facts.append(Fact(_("More"), link(identity_url(obj.pk), _("identity page"))))
        return facts


@admin.register(Tenure)
class TenureAdmin(OpsModelAdmin):
    object_page = TenurePage


def _earlier(request: HttpRequest, number: Number) -> Panel | None:
    """List the earlier tenures with their dates, and nothing else about them."""
    first = number.tenure is not None and number.tenure.seq == 1
    if first or not request.user.has_perm("accounts.view_tenure"):
        return None
    found = list(Tenure.objects.filter(number=number).exclude(pk=number.tenure_id or 0).order_by("-seq")[:SHOWN])
    if not found:
        return None
    rows = [(tenure_link(t), minute(t.started_at), minute(t.ended_at) if t.ended_at else "–") for t in found]
    head = [_("Tenure"), _("From"), _("Until")]
    return Panel(_("Earlier tenures"), "ops/panel_table.html", {"head": head, "rows": rows}, side="right")


panels.register("number", _earlier, order=9)
