"""The page that searches for a person by an exact value, and the list of tenures that share a value with one."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.identity.formats import LENGTH_MAX, DocumentKind, Field
from accounts.identity.pages import LIST, completeness, declared_badge, identity_url, mask_rows, standing_badges
from accounts.identity.queries import identities, masked
from accounts.models import Identity, Tenure
from accounts.numbers.pages import state_badge
from accounts.people import services
from accounts.people.queries import Strength, is_own, linked, linked_by, linking_fields, with_own
from qqops.core.errors import Invalid, Refused
from qqops.templatetags.ops import badge, digits, link
from qqops.web import panels
from qqops.web.pages import Column, KeysetList, Page
from qqops.web.panels import Panel

# Each choice of the form as (item, kind of document).
WHAT: dict[str, tuple[str, str]] = {
    "": ("", ""),
    **{kind.value: (Field.DOCUMENT.value, kind.value) for kind in DocumentKind},
    **{field.value: (field.value, "") for field in (Field.MOBILE, Field.EMAIL, Field.NAME)},
}
TONES = {Strength.STRONG: "warn", Strength.MEDIUM: "info", Strength.WEAK: "quiet"}


class Unrepeated(forms.TextInput):
    """A text input that never renders its value, because the value is personal data."""

    def format_value(self, value: Any) -> None:
        return None


class PersonForm(forms.Form):
    value = forms.CharField(
        label=gettext_lazy("Exact value"),
        widget=Unrepeated(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        help_text=gettext_lazy(
            "The whole ID number, mobile, e-mail or name. The search is recorded, the value is not."
        ),
        max_length=LENGTH_MAX,
    )
    what = forms.ChoiceField(
        label=gettext_lazy("What it is"),
        choices=[
            ("", gettext_lazy("told by its form")),
            *DocumentKind.choices,
            *((field.value, field.label) for field in (Field.MOBILE, Field.EMAIL, Field.NAME)),
        ],
        required=False,
    )


class PeoplePage(Page):
    """A page that takes the value by POST, so that it is in no URL, and returns the form without it."""

    title = gettext_lazy("Search for a person")
    permission = services.SEARCH
    template = "accounts/people.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = "admin:people"

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render(form=PersonForm())
        return self.search(PersonForm(self.request.POST))

    def search(self, form: PersonForm, *, jumped: bool = False) -> HttpResponseBase:
        """Show the results. From the jump box, redirect to the page of a single result."""
        if not form.is_valid():
            return self.render(form=form)
        field, kind = WHAT[form.cleaned_data["what"]]
        try:
            found = services.search(
                field, form.cleaned_data["value"], actor=self.user, document_kind=kind, counted=jumped
            )
        except (Invalid, Refused) as error:
            form.add_error("value", str(error))
            return self.render(form=form, status=403 if isinstance(error, Refused) else 200)
        if jumped and len(found.identities) == 1 and not is_own(found.identities[0]):
            return HttpResponseRedirect(_page_of(found.identities[0]))
        return self.render(form=form, found=[_results(found)], more=found.more, shown=services.FOUND_MAX)


def _page_of(identity: Identity) -> str:
    """Return the URL of the number; of the identity if the tenure has ended: a number's page shows its holder only."""
    if identity.tenure.ended_at is not None:
        return identity_url(identity.pk)
    return reverse("admin:accounts_number_change", args=[identity.tenure.number_id])


def _tenure(tenure: Tenure) -> Any:
    return [_("no. %(seq)d") % {"seq": tenure.seq}, *([badge(_("over"), "quiet")] if tenure.ended_at else [])]


