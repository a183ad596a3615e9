"""The saved filters of one list: what is chosen there is kept under a name, one's own are deleted, and what people
who have left still share is withdrawn."""

from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.core.errors import Invalid
from qqops.staff.models import SavedFilter, Staff
from qqops.staff.saved_filters.services import delete_filter, save_filter, withdraw_filter
from qqops.web import panels
from qqops.web.pages import FILTERED, SAVED_SHOWN, KeysetList, Page, chosen_facts, chosen_of, saved_url
from qqops.web.pages.base import Crumb
from qqops.web.panels import Fact

SHARED = "shared"


class FilterForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the filter"),
        max_length=60,
        help_text=gettext_lazy("Others read it where you share it: no ID numbers, mobiles or e-mail addresses."),
    )
    who = forms.ChoiceField(
        label=gettext_lazy("Who sees it"),
        choices=(("own", gettext_lazy("only me")), (SHARED, gettext_lazy("everybody who may see this list"))),
        widget=forms.RadioSelect,
        initial="own",
    )


class FiltersPage(Page):
    """Of a list that this person may see, and of no other."""

    template = "staff/filters.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    user: Staff

    @cached_property
    def listed(self) -> KeysetList | None:
        found = FILTERED.get(self.kwargs["page"])
        return found(self.site, self.request) if found else None

    def allowed(self) -> bool:
        return self.listed is None or self.listed.allowed()

    def setup(self) -> None:
        if self.listed is None:
            raise Http404
        self.of = self.listed
        self.nav = self.of.url_name()
        self.chosen = chosen_of(self.of.kept(), self.request.GET.dict())
        lost = {"q", *(one.parameter for one in self.of.typed if not one.kept)}
        self.searched = any(self.request.GET.get(name) for name in lost)

    def heading_title(self) -> str:
        return _("Saved filters: %(list)s") % {"list": self.of.title}

    def crumbs(self) -> list[Crumb]:
        return [(self.of.title, reverse(self.nav))]

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render(form=FilterForm())
        if "delete" in self.request.POST:
            return self.delete(self.request.POST["delete"])
        if "withdraw" in self.request.POST:
            return self.withdraw(self.request.POST["withdraw"])
        form = FilterForm(self.request.POST)
        if not form.is_valid():
            return self.render(form=form)
        try:
            saved = self.save(form.cleaned_data["name"], shared=form.cleaned_data["who"] == SHARED)
        except Invalid as error:
            form.add_error(None, str(error))
            return self.render(form=form)
        self.say(_("The filter is saved."))
        return HttpResponseRedirect(saved_url(reverse(self.nav), saved))

    def save(self, name: str, *, shared: bool) -> SavedFilter:
        if self.searched:
            raise Invalid(_("What was typed into the search box is not saved, as it may be personal. Nothing was saved:"
                            " clear the search and save the filter alone."))  # fmt: skip
        return save_filter(self.of.page, name, self.chosen, shared=shared, actor=self.user)

    def delete(self, pk: str) -> HttpResponseBase:
        one = next((one for one in self.own() if str(one.pk) == pk), None)
        try:
            if one is None:
                raise Invalid(_("You have no such filter. Nothing was deleted."))
            delete_filter(one, actor=self.user)
        except Invalid as error:
            return self.render(form=FilterForm(), problem=str(error))
        self.say(_("The filter “%(filter)s” is deleted.") % {"filter": one})
        return HttpResponseRedirect(self.request.get_full_path())

    def withdraw(self, pk: str) -> HttpResponseBase:
        one = next((one for one in self.left() if str(one.pk) == pk), None)
        try:
            if one is None:
                raise Invalid(_("Nobody who has left shares such a filter. Nothing was withdrawn."))
            withdraw_filter(one, actor=self.user)
        except Invalid as error:
            return self.render(form=FilterForm(), problem=str(error))
        self.say(_("The filter “%(filter)s” is no longer shared.") % {"filter": one})
        return HttpResponseRedirect(self.request.get_full_path())

    def left(self) -> list[SavedFilter]:
        return list(SavedFilter.objects.left_behind(self.of.page)[:SAVED_SHOWN])

    def own(self) -> list[SavedFilter]:
        return list(SavedFilter.objects.filter(owner=self.user, page=self.of.page).order_by("name"))

    def context(self) -> dict[str, Any]:
        return {
            "facts": chosen_facts(self.of.kept(), self.chosen),
            "own": self.rows(self.own()),
            "left_behind": self.rows(self.left()),
        }

    def rows(self, saved: list[SavedFilter]) -> list[tuple[SavedFilter, str, list[Fact]]]:
        return [(one, saved_url(reverse(self.nav), one), chosen_facts(self.of.kept(), one.query)) for one in saved]


panels.page("filters/<slug:page>/", "filters", FiltersPage)
