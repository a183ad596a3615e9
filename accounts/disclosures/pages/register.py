"""The disclosure register on the staff web: the list, one request with its letters, and what hangs on them."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from accounts.disclosures import services
from accounts.disclosures.policy import PAPERS, basis_here
from accounts.disclosures.queries import disclosures, waiting_for
from accounts.disclosures.services import OPEN_STATES, VIEW
from accounts.models import AskedBy, DataClass, Disclosure, DisclosurePaper, Release
from qqops.audit.models import Event
from qqops.core import receipts
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, digits, due, verbatim, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Entry, Fact, Panel

LIST = "admin:accounts_disclosure_changelist"
State = Disclosure.State
STANDING = {
    State.REGISTERED: (gettext_lazy("waiting for review"), "warn"),
    State.REVIEWED: (gettext_lazy("waiting for release"), "info"),
    State.DONE: (gettext_lazy("done"), "good"),
    State.REFUSED: (pgettext_lazy("request", "refused"), "bad"),
}


def disclosure_url(disclosure: Disclosure) -> str:
    return reverse("admin:accounts_disclosure_change", args=[disclosure.pk])


def badges_of(disclosure: Disclosure) -> list[Any]:
    found = [badge(*STANDING[State(disclosure.state)])]
    if disclosure.secret:
        found.append(badge(_("secret"), "cold"))
    if disclosure.state in OPEN_STATES and disclosure.due_at < timezone.now():
        found.append(badge(_("overdue"), "bad"))
    return found


class DisclosureList(KeysetList):
    page = "disclosures"
    title = gettext_lazy("Disclosure register")
    model = Disclosure
    columns = (
        Column(gettext_lazy("Receipt number"), lambda d: digits(d.receipt)),
        Column(gettext_lazy("Asked by"), lambda d: d.get_asked_by_display()),
        Column(gettext_lazy("Standing"), badges_of),
        Column(gettext_lazy("Authority"), lambda d: d.authority),
        Column(gettext_lazy("Due"), lambda d: due(d.due_at, over=d.state not in OPEN_STATES)),
        Column(pgettext_lazy("person", "Registered by"), lambda d: d.maker),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                *((s.value, s.label, Q(state=s.value)) for s in State),
                (
                    "overdue",
                    gettext_lazy("overdue"),
                    lambda: Q(state__in=OPEN_STATES, due_at__lt=timezone.now()),
                ),
            ),
        ),
        Filter(gettext_lazy("Asked by"), "asked_by", tuple((a.value, a.label, Q(asked_by=a.value)) for a in AskedBy)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Receipt number")
    search_help = gettext_lazy("A whole receipt number, as it is read out.")
    empty = gettext_lazy("No request matches.")
    none = gettext_lazy("No request yet: register one when an authority or a person asks.")

    def queryset(self) -> QuerySet[Disclosure]:
        return disclosures(self.user)

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        receipt = receipts.read(text)
        if receipt is None:
            raise Invalid(_("This is no receipt number: its check character does not fit."))
        found = rows.filter(receipt=receipt).first()
        return HttpResponseRedirect(disclosure_url(found)) if found else rows.none()


class DisclosurePage(ObjectPage):
    page = "disclosure"
    model = Disclosure

    def queryset(self) -> QuerySet[Disclosure]:
        return disclosures(self.user).prefetch_related("targets")

    def badges(self, obj: Disclosure) -> list[Any]:
        return badges_of(obj)

    def facts(self, obj: Disclosure) -> list[Fact]:
        return facts_of(obj)


@admin.register(Disclosure)
class DisclosureAdmin(OpsModelAdmin):
    list_page = DisclosureList
    object_page = DisclosurePage


def facts_of(disclosure: Disclosure) -> list[Fact]:
    facts = [Fact(_("Asked by"), disclosure.get_asked_by_display())]
    if disclosure.authority:
        facts.append(Fact(_("Authority"), disclosure.authority))
    facts += [
        Fact(_("Legal basis"), basis_here(disclosure.legal_basis)),
        Fact(_("Information asked for"), [DataClass(one).label for one in disclosure.wants]),
        Fact(_("Period"), period_words(disclosure)),
        Fact(_("Due"), when(disclosure.due_at, exact=True)),
        Fact(_("Registered"), when(disclosure.registered_at, exact=True)),
        Fact(_("Taken in by"), disclosure.maker),
    ]
    if disclosure.reviewer:
        facts.append(Fact(_("Reviewed by"), disclosure.reviewer))
        facts.append(Fact(_("Reviewed"), when(disclosure.reviewed_at, exact=True)))
        facts.append(Fact(_("Reasons of the review"), disclosure.review_reason))
    if disclosure.closer:
        facts += [Fact(_("Last step by"), disclosure.closer), Fact(_("Reasons"), disclosure.close_reason)]
    return facts


def period_words(disclosure: Disclosure) -> str:
    if disclosure.period_from is None and disclosure.period_to is None:
        return _("none named: the tenure that is live")
    return _("%(first)s to %(last)s") % {"first": disclosure.period_from or "…", "last": disclosure.period_to or "…"}


def numbers_panel(request: HttpRequest, disclosure: Disclosure) -> Panel:
    rows = [
        (
            digits(target.number),
            target.tenure.seq if target.tenure else badge(_("nobody held it then"), "quiet"),
            target.tenure and when(target.tenure.started_at, exact=True),
            target.tenure and target.tenure.ended_at and when(target.tenure.ended_at, exact=True),
        )
        for target in disclosure.targets.select_related("tenure").order_by("number", "tenure__seq")
    ]
    head = [_("Number"), _("Tenure"), _("Started"), _("Ended")]
    return Panel(_("Numbers"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def papers_panel(request: HttpRequest, disclosure: Disclosure, *, beside: bool = False) -> Panel:
    """Beside a form there is room for neither hashes nor columns of yes and no: there a paper carries its marks."""
    rows = [
        (
            [PAPERS[paper.kind].label, *_marks(paper)] if beside else PAPERS[paper.kind].label,
            paper.number,
            digits(paper.dated) if paper.dated else "",
            digits(paper.deadline) if paper.deadline else "",
            *([] if beside else [paper.stamped if PAPERS[paper.kind].stamped else "", _hash(paper)]),
        )
        for paper in disclosure.papers.select_related("scan").defer("scan__content").order_by("pk")
    ]
    head = [_("Paper"), pgettext("paper", "Reference"), _("Date"), _("Deadline")]
    head += [] if beside else [_("Stamped"), _("SHA-256 of the scan")]
    return Panel(_("Papers"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _hash(paper: DisclosurePaper) -> Any:
    return format_html('<code class="hash">{}</code>', paper.scan.sha256) if hasattr(paper, "scan") else ""


def _marks(paper: DisclosurePaper) -> list[Any]:
    marks = ((paper.stamped, _("stamped")), (hasattr(paper, "scan"), _("scanned")))
    return [badge(label, "quiet") for has, label in marks if has]


def rulings_panel(request: HttpRequest, disclosure: Disclosure) -> Panel | None:
    rulings = list(disclosure.rulings.order_by("pk"))
    if not rulings:
        return None
    rows = [
        (
            one.get_data_class_display(),
            badge(_("granted"), "good") if one.granted else badge(pgettext("disclosure", "refused"), "bad"),
            one.reason,
        )
        for one in rulings
    ]
    head = [_("Information"), _("Ruling"), _("Reason")]
    return Panel(_("Rulings"), "ops/panel_table.html", {"head": head, "rows": rows})


def letters_panel(request: HttpRequest, disclosure: Disclosure) -> Panel:
    """In both languages: the answer is handed over in writing."""
    letters = [services.letter(disclosure, language) for language in ("zh-hans", "en")]
    title = _("Written answer, draft") if disclosure.state in OPEN_STATES else _("Written answer")
    return Panel(title, "accounts/disclosure_letter.html", {"letters": letters}, side="right")


def _released(request: HttpRequest, disclosure: Disclosure) -> Panel | None:
    made = Release.objects.filter(disclosure=disclosure).defer("content").first()
    if made is None:
        return None
    facts = [
        Fact(_("SHA-256"), made.sha256),
        Fact(_("Bytes"), made.size),
        Fact(_("Released"), when(made.at, exact=True)),
        Fact(_("Kept until"), when(made.until, exact=True)),
        Fact(_("Electronic proof"), verbatim(made.proof)),
    ]
    return Panel(_("Release"), "ops/panel_facts.html", {"facts": facts}, side="right")


def _story(request: HttpRequest, disclosure: Disclosure) -> list[Entry]:
    acts = list(Disclosure.history.filter(id=disclosure.pk).values_list("event_id", flat=True))
    acts += disclosure.papers.exclude(scan=None).values_list("scan__event_id", flat=True)
    return [
        Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))
        for event in Event.objects.filter(pk__in=acts)
    ]


def _by_receipt(request: HttpRequest, text: str) -> str | None:
    """The jump box: a receipt number leads to its request."""
    receipt = receipts.read(text)
    if receipt is None or not request.user.has_perm(VIEW):
        return None
    found = disclosures(panels.staff_at(request)).filter(receipt=receipt).first()
    return disclosure_url(found) if found else None


def _called(pk: int, receipt: str) -> tuple[str, str]:
    return _("Disclosure %(receipt)s") % {"receipt": receipt}, reverse("admin:accounts_disclosure_change", args=[pk])


overview.work(waiting_for, _called, what="receipt", since="registered_at", until="due_at")
panels.sidebar("work", gettext_lazy("Disclosure register"), LIST, VIEW, count=waiting_for, order=5)
panels.register("disclosure", numbers_panel)
panels.register("disclosure", papers_panel, order=1)
panels.register("disclosure", rulings_panel, order=2)
panels.register("disclosure", letters_panel)
panels.register("disclosure", _released, order=1)
panels.timeline("disclosure", _story)
panels.jump(_by_receipt)
