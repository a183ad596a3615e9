"""Identity information on the staff web, masked: the list, one tenure's page, and the panel on its number's page."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import is_self_dealing
from accounts.identity.formats import Field
from accounts.identity.queries import Standing, identities, identity_of, masked, of_minor, registrant_of, standing
from accounts.models import CorrectionDemand, Identity, Number, Tenure, Verification
from accounts.numbers.pages import begins_numbers, number_link
from accounts.numbers.parsing import parse
from accounts.people.queries import is_own, with_own
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Fact, Panel

VIEW = "accounts.view_identity"
LIST = "admin:accounts_identity_changelist"
PROBLEMS = {
    CorrectionDemand.Problem.MISSING: "bad",
    CorrectionDemand.Problem.WRONG: "bad",
    CorrectionDemand.Problem.UNVERIFIED: "warn",
    CorrectionDemand.Problem.OUTDATED: "warn",
}
SHOWN = 50  # verifications on one page


def identity_url(tenure_id: int) -> str:
    return reverse("admin:accounts_identity_change", args=[tenure_id])


def problem_badge(problem: str) -> Any:
    if not problem:
        return ""
    known = CorrectionDemand.Problem(problem)
    return badge(known.label, PROBLEMS[known])


def standing_badges(identity: Identity | None) -> list[Any]:
    """Return the badges of the whole identity: nothing recorded, erased, locked, or a minor's."""
    if identity is None:
        return [badge(_("nothing recorded"), "quiet")]
    if identity.erased_at:
        return [badge(_("erased"), "quiet")]
    if identity.locked_at:
        return [badge(_("processing stopped"), "warn")]
    return [badge(_("minor"), "warn")] if of_minor(identity) else []


def declared_badge() -> Any:
    """Return the badge that replaces all masked items of a number that the viewer declared."""
    return badge(_("a number you declared"), "warn")


def completeness(tenure: Tenure) -> Any:
    problems = [item for item in standing(tenure) if item.problem]
    if not problems:
        return badge(_("complete"), "good")
    return badge(_("incomplete: %(n)d") % {"n": len(problems)}, "warn")


def mask_rows(rows: Iterable[Any]) -> None:
    """Set `shown` and `badges` on each row. Open only the two items that a list shows. Rows come from `with_own()`."""
    for identity in rows:
        if is_own(identity):
            identity.shown, identity.badges = {}, [declared_badge()]
            continue
        identity.shown = masked(identity, (Field.NAME, Field.MOBILE))
        identity.badges = [
            *standing_badges(identity),
            *([] if identity.erased_at else [completeness(identity.tenure)]),
        ]


class IdentityList(KeysetList):
    page = "identities"
    title = gettext_lazy("Identity information")
    model = Identity
    columns = (
        Column(gettext_lazy("Number"), lambda i: digits(i.tenure.number_id)),
        Column(gettext_lazy("Tenure"), lambda i: i.tenure.seq, numeric=True),
        Column(gettext_lazy("Name"), lambda i: i.shown.get(Field.NAME)),
        Column(gettext_lazy("Mobile"), lambda i: i.shown.get(Field.MOBILE)),
        Column(gettext_lazy("Standing"), lambda i: i.badges),
        Column(gettext_lazy("Document verified"), lambda i: when(i.document_verified_at)),
    )
    filters = (
        Filter(
            gettext_lazy("Standing"),
            "standing",
            (
                ("locked", gettext_lazy("processing stopped"), Q(locked_at__isnull=False)),
                ("erased", gettext_lazy("erased"), Q(erased_at__isnull=False)),
            ),
        ),
    )
    order = ("-tenure_id",)
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The whole number. By a person's values: “Search for a person”.")
    empty = gettext_lazy("No identity information matches.")

    def queryset(self) -> QuerySet[Identity]:
        return with_own(identities(), self.user)

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        try:
            wanted = rows.filter(tenure__number=parse(text))
            found = list(wanted.order_by("-pk")[:2])
        except Invalid:
            wanted, found = None, []
        if len(found) == 1:
            return HttpResponseRedirect(identity_url(found[0].pk))
        if wanted is None or not (found or begins_numbers(text)):
            return self.not_repeated(_("Type the whole number."))
        return wanted

    def cut(self, rows: QuerySet[Any]) -> None:
        super().cut(rows)
        mask_rows(self.rows)


