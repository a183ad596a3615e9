"""Data requests on the staff web: the register, and the page of a request with its letters."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.identity.formats import Field
from accounts.identity.pages import identity_url
from accounts.models import DataRequest, Identity, Release
from accounts.numbers.pages import number_link
from accounts.rights.policy import RIGHTS, Paper
from accounts.rights.queries import LANGUAGES, OPEN, data_requests, keepers, letter, overdue, waiting_for, words
from accounts.rights.services import CARRY_OUT, DECIDE
from qqops.core import receipts
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, digits, due, link, verbatim, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.pages.lists import Choice
from qqops.web.panels import Act, Fact, Panel

VIEW = "accounts.view_datarequest"
LIST = "admin:accounts_datarequest_changelist"
State, Outcome = DataRequest.State, DataRequest.Outcome
TONES = {State.REGISTERED: "warn", State.REVIEWED: "info", State.DONE: "good", State.REFUSED: "bad"}
SHOWN = 20


def law_of(kind: str) -> str:
    return str(RIGHTS[kind].law)


def request_url(request: DataRequest) -> str:
    return reverse("admin:accounts_datarequest_change", args=[request.pk])


def badges_of(request: DataRequest) -> list[Any]:
    found = [badge(State(request.state).label, TONES[State(request.state)])]
    if request.outcome and request.state != State.REFUSED:
        found.append(badge(Outcome(request.outcome).label, "info"))
    if request.state in OPEN and request.due_at < timezone.now():
        found.append(badge(_("overdue"), "bad"))
    return found


class DataRequestList(KeysetList):
    """A list of the open requests, the most overdue first. The state filter shows the closed ones."""

    page = "datarequests"
    title = gettext_lazy("Data requests")
    model = DataRequest
    columns = (
        Column(gettext_lazy("Receipt number"), lambda r: digits(r.receipt)),
        Column(gettext_lazy("Right"), lambda r: r.get_kind_display()),
        Column(gettext_lazy("Asked by"), lambda r: r.get_asked_by_display()),
        Column(gettext_lazy("Standing"), badges_of),
        Column(gettext_lazy("Due"), lambda r: due(r.due_at, over=r.state not in OPEN)),
        Column(pgettext_lazy("person", "Registered by"), lambda r: r.maker),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            (
                ("overdue", gettext_lazy("overdue"), overdue),
                *((state.value, state.label, Q(state=state.value)) for state in State),
            ),
        ),
        Filter(gettext_lazy("Right"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in DataRequest.Kind)),
    )
    order = ("due_at", "id")
    search_label = gettext_lazy("Receipt number")
    search_help = gettext_lazy("A whole receipt number, as it is read out.")
    empty = gettext_lazy("No request matches.")
    none = gettext_lazy("No request yet: one is registered from the page of an identity.")

    def queryset(self) -> QuerySet[DataRequest]:
        rows = data_requests(self.user)
        asked = self.request.GET.get("state") or self.request.GET.get("q")
        return rows if asked else rows.filter(state__in=OPEN)

    def shown_filters(self) -> list[tuple[Any, list[Choice]]]:
        (label, (every, *states)), *rest = super().shown_filters()
        return [(label, [Choice(_("waiting"), every.url, every.current), *states]), *rest]

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        receipt = receipts.read(text)
        if receipt is None:
            self.text = ""  # other text may be personal data: do not show it again
            raise Invalid(_("This is no receipt number: its check character does not fit."))
        found = rows.filter(receipt=receipt).first()
        return HttpResponseRedirect(request_url(found)) if found else rows.none()


class DataRequestPage(ObjectPage):
    page = "datarequest"
    model = DataRequest

    def queryset(self) -> QuerySet[DataRequest]:
        return data_requests(self.user)

    def badges(self, obj: DataRequest) -> list[Any]:
        return badges_of(obj)

    def facts(self, obj: DataRequest) -> list[Fact]:
        return facts_of(obj)


@admin.register(DataRequest)
class DataRequestAdmin(OpsModelAdmin):
    list_page = DataRequestList
    object_page = DataRequestPage


def facts_of(request: DataRequest) -> list[Fact]:
    papers = [Paper(code).label for code in filter(None, request.papers_seen.split(","))]
    facts = [
        Fact(_("Number"), number_link(request.tenure.number_id)),
        Fact(_("Tenure"), request.tenure.seq),
        Fact(_("Right"), request.get_kind_display(), law_of(request.kind)),
        Fact(_("Asked by"), request.get_asked_by_display()),
        Fact(_("Papers seen"), papers),
        Fact(_("Registered"), when(request.registered_at, exact=True)),
        Fact(_("Taken in by"), request.maker),
        Fact(_("Due"), when(request.due_at, exact=True)),
    ]
    if request.field:
        facts.insert(3, Fact(_("Item"), Field(request.field).label))
    if request.reviewer:
        facts += [
            Fact(_("Decided by"), request.reviewer),
            Fact(_("Decided"), when(request.reviewed_at, exact=True)),
            Fact(_("Reasons"), request.review_reason),
        ]
    if request.closer:
        facts += [
            Fact(_("Carried out by"), request.closer),
            Fact(_("Carried out"), when(request.closed_at, exact=True)),
        ]
    return facts


def keepers_panel(request: HttpRequest, asked: DataRequest) -> Panel | None:
    """List what keeps the information, for people who answer only: it may reveal a secret request."""
    answers = any(map(request.user.has_perm, (DECIDE, CARRY_OUT)))
    if not answers or asked.kind != DataRequest.Kind.DELETION or asked.state not in OPEN:
        return None
    found = {"items": words(keepers(asked)), "empty": _("Nothing: the information may be deleted.")}
    return Panel(_("What has this information kept"), "ops/panel_list.html", found)


def _letters(request: HttpRequest, asked: DataRequest) -> Panel:
    letters = [(language, letter(asked, language)) for language in LANGUAGES]
    return Panel(_("Letter to the person who asked"), "accounts/letter.html", {"letters": letters})


def _released(request: HttpRequest, asked: DataRequest) -> Panel | None:
    made = Release.objects.filter(data_request=asked).defer("content").first()
    if made is None:
        return None
    facts = [
        Fact(_("SHA-256"), made.sha256),
        Fact(_("Bytes"), made.size),
        Fact(_("Kept until"), when(made.until, exact=True)),
        Fact(_("Proof"), verbatim(made.proof)),
    ]
    return Panel(_("Copy handed out"), "ops/panel_facts.html", {"facts": facts})


def _of_identity(request: HttpRequest, identity: Identity) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    rows = [
        (
            link(request_url(one), digits(one.receipt)),
            one.get_kind_display(),
            badges_of(one),
            due(one.due_at, over=one.state not in OPEN),
        )
        for one in data_requests(panels.staff_at(request)).filter(tenure=identity.pk).order_by("-pk")[:SHOWN]
    ]
    table = {"head": [_("Receipt"), _("Right"), _("Standing"), _("Due")], "rows": rows, "empty": _("None.")}
    return Panel(_("Data requests"), "ops/panel_table.html", table)


def _to_identity(request: HttpRequest, asked: DataRequest | None) -> Iterable[Act]:
    if asked is not None and request.user.has_perm("accounts.view_identity"):
        yield Act(_("Identity information"), identity_url(asked.tenure_id), key="i")


def _called(pk: int, receipt: str) -> tuple[str, str]:
    return _("Data request %(receipt)s") % {"receipt": receipt}, reverse("admin:accounts_datarequest_change", args=[pk])


overview.work(waiting_for, _called, what="receipt", since="registered_at", until="due_at")
panels.register("datarequest", keepers_panel)
panels.register("datarequest", _released, order=1)
panels.register("datarequest", _letters, order=2)
panels.register("identity", _of_identity, order=4)
panels.toolbar("datarequest", _to_identity, order=5)
panels.sidebar("work", gettext_lazy("Data requests"), LIST, VIEW, count=waiting_for, order=3)
