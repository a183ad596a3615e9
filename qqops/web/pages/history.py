"""The history of one object: who changed what, when and in which act. Nothing can be saved from here.

simple-history's own page saves on POST even for staff who may only look (style.md §0), so it is not used at all.
"""

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Event
from qqops.web.pages.base import Crumb, Page
from qqops.web.pages.objects import ObjectPage
from qqops.web.pages.rows import Labels, changes, labels_of
from qqops.web.panels import Entry

PAGE_SIZE = 25
KINDS = {"+": _("created"), "~": _("changed"), "-": _("deleted")}


class HistoryPage(Page):
    template = "ops/history.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        object_page: type[ObjectPage] = kwargs.pop("object_page")
        self.nav = kwargs.pop("nav")
        super().__init__(*args, **kwargs)
        self.of = object_page(self.site, self.request, **self.kwargs)
        self.model: Any = self.of.model

    def allowed(self) -> bool:
        return self.of.allowed()

    def setup(self) -> None:
        self.of.setup()
        self.object = self.of.object

    def heading_title(self) -> str:
        return str(_("History: %(object)s")) % {"object": self.of.heading(self.object)}

    def crumbs(self) -> list[Crumb]:
        own = reverse(f"{self.of.url_base}_change", args=[self.object.pk])
        return [*self.of.crumbs(), (self.of.heading(self.object), own)]

    def rows(self) -> QuerySet[Any]:
        """The history rows that this person may see, in any order."""
        found: QuerySet[Any] = self.model.history.filter(**{self.model._meta.pk.attname: self.object.pk})
        return found

    def respond(self) -> HttpResponseBase:
        rows = self.rows().order_by("-history_id")
        before = self.request.GET.get("before", "")
        if before.isascii() and before.isdigit() and len(before) < 19:
            rows = rows.filter(history_id__lt=int(before))
        # One row too many: the oldest one shown needs an older one to be compared with.
        found = list(rows[: PAGE_SIZE + 1])
        shown = found[:PAGE_SIZE]
        older = reverse(f"{self.of.url_base}_history", args=[self.object.pk])
        return self.render(
            entries=self.entries(shown, [*found[1:], None]),
            older=f"{older}?before={shown[-1].history_id}" if len(found) > PAGE_SIZE else "",
            first=older if before else "",
            as_of=self.of.as_of_url(self.object),
        )

    def entries(self, rows: list[Any], older: list[Any]) -> list[Entry]:
        events = Event.objects.in_bulk({row.event_id for row in rows})
        labels = labels_of(self.model, (*rows, *older))
        wanted = {row.history_user_id for row in rows if row.event_id not in events} - {None}
        people = get_user_model()._default_manager.in_bulk(wanted) if wanted else {}
        return [
            self.entry(row, before, events.get(row.event_id), labels, people)
            for row, before in zip(rows, older, strict=False)
        ]

    def entry(self, row: Any, before: Any, event: Event | None, labels: Labels, people: dict[Any, Any]) -> Entry:
        return Entry(
            at=row.history_date,
            title=event.sentence if event else KINDS[row.history_type],
            who=event.actor_label if event else str(people.get(row.history_user_id, "")),
            text=event.reason if event else row.history_change_reason or "",
            tone="info" if row.history_type == "+" else "",
            changes=changes(self.model, before, row, labels),
            request_id=str(event.request_id) if event else "",
        )
