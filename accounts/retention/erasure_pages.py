"""Certificates of erasure 销毁证明 on the staff web."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.disclosures.pages.register import disclosure_url
from accounts.models import Erasure, Identity
from accounts.numbers.pages import number_link
from accounts.numbers.parsing import parse
from accounts.retention.policy import CLASSES
from accounts.rights.queries import LANGUAGES, certificate, files_left
from qqops.templatetags.ops import digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact, Panel

VIEW = "accounts.view_erasure"
DISCLOSURES = "accounts.view_disclosure"


class ErasureList(KeysetList):
    page = "erasures"
    title = gettext_lazy("Erasure certificates")
    model = Erasure
    columns = (
        Column(gettext_lazy("No."), lambda e: f"#{e.pk}"),
        Column(gettext_lazy("Number"), lambda e: digits(e.tenure.number_id)),
        Column(gettext_lazy("Tenure"), lambda e: e.tenure.seq, numeric=True),
        Column(gettext_lazy("Basis"), lambda e: e.get_basis_display()),
        Column(gettext_lazy("Erased"), lambda e: when(e.at)),
    )
    filters = (
        Filter(gettext_lazy("Basis"), "basis", tuple((b.value, b.label, Q(basis=b.value)) for b in Erasure.Basis)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The whole number.")
    empty = gettext_lazy("No certificate matches.")

    def queryset(self) -> QuerySet[Erasure]:
        return Erasure.objects.select_related("tenure", "data_request")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        return rows.filter(tenure__number=parse(text))


class ErasurePage(ObjectPage):
    page = "erasure"
    model = Erasure

    def queryset(self) -> QuerySet[Erasure]:
        return Erasure.objects.select_related("tenure", "data_request")

    def heading(self, obj: Erasure) -> str:
        return _("Erasure certificate %(certificate)s") % {"certificate": obj}

    def facts(self, obj: Erasure) -> list[Fact]:
        facts = [
            Fact(_("Number"), number_link(obj.tenure.number_id)),
            Fact(_("Tenure"), obj.tenure.seq),
            Fact(_("Basis"), obj.get_basis_display()),
            Fact(_("Erased"), when(obj.at, exact=True)),
            Fact(_("Made unreadable"), {CLASSES[code].label: n for code, n in obj.cleared.items()}),
        ]
        if obj.data_request:
            url = reverse("admin:accounts_datarequest_change", args=[obj.data_request_id])
            facts.append(Fact(_("Data request"), link(url, obj.data_request)))
        return facts + [Fact(_("Kept"), CLASSES[code].label, CLASSES[code].basis) for code in obj.kept]


@admin.register(Erasure)
class ErasureAdmin(OpsModelAdmin):
    list_page = ErasureList
    object_page = ErasurePage


def _certificate(request: HttpRequest, erasure: Erasure) -> Panel:
    letters = [(language, certificate(erasure, language)) for language in LANGUAGES]
    return Panel(_("Certificate for the person who asked"), "accounts/letter.html", {"letters": letters})


def _periods(request: HttpRequest, erasure: Erasure) -> Panel:
    """Show the retention period and the legal basis of each class of data."""
    rows = [
        (one.label, _("%(n)d days after %(what)s") % {"n": one.keep.days, "what": one.after} if one.keep
         else _("for as long as the operator exists"), one.basis)
        for one in CLASSES.values()
    ]  # fmt: skip
    head = [_("Data"), _("Kept"), _("Law")]
    return Panel(_("Retention periods"), "ops/panel_table.html", {"head": head, "rows": rows}, side="right")


def _certificate_act(request: HttpRequest, identity: Identity | None) -> Iterable[Act]:
    if identity is not None and identity.erased_at and request.user.has_perm(VIEW):
        for erasure in Erasure.objects.filter(tenure=identity.pk).order_by("-pk")[:1]:
            url = reverse("admin:accounts_erasure_change", args=[erasure.pk])
            yield Act(_("Erasure certificate"), url, key="e")


def _files(request: HttpRequest, erasure: Erasure) -> Panel | None:
    """List the released files about other people too, which the law keeps, with their ends."""
    if not request.user.has_perm(DISCLOSURES):
        return None
    rows = [
        (link(disclosure_url(made.disclosure), made.disclosure), when(made.until, exact=True))
        for made in files_left(erasure, panels.staff_at(request))
        if made.disclosure
    ]
    table = {"head": [_("Disclosure request"), _("Kept until")], "rows": rows}
    return Panel(_("Files about others too"), "ops/panel_table.html", table, side="right") if rows else None


panels.toolbar("identity", _certificate_act, order=7)
panels.register("erasure", _certificate)
panels.register("erasure", _periods, order=1)
panels.register("erasure", _files, order=2)
panels.sidebar(
    "registry",
    gettext_lazy("Erasure certificates"),
    "admin:accounts_erasure_changelist",
    VIEW,
    order=7,
)
