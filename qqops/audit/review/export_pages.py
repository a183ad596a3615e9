"""What the review shows, as a file. Sent as a form: a file that leaves the house is counted and recorded."""

from collections.abc import Iterable
from typing import ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from qqops.audit.review import exports
from qqops.audit.review.pages import LIST, EventList
from qqops.core.errors import Invalid, Refused
from qqops.core.spreadsheets import pieces
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.pages.base import STALE


class ExportPage(Page):
    permission = exports.EXPORT
    methods: ClassVar[tuple[str, ...]] = ("POST",)
    proof = True
    user: Staff

    def setup(self) -> None:
        if self.kwargs["form"] not in exports.FORMS:
            raise Http404
        self.listed = EventList(self.site, self.request)
        self.found = self.listed.filtered(EventList.model._default_manager.all())

    @property
    def back(self) -> str:
        query = self.request.GET.urlencode()
        return f"{reverse(LIST)}?{query}" if query else reverse(LIST)

    def unproven(self) -> HttpResponseBase:
        """Leads back to the review: nothing can be fetched here."""
        self.say(STALE, messages.WARNING)
        return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': self.back})}")

    def respond(self) -> HttpResponseBase:
        form = self.kwargs["form"]
        try:
            if self.listed.faults:
                raise Invalid(next(iter(self.listed.faults.values())))
            events = exports.export(self.found, form, self.listed.chosen, actor=self.user)
        except (Invalid, Refused) as error:
            self.say(str(error), messages.ERROR)
            return HttpResponseRedirect(self.back)
        if form == exports.JSONL:
            content: Iterable[bytes] = map(exports.as_json, events)
        else:
            content = pieces(form, exports.head(), exports.in_language(events, exports.row))
        response = StreamingHttpResponse(content, content_type=exports.FORMS[form])
        name = f"audit-{timezone.localtime():%Y%m%d-%H%M}.{form}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


panels.page("audit/export/<slug:form>/", "audit_export", ExportPage)
