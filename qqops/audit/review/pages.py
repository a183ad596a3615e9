"""The audit review: every event, newest first. Read-only for everyone."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy

from qqops.audit.models import Event
from qqops.audit.review import exports, lookups
from qqops.audit.review.event_pages import EventPage
from qqops.audit.review.text import subject
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import Column, KeysetList, OpsModelAdmin

LIST = "admin:audit_event_changelist"


class EventList(KeysetList):
    template = "audit/events.html"
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
        Column(gettext_lazy("Ticket"), lambda e: e.ticket),
        Column(gettext_lazy("Source"), lambda e: e.get_source_display()),
    )
    filters = lookups.FILTERS
    typed = lookups.TYPED
    order = ("-seq",)
    page_size = 60
    empty = gettext_lazy("No event matches.")

    def queryset(self) -> Any:
        return Event.objects.defer("rows", "rows_digest", "prev_hash", "hash")

    def first_of(self, rows: Any, n: int) -> Any:
        return super().first_of(lookups.first_of(self.chosen, rows, n), n)

    def context(self) -> dict[str, Any]:
        query = self.request.GET.urlencode()
        urls = {form: f"{reverse('admin:audit_export', args=[form])}?{query}" for form in exports.FORMS}
        return super().context() | {"exports": urls if self.user.has_perm(exports.EXPORT) else {}}


@admin.register(Event)
class EventAdmin(OpsModelAdmin):
    list_page = EventList
    object_page = EventPage


def _jump(request: HttpRequest, text: str) -> str | None:
    """A request id leads to all that the request caused."""
    try:
        asked = uuid.UUID(text)
    except ValueError:
        return None
    return f"{reverse(LIST)}?{urlencode({'request': asked})}" if request.user.has_perm("audit.view_event") else None


panels.jump(_jump)
panels.sidebar("enforcement", EventList.title, LIST, "audit.view_event", order=9)
