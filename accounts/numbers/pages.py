"""The list and the page of numbers on the staff web. The apps above add their panels to the page."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.corrections.queries import open_before
from accounts.declarations.queries import is_self_dealing, numbers_before
from accounts.lifecycle import PREMIUM_FROM_TIER, Lifecycle, Protection, Shown
from accounts.models import Number, Tenure
from accounts.numbers.parsing import DIGITS_MAX, parse, parse_list, prefix_ranges
from accounts.numbers.queries import last_login_of, shown_of, shown_until
from accounts.resources.queries import range_of
from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, HistoryPage, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Fact

TONES = {
    Shown.IN_USE: "good",
    Shown.ALLOCATED: "info",
    Shown.CANCEL_PENDING: "warn",
    Shown.RESTRICTED: "warn",
    Shown.FROZEN: "cold",
    Shown.TERMINATED: "bad",
}
PAGE_OF_TARGETS = 200  # most numbers of one form; longer lists are uploaded as a file


# Labels of `due_at`, by lifecycle.
DUE = {
    Lifecycle.CANCEL_PENDING: gettext_lazy("Cooling-off ends"),
    Lifecycle.TERMINATED: gettext_lazy("Kept until"),
    Lifecycle.QUARANTINED: gettext_lazy("Quarantine ends"),
}


def charge(tenure: Tenure) -> str:
    """Return the charge of a tenure: free, or the end of the paid time and the order."""
    if not tenure.paid:
        return _("free")
    until = f"{timezone.localtime(tenure.paid_until):%Y-%m-%d}" if tenure.paid_until else "–"
    order = _("order %(order)s") % {"order": tenure.order_ref} if tenure.order_ref else ""
    return " · ".join(filter(None, [_("paid until %(day)s") % {"day": until}, order]))


def state_badge(number: Number) -> Any:
    state = shown_of(number)
    return badge(state.label, TONES.get(state, "quiet"))


def tier_badge(number: Number) -> Any:
    if number.tier < PREMIUM_FROM_TIER:
        return ""
    return badge(_("premium %(tier)d") % {"tier": number.tier}, "info")


def protection_badge(number: Number) -> Any:
    if not number.protection:
        return ""
    return badge(_("protected: %(kind)s") % {"kind": number.get_protection_display()}, "warn")


def own_badge(number: Number) -> Any:
    return badge(_("declared by you"), "warn") if is_self_dealing(number) else ""


def _not_over() -> Q:
    return ~Q(lifecycle__in=(Lifecycle.TERMINATED, Lifecycle.CANCEL_PENDING))


def _frozen() -> Q:
    # “is not null” makes the partial index usable. The comparison excludes freezes that have expired.
    return Q(frozen_until__isnull=False, frozen_until__gt=timezone.now()) & _not_over()


def _restricted() -> Q:
    now = timezone.now()
    unfrozen = Q(frozen_until__isnull=True) | Q(frozen_until__lte=now)
    return Q(restricted_until__isnull=False, restricted_until__gt=now) & unfrozen & _not_over()


class NumberList(KeysetList):
    page = "numbers"
    title = gettext_lazy("Numbers")
    permission = "accounts.view_number"
    model = Number
    columns = (
        Column(gettext_lazy("Number"), lambda n: digits(n.pk)),
        Column(gettext_lazy("State"), state_badge),
        Column(gettext_lazy("Tier"), tier_badge),
        Column(gettext_lazy("Until"), lambda n: when(shown_until(n)) if shown_until(n) else ""),
        Column(gettext_lazy("Last login"), lambda n: when(n.last_login) if n.last_login else ""),
    )
    filters: Sequence[Filter] = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("frozen", Shown.FROZEN.label, _frozen),
                ("restricted", Shown.RESTRICTED.label, _restricted),
            ),
        ),
        Filter(
            gettext_lazy("Lifecycle"),
            "lifecycle",
            tuple((state.value, state.label, Q(lifecycle=state.value)) for state in Lifecycle),
        ),
        Filter(gettext_lazy("Tier"), "tier", (("premium", gettext_lazy("premium"), Q(tier__gte=PREMIUM_FROM_TIER)),)),
        Filter(
            gettext_lazy("Protection"),
            "protection",
            (
                ("any", gettext_lazy("protected"), ~Q(protection="")),
                *((p.value, p.label, Q(protection=p.value)) for p in Protection),
            ),
        ),
    )
    order = ("id",)
    tick = "number"
    search_label = gettext_lazy("Number")
    search_help = gettext_lazy("The whole number opens its page; its first digits list what begins so.")
    empty = gettext_lazy("No number matches.")
    none = gettext_lazy("No number yet: numbers come out of ranges. A number-resource manager opens one.")

    def queryset(self) -> QuerySet[Number]:
        return numbers_before(self.user)

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        if url := number_url(self.request, text):
            return HttpResponseRedirect(url)
        if not begins_numbers(text):
            return self.not_repeated(_("Type a number, or its first digits."))
        wanted = Q()
        for low, high in prefix_ranges(text):
            wanted |= Q(pk__gte=low, pk__lte=high)
        return rows.filter(wanted)


class NumberPage(ObjectPage):
    page = "number"
    model = Number
    permission = "accounts.view_number"
    copyable = True

    def queryset(self) -> QuerySet[Number]:
        related = ("tenure__rules_version", "tenure__identity", "tenure__identity_key")
        return numbers_before(self.user).select_related(*related).annotate(open_demands=open_before("tenure"))

    def badges(self, obj: Number) -> list[Any]:
        return [state_badge(obj), *filter(None, [tier_badge(obj), protection_badge(obj), own_badge(obj)])]

    def facts(self, obj: Number) -> list[Fact]:
        facts = [Fact(_("Lifecycle"), obj.get_lifecycle_display())]
        if until := shown_until(obj):
            facts.append(Fact(_("State until"), when(until, exact=True)))
        facts.append(Fact(_("Tier"), obj.tier))
        if tenure := obj.tenure:
            facts += [
                Fact(_("Tenure"), _("no. %(seq)d, since %(day)s") % {
                    "seq": tenure.seq, "day": f"{timezone.localtime(tenure.started_at):%Y-%m-%d}"},
                    _("the holder has the right of use; the number stays the operator's (2)")),
                Fact(_("Registered by"), tenure.get_channel_display()),
                Fact(_("Charge"), charge(tenure)),
                Fact(_("Rules accepted"), f"{tenure.rules_version.version} · {tenure.get_acceptance_display()}"),
                Fact(_("Last login"), when(last_login_of(obj), exact=True)),
            ]  # fmt: skip
        if obj.terminated_under:
            facts.append(Fact(_("Terminated"), when(obj.terminated_at, exact=True), _("under clause %(clause)s") % {
                "clause": obj.terminated_under}))  # fmt: skip
        if obj.due_at and obj.lifecycle in DUE:
            facts.append(Fact(DUE[Lifecycle(obj.lifecycle)], when(obj.due_at, exact=True)))
        if obj.reclaim_exempt_reason:
            facts.append(Fact(_("Exempt from reclaim"), obj.reclaim_exempt_reason))
        if obj.protection:
            needs = _("nobody acts on it without a supervisor")
            facts.append(Fact(_("Protection"), obj.get_protection_display(), needs))
        if obj.legal_hold:
            facts.append(Fact(_("Legal hold"), _("yes: it may not be terminated")))
        return facts


class NumberHistory(HistoryPage):
    """The history of a number under its present holder. People who review the record see all of it."""

    def rows(self) -> QuerySet[Any]:
        rows = super().rows()
        return rows if self.user.has_perm("audit.view_event") else rows.filter(tenure_id=self.object.tenure_id)


@admin.register(Number)
class NumberAdmin(OpsModelAdmin):
    list_page = NumberList
    object_page = NumberPage
    history_page = NumberHistory


def number_url(request: HttpRequest, text: str) -> str | None:
    """Return the URL of the page of exactly this number, free or not, or None. None too if the user may not see it."""
    if not request.user.has_perm("accounts.view_number"):
        return None
    try:
        wanted = parse(text)
    except Invalid:
        return None
    if Number.objects.filter(pk=wanted).exists():
        return reverse("admin:accounts_number_change", args=[wanted])
    return reverse("admin:free_number", args=[wanted]) if range_of(wanted) else None


def begins_numbers(text: str) -> bool:
    """Return True if a number can begin with this text. Text that looks like a mobile number cannot be one."""
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and not looks_personal(text)


def _filtered(request: HttpRequest, text: str) -> str | None:
    if begins_numbers(text) and request.user.has_perm("accounts.view_number"):
        return f"{reverse('admin:accounts_number_changelist')}?q={text}"
    return None


def chosen(request: HttpRequest) -> list[int]:
    """Return the distinct numbers in the query string of an act page. Raise Http404 if there are none or too many."""
    given = request.GET.getlist("number")
    try:
        found = list(dict.fromkeys(parse_list(given))) if given else []
    except Invalid as error:
        raise Http404(str(error)) from None
    if not 0 < len(found) <= PAGE_OF_TARGETS:
        raise Http404
    return found


def crumbs_of(numbers: Sequence[int]) -> list[tuple[Any, str]]:
    """Return the breadcrumbs of an act page: the list, and the number if there is only one."""
    crumbs: list[tuple[Any, str]] = [(_("Numbers"), reverse("admin:accounts_number_changelist"))]
    if len(numbers) == 1:
        crumbs.append((str(numbers[0]), reverse("admin:accounts_number_change", args=numbers)))
    return crumbs


def number_link(pk: int) -> Any:
    return link(reverse("admin:accounts_number_change", args=[pk]), digits(pk))


panels.sidebar("registry", gettext_lazy("Numbers"), "admin:accounts_number_changelist", "accounts.view_number")
panels.jump(number_url)
panels.jump(_filtered, order=9)
