"""The history of one object: who changed what, when and in which act. Nothing can be saved from here.

simple-history's own page saves on POST even for staff who may only look (style.md §0), so it is not used at all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Event
from qqops.pages.base import Crumb, Page
from qqops.pages.objects import ObjectPage
from qqops.panels import Change, Entry

PAGE_SIZE = 25
# What binds rows to one another, and says nothing to a reader; a model may name more as `hidden_in_history`.
INTERNALS = ("content_hash", "approvers", "revision")
KINDS = {"+": _("created"), "~": _("changed"), "-": _("deleted")}


def labelled(model: type[Model], name: str, row: Any, people: Mapping[Any, Any]) -> Any:
    """The value of a history row's field as staff read it: choices by their labels, people by name, others by key."""
    f: Any = model._meta.get_field(name)
    value = getattr(row, f.attname)
    if f.flatchoices:
        return dict(f.flatchoices).get(value, value)
    return str(people.get(value, value)) if f in _of_people(model) and value is not None else value


def _of_people(model: type[Model]) -> list[Any]:
    return [f for f in model._meta.concrete_fields if f.related_model is get_user_model()]


def changes(
    model: type[Model], before: Any, after: Any, people: Mapping[Any, Any] = MappingProxyType({})
) -> list[Change]:
    """What differs between two history rows; without an older one, all that was set."""
    found = []
    hidden = {*INTERNALS, *getattr(model, "hidden_in_history", ())}
    for f in model._meta.concrete_fields:
        if not hasattr(after, f.attname) or f.primary_key or f.name in hidden:
            continue
        new = getattr(after, f.attname)
        old = getattr(before, f.attname) if before is not None else None
        unset = before is None and new in (None, "", False) and not isinstance(f, ForeignKey)
        if old != new and not unset:
            was = labelled(model, f.name, before, people) if before is not None else None
            found.append(Change(f.verbose_name, was, labelled(model, f.name, after, people)))
    return found


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
        return str(_("History of %(object)s")) % {"object": self.of.heading(self.object)}

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
        )

    def entries(self, rows: list[Any], older: list[Any]) -> list[Entry]:
        events = Event.objects.in_bulk({row.event_id for row in rows})
        wanted = {row.history_user_id for row in rows if row.event_id not in events}
        keys = [f.attname for f in _of_people(self.model)]
        wanted |= {getattr(row, key, None) for row in (*rows, *older) if row is not None for key in keys}
        wanted.discard(None)
        people = get_user_model()._default_manager.in_bulk(wanted) if wanted else {}
        return [
            self.entry(row, before, events.get(row.event_id), people) for row, before in zip(rows, older, strict=False)
        ]

    def entry(self, row: Any, before: Any, event: Event | None, people: dict[Any, Any]) -> Entry:
        return Entry(
            at=row.history_date,
            title=event.sentence if event else KINDS[row.history_type],
            who=event.actor_label if event else str(people.get(row.history_user_id, "")),
            text=event.reason if event else row.history_change_reason or "",
            tone="info" if row.history_type == "+" else "",
            changes=changes(self.model, before, row, people),
            request_id=str(event.request_id) if event else "",
        )
