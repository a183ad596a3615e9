"""The reveal log: who looked at what, for which case and why; the most unusual first. Never what was seen."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity.pages import identity_url
from accounts.models import Reveal
from accounts.numbers.parsing import parse
from accounts.reveals.pages.text import (
    asked_facts,
    case_text,
    is_over,
    item_text,
    shown_url,
    standing,
    tenure_link,
    until_fact,
    unusual_badges,
)
from accounts.reveals.policy import Purpose
from accounts.reveals.queries import reveals
from accounts.reveals.services import REVEAL
from accounts.reveals.unusual import Flag
from qqops.core.errors import Invalid
from qqops.templatetags.ops import digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.pages.lists import Choice
from qqops.web.panels import Fact

LIST = "admin:accounts_reveal_changelist"
NEWEST = "newest"
PURPOSES = Filter(gettext_lazy("Purpose"), "purpose", tuple((p.value, p.label, Q(purpose=p.value)) for p in Purpose))


class RevealLog(KeysetList):
    page = "reveals"
    title = gettext_lazy("Reveal log")
    model = Reveal
    columns = (
        Column(gettext_lazy("No."), lambda r: f"#{r.pk}"),
        Column(gettext_lazy("Time"), lambda r: when(r.at)),
        Column(gettext_lazy("Who"), lambda r: r.staff),
        Column(gettext_lazy("Number"), lambda r: digits(r.tenure.number_id)),
        Column(gettext_lazy("Item"), item_text),
        Column(gettext_lazy("Case"), case_text),
        Column(gettext_lazy("Unusual because"), unusual_badges),
    )
    filters = (
        Filter(gettext_lazy("Sorted"), "order", ((NEWEST, gettext_lazy("newest first"), Q()),)),
        Filter(
            gettext_lazy("Unusual because"),
            "flag",
            tuple((f.value, f.label, Q(flags__contains=[f.value])) for f in Flag),
        ),
        PURPOSES,
    )
    search_label = gettext_lazy("Number or login")
    search_help = gettext_lazy("The whole number, or the login of the person who looked.")
    empty = gettext_lazy("No reveal matches.")

    @property
    def order(self) -> tuple[str, ...]:  # type: ignore[override]
        """Unusual first, unless the newest are asked for."""
        return ("-id",) if self.request.GET.get("order") == NEWEST else ("-unusual", "-id")

    def queryset(self) -> QuerySet[Reveal]:
        return reveals()

    def shown_filters(self) -> list[tuple[Any, list[Choice]]]:
        """An order is never all: without a choice it is the other one."""
        (order, (usual, *orders)), *rest = super().shown_filters()
        return [(order, [Choice(gettext_lazy("unusual first"), usual.url, usual.current), *orders]), *rest]

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        try:
            return rows.filter(tenure__number=parse(text))
        except Invalid:
            return rows.filter(staff__username=text)


class RevealPage(ObjectPage):
    page = "reveal"
    model = Reveal

    def queryset(self) -> QuerySet[Reveal]:
        return reveals().select_related("request")

    def heading(self, obj: Reveal) -> str:
        return _("Reveal %(reveal)s") % {"reveal": obj}

    def badges(self, obj: Reveal) -> list[Any]:
        return [standing(obj), *unusual_badges(obj)]

    def facts(self, obj: Reveal) -> list[Fact]:
        facts = [
            Fact(_("Who"), obj.staff),
            Fact(_("Time"), when(obj.at, exact=True)),
            until_fact(obj),
            *asked_facts(obj),
        ]
        if obj.request_id and self.user.has_perm("accounts.view_revealrequest"):
            url = reverse("admin:accounts_revealrequest_change", args=[obj.request_id])
            facts.append(Fact(_("Agreed to in"), link(url, _("reveal request %(request)s") % {"request": obj.request})))
        return facts


@admin.register(Reveal)
class RevealAdmin(OpsModelAdmin):
    list_page = RevealLog
    object_page = RevealPage


class MyReveals(KeysetList):
    """What one has looked at oneself; a grant that still lasts is one click away."""

    page = "my_reveals"
    title = gettext_lazy("My reveals")
    model = Reveal
    permission = REVEAL
    nav = "admin:my_reveals"
    columns = (
        Column(gettext_lazy("Item"), item_text),
        Column(gettext_lazy("Tenure"), tenure_link),
        Column(gettext_lazy("Purpose"), lambda r: r.get_purpose_display()),
        Column(gettext_lazy("Case"), case_text),
        Column(gettext_lazy("Standing"), standing),
        Column(gettext_lazy("Time"), lambda r: when(r.at)),
    )
    filters = (PURPOSES,)
    order = ("-at", "-id")  # as the index of a person's own is
    none = empty = gettext_lazy("You have revealed nothing.")

    def queryset(self) -> QuerySet[Reveal]:
        return reveals().filter(staff=self.user)

    def url(self, row: Reveal) -> str:
        return identity_url(row.tenure_id) if is_over(row) else shown_url(row)


panels.page("reveals/mine/", "my_reveals", MyReveals)
panels.sidebar("enforcement", gettext_lazy("Reveal log"), LIST, "accounts.view_reveal", order=5)
panels.sidebar("work", gettext_lazy("My reveals"), "admin:my_reveals", REVEAL, order=6)
