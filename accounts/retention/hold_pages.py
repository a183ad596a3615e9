"""Holds on the staff web: the list, the page of a hold, and the pages that place and lift legal holds."""

import datetime
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

from accounts.declarations.queries import is_self_dealing, own_numbers
from accounts.models import Hold, Identity, Number, Tenure
from accounts.numbers.pages import chosen, crumbs_of, number_link
from accounts.numbers.parsing import parse
from accounts.protection.services import attempted
from accounts.retention import holds as services
from accounts.rights.queries import open_holds
from qqops.audit import recorder
from qqops.core.days import end_of
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, ConfirmPage, Filter, KeysetList, ObjectPage, OpsModelAdmin, Preview
from qqops.web.panels import Act, Fact, Panel

VIEW = "accounts.view_hold"
LIST = "admin:accounts_hold_changelist"
SHOWN = 50


def holds_before(user: Any) -> QuerySet[Hold]:
    """Return the holds that the user may see.

    Without the permission for secret disclosures, these are legal holds only, because the others name the request that
    they belong to. The same applies to numbers that the user declared.
    """
    rows, legal = Hold.objects.select_related("tenure", "placed_by", "lifted_by"), Q(kind=Hold.Kind.LEGAL)
    if not user.has_perm("accounts.view_secret_disclosure"):
        return rows.filter(legal)
    return rows.filter(legal | ~Q(tenure__number__in=own_numbers(user).values("number")))


def hold_url(hold: Hold) -> str:
    return reverse("admin:accounts_hold_change", args=[hold.pk])


def standing(hold: Hold) -> Any:
    if hold.lifted_at:
        return badge(_("lifted"), "quiet")
    if hold.until and hold.until <= timezone.now():
        return badge(_("over"), "quiet")
    return badge(_("still holds"), "warn")