def _results(found: services.Found) -> Panel:
    n = len(found.identities)
    title = ngettext("By %(item)s: %(n)d tenure", "By %(item)s: %(n)d tenures", n) % {"item": found.field.label, "n": n}
    other = [] if found.field == Field.NAME else [found.field]
    items = [_("Name"), *(capfirst(field.label) for field in other)]
    head = [_("Number"), _("State"), _("Tenure"), *items, _("Identity information"), _("More")]
    rows = [_row(identity, other) for identity in found.identities]
    return Panel(title, "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("Nobody has exactly this.")})


def _row(identity: Identity, other: Sequence[Field]) -> list[Any]:
    if is_own(identity):  # declared by the viewer: only another person may look it up
        return [declared_badge(), *[""] * (5 + len(other))]
    shown = masked(identity, (Field.NAME, *other))
    tenure = identity.tenure
    return [
        link(_page_of(identity), digits(tenure.number_id)),
        "" if tenure.ended_at else state_badge(tenure.number),
        _tenure(tenure),
        shown.get(Field.NAME),
        *(shown.get(field) for field in other),
        [*standing_badges(identity), completeness(tenure)],
        link(identity_url(identity.pk), _("identity page")),
    ]


def _number_cell(identity: Identity) -> Any:
    return declared_badge() if is_own(identity) else digits(identity.tenure.number_id)


def strength_badge(strength: Strength) -> Any:
    return badge(strength.label, TONES[strength])


def _jump(request: HttpRequest, text: str) -> HttpResponseBase | None:
    """Search for a text that looks like a document, mobile or e-mail. Skip names, as any text may be one."""
    kinds = [field for field, _kind in services.guesses(text)]
    if not kinds or Field.NAME in kinds or not request.user.has_perm(services.SEARCH):
        return None
    request.current_app = admin.site.name
    return PeoplePage(admin.site, request).search(PersonForm({"value": text}), jumped=True)


class LinkedList(KeysetList):
    """A list of the other tenures with the same document, mobile or e-mail, masked."""

    page = "linked"
    model = Identity
    template = "accounts/people_linked.html"
    permission = services.SEARCH
    nav = LIST
    columns = (
        Column(gettext_lazy("Number"), _number_cell),
        Column(gettext_lazy("Tenure"), lambda i: None if is_own(i) else _tenure(i.tenure)),
        Column(gettext_lazy("Name"), lambda i: i.shown.get(Field.NAME)),
        Column(gettext_lazy("Mobile"), lambda i: i.shown.get(Field.MOBILE)),
        Column(gettext_lazy("Link"), lambda i: strength_badge(Strength(i.strength))),
        Column(gettext_lazy("Standing"), lambda i: None if is_own(i) else i.badges),
    )
    order = ("-tenure_id",)
    none = empty = gettext_lazy("No other tenure shares this.")

    def setup(self) -> None:
        found = with_own(identities(), self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None or is_own(found) or self.kwargs["field"] not in linking_fields(found):
            raise Http404
        self.identity, self.field_shared = found, Field(self.kwargs["field"])

    def heading_title(self) -> str:
        return _("Same %(item)s as %(number)s") % {
            "item": self.field_shared.label,
            "number": self.identity.tenure.number_id,
        }

    def crumbs(self) -> list[tuple[Any, str]]:
        return [
            (_("Identity information"), reverse(LIST)),
            (str(self.identity.tenure.number_id), identity_url(self.identity.pk)),
        ]

    def queryset(self) -> QuerySet[Identity]:
        return linked_by(self.identity, self.field_shared, self.user)

    def cut(self, rows: QuerySet[Any]) -> None:
        super().cut(rows)
        mask_rows(self.rows)

    def url(self, row: Identity) -> str:
        return reverse("admin:declared") if is_own(row) else _page_of(row)


def _links(request: HttpRequest, identity: Identity) -> Panel | None:
    """Count the tenures that share an item (4.1, 8.2): a hint that one person uses several numbers, to be weighed."""
    if not request.user.has_perm(services.SEARCH) or is_own(identity) or not (links := linked(identity)):
        return None
    head = [_("Same"), _("Other tenures"), _("Strength"), _("More")]
    rows = [
        (
            one.field.label,
            f"{one.count}+" if one.capped else one.count,
            strength_badge(one.strength),
            link(reverse("admin:linked", args=[identity.pk, one.field.value]), _("list")),
        )
        for one in links
    ]
    return Panel(_("Linked numbers"), "accounts/people_links.html", {"head": head, "rows": rows})


panels.page("people/", "people", PeoplePage)
panels.page("identity/<int:pk>/links/<str:field>/", "linked", LinkedList)
panels.sidebar("registry", PeoplePage.title, "admin:people", services.SEARCH, order=1)
panels.register("identity", _links, order=3)
panels.jump(_jump, order=1)
