"""A staff web of its own for the tests of the shell: members of staff as the objects, one act that counts its runs."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import include, path

from qqops.core.errors import Invalid, Refused
from qqops.site import OpsSite
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge
from qqops.web.pages import Column, ConfirmPage, Filter, KeysetList, ObjectPage, OpsModelAdmin, Preview
from qqops.web.panels import Fact


class People(KeysetList):
    page = "test-people"
    title = "People"
    model = Staff
    columns = (Column("login", lambda s: s.username), Column("state", lambda s: badge("active", "good")))
    filters = (Filter("kind", "kind", (("staff", "staff", Q(is_system=False)), ("none", "none", lambda: Q(pk=0)))),)
    order: Sequence[str] = ("username",)
    page_size = 5
    tick = "person"
    search_label = "login"
    empty = "nobody"

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponseBase:
        if text == "!":
            raise Invalid("not a login")
        hit = rows.filter(username=text).first()
        return HttpResponseRedirect(self.url(hit)) if hit else rows.filter(username__startswith=text)


class Newest(People):
    order = ("-is_active", "-id")


class Person(ObjectPage):
    page = "test-person"
    model = Staff
    copyable = True

    def facts(self, obj: Any) -> list[Fact]:
        return [Fact("login", obj.username), Fact("name", "")]


class StaffAdmin(OpsModelAdmin):
    list_page = People
    object_page = Person


class RenameForm(forms.Form):
    name = forms.CharField(label="name")
    mood = forms.MultipleChoiceField(label="mood", choices=[("a", "Amber"), ("b", "Blue")], required=False)
    note = forms.CharField(label="note", widget=forms.Textarea, required=False)


class RenamePage(ConfirmPage):
    title = "Rename"
    permission = "staff.view_staff"
    form_class = RenameForm
    world: ClassVar[dict[str, Any]] = {}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if self.world.get("refuses"):
            raise Refused("you may not")
        if cleaned and cleaned["name"] == "bad":
            raise Invalid("no such name")
        return Preview(str(self.world["set"]), "Rename now", consequences=("one is renamed",))

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        self.world["done"].append((cleaned["name"], nonce))
        self.say("renamed")
        return "/admin/"


site = OpsSite(name="admin")
site._registry = dict(admin.site._registry) | {Staff: StaffAdmin(Staff, site)}
urlpatterns = [
    path("account/", include("qqops.staff.signin.urls")),
    path("admin/rename/", RenamePage.as_view(site)),
    path("admin/newest/", Newest.as_view(site)),
    path("admin/", site.urls),
]
