"""Declared numbers on the staff web: the user's own list, and all declarations, for the people who oversee them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.declarations import services
from accounts.declarations.queries import own_numbers
from accounts.models import DeclaredNumber
from accounts.numbers.parsing import parse, parse_text
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.templatetags.ops import badge, digits, when
from qqops.web import panels
from qqops.web.pages import Column, ConfirmPage, Filter, KeysetList, ObjectPage, OpsModelAdmin, Page, Preview
from qqops.web.panels import Act, Fact, Panel

RELATIONS = {
    DeclaredNumber.Relation.OWN: gettext_lazy("my own"),
    DeclaredNumber.Relation.RELATIVE: gettext_lazy("a relative's"),
}
SHOWN = 500


class DeclareForm(forms.Form):
    numbers = forms.CharField(
        label=gettext_lazy("Numbers"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One or several, with spaces, commas or lines between them."),
        max_length=4000,
    )
    relation = forms.ChoiceField(
        label=gettext_lazy("Whose"), choices=list(RELATIONS.items()), widget=forms.RadioSelect, initial="own"
    )


class OwnNumbersPage(Page):
    """The user's own list. Numbers can only be added here; another person ends a declaration."""

    title = gettext_lazy("My numbers")
    permission = services.DECLARE
    template = "accounts/declared.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:declared"

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render(form=DeclareForm())
        form = DeclareForm(self.request.POST)
        if not form.is_valid():
            return self.render(form=form)
        try:
            wanted = parse_text(form.cleaned_data["numbers"])
            done = services.declare(self.user, wanted, form.cleaned_data["relation"], actor=self.user)
        except Invalid as error:
            form.add_error("numbers", str(error))
            return self.render(form=form)
        if done.declared:
            self.say(
                ngettext("%(n)d number declared.", "%(n)d numbers declared.", done.declared) % {"n": done.declared}
            )
        if done.already:
            self.say(_("On your list already: %(n)d.") % {"n": done.already})
        return HttpResponseRedirect(reverse("admin:declared"))

    def context(self) -> dict[str, Any]:
        mine = own_numbers(self.user).order_by("-pk")[:SHOWN]
        rows = [(digits(d.number), RELATIONS[DeclaredNumber.Relation(d.relation)], when(d.declared_at)) for d in mine]
        head = [_("Number"), _("Whose"), _("Declared")]
        table = {"head": head, "rows": rows, "empty": _("You have declared none.")}
        return {"list": [Panel(_("What you have declared"), "ops/panel_table.html", table)]}


def standing(declared: DeclaredNumber) -> Any:
    return badge(_("over"), "quiet") if declared.ended_at else badge(_("declared"), "info")


class DeclaredList(KeysetList):
    page = "declarednumbers"
    title = gettext_lazy("Declared numbers")
    model = DeclaredNumber
    columns = (
        Column(gettext_lazy("Number"), lambda d: digits(d.number)),
        Column(gettext_lazy("Declared by"), lambda d: d.staff),
        Column(gettext_lazy("Relation"), lambda d: d.get_relation_display()),
        Column(gettext_lazy("Standing"), standing),
        Column(gettext_lazy("Declared"), lambda d: when(d.declared_at)),
    )
    filters = (
        Filter(
            gettext_lazy("Standing"),
            "standing",
            (
                ("live", gettext_lazy("declared"), Q(ended_at__isnull=True)),
                ("ended", gettext_lazy("over"), Q(ended_at__isnull=False)),
            ),
        ),
        Filter(
            gettext_lazy("Relation"),
            "relation",
            tuple((r.value, r.label, Q(relation=r.value)) for r in DeclaredNumber.Relation),
        ),
    )
    order = ("-id",)
    search_label = gettext_lazy("Number or login")
    search_help = gettext_lazy("The whole number, or the login of the person who declared it.")
    empty = gettext_lazy("No declaration matches.")
    none = gettext_lazy("Nobody has declared a number yet: each does it under “My numbers”.")

    def queryset(self) -> QuerySet[DeclaredNumber]:
        return DeclaredNumber.objects.select_related("staff")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        try:
            return rows.filter(number=parse(text))
        except Invalid:
            return rows.filter(staff__username=text)


class DeclaredPage(ObjectPage):
    page = "declarednumber"
    model = DeclaredNumber

    def queryset(self) -> QuerySet[DeclaredNumber]:
        return DeclaredNumber.objects.select_related("staff", "ended_by")

    def badges(self, obj: DeclaredNumber) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: DeclaredNumber) -> list[Fact]:
        facts = [
            Fact(_("Declared by"), obj.staff),
            Fact(_("Relation"), obj.get_relation_display()),
            Fact(_("Declared"), when(obj.declared_at, exact=True)),
        ]
        if obj.ended_at:
            facts += [Fact(_("Ended"), when(obj.ended_at, exact=True)), Fact(_("Ended by"), obj.ended_by)]
        return facts


@admin.register(DeclaredNumber)
class DeclaredNumberAdmin(OpsModelAdmin):
    list_page = DeclaredList
    object_page = DeclaredPage


class EndForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class EndPage(ConfirmPage):
    """The page on which another person ends a declaration."""

    permission = services.END
    proof = True
    form_class = EndForm
    nav = "admin:accounts_declarednumber_changelist"

    def setup(self) -> None:
        found = DeclaredNumber.objects.select_related("staff").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.declared: DeclaredNumber = found

    def heading_title(self) -> str:
        return _("End this declaration: %(number)s") % {"number": self.declared}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [
            (_("Declared numbers"), reverse("admin:accounts_declarednumber_changelist")),
            (str(self.declared), self.address()),
        ]

    def address(self) -> str:
        return reverse("admin:accounts_declarednumber_change", args=[self.declared.pk])

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            services.check_end(self.declared, actor=self.user)
        else:
            with recorder.refusals(actor=self.user, subject=self.declared, facts={"act": "end_declaration"}):
                services.check_end(self.declared, actor=self.user)
            must_say_why(cleaned["reason"])
        person = Panel(_("Declaration"), "ops/panel_facts.html", {"facts": [
            Fact(_("Number"), digits(self.declared.number)),
            Fact(_("Declared by"), self.declared.staff),
            Fact(_("Relation"), self.declared.get_relation_display()),
        ]})  # fmt: skip
        return Preview(
            fingerprint=str(self.declared.pk),
            button=_("End this declaration"),
            panels=[person],
            consequences=[_("Whoever declared it may then act on the number, and rule on decisions about it.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        services.withdraw(self.declared, actor=self.user, **cleaned)
        self.say(_("The declaration has ended."))
        return self.address()


def _end_act(request: HttpRequest, declared: DeclaredNumber | None) -> list[Act]:
    if declared is None:
        return []
    try:
        services.check_end(declared, actor=panels.staff_at(request))
    except (Refused, Invalid):
        return []
    return [Act(_("End this declaration"), reverse("admin:end_declaration", args=[declared.pk]), key="e")]


panels.page("declared/", "declared", OwnNumbersPage)
panels.page("declared/<int:pk>/end/", "end_declaration", EndPage)
panels.toolbar("declarednumber", _end_act)
panels.sidebar("system", gettext_lazy("My numbers"), "admin:declared", services.DECLARE, order=4)
panels.sidebar(
    "system",
    gettext_lazy("Declared numbers"),
    "admin:accounts_declarednumber_changelist",
    "accounts.view_declarednumber",
    order=1,
)