class HoldList(KeysetList):
    page = "holds"
    title = gettext_lazy("Holds")
    model = Hold
    columns = (
        Column(gettext_lazy("Number"), lambda h: digits(h.tenure.number_id)),
        Column(gettext_lazy("Kind"), lambda h: h.get_kind_display()),
        Column(gettext_lazy("Reference"), lambda h: h.reference),
        Column(gettext_lazy("Standing"), standing),
        Column(gettext_lazy("Placed by"), lambda h: h.placed_by),
        Column(gettext_lazy("Placed"), lambda h: when(h.placed_at)),
    )
    filters = (
        Filter(
            gettext_lazy("Standing"),
            "standing",
            (
                ("open", gettext_lazy("still holds"), open_holds),
                ("lifted", gettext_lazy("lifted"), Q(lifted_at__isnull=False)),
            ),
        ),
        Filter(gettext_lazy("Kind"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in Hold.Kind)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The whole number.")
    empty = gettext_lazy("No hold matches.")
    none = gettext_lazy("No hold yet: one is placed from the page of a number.")

    def queryset(self) -> QuerySet[Hold]:
        return holds_before(self.user)

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        return rows.filter(tenure__number=parse(text))


class HoldPage(ObjectPage):
    page = "hold"
    model = Hold

    def queryset(self) -> QuerySet[Hold]:
        return holds_before(self.user)

    def heading(self, obj: Hold) -> str:
        return _("Hold on %(number)s") % {"number": obj.tenure.number_id}

    def badges(self, obj: Hold) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: Hold) -> list[Fact]:
        return hold_facts(obj)


def hold_facts(hold: Hold) -> list[Fact]:
    facts = [
        Fact(_("Number"), number_link(hold.tenure.number_id)),
        Fact(_("Tenure"), hold.tenure.seq),
        Fact(_("Kind"), hold.get_kind_display()),
        Fact(_("Reference"), hold.reference),
        Fact(_("Placed by"), hold.placed_by),
        Fact(_("Placed"), when(hold.placed_at, exact=True)),
    ]
    if hold.until:
        facts.append(Fact(_("Until"), when(hold.until, exact=True)))
    if hold.lifted_at:
        facts += [Fact(_("Lifted by"), hold.lifted_by), Fact(_("Lifted"), when(hold.lifted_at, exact=True))]
    return facts


@admin.register(Hold)
class HoldAdmin(OpsModelAdmin):
    list_page = HoldList
    object_page = HoldPage


# Placing and lifting


class PlaceForm(forms.Form):
    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=80,
        help_text=gettext_lazy("The number of the case or order. No personal data."),
    )
    until = forms.DateField(
        label=gettext_lazy("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Without a day it holds until it is lifted."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class PlaceHoldPage(ConfirmPage):
    """A page that places legal holds on the live tenures of the numbers in the URL, or on one live or ended tenure."""

    permission = services.PLACE
    proof = True
    form_class = PlaceForm
    nav = LIST

    def setup(self) -> None:
        rows = Tenure.objects.order_by("number_id")
        if self.request.GET.get("tenure"):
            text = self.request.GET["tenure"]
            known = text.isascii() and text.isdigit() and len(text) < 19
            self.tenures = list(rows.filter(pk=int(text))) if known else []
            if not self.tenures:
                raise Http404
            self.numbers = [self.tenures[0].number_id]
        else:
            self.numbers = chosen(self.request)
            self.tenures = list(rows.filter(number__in=self.numbers, ended_at=None))

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Legal hold on %(number)d") % {"number": self.numbers[0]}
        return _("Legal hold on %(n)d numbers") % {"n": len(self.numbers)}

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of(self.numbers)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        consequences = [_("While it stands, nothing is purged, erased or released, and no right of use is terminated.")]
        if without := sorted(set(self.numbers) - {tenure.number_id for tenure in self.tenures}):
            named = ", ".join(map(str, without))
            raise Invalid(_("Nobody holds these numbers: %(numbers)s. Nothing was done.") % {"numbers": named})
        if cleaned is None:
            services.check_place(self.tenures, "-", None, actor=self.user)
            return Preview("", "", consequences=consequences)
        tried = attempted("place_hold", self.numbers, len(self.numbers), kind=Hold.Kind.LEGAL.value)
        with recorder.refusals(actor=self.user, **tried):
            services.check_place(self.tenures, cleaned["reference"], until_of(cleaned), actor=self.user)
        must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str([tenure.pk for tenure in self.tenures]),
            button=_("Place the legal hold"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": [Fact(_("tenures"), len(self.tenures))]})],
            consequences=[*consequences, _("Only another person can lift it.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        placed = services.place(
            [tenure.pk for tenure in self.tenures],
            Hold.Kind.LEGAL,
            cleaned["reference"].strip(),
            actor=self.user,
            reason=cleaned["reason"],
            ticket=cleaned["ticket"],
            until=until_of(cleaned),
        )
        self.say(_("Legal holds placed: %(n)d.") % {"n": placed})
        if len(self.numbers) == 1:
            return reverse("admin:accounts_number_change", args=self.numbers)
        return reverse(LIST)


def until_of(cleaned: dict[str, Any]) -> datetime.datetime | None:
    return end_of(cleaned["until"]) if cleaned["until"] else None


class LiftForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class LiftHoldPage(ConfirmPage):
    permission = services.LIFT
    proof = True
    form_class = LiftForm
    nav = LIST

    def setup(self) -> None:
        found = holds_before(self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.hold: Hold = found

    def heading_title(self) -> str:
        return _("Lift the hold on %(number)s") % {"number": self.hold.tenure.number_id}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Holds"), reverse(LIST)), (str(self.hold), hold_url(self.hold))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            services.check_lift(self.hold, actor=self.user)
        else:
            with recorder.refusals(actor=self.user, subject=self.hold, facts={"act": "lift_hold"}):
                services.check_lift(self.hold, actor=self.user)
            must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str(self.hold.pk),
            button=_("Lift this hold"),
            danger=True,
            panels=[Panel(_("Hold"), "ops/panel_facts.html", {"facts": hold_facts(self.hold)})],
            consequences=[_("What it kept may then be erased when its time is over, unless something else keeps it.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        services.lift(self.hold, actor=self.user, **cleaned)
        self.say(_("The hold is lifted."))
        return hold_url(self.hold)


def _place_act(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if number is None or number.tenure is None or not request.user.has_perm(services.PLACE):
        return
    if not is_self_dealing(number):
        yield Act(_("Place a legal hold"), f"{reverse('admin:place_hold')}?number={number.pk}", key="u")


def _place_on_ended(request: HttpRequest, identity: Identity | None) -> Iterable[Act]:
    if identity is not None and identity.tenure.ended_at and request.user.has_perm(services.PLACE):
        yield Act(_("Place a legal hold"), f"{reverse('admin:place_hold')}?tenure={identity.pk}", key="u")


def _lift_act(request: HttpRequest, hold: Hold | None) -> list[Act]:
    if hold is None:
        return []
    try:
        services.check_lift(hold, actor=panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("Lift this hold"), reverse("admin:lift_hold", args=[hold.pk]), key="l", danger=True)]


def _on_number(request: HttpRequest, number: Number) -> Panel | None:
    """Show the legal holds of the number. Query them only if `legal_hold` is set."""
    if not number.legal_hold or number.tenure_id is None or not request.user.has_perm(VIEW):
        return None
    return _panel(request, number.tenure_id, Q(kind=Hold.Kind.LEGAL))


def _on_identity(request: HttpRequest, identity: Identity) -> Panel | None:
    return _panel(request, identity.pk, Q()) if request.user.has_perm(VIEW) else None


def _panel(request: HttpRequest, tenure: int, which: Q) -> Panel:
    rows = [
        (link(hold_url(one), one.reference), one.get_kind_display(), one.placed_by, when(one.placed_at))
        for one in holds_before(request.user).filter(which, open_holds(), tenure=tenure).order_by("-pk")[:SHOWN]
    ]
    table = {"head": [_("Reference"), _("Kind"), _("By"), _("Placed")], "rows": rows, "empty": _("None.")}
    return Panel(_("Holds"), "ops/panel_table.html", table, side="right")


panels.page("holds/place/", "place_hold", PlaceHoldPage)
panels.page("holds/<int:pk>/lift/", "lift_hold", LiftHoldPage)
panels.toolbar("number", _place_act, order=6)
panels.toolbar("identity", _place_on_ended, order=6)
panels.toolbar("hold", _lift_act)
panels.register("number", _on_number, order=3)
panels.register("identity", _on_identity, order=5)
panels.sidebar("registry", gettext_lazy("Holds"), LIST, VIEW, order=6)