class IdentityPage(ObjectPage):
    page = "identity"
    model = Identity

    def queryset(self) -> QuerySet[Identity]:
        return with_own(identities().select_related("tenure__registrant"), self.user)

    def heading(self, obj: Identity) -> str:
        return _("Identity information of %(number)s") % {"number": obj.tenure.number_id}

    def badges(self, obj: Identity) -> list[Any]:
        return [declared_badge()] if is_own(obj) else standing_badges(obj)

    def facts(self, obj: Identity) -> list[Fact]:
        facts = [
            Fact(_("Number"), number_link(obj.tenure.number_id)),
            Fact(_("Tenure"), _("no. %(seq)d, since %(day)s") % {
                "seq": obj.tenure.seq, "day": f"{timezone.localtime(obj.tenure.started_at):%Y-%m-%d}"}),
        ]  # fmt: skip
        if obj.tenure.ended_at:
            facts.append(Fact(_("Ended"), when(obj.tenure.ended_at, exact=True)))
        if obj.document_kind:
            facts.append(Fact(_("Kind of document"), obj.get_document_kind_display()))
        if obj.locked_at:
            facts.append(Fact(_("Processing stopped"), when(obj.locked_at, exact=True)))
        if obj.erased_at:
            facts.append(Fact(_("Erased"), when(obj.erased_at, exact=True)))
        return facts


@admin.register(Identity)
class IdentityAdmin(OpsModelAdmin):
    list_page = IdentityList
    object_page = IdentityPage


def _items(request: HttpRequest, identity: Identity) -> Panel:
    """Show each item masked, with its dates, its problem, and the act on it."""
    shown = {} if is_own(identity) else masked(identity)
    head = [_("Item"), _("Masked"), _("Given"), _("Verified"), _("Standing"), _("Act")]
    rows = [
        (
            item.field.label,
            shown.get(item.field),
            when(item.given_at),
            when(item.verified_at),
            problem_badge("" if identity.erased_at else item.problem),  # erased items are not reported as missing
            _item_act(request, (identity, "holder", item)),
        )
        for item in standing(identity.tenure)
    ]
    return Panel(_("Current information"), "ops/panel_table.html", {"head": head, "rows": rows})


def _item_act(request: HttpRequest, row: tuple[Identity, str, Standing]) -> Any:
    act = panels.row_act_for("identity_item", request, row)
    return link(act.url, act.label) if act else ""


def _registrant(request: HttpRequest, identity: Identity) -> Panel | None:
    """Show the initial registrant as first recorded, without later changes (8.2(a))."""
    registrant = registrant_of(identity.tenure)
    if registrant is None:
        return None
    shown = {} if identity.locked_at or is_own(identity) else masked(registrant)
    head = [_("Item"), _("Masked"), _("Act")]
    rows = []
    for item in Field:
        if getattr(registrant, item) is not None:
            standing_then = Standing(item, False, registrant.recorded_at, None, "")
            rows.append((item.label, shown.get(item), _item_act(request, (identity, "registrant", standing_then))))
    title = _("Initial registrant, as recorded on %(day)s") % {
        "day": f"{timezone.localtime(registrant.recorded_at):%Y-%m-%d}"
    }
    return Panel(title, "ops/panel_table.html", {"head": head, "rows": rows})


def _verifications(request: HttpRequest, identity: Identity) -> Panel:
    found = (
        Verification.objects.filter(tenure=identity.tenure_id).select_related("staff").order_by("-at", "-pk")[:SHOWN]
    )
    head = [_("Item"), _("Method"), _("Result"), _("Source"), _("Legal basis"), _("By"), _("Time")]
    rows = [
        (
            v.get_field_display(),
            v.get_method_display(),
            v.get_result_display(),
            v.source,
            v.basis,
            v.staff,
            when(v.at),
        )
        for v in found[:SHOWN]
    ]
    return Panel(_("Verifications"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _on_number(request: HttpRequest, number: Number) -> Panel | None:
    """Show the masked identity of the holder. `NumberPage` has selected the related rows."""
    if number.tenure is None or not request.user.has_perm(VIEW):
        return None
    identity = identity_of(number.tenure)
    facts, own = [], is_self_dealing(number)
    if identity is not None and not identity.erased_at and not own:
        shown = masked(identity)
        facts = [
            Fact(item.field.label, [shown.get(item.field, ""), problem_badge(item.problem)] if item.problem
                 else shown.get(item.field, ""))
            for item in standing(number.tenure)
            if item.given_at or item.problem
        ]  # fmt: skip
    standing_now = [declared_badge()] if own else standing_badges(identity) or [completeness(number.tenure)]
    facts.insert(0, Fact(_("Standing"), standing_now))
    if identity is not None:
        facts.append(Fact(_("More"), link(identity_url(identity.pk), _("identity page"))))
    return Panel(_("Identity information"), "ops/panel_facts.html", {"facts": facts}, side="right")


def _act(request: HttpRequest, number: Number | None) -> list[Act]:
    """Link the number's page to the identity page, with a keyboard shortcut."""
    if number is None or number.tenure is None or not request.user.has_perm(VIEW):
        return []
    identity = identity_of(number.tenure)
    return [Act(_("Identity information"), identity_url(identity.pk), key="i")] if identity else []


panels.sidebar("registry", gettext_lazy("Identity information"), LIST, VIEW, order=2)
panels.register("identity", _items)
panels.register("identity", _registrant, order=1)
panels.register("identity", _verifications, order=2)
panels.register("number", _on_number, order=1)
panels.toolbar("number", _act, order=8)
