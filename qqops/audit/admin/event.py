"""One event: what it was, what it changed, what the same request caused, what came just before and after."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from qqops import panels
from qqops.audit import facts, review
from qqops.audit.admin.words import subject
from qqops.audit.models import Event
from qqops.pages import ObjectPage
from qqops.pages.base import Crumb
from qqops.pages.history import KINDS
from qqops.pages.rows import changes, labels_of
from qqops.panels import Act, Entry, Fact, Panel
from qqops.staff.roles import ROLES
from qqops.templatetags.ops import link, when

ROWS = 20  # of each table
NEIGHBOURS = 5  # before, and after
TOGETHER = 100  # events of one request


class EventPage(ObjectPage):
    page = "event"
    model = Event

    def heading(self, obj: Event) -> str:
        return _("Event %(seq)d") % {"seq": obj.seq}

    def crumbs(self) -> list[Crumb]:
        return [(_("Audit review"), reverse("admin:audit_event_changelist"))]

    def acts(self, obj: Event) -> list[Act]:
        """Ways to look on from here."""
        more = [
            Act(_("By the same person"), review.review_url(staff=obj.actor.username)),
            Act(_("The same act"), review.review_url(verb=obj.verb)),
        ]
        if obj.decision_id:
            more.append(Act(_("The same decision"), review.review_url(decision=obj.decision_id)))
        return [*super().acts(obj), *more]

    def facts(self, obj: Event) -> list[Fact]:
        return [
            Fact(_("Time"), when(obj.at, exact=True)),
            Fact(_("Actor"), obj.actor_label),
            Fact(_("Act"), obj.sentence),
            Fact(_("Code of the act"), obj.verb),
            Fact(_("Subject"), subject(obj)),
            Fact(_("Reason"), obj.reason),
            Fact(_("Ticket"), obj.ticket),
            Fact(_("Source"), obj.get_source_display()),
            Fact(_("Address"), obj.address),
            Fact(_("OS user"), obj.os_user),
            Fact(_("Request"), link(review.review_url(request=obj.request_id), str(obj.request_id))),
            Fact(_("Facts"), facts.of_event(obj.verb, obj.facts)),
            Fact(_("Rows written"), obj.rows),
            Fact(_("Hash"), bytes(obj.hash).hex()),
            Fact(_("Forerunner's hash"), bytes(obj.prev_hash).hex()),
        ]


def _same_request(request: HttpRequest, event: Event) -> Panel:
    """Everything that one click or one command caused."""
    others = Event.objects.filter(request_id=event.request_id).order_by("seq")[:TOGETHER]
    return _events(_("The whole request"), list(others), event)


def _neighbours(request: HttpRequest, event: Event) -> Panel:
    around = Event.objects.filter(seq__range=(event.seq - NEIGHBOURS, event.seq + NEIGHBOURS)).order_by("seq")
    return _events(_("Just before and after"), list(around), event)


def _events(title: str, found: list[Event], event: Event) -> Panel:
    items = [
        f"{one.seq} · {one.sentence}" if one.pk == event.pk else link(f"../{one.pk}/", f"{one.seq} · {one.sentence}")
        for one in found
    ]
    return Panel(title, "ops/panel_list.html", {"items": items}, side="right")


def _changed(request: HttpRequest, event: Event) -> Panel | None:
    """Before and after, of the first rows that it wrote into each history that this person may see."""
    entries: list[Entry] = []
    left = 0
    for table, n in sorted(event.rows.items()):
        model = _kept_by(table)
        if model is not None and _may_see(request, model):
            shown = _entries(request, model, event)
            entries += shown
            left += n - len(shown)
    if not entries:
        return None
    title = _("What it changed (the first rows; %(n)d more)") % {"n": left} if left else _("What it changed")
    return Panel(title, "ops/timeline.html", {"entries": entries})


def _page_of(request: HttpRequest, model: type[Model]) -> ObjectPage | None:
    found = getattr(admin.site.get_model_admin(model), "object_page", None) if admin.site.is_registered(model) else None
    return found(admin.site, request) if found else None


def _kept_by(table: str) -> type[Model] | None:
    """The model whose history this table is."""
    found = (m for m in apps.get_models() if m._meta.db_table == table)
    return getattr(next(found, None), "instance_type", None)


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    """What some role has the right to see asks for that right; the rest is seen with what it belongs to."""
    right = f"{model._meta.app_label}.view_{model._meta.model_name}"
    return panels.staff_at(request).has_perm(right) or not any(right in rights for rights in ROLES.values())


def _entries(request: HttpRequest, model: type[Model], event: Event) -> list[Entry]:
    """Of objects whose own page this person may open, where they have one: secrets, and what is about a number of his
    own, are kept from him here as there."""
    history: Any = model.history  # type: ignore[attr-defined]  # simple-history has no types
    key = str(model._meta.pk.attname) if model._meta.pk else "id"
    older = history.filter(**{key: OuterRef(key)}, history_id__lt=OuterRef("history_id")).order_by("-history_id")
    rows = history.filter(event_id=event.pk)
    if (page := _page_of(request, model)) is not None:
        rows = rows.filter(**{f"{key}__in": page.queryset().values("pk")})
    rows = rows.annotate(older=Subquery(older.values("history_id")[:1]))
    found = list(rows.order_by("history_id")[:ROWS])
    before = {row.history_id: row for row in history.filter(history_id__in=[r.older for r in found if r.older])}
    labels = labels_of(model, [*found, *before.values()])
    kind = capfirst(model._meta.verbose_name)
    return [
        Entry(
            at=row.history_date,
            title=f"{kind} {getattr(row, key)}",
            text=KINDS[row.history_type],
            changes=changes(model, before.get(row.older), row, labels),
        )
        for row in found
    ]


panels.register("event", _changed)
panels.register("event", _same_request)
panels.register("event", _neighbours, order=1)
