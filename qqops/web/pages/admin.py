"""The ModelAdmin of this house: reading pages only. Whatever changes a row is an act with a page of its own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path

from qqops.web.pages.as_of import AsOfPage
from qqops.web.pages.history import HistoryPage
from qqops.web.pages.lists import KeysetList
from qqops.web.pages.objects import ObjectPage


class OpsModelAdmin(admin.ModelAdmin[Any]):
    """A list, an object, its history and how it was at a time; the routes of add, change and delete do not exist."""

    list_page: type[KeysetList] | None = None
    object_page: type[ObjectPage] | None = None
    history_page: type[HistoryPage] = HistoryPage

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        """Names as everywhere in Django's admin, so that links are made in the usual way."""
        site, model = self.admin_site, self.model
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        nav = f"admin:{name}_changelist"
        urls = []
        if self.list_page:
            urls.append(path("", self.list_page.as_view(site), name=f"{name}_changelist"))
        if self.object_page and hasattr(model, "history"):
            history = self.history_page.as_view(site, object_page=self.object_page, nav=nav)
            urls.append(path("<str:object_id>/history/", history, name=f"{name}_history"))
            as_of = AsOfPage.as_view(site, object_page=self.object_page, history_page=self.history_page, nav=nav)
            urls.append(path("<str:object_id>/as-of/", as_of, name=f"{name}_asof"))
        if self.object_page:
            urls.append(path("<str:object_id>/", self.object_page.as_view(site), name=f"{name}_change"))
        return urls
