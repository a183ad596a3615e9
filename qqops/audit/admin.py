"""The audit review: every event, newest first, and each with all it caused. Read-only for everyone."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops import panels
from qqops.audit import admin_reports, admin_staff, facts
from qqops.audit.models import Event
from qqops.errors import Invalid
from qqops.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.pages.base import Crumb
from qqops.panels import Fact, Panel
from qqops.templatetags.ops import link, when

__all__ = ["admin_reports", "admin_staff"]  # the other pages of the record
LIST = "admin:audit_event_changelist"


def subject(event: Event) -> str:
    """What the event is about; of what has only a number, what kind of thing it is."""
    if not event.subject_label.startswith("#"):
        return event.subject_label
    try:
        kind = apps.get_model(event.subject_type)._meta.verbose_name
    except LookupError:  # the record is older than the table
        return event.subject_label
    return f"{kind} {event.subject_label}"


class EventList(KeysetList):
    page = "events"
    title = gettext_lazy("Audit review")
    model = Event
    columns = (
        Column(gettext_lazy("No."), lambda e: e.seq, numeric=True),
        Column(gettext_lazy("Time"), lambda e: when(e.at)),
        Column(gettext_lazy("Actor"), lambda e: e.actor_label),
        Column(gettext_lazy("Act"), lambda e: e.sentence),
        Column(gettext_lazy("Subject"), subject),
        Column(gettext_lazy("Reason"), lambda e: e.reason),
        Column(gettext_lazy("Source"), lambda e: e.get_source_display()),
    )
    filters = (
        Filter(gettext_lazy("Source"), "source", tuple((s.value, s.label, Q(source=s.value)) for s in Event.Source)),
        Filter(gettext_lazy("Kind"), "kind", (("refused", gettext_lazy("refusals"), Q(verb="audit.refused")),)),
    )
    order = ("-seq",)
    search_label = gettext_lazy("Actor or decision")
    search_help = gettext_lazy("A login, or #12 for decision 12.")
    empty = gettext_lazy("No event matches.")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        if text.startswith("#"):
            if not text[1:].isascii() or not text[1:].isdigit():
                raise Invalid(_("Write # and the number of the decision."))
            return rows.filter(decision_id=int(text[1:]))
        return rows.filter(actor__username=text)


class EventPage(ObjectPage):
    page = "event"
    model = Event

    def heading(self, obj: Event) -> str:
        return _("Event %(seq)d") % {"seq": obj.seq}

    def crumbs(self) -> list[Crumb]:
        return [(EventList.title, reverse(LIST))]

    def facts(self, obj: Event) -> list[Fact]:
        return [
            Fact(_("Time"), when(obj.at, exact=True)),
            Fact(_("Actor"), obj.actor_label),
            Fact(_("Act"), obj.sentence),
            Fact(_("Subject"), subject(obj)),
            Fact(_("Reason"), obj.reason),
            Fact(_("Ticket"), obj.ticket),
            Fact(_("Source"), obj.get_source_display()),
            Fact(_("Address"), obj.address),
            Fact(_("OS user"), obj.os_user),
            Fact(_("Request"), str(obj.request_id)),
            Fact(_("Facts"), facts.of_event(obj.verb, obj.facts)),
            Fact(_("Rows written"), obj.rows),
            Fact(_("Hash"), bytes(obj.hash).hex()),
            Fact(_("Forerunner's hash"), bytes(obj.prev_hash).hex()),
        ]


@admin.register(Event)
class EventAdmin(OpsModelAdmin):
    list_page = EventList
    object_page = EventPage


def _same_request(request: HttpRequest, event: Event) -> Panel:
    """Everything that one click or one command caused."""
    others = Event.objects.filter(request_id=event.request_id).order_by("seq")[:100]
    items = [link(f"../{e.pk}/", f"{e.seq} · {e.sentence}") for e in others]
    return Panel(_("The whole request"), "ops/panel_list.html", {"items": items}, side="right")


panels.register("event", _same_request)
panels.sidebar("enforcement", gettext_lazy("Audit review"), LIST, "audit.view_event", order=9)
