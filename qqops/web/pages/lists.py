"""A list that costs the same at any size: keyset pages, fixed filters, no COUNT and no DISTINCT (traps.md §10)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import looks_personal
from qqops.staff import limits
from qqops.staff.models import SavedFilter
from qqops.web import panels
from qqops.web.pages.base import Page
from qqops.web.pages.typed import Typed
from qqops.web.panels import Act, Fact

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SAVED_SHOWN = 50  # saved filters beside a list, one's own first
SEPARATOR = "~"  # between the values of a cursor; no key of ours contains it


@dataclass(frozen=True)
class Column:
    label: "StrOrPromise"
    value: Callable[[Any], Any]
    numeric: bool = False


@dataclass(frozen=True)
class Filter:
    """Fixed choices: (value, label, condition). The condition may be a callable when it needs the clock."""

    label: "StrOrPromise"
    parameter: str
    choices: Sequence[tuple[str, "StrOrPromise", Q | Callable[[], Q]]]

    def taken(self, value: str) -> str:
        """The choice that this is; empty: none of them."""
        return value if any(code == value for code, _label, _q in self.choices) else ""

    def in_words(self, value: str) -> "StrOrPromise":
        return next(label for code, label, _q in self.choices if code == value)

    def condition(self, value: str) -> Q | None:
        for code, _label, q in self.choices:
            if code == value:
                return q() if callable(q) else q
        return None


def chosen_of(filters: Iterable[Filter | Typed], given: Mapping[str, str]) -> dict[str, str]:
    """What an address chooses of the filters that a list declares; nothing else of it."""
    asked = {one.parameter: one.taken(given.get(one.parameter, "")) for one in filters}
    return {parameter: value for parameter, value in asked.items() if value}


def chosen_facts(filters: Iterable[Filter | Typed], chosen: Mapping[str, str]) -> list[Fact]:
    """The same in the words of the list."""
    given = [(one, chosen[one.parameter]) for one in filters if one.parameter in chosen]
    return [Fact(one.label, one.in_words(value)) for one, value in given]


@dataclass(frozen=True)
class Choice:
    label: "StrOrPromise"
    url: str
    current: bool


# The lists that declare filters, by page: what is saved belongs to one of them.
FILTERED: dict[str, type["KeysetList"]] = {}


class KeysetList(Page):
    template = "ops/list.html"
    page: str = ""  # the name under which apps hang bulk acts and row acts here
    model: ClassVar[type[Model]]
    columns: Sequence[Column] = ()
    filters: Sequence[Filter] = ()
    typed: Sequence[Typed] = ()
    order: Sequence[str] = ("pk",)  # own, non-null fields, unique together, all in one direction
    page_size: int = 50
    tick: str = ""
    search_label: "StrOrPromise" = ""
    search_help: "StrOrPromise" = ""
    empty: "StrOrPromise" = _("Nothing here yet.")  # of what was searched for or chosen
    none: "StrOrPromise" = _("Nothing is recorded here yet: what comes is listed in this place.")  # where all was asked
    problem: str = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.__dict__.get("page") and cls.__dict__.get("filters"):
            FILTERED[cls.page], panels.LISTS[cls.page] = cls, cls.title

    def queryset(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponseBase:
        raise NotImplementedError

    def allowed(self) -> bool:
        meta = self.model._meta
        return bool(self.user.has_perm(self.permission or f"{meta.app_label}.view_{meta.model_name}"))

    @classmethod
    def url_name(cls) -> str:
        return cls.nav or f"admin:{cls.model._meta.app_label}_{cls.model._meta.model_name}_changelist"

    def url(self, row: Any) -> str:
        meta = self.model._meta
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])

    def acts(self) -> list[Act]:
        return panels.acts_for(self.page, self.request)

    def respond(self) -> HttpResponseBase:
        rows = self.queryset()
        # PostgreSQL has no NUL in its texts.
        self.text = self.request.GET.get("q", "").replace("\0", "").strip()[:100] if self.search_label else ""
        if typed := self.text:
            try:
                limits.spend("search", self.user)
                found = self.search(rows, self.text)
            except Invalid as error:
                self.problem, found = str(error), rows.none()
            except Refused as error:
                self.problem, self.text, found = str(error), "", rows.none()  # nobody has looked at what it is
            if isinstance(found, HttpResponseBase):
                return found
            if looks_personal(typed):
                return self.not_repeated(gettext("No list is searched by an ID number, mobile or e-mail."))
            rows = found
        rows = self.filtered(rows)
        if any(looks_personal(text) for text in self.entries.values()):
            return self.not_repeated(gettext("No list is searched by an ID number, mobile or e-mail."))
        seen = SavedFilter.objects.seen_by(self.user, self.page)
        self.saved = list(seen[: SAVED_SHOWN + 1]) if self.filters else []
        keeps = {one.parameter for one in self.kept()}
        kept = {parameter: value for parameter, value in self.chosen.items() if parameter in keeps}
        whole = "" if self.text or kept != self.chosen else self.request.GET.get("saved", "")  # else it finds less
        self.opened = seen.opened(whole, kept) if self.saved else None
        self.cut(rows)
        if not self.rows:
            self.explain()
        return self.render()

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What the address chooses of these; nothing where something typed cannot be read."""
        given = self.request.GET.dict()
        self.chosen = chosen_of(self.filters, given)
        self.entries, self.faults = {one.parameter: one.cleaned(given) for one in self.typed}, dict[str, str]()
        for one in self.typed:
            try:
                if value := one.read_or_none(self.entries[one.parameter]):
                    one.allow(self.user, value)
                    self.chosen[one.parameter] = value
            except (Invalid, Refused) as error:
                self.faults[one.parameter] = str(error)
        if self.faults:
            return rows.none()
        asked: list[Filter | Typed] = [*self.filters, *self.typed]
        for choice in asked:
            condition = choice.condition(self.chosen.get(choice.parameter, ""))
            if condition is not None:
                rows = rows.filter(condition)
        return rows

    def explain(self) -> None:
        """Nothing was found: is it that there is no such thing?"""
        for one in self.typed:
            if (value := self.chosen.get(one.parameter)) and (told := one.absent(value)):
                self.faults[one.parameter] = told

    def kept(self) -> list[Filter | Typed]:
        """What may be saved of what is chosen: choices, and of what is typed only what is nobody's."""
        return [*self.filters, *(one for one in self.typed if one.kept)]

    def not_repeated(self, sentence: str) -> HttpResponse:
        """What was typed may be a person's: the list comes back with neither page nor address holding it."""
        self.say(f"{sentence} {gettext('For a person there is “Search for a person”.')}", messages.WARNING)
        return HttpResponseRedirect(self.request.path)

    # Keyset paging

    def cut(self, rows: QuerySet[Any]) -> None:
        """Fetch one page and know whether there is more, by one row too many."""
        before, after = self.cursor("before"), self.cursor("after")
        back = before is not None
        fields, descending = self.keys()
        forward = [f"-{name}" if descending else name for name in fields]
        position = before if back else after
        if position is not None:
            rows = rows.filter(self.beyond(fields, position, less=descending != back))
        rows = rows.order_by(*forward)
        found = list(self.first_of(rows.reverse() if back else rows, self.page_size + 1))
        more, found = len(found) > self.page_size, found[: self.page_size]
        if back:
            found.reverse()
        self.rows = found
        self.previous = self.link(before=self.key_of(found[0])) if found and (more if back else after) else ""
        self.next = self.link(after=self.key_of(found[-1])) if found and (back or more) else ""
        self.first = self.link() if position is not None else ""

    def first_of(self, rows: QuerySet[Any], n: int) -> QuerySet[Any]:
        """The first of the rows that match, in their order; for a list that knows how to find them faster."""
        return rows[:n]

    def keys(self) -> tuple[list[str], bool]:
        directions = {name.startswith("-") for name in self.order}
        if len(directions) != 1:
            raise ValueError("the columns of a keyset order must all run in one direction")
        names = [name.lstrip("-") for name in self.order]
        pk = self.model._meta.pk
        assert pk is not None
        return [pk.attname if name == "pk" else name for name in names], directions.pop()

    def field(self, name: str) -> Any:
        return self.model._meta.get_field(name)

    def beyond(self, fields: list[str], values: list[Any], *, less: bool) -> Q:
        """`(a, b) > (x, y)`, written so that an index on (a, b) serves it."""
        sign = "lt" if less else "gt"
        whole, equal = Q(), Q()
        for name, value in zip(fields, values, strict=True):
            whole |= equal & Q((f"{name}__{sign}", value))
            equal &= Q((name, value))
        return Q((f"{fields[0]}__{sign}e", values[0])) & whole

    def key_of(self, row: Any) -> str:
        fields, _descending = self.keys()
        return SEPARATOR.join(self.field(name).value_to_string(row) for name in fields)

    def cursor(self, name: str) -> list[Any] | None:
        """Return the position in the URL; one that cannot be read means the first page."""
        text = self.request.GET.get(name)
        fields, _descending = self.keys()
        if not text or "\0" in text or len(parts := text.split(SEPARATOR)) != len(fields):
            return None
        try:
            return [self.field(field).to_python(part) for field, part in zip(fields, parts, strict=True)]
        except (ValidationError, ValueError):
            return None

    # Links

    def link(self, **change: str) -> str:
        """Return this list's URL with its filters and search, and the cursor or filter given."""
        kept = {"q": self.text} | self.chosen | change
        if self.opened and not set(change) - {"before", "after"}:
            kept["saved"] = str(self.opened.pk)
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{self.request.path}?{query}" if query else self.request.path

    @property
    def untyped(self) -> dict[str, str]:
        """What is chosen by links: kept while something is typed."""
        return {one.parameter: self.chosen[one.parameter] for one in self.filters if one.parameter in self.chosen}

    @property
    def typed_in(self) -> bool:
        return any(self.entries.values())

    def shown_filters(self) -> list[tuple["StrOrPromise", list[Choice]]]:
        shown = []
        for choice in self.filters:
            now = self.chosen.get(choice.parameter, "")
            options = [("", _("All")), *((value, label) for value, label, _q in choice.choices)]
            links = [Choice(label, self.link(**{choice.parameter: value}), value == now) for value, label in options]
            shown.append((choice.label, links))
        return shown

    def shown_saved(self) -> list[tuple["StrOrPromise", list[Choice]]]:
        """What is saved for this list, and where to save what is chosen."""
        if not (self.saved or self.chosen):
            return []
        links = [Choice(self.saved_label(one), saved_url(self.request.path, one), one == self.opened)
                 for one in self.saved[:SAVED_SHOWN]]  # fmt: skip
        query = urlencode({name: value for name, value in ({"q": self.text} | self.chosen).items() if value})
        keep = f"{reverse('admin:filters', args=[self.page])}?{query}"
        label = _("Save or delete…") if self.opened or not self.chosen else _("Save this filter…")
        first = gettext("Saved filters (the first %(n)d)") % {"n": SAVED_SHOWN}
        title = first if len(self.saved) > SAVED_SHOWN else _("Saved filters")
        return [(title, [*links, Choice(label, keep, current=False)])]

    def saved_label(self, one: SavedFilter) -> str:
        if one.owner_id == self.user.pk:
            return one.name
        return gettext("%(filter)s (by %(who)s)") % {"filter": one.name, "who": one.owner}

    def table(self) -> list[dict[str, Any]]:
        """Return the rows as the template draws them."""
        return [
            {
                "key": row.pk,
                "url": self.url(row),
                "cells": [(column, column.value(row)) for column in self.columns],
                "act": panels.row_act_for(self.page, self.request, row),
            }
            for row in self.rows
        ]

    def context(self) -> dict[str, Any]:
        table = self.table()
        return {
            "table": table,
            "nav_current": self.url_name(),
            "has_row_acts": any(row["act"] for row in table),
            "acts": self.acts() if self.tick else [],
            "shown_filters": [*self.shown_filters(), *self.shown_saved()],
            "filtered": len(self.chosen),
            "typed": [(one, self.entries[one.parameter], self.faults.get(one.parameter, "")) for one in self.typed],
            "matching": panels.acts_for(f"{self.page}:matching", self.request, self),
        }


def saved_url(path: str, one: SavedFilter) -> str:
    """Where a saved filter opens: its list, or another page that takes the same choices."""
    return f"{path}?{urlencode(one.query | {'saved': str(one.pk)})}"
