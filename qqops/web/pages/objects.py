"""The page of one object: what it is, what may be done now, what happened to it."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from qqops.web import panels
from qqops.web.pages.base import Crumb, Page
from qqops.web.panels import Act, Fact


class ObjectPage(Page):
    template = "ops/object.html"
    page: str = ""  # the name under which apps hang acts, panels and entries here
    model: ClassVar[type[Model]]
    copyable = False
    object: Any

    def queryset(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def setup(self) -> None:
        self.object = self.find(self.kwargs["object_id"])

    def find(self, key: str) -> Any:
        pk = self.model._meta.pk
        assert pk is not None
        try:
            found = None if "\0" in key else self.queryset().filter(pk=pk.to_python(key)).first()
        except (ValidationError, ValueError, OverflowError):
            found = None
        # One object, one address: int() would also read "０１" or "+1".
        if found is None or str(found.pk) != key:
            raise Http404
        return found

    def allowed(self) -> bool:
        meta = self.model._meta
        return bool(self.user.has_perm(self.permission or f"{meta.app_label}.view_{meta.model_name}"))

    @property
    def url_base(self) -> str:
        return f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}"

    def heading(self, obj: Any) -> str:
        return str(obj)

    def heading_title(self) -> str:
        return self.heading(self.object)

    def badges(self, obj: Any) -> list[Any]:
        return []

    def facts(self, obj: Any) -> list[Fact]:
        return []

    def acts(self, obj: Any) -> list[Act]:
        acts = panels.acts_for(self.page, self.request, obj)
        if history := self.history_url(obj):
            acts.append(Act(_("History"), history, key="h"))
        if as_of := self.as_of_url(obj):
            acts.append(Act(_("As it was"), as_of))
        return acts

    def history_url(self, obj: Any) -> str:
        return self._url_of("history", obj)

    def as_of_url(self, obj: Any) -> str:
        return self._url_of("asof", obj)

    def _url_of(self, page: str, obj: Any) -> str:
        try:
            return reverse(f"{self.url_base}_{page}", args=[obj.pk])
        except NoReverseMatch:  # a model without history has no such page
            return ""

    def crumbs(self) -> list[Crumb]:
        try:
            return [(self._list_title(), reverse(f"{self.url_base}_changelist"))]
        except NoReverseMatch:
            return []

    def _list_title(self) -> str:
        """As the list calls itself: the way back has the words of the sidebar."""
        listed = getattr(self.site.get_model_admin(self.model), "list_page", None)
        return str(listed.title if listed else capfirst(self.model._meta.verbose_name_plural))

    def context(self) -> dict[str, Any]:
        obj = self.object
        hung = panels.panels_for(self.page, self.request, obj)
        return {
            "object": obj,
            "nav_current": self.nav or f"{self.url_base}_changelist",
            "badges": self.badges(obj),
            "facts": self.facts(obj),
            "acts": self.acts(obj),
            "left": [panel for panel in hung if panel.side == "left"],
            "right": [panel for panel in hung if panel.side == "right"],
            "has_timeline": panels.has_timeline(self.page),
            "timeline": panels.entries_for(self.page, self.request, obj),
        }
