"""One event: what it was, what it changed, what the same request caused, what came just before and after."""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from qqops.audit.models import Event
from qqops.audit.review import facts_text as facts
from qqops.audit.review import lookups
from qqops.audit.review import row_changes as written
from qqops.audit.review.text import subject
from qqops.core.errors import Refused
from qqops.templatetags.ops import link, when
from qqops.web import panels
from qqops.web.pages import ObjectPage
from qqops.web.pages.base import Crumb
from qqops.web.panels import Act, Fact, Panel

NEIGHBOURS = 5  # before, and after
TOGETHER = 100  # events of one request


class EventPage(ObjectPage):
    page = "event"
    model = Event
    kept = ""  # why it is not for this reader

    def respond(self) -> HttpResponseBase:
        try:
            lookups.may_open(self.user, self.object)
        except Refused as refused:
            self.template, self.kept = "audit/kept.html", str(refused)
            return self.render(status=403)
        return super().respond()

    def context(self) -> dict[str, Any]:
        return {"problem": self.kept} if self.kept else super().context()

    def heading(self, obj: Event) -> str:
        return _("Event %(seq)d") % {"seq": obj.seq}

    def crumbs(self) -> list[Crumb]:
        return [(_("Audit review"), reverse("admin:audit_event_changelist"))]

    def acts(self, obj: Event) -> list[Act]:
        """Ways to look on from here."""
        more = [
            Act(_("By the same person"), lookups.review_url(staff=obj.actor.username)),
            Act(_("The same act"), lookups.review_url(verb=obj.verb)),
        ]
        if obj.decision_id:
            more.append(Act(_("The same decision"), lookups.review_url(decision=obj.decision_id)))
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
            Fact(_("Request"), link(lookups.review_url(request=obj.request_id), str(obj.request_id))),
            Fact(_("Facts"), facts.of_event(obj.verb, obj.facts)),
            Fact(_("Rows written"), _rows(obj.rows)),
            Fact(_("Hash"), bytes(obj.hash).hex()),
            Fact(_("Previous hash"), bytes(obj.prev_hash).hex()),
        ]


def _rows(written: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each table, by what a row of it is."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    return {_kind_of(models[table]) if table in models else table: n for table, n in sorted(written.items())}


def _kind_of(model: type[Model]) -> str:
    past = getattr(model, "instance_type", None)
    kind = str((past or model)._meta.verbose_name)
    return _("History of %(object)s") % {"object": kind} if past else kind


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


panels.register("event", written.panel)
panels.register("event", _same_request)
panels.register("event", _neighbours, order=1)
